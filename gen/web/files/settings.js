// The settings beside the sheet: what they show, and what a request takes from them.

import { MUSIC_ENDINGS } from "./api.js";

const $ = (id) => document.getElementById(id);
const form = $("form");

function number(id) {
  const input = $(id);
  return input.value === "" || !input.checkValidity() ? null : Number(input.value);
}

function units() {
  const found = $("units").value.split(/[\s,;]+/).filter(Boolean).map(Number);
  return found.length ? found : null;
}

function refresh() {
  for (const shown of form.querySelectorAll("[data-of]")) {
    const value = Number($(shown.dataset.of).value);
    shown.textContent = shown.dataset.of === "length" ? value.toLocaleString("en") : value;
  }
  $("gate-choice").hidden = !$("show_gates").checked;
  $("scale").hidden = !$("surprise").checked;
  $("bars").disabled = $("to_end").checked;
}

export const settings = {
  // `changed` is called with the id of what the user moved
  begin(changed) {
    form.addEventListener("submit", (event) => event.preventDefault());
    form.addEventListener("input", (event) => {
      refresh();
      changed(event.target.id);
    });
    refresh();
  },

  // false where a field that is seen holds what cannot be asked for; the browser then says what
  areRight() {
    const wrong = [...form.querySelectorAll(":invalid")].find((input) => input.checkVisibility());
    return wrong ? wrong.reportValidity() : true;
  },

  get colours() {
    return $("surprise").checked;
  },

  get gates() {
    return $("show_gates").checked;
  },

  get ways() {
    return Math.min(8, Math.max(2, number("ways") ?? 3));
  },

  get seed() {
    return number("seed") ?? 0;
  },

  nextSeed() {
    $("seed").value = this.seed + 1;
  },

  // what every request has
  common() {
    const top = number("top_p");
    const asked = { temperature: number("temperature"), seed: this.seed };
    return top < 1 ? { ...asked, top_p: top } : asked;
  },

  withGates() {
    return this.gates ? { gates: true, layer: number("layer"), units: units() } : {};
  },

  get length() {
    return number("length");
  },

  // null where the piece may end by itself
  get bars() {
    return $("to_end").checked ? null : number("bars");
  },

  wishes() {
    const melody = $("melody").checked;
    return {
      key: $("key").value || null,
      metre: $("metre").value || null,
      tempo: number("tempo"),
      program: number("program"),
      melody,
    };
  },

  // what a model can do
  fit(model) {
    $("layer").max = (model.layers ?? 1) - 1;
    $("layer").value = $("layer").max;
    for (const [id, names] of [["key", model.keys], ["metre", model.metres]]) {
      const any = $(id).options[0];
      $(id).replaceChildren(any, ...(names ?? []).map((name) => new Option(name, name)));
    }
    $("open").accept = model.kind === "music" ? MUSIC_ENDINGS.map((each) => `.${each}`).join() : ".txt,text/*";
  },
};
