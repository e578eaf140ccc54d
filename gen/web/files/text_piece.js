// A text, and how surprising each of its characters was to the model; null for what the user wrote.
// Nothing here is ever changed: what is edited or grows is a new piece.

export const LEVELS = 8; // of colour; a bit each

export class TextPiece {
  constructor(string = "", bits = [], fresh = string.length) {
    this.string = string;
    this.bits = bits; // by code unit: both halves of a pair have the character's
    this.fresh = fresh; // what follows was written last
  }

  get isEmpty() {
    return this.string === "";
  }

  // after the user has changed it to another string
  edited(string) {
    const before = this.string;
    const shorter = Math.min(before.length, string.length);
    let start = 0;
    while (start < shorter && before[start] === string[start]) start += 1;
    let end = 0;
    while (end < shorter - start && before[before.length - 1 - end] === string[string.length - 1 - end]) end += 1;
    const own = Array(string.length - start - end).fill(null);
    const bits = [...this.bits.slice(0, start), ...own, ...this.bits.slice(before.length - end)];
    return new TextPiece(string, bits, string.length);
  }

  // with what the model wrote: characters, and the bits of each
  grown(text, bits) {
    const added = [];
    let place = 0;
    for (const character of text) {
      for (let unit = 0; unit < character.length; unit += 1) added.push(bits[place]);
      place += 1;
    }
    return new TextPiece(this.string + text, [...this.bits, ...added], this.fresh);
  }

  settled() {
    return new TextPiece(this.string, this.bits);
  }

  cut(end) {
    return new TextPiece(this.string.slice(0, end), this.bits.slice(0, end));
  }

  // of what the model wrote from `start` on: how many characters, and bits a character
  measured(start = 0) {
    let sum = 0;
    let count = 0;
    for (let place = start; place < this.string.length; ) {
      const length = this.string.codePointAt(place) > 0xffff ? 2 : 1;
      if (this.bits[place] !== null) {
        sum += this.bits[place];
        count += 1;
      }
      place += length;
    }
    return { count, bits: count ? sum / count : 0 };
  }
}

function className(piece, place, colours) {
  const bits = piece.bits[place];
  if (colours && bits !== null) {
    const level = Math.min(LEVELS, Math.round(bits));
    return level ? `bits-${level}` : "";
  }
  return !colours && place >= piece.fresh ? "fresh" : "";
}

// The characters from `start` on as elements, those of one colour together.
export function coloured(piece, colours, start = 0) {
  const found = [];
  let from = start;
  for (let place = start; place <= piece.string.length; place += 1) {
    const ends = place === piece.string.length;
    if (place > from && (ends || className(piece, place, colours) !== className(piece, from, colours))) {
      const span = document.createElement("span");
      span.className = className(piece, from, colours);
      span.textContent = piece.string.slice(from, place);
      found.push(span);
      from = place;
    }
  }
  return found;
}
