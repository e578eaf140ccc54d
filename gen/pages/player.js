// Music to look at and to listen to: a piano roll, buttons, the time; music as gen/pages/music_json.py tells it.
//
//   const player = new Player(element, music);   // the element is the player's own from now on
//   player.play(); player.pause(); player.stop(); player.seek(tick); player.position; player.music = other;
//   player.onposition = (tick, isPlaying) => …;   // while it plays and whenever it moves
//   player.dispose();
//   const buffer = await Player.rendered(music);
class Player {
  static #playing = null; // one at a time on a page
  static #LOOK_MS = 500; // the synthesiser looks ahead for longer, also where a hidden page's clock is slow
  static #FADE_MS = 120;

  static rendered(music) {
    return Synthesiser.rendered(music);
  }

  onposition = null;
  #element;
  #music;
  #clock;
  #roll;
  #toggle = Player.#button("Play", () => (this.isPlaying ? this.pause() : this.play()));
  #box = document.createElement("div");
  #time = document.createElement("span");
  #legend = document.createElement("ul");
  #position = 0;
  #context = null;
  #synthesiser = null;
  #timer;
  #frame;

  constructor(element, music) {
    this.#element = element;
    element.classList.add("player");
    element.setAttribute("role", "group");
    if (!element.hasAttribute("aria-label") && !element.hasAttribute("aria-labelledby")) {
      element.setAttribute("aria-label", "Music");
    }
    const controls = document.createElement("div");
    controls.className = "player-controls";
    this.#time.className = "player-time";
    controls.append(this.#toggle, Player.#button("Stop", () => this.stop()), this.#time);
    this.#box.className = "player-roll";
    this.#box.tabIndex = 0;
    this.#box.setAttribute("role", "slider");
    this.#box.addEventListener("click", (event) => this.seek(this.#roll.tickAt(event)));
    this.#box.addEventListener("keydown", (event) => this.#key(event));
    this.#legend.className = "player-parts";
    element.replaceChildren(controls, this.#box, this.#legend);
    this.music = music;
  }

  get music() {
    return this.#music;
  }

  set music(music) {
    this.#halt();
    this.#roll?.dispose();
    this.#music = music;
    this.#clock = Synthesiser.clock(music);
    this.#roll = new PianoRoll(this.#box, music);
    const { parts, bars } = music;
    this.#box.setAttribute("aria-label", `Position in the music: ${music.notes.length} notes in ${bars.length} bars`);
    this.#box.setAttribute("aria-valuemin", 0);
    this.#box.setAttribute("aria-valuemax", music.length_ticks);
    this.#legend.replaceChildren(...(parts.length > 1 ? parts.map((_, part) => this.#named(part)) : []));
    this.#move(0);
  }

  get isPlaying() {
    return this.#synthesiser !== null;
  }

  // in ticks
  get position() {
    return this.isPlaying ? Math.min(this.#synthesiser.position, this.#music.length_ticks) : this.#position;
  }

  play() {
    if (this.isPlaying) return;
    Player.#playing?.pause();
    Player.#playing = this;
    const from = this.#position < this.#music.length_ticks ? this.#position : 0;
    this.#context = new AudioContext();
    this.#synthesiser = new Synthesiser(this.#context, this.#music, from, 0.1);
    this.#timer = setInterval(() => this.#synthesiser.schedule(), Player.#LOOK_MS);
    this.#toggle.textContent = "Pause";
    const look = () => {
      if (this.position >= this.#music.length_ticks) return this.stop();
      this.#move(this.position);
      this.#frame = requestAnimationFrame(look);
    };
    look();
  }

  pause() {
    const position = this.position;
    this.#halt();
    this.#move(position);
  }

  stop() {
    this.#halt();
    this.#move(0);
  }

  seek(tick) {
    const wasPlaying = this.isPlaying;
    this.#halt();
    this.#move(Math.max(0, Math.min(this.#music.length_ticks, tick)));
    if (wasPlaying) this.play();
  }

  dispose() {
    this.#halt();
    this.#roll.dispose();
    this.#element.replaceChildren();
    this.onposition = null;
  }

  static #button(name, act) {
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = name;
    button.addEventListener("click", act);
    return button;
  }

  #named(part) {
    const item = document.createElement("li");
    const swatch = document.createElement("span");
    const { parts } = this.#music;
    swatch.className = `player-swatch ${PianoRoll.manner(parts, part)}`;
    swatch.style.setProperty("--tone", `var(${PianoRoll.colour(parts, part)})`);
    item.append(swatch, parts[part].name);
    return item;
  }

  #halt() {
    if (!this.isPlaying) return;
    clearInterval(this.#timer);
    cancelAnimationFrame(this.#frame);
    const context = this.#context;
    this.#synthesiser.fade();
    setTimeout(() => context.close(), Player.#FADE_MS);
    this.#synthesiser = this.#context = Player.#playing = null;
    this.#toggle.textContent = "Play";
  }

  #move(tick) {
    this.#position = tick;
    const said = (second) => `${Math.floor(second / 60)}:${String(Math.floor(second % 60)).padStart(2, "0")}`;
    const { length_ticks: end, bars } = this.#music;
    const time = `${said(this.#clock.seconds(tick))} / ${said(this.#clock.seconds(end))}`;
    const bar = Math.max(1, bars.findLastIndex((start) => start <= tick) + 1);
    this.#time.textContent = time;
    if (!this.isPlaying) { // a screen reader would say them all the time
      this.#box.setAttribute("aria-valuenow", Math.round(tick));
      this.#box.setAttribute("aria-valuetext", `bar ${bar}, ${time.replace("/", "of")}`);
    }
    this.#roll.show(tick, true);
    this.onposition?.(tick, this.isPlaying);
  }

  #key(event) {
    const { bars, ticks_per_quarter: quarter, length_ticks: end } = this.#music;
    const now = Math.round(this.position);
    const to = {
      ArrowLeft: now - quarter,
      ArrowDown: now - quarter,
      ArrowRight: now + quarter,
      ArrowUp: now + quarter,
      PageUp: bars.find((bar) => bar > now) ?? end,
      PageDown: bars.findLast((bar) => bar < now) ?? 0,
      Home: 0,
      End: end,
    }[event.key];
    if (event.key === " " || event.key === "Enter") this.#toggle.click();
    else if (to === undefined) return;
    else this.seek(to);
    event.preventDefault();
  }
}
