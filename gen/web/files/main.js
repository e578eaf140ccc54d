// The page: which model, which desk, and what buttons and keys do.

import { models } from "./api.js";
import { MusicDesk } from "./music_desk.js";
import { offers } from "./offers.js";
import { recall, remember } from "./remembered.js";
import { settings } from "./settings.js";
import { TextDesk } from "./text_desk.js";
import { Writer } from "./writer.js";

const $ = (id) => document.getElementById(id);
const NAMES = { bits_per_character: "bits a character", nats_per_note: "nats a note" };
const NARROW = "(max-width: 52rem)";

const writer = new Writer();
const desks = { text: new TextDesk((piece) => writer.typed(piece)), music: new MusicDesk() };
let known = [];
let desk = desks.text; // the one that is on the page

function about(model) {
  const measures = Object.entries(model.measures)
    .filter(([name]) => name in NAMES)
    .map(([name, value]) => `${value.toFixed(2)} ${NAMES[name]}`);
  return [model.corpus, `${model.layers} × ${model.units} units`, ...measures].filter(Boolean).join(" · ");
}

function use(name) {
  const model = known.find((each) => each.name === name);
  const canWrite = Object.hasOwn(desks, model.kind);
  if (canWrite) {
    desk = desks[model.kind];
    settings.fit(model);
  }
  $("about").textContent = canWrite ? about(model) : (model.problem ?? `This page cannot write ${model.kind}.`);
  for (const { kind } of Object.values(desks)) {
    document.body.classList.toggle(kind, desk.kind === kind);
    $(kind).hidden = desk.kind !== kind;
  }
  writer.use(canWrite ? model : null, desk);
  scrollTo(0, 0);
}

async function begin() {
  try {
    known = await models();
  } catch (error) {
    writer.trouble(error);
    return;
  }
  $("model").replaceChildren(...known.map(({ name, kind }) => new Option(`${name} (${kind})`, name)));
  $("model").disabled = false;
  const before = recall(desks);
  if (known.some(({ name }) => name === before)) $("model").value = before;
  use($("model").value);
  addEventListener("pagehide", () => remember($("model").value, desks));
  addEventListener("beforeunload", (event) => {
    if (!remember($("model").value, desks)) event.preventDefault(); // the browser asks whether to leave
  });
  document.body.dataset.ready = "true";
}

async function save(format) {
  try {
    const blob = await desk.saved(writer.piece, format);
    const link = document.createElement("a");
    link.href = URL.createObjectURL(blob);
    link.download = format === "txt" ? "text.txt" : `tune.${format}`;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 60_000);
  } catch (error) {
    writer.trouble(error);
  }
}

async function open(input) {
  const [file] = input.files;
  input.value = "";
  if (!file) return;
  try {
    const asked = desk;
    const piece = await asked.opened(file);
    if (asked === desk) writer.open(piece); // else another kind of model was chosen while it was read
  } catch (error) {
    writer.trouble(error);
  }
}

// AltGr, which types the brackets of many keyboards, is Ctrl and Alt on some systems
function takes(event) {
  const isAlt = event.altKey && !event.ctrlKey && !event.getModifierState("AltGraph");
  return isAlt && offers.isOpen && /^Digit[1-8]$/.test(event.code);
}

function key(event) {
  const isCommand = event.ctrlKey || event.metaKey;
  const isOther = event.target.matches("input, select") && event.target.type !== "range";
  if (isCommand && event.key === "Enter") writer.write();
  else if (event.ctrlKey && event.key === " ") writer.offer();
  else if (event.key === "Escape") writer.stop();
  else if (takes(event)) writer.take(Number(event.code.slice(-1)) - 1);
  else if (isCommand && !isOther && event.key.toLowerCase() === "z") event.shiftKey ? writer.redo() : writer.undo();
  else if (isCommand && !isOther && event.key.toLowerCase() === "y") writer.redo();
  else return;
  event.preventDefault();
}

for (const id of ["write", "stop", "offer", "again", "undo", "redo", "cut", "keep"]) {
  $(id).addEventListener("click", () => writer[id]());
}
for (const button of document.querySelectorAll("[data-save]")) {
  button.addEventListener("click", () => save(button.dataset.save));
}
$("open").addEventListener("change", (event) => open(event.target));
$("model").addEventListener("change", (event) => use(event.target.value));
document.addEventListener("keydown", key);
// of a text that was changed by the page, the browser's own undo knows nothing
$("sheet").addEventListener("beforeinput", (event) => {
  if (!event.inputType.startsWith("history")) return;
  event.preventDefault();
  event.inputType === "historyUndo" ? writer.undo() : writer.redo();
});
settings.begin((id) => {
  if (id === "surprise") writer.recolour();
});
if (matchMedia(NARROW).matches) $("settings").open = false;
begin();
