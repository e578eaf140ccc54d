// A piano roll on a canvas: pitches upwards, time to the right. The box scrolls; the canvas is no wider than the box
// and shows what is in sight, so that a piece may be of any length.
class PianoRoll {
  static #TOP = 16; // for the numbers of bars
  static #LEFT = 30; // for the names of octaves
  static #TALLEST = 320;
  static #FEWEST_ROWS = 16;
  static #NARROWEST = 1; // pixels a tick
  static #WIDEST = 4;
  static #COLOURS = 7;

  #box;
  #sheet = document.createElement("div");
  #canvas = document.createElement("canvas");
  #music;
  #longest; // note, in ticks: those that begin so long before what is in sight may reach into it
  #lowest;
  #highest;
  #row; // pixels
  #scale; // pixels a tick
  #position = 0;
  #tones;
  #watch = new ResizeObserver(() => this.#lay());
  #dark = matchMedia("(prefers-color-scheme: dark)");
  #redraw = () => this.#lay();
  #scrolled = () => this.#draw();

  // the colour of a part, drums apart; there are seven
  static colour(parts, part) {
    if (parts[part].drums) return "--drums";
    return `--part-${parts.slice(0, part).filter(({ drums }) => !drums).length % PianoRoll.#COLOURS}`;
  }

  // how a part is told from the others without its colour: filled, framed, hollow, dashed
  static manner(parts, part) {
    return parts[part].drums ? "hollow" : ["filled", "framed", "hollow", "dashed"][part % 4];
  }

  constructor(box, music) {
    this.#box = box;
    this.#music = music;
    const pitches = music.notes.map((note) => note[2]);
    this.#longest = music.notes.reduce((most, note) => Math.max(most, note[1]), 0);
    const [low, high] = pitches.length ? PianoRoll.#range(pitches) : [60, 72];
    const missing = Math.max(0, PianoRoll.#FEWEST_ROWS - (high - low + 3));
    this.#lowest = low - 1 - (missing >> 1);
    this.#highest = high + 1 + missing - (missing >> 1);
    const rows = this.#highest - this.#lowest + 1;
    this.#row = Math.max(3, Math.min(9, Math.floor(PianoRoll.#TALLEST / rows)));
    this.#sheet.append(this.#canvas);
    box.replaceChildren(this.#sheet);
    box.addEventListener("scroll", this.#scrolled);
    this.#dark.addEventListener("change", this.#redraw);
    this.#watch.observe(box);
    this.#lay();
  }

  static #range(pitches) {
    return [pitches.reduce((a, b) => Math.min(a, b)), pitches.reduce((a, b) => Math.max(a, b))];
  }

  dispose() {
    this.#watch.disconnect();
    this.#dark.removeEventListener("change", this.#redraw);
    this.#box.removeEventListener("scroll", this.#scrolled);
    this.#sheet.remove();
  }

  // show where the music is; with `follow` scroll there
  show(tick, follow) {
    this.#position = tick;
    const [x, left, width] = [this.#across(tick), this.#box.scrollLeft, this.#box.clientWidth];
    if (follow && (x < left || x > left + 0.9 * width)) this.#box.scrollLeft = x - 0.15 * width;
    this.#draw();
  }

  // the tick under a pointer
  tickAt(event) {
    const x = event.clientX - this.#box.getBoundingClientRect().left - this.#box.clientLeft + this.#box.scrollLeft;
    return Math.max(0, Math.min(this.#music.length_ticks, Math.round((x - PianoRoll.#LEFT) / this.#scale)));
  }

  #across(tick) {
    return PianoRoll.#LEFT + tick * this.#scale;
  }

  #down(pitch) {
    return PianoRoll.#TOP + (this.#highest - pitch) * this.#row;
  }

  #lay() {
    const style = getComputedStyle(this.#box);
    const tone = (name) => style.getPropertyValue(name).trim();
    const { parts } = this.#music;
    const names = ["paper", "ink", "faint", "line", "panel", "mark"];
    this.#tones = {
      ...Object.fromEntries(names.map((name) => [name, tone(`--${name}`)])),
      parts: parts.map((_, part) => tone(PianoRoll.colour(parts, part))),
      manners: parts.map((_, part) => PianoRoll.manner(parts, part)),
    };
    const width = this.#box.clientWidth;
    const fitting = (width - PianoRoll.#LEFT - 8) / Math.max(1, this.#music.length_ticks);
    this.#scale = Math.max(PianoRoll.#NARROWEST, Math.min(PianoRoll.#WIDEST, fitting));
    const height = PianoRoll.#TOP + (this.#highest - this.#lowest + 1) * this.#row;
    const whole = fitting >= PianoRoll.#NARROWEST ? width : this.#across(this.#music.length_ticks) + 8;
    this.#sheet.style.width = `${whole}px`;
    this.#canvas.style.width = `${width}px`;
    this.#canvas.style.height = `${height}px`;
    this.#canvas.width = width * devicePixelRatio;
    this.#canvas.height = height * devicePixelRatio;
    this.#draw();
  }

  #draw() {
    const [width, height] = [this.#box.clientWidth, this.#canvas.height / devicePixelRatio];
    const left = this.#box.scrollLeft;
    const brush = this.#canvas.getContext("2d");
    brush.setTransform(devicePixelRatio, 0, 0, devicePixelRatio, -left * devicePixelRatio, 0);
    brush.fillStyle = this.#tones.paper;
    brush.fillRect(left, 0, width, height);
    brush.font = "11px system-ui, sans-serif";
    this.#drawKeys(brush, left, width);
    this.#drawBars(brush, left, width, height);
    const first = (left - PianoRoll.#LEFT) / this.#scale;
    this.#drawNotes(brush, first, first + width / this.#scale);
    this.#drawOctaves(brush, left);
    brush.fillStyle = this.#tones.mark;
    brush.fillRect(this.#across(this.#position) - 1, 0, 2, height);
  }

  #drawKeys(brush, left, width) {
    for (let pitch = this.#lowest; pitch <= this.#highest; pitch++) {
      brush.fillStyle = this.#tones.panel;
      const isBlack = [1, 3, 6, 8, 10].includes(((pitch % 12) + 12) % 12);
      if (isBlack) brush.fillRect(left, this.#down(pitch), width, this.#row);
      brush.fillStyle = this.#tones.line;
      if (pitch % 12 === 0) brush.fillRect(left, this.#down(pitch) + this.#row - 1, width, 1);
    }
  }

  #drawBars(brush, left, width, height) {
    const { bars, length_ticks: end } = this.#music;
    const apart = (end * this.#scale) / Math.max(1, bars.length);
    const each = Math.max(1, Math.ceil(6 / apart));
    const numbered = each * Math.max(1, Math.ceil(28 / (apart * each)));
    bars.forEach((tick, bar) => {
      const x = this.#across(tick);
      if (x < left - 40 || x > left + width || bar % each) return;
      brush.fillStyle = this.#tones.line;
      brush.fillRect(x, 0, 1, height);
      brush.fillStyle = this.#tones.faint;
      if (bar % numbered === 0) brush.fillText(bar + 1, x + 3, 11);
    });
  }

  #drawNotes(brush, first, last) {
    const { notes } = this.#music;
    let [low, high] = [0, notes.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (notes[middle][0] < first - this.#longest) low = middle + 1;
      else high = middle;
    }
    for (let at = low; at < notes.length && notes[at][0] <= last; at++) {
      const [onset, duration, , velocity, part] = notes[at];
      if (onset + duration < first) continue;
      const sounds = onset <= this.#position && this.#position < onset + duration && this.#position > 0;
      this.#drawNote(brush, notes[at], sounds ? this.#tones.mark : this.#tones.parts[part], sounds ? 127 : velocity);
    }
  }

  #drawNote(brush, [onset, duration, pitch, , part], tone, velocity) {
    const [x, y] = [this.#across(onset), this.#down(pitch)];
    const width = Math.max(2, duration * this.#scale - 1);
    const height = Math.max(2, this.#row - 1);
    const manner = this.#tones.manners[part];
    brush.globalAlpha = 0.55 + (0.45 * velocity) / 127;
    brush.fillStyle = manner === "hollow" || manner === "dashed" ? this.#tones.paper : tone;
    brush.fillRect(x, y, width, height);
    if (manner !== "filled") {
      brush.strokeStyle = manner === "framed" ? this.#tones.ink : tone;
      brush.lineWidth = manner === "framed" ? 1 : 1.5;
      brush.setLineDash(manner === "dashed" ? [4, 2] : []);
      brush.strokeRect(x + 0.5, y + 0.5, Math.max(1, width - 1), height - 1);
      brush.setLineDash([]);
    }
    brush.globalAlpha = 1;
  }

  #drawOctaves(brush, left) {
    for (let pitch = this.#lowest; pitch <= this.#highest; pitch++) {
      if (pitch % 12) continue;
      brush.fillStyle = this.#tones.paper;
      brush.globalAlpha = 0.8;
      brush.fillRect(left, this.#down(pitch) + this.#row - 13, PianoRoll.#LEFT - 6, 12);
      brush.globalAlpha = 1;
      brush.fillStyle = this.#tones.faint;
      brush.fillText(`C${pitch / 12 - 1}`, left + 3, this.#down(pitch) + this.#row - 3);
    }
  }
}
