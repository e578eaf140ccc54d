// Writing music: a tune that can be looked at and listened to.

import { musicAs, musicFrom } from "./api.js";
import { MusicPiece, excerpt } from "./music_piece.js";
import { settings } from "./settings.js";

const SHOWN_BEFORE = 2; // bars before what is offered

const counted = (number, noun) => `${number.toLocaleString("en")} ${noun}${number === 1 ? "" : "s"}`;

export class MusicDesk {
  kind = "music";
  unit = "bars";
  #place = document.getElementById("player");
  #player = null;
  #asides = new Map();

  empty() {
    return new MusicPiece();
  }

  recalled({ music, isMelody, fromTick }) {
    return new MusicPiece(music, isMelody, fromTick);
  }

  show(piece) {
    if (piece.isEmpty) {
      this.#player?.dispose();
      this.#player = null;
    } else if (this.#player === null) {
      this.#player = new Player(this.#place, piece.music);
    } else if (this.#player.music !== piece.music) {
      this.#player.music = piece.music;
    }
    this.#place.hidden = piece.isEmpty;
    document.getElementById("no-music").hidden = !piece.isEmpty;
    document.getElementById("music-facts").textContent = piece.isEmpty ? "" : this.facts(piece);
    if (!piece.isEmpty && piece.fromTick) this.#player.seek(piece.fromTick);
  }

  recolour() {}

  set isWriting(_writes) {}

  // for another desk: what cannot be seen is not to sound
  leave() {
    this.#player?.pause();
  }

  toEnd() {}

  // what is before the bar in which the player stands; at the beginning nothing, at the end all
  cut(piece) {
    if (piece.isEmpty) return piece;
    const at = this.#player.position;
    if (at >= piece.music.length_ticks) return piece;
    const bar = piece.music.bars.findLast((start) => start <= at) ?? 0;
    const kept = excerpt(piece.music, 0, bar);
    return kept.notes.length ? new MusicPiece(kept, piece.isMelody) : new MusicPiece();
  }

  body(piece, ways) {
    const asked = { prompt: piece.prompt, ...settings.common(), ...settings.wishes() };
    if (ways) return { ...asked, count: ways, bars: Math.min(settings.bars ?? 4, 16) };
    return { ...asked, bars: settings.bars, ...settings.withGates() };
  }

  grown(pieces, told) {
    const after = [...pieces];
    for (const each of told) {
      if (each.music !== undefined) after[each.number] = after[each.number].grown(each);
    }
    return after;
  }

  labels(told) {
    return told.tokens ?? null;
  }

  progress(_piece, _start, told) {
    const bars = told.findLast((each) => each.bars && !each.music)?.bars;
    return bars && `bar ${Math.min(...bars)}${settings.bars ? ` of ${settings.bars}` : ""}`;
  }

  // the facts stand under the tune
  result(piece) {
    const bars = piece.isEmpty ? 0 : piece.music.bars.filter((bar) => bar >= piece.fromTick).length;
    return `${counted(bars, "bar")} written`;
  }

  title(piece) {
    return piece.isEmpty ? "(empty)" : this.facts(piece);
  }

  facts({ music }) {
    if (music === null) return "";
    const names = [...new Set(music.parts.map(({ name }) => name))].slice(0, 4).join(", ");
    const metre = music.metres.length ? `${music.metres[0][1]}/${music.metres[0][2]}, ` : "";
    return `${counted(music.bars.length, "bar")}, ${metre}${counted(music.notes.length, "note")}; ${names}`;
  }

  // A way to go on: what was before it for a moment, then the new, to be heard and taken.
  offered(piece, _start, place) {
    const element = document.createElement("div");
    element.className = "tune";
    const button = document.createElement("button");
    button.type = "button";
    button.textContent = `Take ${place + 1}`;
    const roll = document.createElement("div");
    roll.setAttribute("aria-label", `Way ${place + 1}`);
    element.append(button, roll);
    const { bars } = piece.music;
    const first = bars.findIndex((bar) => bar >= piece.fromTick);
    const start = bars[Math.max(0, (first < 0 ? bars.length : first) - SHOWN_BEFORE)] ?? 0;
    // once it stands on the page, and has a width
    const shown = () => {
      const player = new Player(roll, excerpt(piece.music, start, Infinity));
      player.seek(Math.max(0, piece.fromTick - start));
      return () => player.dispose();
    };
    return { element, button, shown };
  }

  aside(piece, element) {
    this.#asides.get(element)?.dispose();
    this.#asides.delete(element);
    if (piece.isEmpty) return element.replaceChildren();
    const roll = document.createElement("div");
    roll.setAttribute("aria-label", this.title(piece));
    element.replaceChildren(roll);
    this.#asides.set(element, new Player(roll, piece.music));
  }

  async opened(file) {
    const { music, is_melody: isMelody } = await musicFrom(file);
    return new MusicPiece(music, isMelody);
  }

  saved(piece, format) {
    return musicAs(format, piece.music);
  }
}
