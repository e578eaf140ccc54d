// Writing text: a sheet that the user writes on, with the colours in a copy behind it.

import { Problem } from "./api.js";
import { settings } from "./settings.js";
import { TextPiece, coloured } from "./text_piece.js";

const MOST_PROMPT = 20_000; // as the server takes
const LONGEST_LINE = 400;
const SHOWN_OF_TITLE = 64;
const END = "\u200b"; // gives a last empty line its height

// Encodings are never guessed: UTF-16 with its mark, else UTF-8.
function decoded(name, bytes) {
  const mark = bytes[0] * 256 + bytes[1];
  const encoding = { 0xfffe: "utf-16le", 0xfeff: "utf-16be" }[mark] ?? "utf-8";
  let text = "\0";
  try {
    text = new TextDecoder(encoding, { fatal: true }).decode(bytes);
  } catch {} // told below, like the characters that no text has
  if (text.includes("\0")) {
    throw new Problem({ problem: `${name} is no text in UTF-8.`, fix: "Save it as UTF-8, and open it again." });
  }
  return text.replaceAll("\r\n", "\n");
}

export class TextDesk {
  kind = "text";
  unit = "lines";
  #area = document.getElementById("sheet");
  #mirror = document.getElementById("mirror");
  #end = document.createElement("span");
  #shown = new TextPiece();

  // `typed` is called with the piece as the user has made it
  constructor(typed) {
    this.#end.textContent = END;
    this.#area.addEventListener("input", () => typed(this.#shown.edited(this.#area.value)));
  }

  empty() {
    return new TextPiece();
  }

  recalled({ string, bits }) {
    return new TextPiece(string, bits);
  }

  show(piece) {
    const before = this.#shown;
    const grows = piece.fresh === before.fresh && piece.string.startsWith(before.string) && this.#mirror.firstChild;
    const follows = this.#isEndInSight();
    const start = grows ? before.string.length : 0;
    const spans = coloured(piece, settings.colours, start);
    if (grows) this.#end.before(...spans);
    else this.#mirror.replaceChildren(...spans, this.#end);
    this.#shown = piece;
    if (this.#area.value !== piece.string) {
      const { selectionEnd: caret, value } = this.#area;
      this.#area.value = piece.string;
      // at the end it stays there: what is typed next comes after the model's words
      const place = grows && caret < value.length ? caret : piece.string.length;
      this.#area.setSelectionRange(place, place);
      if (follows && grows) this.#follow();
    }
  }

  recolour(piece) {
    this.#mirror.replaceChildren();
    this.show(piece);
  }

  set isWriting(writes) {
    this.#area.readOnly = writes;
  }

  // for another desk
  leave() {}

  toEnd() {
    this.#area.setSelectionRange(this.#area.value.length, this.#area.value.length);
  }

  cut(piece) {
    return piece.cut(this.#area.selectionEnd);
  }

  body(piece, ways) {
    // a string's end may not begin with half a pair
    const prompt = piece.string.slice(-MOST_PROMPT).replace(/^[\udc00-\udfff]/, "");
    const asked = { prompt, ...settings.common() };
    if (ways) return { ...asked, count: ways, until: "line", length: LONGEST_LINE };
    return { ...asked, length: settings.length, ...settings.withGates() };
  }

  // The pieces after more lines of an answer.
  grown(pieces, told) {
    const after = [...pieces];
    for (const { number, text, bits } of told) {
      if (text !== undefined) after[number] = after[number].grown(text, bits);
    }
    return after;
  }

  labels(told) {
    return told.text === undefined ? null : [...told.text].map((each) => (each === "\n" ? "↵" : each));
  }

  progress(piece, start) {
    const { count } = piece.measured(start.string.length);
    return `${count.toLocaleString("en")} characters`;
  }

  result(piece, start) {
    const { count, bits } = piece.measured(start.string.length);
    return `${count.toLocaleString("en")} characters, ${bits.toFixed(2)} bits a character`;
  }

  title(piece) {
    const words = piece.string.trim().replaceAll(/\s+/g, " ");
    const last = words.slice(-SHOWN_OF_TITLE);
    return words.length > SHOWN_OF_TITLE ? `… ${last.slice(last.indexOf(" ") + 1)}` : words || "(blank)";
  }

  facts(piece) {
    const { count, bits } = piece.measured();
    const all = `${[...piece.string].length.toLocaleString("en")} characters`;
    return count ? `${all}; the model's ${count.toLocaleString("en")} at ${bits.toFixed(2)} bits` : all;
  }

  // A way to go on, as a button.
  offered(piece, start, place) {
    const button = document.createElement("button");
    button.type = "button";
    button.className = "offer";
    const [number, words, bits] = ["place", "words", "bits"].map((name) => {
      const span = document.createElement("span");
      span.className = name;
      return span;
    });
    number.textContent = place + 1;
    const from = start.string.length;
    words.append(...coloured(new TextPiece(piece.string, piece.bits), settings.colours, from));
    if (piece.string.slice(from).trim() === "") words.textContent = "(an empty line)";
    bits.textContent = `${piece.measured(from).bits.toFixed(1)} bits`;
    button.append(number, words, bits);
    return { element: button, button };
  }

  // A piece to look at beside another one.
  aside(piece, element) {
    const words = document.createElement("div");
    words.className = "said";
    words.append(...coloured(new TextPiece(piece.string, piece.bits), settings.colours));
    element.replaceChildren(words);
  }

  async opened(file) {
    return new TextPiece().edited(decoded(file.name, new Uint8Array(await file.arrayBuffer())));
  }

  async saved(piece) {
    return new Blob([piece.string], { type: "text/plain" });
  }

  #isEndInSight() {
    const { bottom } = this.#end.getBoundingClientRect();
    return this.#end.isConnected && bottom <= document.getElementById("dock").getBoundingClientRect().top + 8;
  }

  #follow() {
    const beyond =
      this.#end.getBoundingClientRect().bottom - document.getElementById("dock").getBoundingClientRect().top;
    if (beyond > 0) scrollBy(0, beyond);
  }
}
