// A tune that is written on, and parts of it; nothing here is ever changed.

// as a prompt: the server takes 20,000 tokens, a note has up to five, and a bar has one
const MOST_NOTES = 3_500;
const MOST_BARS = 2_000;

const ends = (note) => note[0] + note[1];
const CHANGES = ["tempos", "metres", "keys"];

// the changes of tempo, metre or key from `start` on, with what is in force there
function since(changes, start, end) {
  const running = changes.filter(([tick]) => tick <= start).slice(-1);
  const later = changes.filter(([tick]) => tick > start && tick < end);
  return [...running, ...later].map(([tick, ...rest]) => [Math.max(0, tick - start), ...rest]);
}

// The notes that begin from `start` to before `end`, from 0 on.
export function excerpt(music, start, end) {
  const notes = music.notes
    .filter(([onset]) => onset >= start && onset < end)
    .map(([onset, duration, ...rest]) => [onset - start, Math.min(duration, end - onset), ...rest]);
  const bars = music.bars.filter((bar) => bar >= start && bar < end).map((bar) => bar - start);
  return {
    ...music,
    notes,
    bars,
    length_ticks: notes.reduce((most, note) => Math.max(most, ends(note)), 0),
    ...Object.fromEntries(CHANGES.map((name) => [name, since(music[name], start, end)])),
  };
}

// Where each part of `music` goes among `parts`, which get those that are new; the parts in `used` are tried first.
function placesIn(parts, used, { parts: others }) {
  const free = [...used, ...parts.keys()];
  return others.map((part) => {
    const found = free.find((place) => parts[place].program === part.program && parts[place].drums === part.drums);
    const place = found ?? parts.push(part) - 1;
    while (free.includes(place)) free.splice(free.indexOf(place), 1);
    return place;
  });
}

// What is before `start`, a bar line, and `music` from there on.
export function joined(before, start, music) {
  const parts = [...before.parts];
  const used = before.notes.filter(([onset]) => onset >= start).map((note) => note[4]);
  const places = placesIn(parts, [...new Set(used)].sort((one, other) => one - other), music);
  const notes = [
    ...before.notes.filter(([onset]) => onset < start),
    ...music.notes.map(([onset, duration, pitch, velocity, part]) => [
      onset + start,
      duration,
      pitch,
      velocity,
      places[part],
    ]),
  ];
  const changes = CHANGES.map((name) => {
    const early = before[name].filter(([tick]) => tick < start);
    const late = music[name].map(([tick, ...rest]) => [tick + start, ...rest]);
    const isInForce = early.length && late.length && `${early.at(-1).slice(1)}` === `${late[0].slice(1)}`;
    return [name, [...early, ...late.slice(isInForce ? 1 : 0)]];
  });
  return {
    ...before,
    parts,
    notes,
    bars: [...before.bars.filter((bar) => bar < start), ...music.bars.map((bar) => bar + start)],
    length_ticks: notes.reduce((most, note) => Math.max(most, ends(note)), 0),
    ...Object.fromEntries(changes),
  };
}

export class MusicPiece {
  constructor(music = null, isMelody = false, fromTick = 0) {
    this.music = music;
    this.isMelody = isMelody;
    this.fromTick = fromTick; // what follows was written last
  }

  get isEmpty() {
    return this.music === null;
  }

  settled() {
    return this;
  }

  // As much of it as can be sent to be gone on from: its last bars.
  get prompt() {
    return this.#promptStart ? excerpt(this.music, this.#promptStart, Infinity) : this.music;
  }

  // after an answer, which has the prompt again and what comes after it
  grown({ music, is_melody: isMelody, from_tick: fromTick }) {
    const start = this.#promptStart;
    if (!start) return new MusicPiece(music, isMelody, fromTick);
    return new MusicPiece(joined(this.music, start, music), this.isMelody && isMelody, start + fromTick);
  }

  get #promptStart() {
    if (this.isEmpty) return 0;
    const { bars, notes } = this.music;
    if (notes.length <= MOST_NOTES && bars.length <= MOST_BARS) return 0;
    const [last] = notes.at(-1);
    const [first] = notes.at(-MOST_NOTES) ?? [0];
    const heard = bars.filter((bar) => bar <= last).slice(-MOST_BARS);
    return heard.find((bar) => bar >= first) ?? heard.at(-1);
  }
}
