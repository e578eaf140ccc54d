"use strict";

// What a file or a prompt says is put into the page as text (`textContent`), never as markup.

const data = JSON.parse(document.getElementById("data").textContent);
const SURPRISE = "surprise";
const MOST_BITS = 10;
const NAMES = {
  f: "forget gate f", i: "input gate i", C_candidate: "candidate C̃", C: "memory C", o: "output gate o",
  h: "hidden state h", [SURPRISE]: SURPRISE,
};
const SYMBOLS = { f: "f", i: "i", C_candidate: "C̃", C: "C", o: "o", h: "h" };
const SVG = "http://www.w3.org/2000/svg";
const steps = data.labels.length;
const chosen = { unit: 0, quantity: "C", count: "", position: 0 };
const part = (id) => document.getElementById(id);
let planes;

function element(name, attributes = {}, text = "") {
  const made = document.createElementNS(SVG, name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  if (text) made.textContent = text;
  return made;
}

async function unpacked(base64) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("deflate"));
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

// the values of a quantity: a gate from 0 to 1, h and C̃ from -1 to 1, C as it is
function valueOf(quantity, unit, token) {
  const byte = planes[(data.quantities.indexOf(quantity) * data.units + unit) * steps + token];
  if (data.gates.includes(quantity)) return byte / data.levels;
  return (byte / data.levels - 1) * (quantity === "C" ? data.scales[unit] : 1);
}

// the same over all tokens and as colours have it: from -1 to 1
function levels(quantity, unit) {
  const found = new Float32Array(steps);
  for (let token = 0; token < steps; token++) {
    if (quantity === SURPRISE) found[token] = Math.min(1, data.surprise[token] / MOST_BITS);
    else found[token] = valueOf(quantity, unit, token);
  }
  return quantity === "C" ? found.map(Math.tanh) : found;
}

let tones = {};
function readTones() {
  const style = getComputedStyle(document.documentElement);
  const numbers = (name) => style.getPropertyValue(name).split(",").map(Number);
  tones = { up: numbers("--up"), down: numbers("--down") };
}
function colour(level, most = 1) {
  const tone = level < 0 ? tones.down : tones.up;
  return `rgba(${tone.join(",")},${(Math.abs(level) * most).toFixed(3)})`;
}

function shown(label) {
  if (label === "\n") return "⏎";
  if (label === "") return "·";
  const code = label.codePointAt(0);
  return label.length === 1 && code < 32 ? String.fromCharCode(0x2400 + code) : label;
}

// ---- the text, or the piano roll

const marks = []; // what stands for each token in the passage: elements to colour

function layText() {
  const text = part("passage");
  text.classList.add("text");
  data.labels.forEach((label, token) => {
    const span = document.createElement("span");
    span.dataset.token = token;
    span.textContent = label === "\t" ? label : shown(label);
    if (label === "\n") span.className = "break";
    marks.push([span]);
    text.append(span, label === "\n" ? "\n" : "");
  });
}

function layRoll() {
  const [tick, row, top] = [2, 7, 8];
  const pitches = data.roll.map((note) => note[3]);
  const [lowest, highest] = [Math.min(60, ...pitches), Math.max(60, ...pitches)];
  const height = (highest - lowest + 1) * row + 2 * top;
  const end = Math.max(data.ticks.at(-1) + 24, ...data.roll.map((note) => note[1] + note[2]));
  const svg = element("svg", { width: end * tick, height });
  const bands = element("g");
  const notes = element("g");
  const names = element("g");
  for (let pitch = Math.ceil(lowest / 12) * 12; pitch <= highest; pitch += 12) {
    const y = top + (highest - pitch + 1) * row;
    svg.append(element("line", { class: "grid", x1: 0, x2: end * tick, y1: y, y2: y }));
    names.append(element("text", { x: 2, y: y - 1 }, `C${pitch / 12 - 1}`));
  }
  for (const first of data.bars) {
    const x = data.ticks[first] * tick;
    svg.append(element("line", { class: "grid", x1: x, x2: x, y1: 0, y2: height }));
  }
  data.labels.forEach((_, token) => {
    // the last token at a tick colours what follows it
    const next = data.ticks.find((at) => at > data.ticks[token]) ?? end;
    const last = data.ticks[token + 1] !== data.ticks[token];
    const x = data.ticks[token] * tick;
    const band = element("rect", { x, y: 0, width: (next - data.ticks[token]) * tick, height, opacity: 0.35 });
    band.dataset.token = token;
    if (last) bands.append(band);
    marks.push(last ? [band] : []);
  });
  for (const [token, onset, duration, pitch, player] of data.roll) {
    const place = { x: onset * tick, y: top + (highest - pitch) * row, width: duration * tick - 1, height: row };
    const note = element("rect", { ...place, class: "edge" });
    note.style.fill = "var(--paper)";
    const face = element("rect", place);
    face.dataset.token = token;
    face.append(element("title", {}, `${data.labels[token]}, part ${player}`));
    notes.append(note, face);
    marks[token].push(face);
  }
  svg.append(bands, names, notes, element("line", { class: "here", id: "now", y1: 0, y2: height }));
  part("passage").append(svg);
  part("passage").dataset.tick = tick;
}

function paintPassage() {
  levels(chosen.quantity, chosen.unit).forEach((level, token) => {
    for (const face of marks[token]) {
      if (data.roll.length) face.style.fill = colour(level);
      else face.style.backgroundColor = colour(level, 0.75);
    }
  });
}

function markHere(before) {
  if (data.roll.length) {
    const x = data.ticks[chosen.position] * Number(part("passage").dataset.tick);
    part("now").setAttribute("x1", x);
    part("now").setAttribute("x2", x);
    reveal(part("passage"), x, 0);
    return;
  }
  marks[before][0].classList.remove("here");
  const face = marks[chosen.position][0];
  face.classList.add("here");
  reveal(part("passage"), 0, face.offsetTop - part("passage").offsetTop);
}

// scroll a box, and nothing around it, until a place in it is seen
function reveal(box, x, y) {
  if (x < box.scrollLeft || x > box.scrollLeft + box.clientWidth - 24) box.scrollLeft = x - box.clientWidth / 2;
  if (y < box.scrollTop || y > box.scrollTop + box.clientHeight - 40) box.scrollTop = y - box.clientHeight / 2;
}

// ---- the six quantities of the unit around the position

function paintStrips() {
  const box = part("strips");
  const [cell, side, right] = [data.roll.length ? 26 : 18, 130, 64];
  const columns = Math.max(8, Math.min(steps, Math.floor((box.clientWidth - side - right) / cell)));
  const first = Math.max(0, Math.min(steps - columns, chosen.position - Math.floor(columns / 2)));
  const rows = [...data.quantities, ...(chosen.count ? [chosen.count] : [])];
  const foot = data.roll.length ? 110 : 22;
  const width = side + columns * cell + right;
  const svg = element("svg", { width, height: rows.length * 24 + foot, role: "img" });
  svg.style.maxWidth = "none";
  svg.setAttribute("aria-label", `Unit ${chosen.unit} around position ${chosen.position}`);
  rows.forEach((name, row) => {
    const isCount = row >= data.quantities.length;
    const counts = isCount ? data.counted[name] : [];
    const most = Math.max(1, ...counts);
    const shades = isCount ? counts.map((count) => (count ?? 0) / most) : levels(name, chosen.unit);
    svg.append(element("text", { x: side - 8, y: row * 24 + 16, "text-anchor": "end" }, NAMES[name] ?? name));
    for (let token = first; token < first + columns; token++) {
      const place = { x: side + (token - first) * cell, y: row * 24, width: cell, height: 23, class: "edge" };
      const face = element("rect", place);
      face.style.fill = colour(shades[token]);
      face.dataset.token = token;
      svg.append(face);
    }
    const value = isCount ? counts[chosen.position] ?? "–" : valueOf(name, chosen.unit, chosen.position).toFixed(2);
    svg.append(element("text", { x: side + columns * cell + 8, y: row * 24 + 16 }, String(value)));
  });
  for (let token = first; token < first + columns; token++) {
    const [x, y] = [side + (token - first + 0.5) * cell, rows.length * 24 + 14];
    const turned = data.roll.length ? { transform: `rotate(60 ${x} ${y})` } : { "text-anchor": "middle" };
    svg.append(element("text", { x, y, ...turned }, shown(data.labels[token])));
  }
  const x = side + (chosen.position - first) * cell;
  const frame = { x, y: 0, width: cell, height: rows.length * 24, class: "here", fill: "none" };
  svg.append(element("rect", frame));
  box.replaceChildren(svg);
}

// ---- all units

let order = [];
let zoom = [1, 1];

function sortUnits() {
  const follows = data.correlations[chosen.count];
  order = Array.from({ length: data.units }, (_, unit) => unit);
  if (follows) order.sort((a, b) => Math.abs(follows[b]) - Math.abs(follows[a]) || a - b);
}

function paintMap() {
  const canvas = part("heat");
  [canvas.width, canvas.height] = [steps, data.units];
  zoom = [Math.max(1, Math.floor(part("map").clientWidth / steps)), Math.max(1, Math.floor(384 / data.units))];
  canvas.style.width = `${steps * zoom[0]}px`;
  canvas.style.height = `${data.units * zoom[1]}px`;
  const image = new ImageData(steps, data.units);
  // surprise is the same for all units: then it is their memory that is shown
  const quantity = chosen.quantity === SURPRISE ? "C" : chosen.quantity;
  let at = 0;
  for (const unit of order) {
    for (const level of levels(quantity, unit)) {
      const tone = level < 0 ? tones.down : tones.up;
      image.data[at++] = tone[0];
      image.data[at++] = tone[1];
      image.data[at++] = tone[2];
      image.data[at++] = Math.abs(level) * 255;
    }
  }
  canvas.getContext("2d").putImageData(image, 0, 0);
}

function markMap() {
  const row = order.indexOf(chosen.unit);
  part("row").style.top = `${row * zoom[1]}px`;
  part("row").style.height = `${zoom[1]}px`;
  part("column").style.left = `${chosen.position * zoom[0]}px`;
  part("column").style.width = `${zoom[0]}px`;
  reveal(part("map"), chosen.position * zoom[0], row * zoom[1]);
}

// ---- surprise

function paintSurprise() {
  const canvas = part("surprise");
  const most = Math.max(1, ...data.bits);
  [canvas.width, canvas.height] = [steps, 100];
  const brush = canvas.getContext("2d");
  data.bits.forEach((bits, token) => {
    brush.fillStyle = token === chosen.position ? getComputedStyle(part("trouble")).color : colour(1);
    brush.fillRect(token, 100 - (100 * bits) / most, 1, (100 * bits) / most);
  });
}
