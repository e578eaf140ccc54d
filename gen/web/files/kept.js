// What was kept, and two pieces side by side.

const list = document.querySelector("#kept ul");
const sides = ["left", "right"].map((side) => ({
  choice: document.getElementById(side),
  place: document.getElementById(`${side}-side`),
}));

function button(name, label, act) {
  const made = document.createElement("button");
  made.type = "button";
  made.textContent = name;
  made.setAttribute("aria-label", label);
  made.addEventListener("click", act);
  return made;
}

export class Kept {
  #desk;
  #now;
  #open;
  #items = []; // { name, piece }

  // `now` gives the piece on the sheet, `open` puts one there
  constructor(now, open) {
    this.#now = now;
    this.#open = open;
    for (const { choice } of sides) choice.addEventListener("change", () => this.compare());
  }

  // for another kind of piece: what was kept of the one before stays with its desk
  set desk(desk) {
    this.#close(); // the desk before has players there
    this.#desk = desk;
    desk.kept ??= [];
    this.#items = desk.kept;
    this.#list();
  }

  keep(piece) {
    this.#desk.numbered = (this.#desk.numbered ?? 0) + 1;
    const name = `Version ${this.#desk.numbered}`;
    this.#items.push({ name, piece });
    this.#list();
    this.compare();
    return name;
  }

  // shows again what stands on both sides, where they are open
  compare() {
    const panel = document.getElementById("compare");
    if (panel.hidden) return;
    for (const { choice, place } of sides) {
      const item = this.#items.find(({ name }) => name === choice.value);
      const piece = item ? item.piece : this.#now();
      this.#desk.aside(piece, place);
      const facts = document.createElement("p");
      facts.className = "facts";
      facts.textContent = this.#desk.facts(piece);
      place.append(facts);
    }
  }

  #list() {
    document.getElementById("kept").hidden = !this.#items.length;
    list.replaceChildren(...this.#items.map((item) => this.#row(item)));
    for (const { choice } of sides) {
      const chosen = choice.value;
      choice.replaceChildren(new Option("Now", ""), ...this.#items.map(({ name }) => new Option(name, name)));
      choice.value = this.#items.some(({ name }) => name === chosen) ? chosen : "";
    }
    if (!this.#items.length) this.#close();
  }

  #row(item) {
    const { name, piece } = item;
    const row = document.createElement("li");
    const what = document.createElement("span");
    what.className = "what";
    what.textContent = this.#desk.title(piece);
    const about = document.createElement("small");
    about.textContent = name;
    row.append(
      about,
      what,
      button("Open", `Open ${name}`, () => this.#open(piece)),
      button("Compare", `Compare ${name} with what is there now`, () => this.#show(name)),
      button("Remove", `Remove ${name}`, () => {
        this.#items.splice(this.#items.indexOf(item), 1);
        this.#list();
        this.compare();
      }),
    );
    return row;
  }

  #show(name) {
    const panel = document.getElementById("compare");
    // a second one beside the first, where the first is shown with what is there now
    const [left, right] = sides.map(({ choice }) => choice);
    if (!panel.hidden && left.value === "" && right.value && right.value !== name) left.value = right.value;
    else left.value = "";
    right.value = name;
    panel.hidden = false;
    this.compare();
    panel.scrollIntoView({ block: "nearest" });
  }

  #close() {
    document.getElementById("compare").hidden = true;
    for (const { place } of sides) this.#desk?.aside(this.#desk.empty(), place);
  }
}
