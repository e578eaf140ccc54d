// What is done with a piece, text or music alike: write, offer, stop, again, undo, keep.

import { Problem, lines } from "./api.js";
import { gates } from "./gates.js";
import { Kept } from "./kept.js";
import { offers } from "./offers.js";
import { settings } from "./settings.js";

const $ = (id) => document.getElementById(id);
const MOST_UNDONE = 200;
const TYPING_MS = 1000; // what is typed in one go is undone in one go

export class Writer {
  #desk = null;
  #model = null;
  #piece = null;
  #past = [];
  #future = [];
  #typedAt = 0;
  #stopping = null; // an AbortController while something is written
  #last = null; // the piece before what was written last
  #kept = new Kept(() => this.#piece, (piece) => this.#change(piece));

  get piece() {
    return this.#piece;
  }

  // `model` is null where the one that is chosen cannot write
  use(model, desk) {
    this.stop();
    offers.close();
    gates.begin(false, null);
    this.#model = model;
    if (this.#desk !== desk) {
      this.#desk?.leave();
      this.#desk = desk;
      [this.#past, this.#future, this.#last] = [[], [], null];
      this.#kept.desk = desk;
      this.#piece = desk.last ?? desk.empty();
      desk.show(this.#piece);
    }
    $("offer").textContent = `Offer ${desk.unit}`;
    this.#tell("");
    this.#refresh();
  }

  typed(piece) {
    if (Date.now() - this.#typedAt > TYPING_MS) this.#remember();
    this.#typedAt = Date.now();
    this.#set(piece);
    offers.close();
    this.#kept.compare();
  }

  open(piece) {
    this.#change(piece);
    this.#tell("Opened.");
  }

  recolour() {
    this.#desk.recolour(this.#piece);
    this.#kept.compare();
  }

  async write() {
    if (!this.#canWrite || !settings.areRight()) return;
    await this.#write(false);
  }

  // `hasBegun` where undo already comes back to what was before
  async #write(hasBegun) {
    const start = this.#piece.settled();
    this.#desk.toEnd();
    await this.#made(0, start, ([piece], told) => {
      if (!hasBegun) this.#remember(); // a piece of music settles to itself, and may be gone on from twice
      hasBegun = true;
      this.#last = start;
      this.#set(piece);
      this.#show(this.#desk.progress(piece, start, told));
    });
  }

  // another way from where the last one began
  async again() {
    if (!this.#canWrite || !this.#last || !settings.areRight()) return;
    this.#remember();
    this.#set(this.#last);
    this.#last = null;
    settings.nextSeed();
    await this.#write(true);
  }

  async offer() {
    if (!this.#canWrite || !settings.areRight()) return;
    if (offers.isOpen) settings.nextSeed();
    const start = this.#piece.settled();
    offers.wantsFocus ||= $("tools").contains(document.activeElement);
    this.#desk.toEnd();
    const pieces = await this.#made(settings.ways, start, () => {});
    if (!pieces) return;
    offers.show(this.#desk, pieces, start, (piece) => {
      offers.wantsFocus = true;
      this.#change(piece.settled());
      this.offer();
    });
  }

  stop() {
    this.#stopping?.abort();
    if (!this.#stopping) offers.close();
  }

  cut() {
    this.#change(this.#desk.cut(this.#piece));
    this.#desk.toEnd();
    this.#tell("Cut; undo brings it back.");
  }

  undo() {
    this.#travel(this.#past, this.#future);
  }

  redo() {
    this.#travel(this.#future, this.#past);
  }

  keep() {
    if (!this.#piece.isEmpty) this.#tell(`Kept as ${this.#kept.keep(this.#piece.settled()).toLowerCase()}.`);
  }

  take(place) {
    offers.take(place);
  }

  trouble(error) {
    const { problem, fix } = error instanceof Problem ? error : { problem: String(error), fix: "Load the page again." };
    this.#tell("");
    $("trouble").textContent = `${problem}\n${fix}`;
    $("trouble").hidden = false;
  }

  // Asks for one continuation (ways 0) or several; gives the pieces, or null where that came to nothing.
  async #made(ways, start, grown) {
    const [desk, model] = [this.#desk, this.#model];
    const body = desk.body(start, ways);
    offers.close();
    if (!ways) gates.begin(Boolean(body.gates), body.units);
    this.#tell(ways ? "Looking for ways to go on …" : "Writing …");
    const stopping = (this.#stopping = new AbortController());
    this.#refresh();
    desk.isWriting = true;
    let pieces = Array(ways || 1).fill(start);
    let notes = [];
    let isWhole = false;
    try {
      for await (const told of lines(model.name, desk.kind, body, stopping.signal)) {
        notes = [...notes, ...told.flatMap((each) => each.told ?? [])];
        const after = desk.grown(pieces, told);
        const hasChanged = after.some((piece, place) => piece !== pieces[place]);
        pieces = after;
        if (hasChanged) grown(pieces, told);
        else if (!ways) this.#show(desk.progress(pieces[0], start, told));
        for (const each of told) {
          if (each.gates) gates.add(desk.labels(each), each);
        }
      }
      isWhole = true;
      this.#tell([...notes, ways ? `${ways} ways to go on` : desk.result(pieces[0], start)].filter(Boolean).join(" · "));
    } catch (error) {
      if (error.name !== "AbortError") this.trouble(error);
      else if (this.#desk === desk) this.#tell("Stopped.");
    } finally {
      this.#stopping = null;
      desk.isWriting = false;
      this.#refresh();
      this.#kept.compare();
    }
    return isWhole ? pieces : null;
  }

  // to be read aloud
  #tell(text) {
    $("trouble").hidden = true; // which was of what came before
    $("status").textContent = text;
    $("progress").textContent = "";
  }

  // how far it is, which a screen reader would say all the time
  #show(progress) {
    if (progress) $("progress").textContent = progress;
  }

  // to another piece, so that undo comes back
  #change(piece) {
    this.stop();
    offers.close();
    this.#remember();
    this.#set(piece);
    this.#kept.compare();
  }

  #set(piece) {
    this.#piece = this.#desk.last = piece;
    this.#desk.show(piece);
    this.#refresh();
  }

  #remember() {
    this.#past.push(this.#piece);
    this.#past = this.#past.slice(-MOST_UNDONE);
    this.#future = [];
    this.#typedAt = 0;
  }

  #travel(from, to) {
    if (this.#stopping || !from.length) return;
    to.push(this.#piece);
    this.#typedAt = 0;
    offers.close();
    this.#set(from.pop());
    this.#kept.compare();
    this.#refresh();
  }

  get #canWrite() {
    return this.#model !== null && this.#stopping === null;
  }

  #refresh() {
    const isBusy = this.#stopping !== null;
    const focused = document.activeElement;
    for (const id of ["write", "offer"]) $(id).disabled = !this.#canWrite;
    $("cut").disabled = isBusy || (this.#piece?.isEmpty ?? true);
    $("keep").disabled = this.#piece?.isEmpty ?? true;
    $("open").disabled = this.#desk === null;
    $("again").disabled = !this.#canWrite || !this.#last;
    $("undo").disabled = isBusy || !this.#past.length;
    $("redo").disabled = isBusy || !this.#future.length;
    $("stop").disabled = !isBusy;
    for (const button of document.querySelectorAll("[data-save]")) {
      const isMelody = button.dataset.save !== "abc" || this.#piece?.isMelody;
      button.disabled = !this.#piece || this.#piece.isEmpty || !isMelody;
    }
    // a button that can be pressed no more would lose the keyboard's place
    if (focused?.disabled) (isBusy ? $("stop") : $("write")).focus({ preventScroll: true });
  }
}
