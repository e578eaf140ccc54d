// A small synthesiser on Web Audio: an oscillator and an envelope for each note, bursts of noise for drums, a room,
// and a limiter through which nothing gets that would clip. It plays music as gen/pages/music_json.py tells it, in
// which notes stand by their onset.
class Synthesiser {
  static #RATE = 44100;
  static #CHUNK_S = 2; // notes become nodes so long before they sound, and no earlier
  static #TAIL_S = 2;
  static #LONGEST_S = 3600;
  static #MOST_VOICES = 96; // at once: beyond them nobody hears one more
  static #LEVEL = 0.6;
  static #VIBRATO = { hz: 5.4, cents: 9 };

  static #SAW = [1, 0.5, 0.33, 0.25, 0.2, 0.17, 0.14, 0.12, 0.11, 0.1, 0.09, 0.08];
  static #STRINGS = { partials: Synthesiser.#SAW, attack_s: 0.06, release_s: 0.18, vibrato: true, cutoff: 9 };
  static #PLUCKED = { partials: [1, 0.7, 0.5, 0.3, 0.22, 0.15, 0.1, 0.06], decay_s: 0.8, release_s: 0.2, cutoff: 14 };
  static #PAD = { partials: [1, 0.5, 0.3, 0.2, 0.1], attack_s: 0.25, release_s: 0.6, cutoff: 6 };
  static #BAR = { partials: [1, 0, 0, 0.3, 0, 0, 0, 0, 0.08], decay_s: 0.7, release_s: 0.5, cutoff: 20 };
  // one for each family of General MIDI, eight programs each. `decay_s` is the time constant in which middle C dies
  // away, none for what is held; `cutoff` counts from the note's own frequency.
  static #FAMILIES = [
    { partials: [1, 0.55, 0.35, 0.28, 0.2, 0.14, 0.06, 0.08, 0.05], decay_s: 1.3, release_s: 0.25, cutoff: 12 },
    Synthesiser.#BAR,
    { partials: [1, 0.8, 0.4, 0.5, 0, 0.2, 0, 0.2], attack_s: 0.015, release_s: 0.1, level: 0.8 },
    Synthesiser.#PLUCKED,
    { partials: [1, 0.6, 0.3, 0.15, 0.08], decay_s: 1, release_s: 0.15, cutoff: 8, level: 1.3 },
    Synthesiser.#STRINGS,
    { ...Synthesiser.#STRINGS, attack_s: 0.12, release_s: 0.35, cutoff: 7 },
    { partials: [1, 0.9, 0.8, 0.6, 0.45, 0.3, 0.2, 0.12], attack_s: 0.04, release_s: 0.12, cutoff: 8 },
    { partials: [1, 0.25, 0.7, 0.15, 0.45, 0.1, 0.25, 0.05], attack_s: 0.04, release_s: 0.1, cutoff: 10 },
    { partials: [1, 0.35, 0.12, 0.05], attack_s: 0.05, release_s: 0.12, vibrato: true },
    { partials: Synthesiser.#SAW, attack_s: 0.01, release_s: 0.1, cutoff: 10, level: 0.7 },
    Synthesiser.#PAD,
    Synthesiser.#PAD,
    { ...Synthesiser.#PLUCKED, decay_s: 0.6 },
    { ...Synthesiser.#BAR, decay_s: 0.35 },
    Synthesiser.#PAD,
  ];
  // programs unlike their family: plucked strings, a harp, kettledrums
  static #PROGRAMS = { 45: 3, 46: 3, 47: 14 };

  static #KICK = { filter: "lowpass", hz: 900, noise_s: 0.02, tone_hz: 50, tone_s: 0.12, falls: 3, level: 1.6 };
  static #SNARE = { filter: "bandpass", hz: 2200, noise_s: 0.07, tone_hz: 190, tone_s: 0.05, falls: 1.4, level: 1.2 };
  static #HAT = { filter: "highpass", hz: 7500, noise_s: 0.03, level: 0.6 };
  static #CYMBAL = { filter: "highpass", hz: 4500, noise_s: 0.4, level: 0.6 };
  static #TOM = { filter: "lowpass", hz: 1500, noise_s: 0.04, tone_s: 0.16, falls: 1.6, level: 1.2 };
  static #OTHER = { filter: "bandpass", hz: 1800, noise_s: 0.04, tone_hz: 420, tone_s: 0.06, falls: 1.1, level: 0.8 };
  static #DRUMS = new Map([
    ...[35, 36].map((pitch) => [pitch, Synthesiser.#KICK]),
    ...[38, 39, 40].map((pitch) => [pitch, Synthesiser.#SNARE]),
    ...[42, 44].map((pitch) => [pitch, Synthesiser.#HAT]),
    [46, { ...Synthesiser.#HAT, noise_s: 0.25 }],
    ...[49, 51, 52, 55, 57, 59].map((pitch) => [pitch, Synthesiser.#CYMBAL]),
    ...[41, 43, 45, 47, 48, 50].map((pitch) => [
      pitch,
      { ...Synthesiser.#TOM, tone_hz: 75 + 11 * (pitch - 41) },
    ]),
  ]);

  #context;
  #music;
  #clock;
  #start_s; // the time of the context at which the music's own time 0 lies
  #next = 0;
  #ends = []; // of the voices that sound
  #waves = new Map();
  #buses = [];
  #out;
  #noise;
  #vibrato;

  // where each tempo begins, and ticks and seconds by it
  static clock(music) {
    const changes = [{ tick: 0, second: 0, rate: (120 * music.ticks_per_quarter) / 60 }];
    for (const [tick, bpm] of music.tempos) {
      const last = changes.at(-1);
      const second = last.second + (tick - last.tick) / last.rate;
      changes.push({ tick, second, rate: (bpm * music.ticks_per_quarter) / 60 });
    }
    const inForce = (name, value) => changes.findLast((change) => change[name] <= value) ?? changes[0];
    return {
      seconds(tick) {
        const change = inForce("tick", tick);
        return change.second + (tick - change.tick) / change.rate;
      },
      ticks(second) {
        const change = inForce("second", second);
        return change.tick + (second - change.second) * change.rate;
      },
    };
  }

  // the whole of some music, an hour at the most
  static async rendered(music) {
    const whole_s = Synthesiser.clock(music).seconds(music.length_ticks) + Synthesiser.#TAIL_S;
    const length_s = Math.min(whole_s, Synthesiser.#LONGEST_S);
    const context = new OfflineAudioContext(2, Math.ceil(length_s * Synthesiser.#RATE), Synthesiser.#RATE);
    const synthesiser = new Synthesiser(context, music);
    for (let time = Synthesiser.#CHUNK_S; time < length_s; time += Synthesiser.#CHUNK_S) {
      context.suspend(time).then(() => {
        synthesiser.schedule();
        return context.resume();
      });
    }
    return context.startRendering();
  }

  // plays from a tick on, beginning at a time of the context
  constructor(context, music, tick = 0, time = 0) {
    this.#context = context;
    this.#music = music;
    this.#clock = Synthesiser.clock(music);
    this.#start_s = time - this.#clock.seconds(tick);
    this.#build();
    for (; this.#next < music.notes.length && music.notes[this.#next][0] < tick; this.#next++) {
      const [onset, duration] = music.notes[this.#next];
      if (onset + duration > tick) this.#strike(music.notes[this.#next], time);
    }
    this.schedule();
  }

  // the tick that sounds now
  get position() {
    return this.#clock.ticks(Math.max(0, this.#context.currentTime - this.#start_s));
  }

  // to be called more often than the time that it looks ahead
  schedule() {
    const until = this.#context.currentTime + 2 * Synthesiser.#CHUNK_S;
    for (; this.#next < this.#music.notes.length; this.#next++) {
      const time = this.#start_s + this.#clock.seconds(this.#music.notes[this.#next][0]);
      if (time >= until) return;
      this.#strike(this.#music.notes[this.#next], time);
    }
  }

  // let all that sounds die away, soon
  fade() {
    this.#out.gain.setTargetAtTime(0, this.#context.currentTime, 0.015);
  }

  #build() {
    const context = this.#context;
    this.#noise = this.#hiss(1, 1, () => 1);
    this.#vibrato = new GainNode(context, { gain: Synthesiser.#VIBRATO.cents });
    const swing = new OscillatorNode(context, { frequency: Synthesiser.#VIBRATO.hz });
    swing.connect(this.#vibrato);
    swing.start();
    const hall = new GainNode(context);
    const echo = new GainNode(context, { gain: 0.25 });
    const room = new ConvolverNode(context, { buffer: this.#hiss(2, 1.2, (second) => Math.exp(-5 * second)) });
    const squeeze = new DynamicsCompressorNode(context, { threshold: -18, ratio: 8, attack: 0.003, release: 0.2 });
    this.#out = new GainNode(context, { gain: 0.5 });
    const limit = new WaveShaperNode(context, { curve: Synthesiser.#limit() });
    hall.connect(squeeze);
    hall.connect(room).connect(echo).connect(squeeze);
    squeeze.connect(this.#out).connect(limit).connect(context.destination);
    const parts = this.#music.parts.length;
    this.#buses = this.#music.parts.map(({ program, drums }, part) => {
      const inTheMiddle = parts < 2 || drums || program >> 3 === 4; // so is a bass
      const bus = new StereoPannerNode(context, { pan: inTheMiddle ? 0 : part / (parts - 1) - 0.5 });
      bus.connect(hall);
      return bus;
    });
  }

  // the same noise each time, so that the same music sounds the same
  #hiss(channels, length_s, envelope) {
    const rate = this.#context.sampleRate;
    const length = Math.ceil(rate * length_s);
    const buffer = new AudioBuffer({ numberOfChannels: channels, length, sampleRate: rate });
    let state = 1;
    for (let channel = 0; channel < channels; channel++) {
      const samples = buffer.getChannelData(channel);
      for (let at = 0; at < samples.length; at++) {
        state = (Math.imul(state, 1664525) + 1013904223) | 0; // Numerical Recipes, 2nd edition, ch. 7.1
        samples[at] = (state / 2 ** 31) * envelope(at / rate);
      }
    }
    return buffer;
  }

  // what it gets is halved before, as a shaper takes nothing beyond 1: straight up to 0.7, and never beyond 0.98
  static #limit() {
    return Float32Array.from({ length: 4097 }, (_, at) => {
      const level = at / 1024 - 2;
      const size = Math.abs(level);
      return size <= 0.7 ? level : Math.sign(level) * (0.7 + 0.28 * Math.tanh((size - 0.7) / 0.28));
    });
  }

  #strike([onset, duration, pitch, velocity, part], time) {
    const until = this.#start_s + this.#clock.seconds(onset + duration);
    this.#ends = this.#ends.filter((end) => end > time);
    if (this.#ends.length >= Synthesiser.#MOST_VOICES) return;
    const loudness = Synthesiser.#LEVEL * (velocity / 127) ** 1.5;
    const { program, drums } = this.#music.parts[part];
    if (drums) this.#drum(pitch, loudness, time, this.#buses[part]);
    else this.#tone(program, pitch, loudness, time, Math.max(until, time + 0.02), this.#buses[part]);
    this.#ends.push(until);
  }

  #tone(program, pitch, loudness, time, until, bus) {
    const family = Synthesiser.#PROGRAMS[program] ?? program >> 3;
    const timbre = Synthesiser.#FAMILIES[family];
    const { partials, attack_s = 0.003, decay_s, release_s, vibrato, cutoff, level = 1 } = timbre;
    const frequency = 440 * 2 ** ((pitch - 69) / 12);
    const source = new OscillatorNode(this.#context, { frequency, periodicWave: this.#wave(family, partials) });
    const envelope = new GainNode(this.#context, { gain: 0 });
    const nodes = [source, envelope];
    const loud = time + Math.min(attack_s, 0.8 * (until - time));
    envelope.gain.setValueAtTime(0, time);
    envelope.gain.linearRampToValueAtTime(loudness * level, loud);
    const lasting = decay_s && decay_s * 2 ** ((60 - pitch) / 24); // low strings sound longer
    if (lasting) envelope.gain.setTargetAtTime(0, loud, lasting);
    envelope.gain.setTargetAtTime(0, until, release_s / 5);
    if (cutoff) {
      const highest = Math.min(0.45 * this.#context.sampleRate, cutoff * frequency);
      const filter = new BiquadFilterNode(this.#context, { frequency: highest, Q: 0 });
      if (lasting) filter.frequency.setTargetAtTime(Math.min(highest, 2.5 * frequency), loud, lasting / 2);
      nodes.splice(1, 0, filter);
    }
    nodes.reduce((from, to) => from.connect(to)).connect(bus);
    if (vibrato) this.#vibrato.connect(source.detune);
    this.#run(source, time, until + release_s, nodes, vibrato);
  }

  #drum(pitch, loudness, time, bus) {
    const drum = Synthesiser.#DRUMS.get(pitch) ?? Synthesiser.#OTHER;
    const { filter: type, hz, noise_s, tone_hz, tone_s, falls, level } = drum;
    const burst = new AudioBufferSourceNode(this.#context, { buffer: this.#noise, loop: true });
    const filter = new BiquadFilterNode(this.#context, { type, frequency: hz });
    this.#burst([burst, filter], loudness * level, time, noise_s, bus);
    if (!tone_hz) return;
    const skin = new OscillatorNode(this.#context, { frequency: tone_hz });
    // a skin that is struck is tense at first
    skin.frequency.setValueAtTime(tone_hz * falls, time);
    skin.frequency.setTargetAtTime(tone_hz, time, 0.02);
    this.#burst([skin], loudness * level, time, tone_s, bus);
  }

  #burst(nodes, loudness, time, decay_s, bus) {
    const envelope = new GainNode(this.#context, { gain: 0 });
    envelope.gain.setValueAtTime(0, time);
    envelope.gain.linearRampToValueAtTime(loudness, time + 0.001);
    envelope.gain.setTargetAtTime(0, time + 0.001, decay_s);
    nodes.push(envelope);
    nodes.reduce((from, to) => from.connect(to)).connect(bus);
    this.#run(nodes[0], time, time + 7 * decay_s, nodes, false);
  }

  #run(source, from, until, nodes, vibrato) {
    source.onended = () => {
      nodes.forEach((node) => node.disconnect());
      if (vibrato) this.#vibrato.disconnect(source.detune);
    };
    source.start(from);
    source.stop(until);
  }

  #wave(family, partials) {
    if (!this.#waves.has(family)) {
      const imag = Float32Array.from([0, ...partials]);
      const wave = new PeriodicWave(this.#context, { real: new Float32Array(imag.length), imag });
      this.#waves.set(family, wave);
    }
    return this.#waves.get(family);
  }
}
