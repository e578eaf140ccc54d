// The gates of a model while it writes: a column a token, a row a gate and unit, darker where a gate is open.

const LEVELS = 63;
const NAMES = { f: "forget", i: "input", o: "output" };
const WIDTH = 11; // of a column
const LEFT = 34;
const LABEL = 16; // the height of the line of characters
const MOST_COLUMNS = 400;
const FEW = 15; // rows, each of which has room for its name

const figure = document.getElementById("gates");
const canvas = figure.querySelector("canvas");
const caption = figure.querySelector("figcaption");

let columns = []; // { label, rows }
let names = [];
let units = null;
let isDue = false;

function read(told) {
  const { f } = told.gates;
  return f.map((_, token) => Object.keys(NAMES).flatMap((name) => told.gates[name][token]));
}

function draw() {
  isDue = false;
  const colours = getComputedStyle(figure);
  const tall = names.length <= 3 ? 16 : names.length <= FEW ? 11 : 5;
  const width = figure.clientWidth;
  const height = names.length * tall + LABEL;
  const scale = devicePixelRatio;
  canvas.width = width * scale;
  canvas.height = height * scale;
  canvas.style.height = `${height}px`;
  const pen = canvas.getContext("2d");
  pen.scale(scale, scale);
  pen.font = "11px ui-monospace, monospace";
  pen.textBaseline = "middle";
  const shown = columns.slice(-Math.floor((width - LEFT) / WIDTH));
  const [up, ink, faint] = ["--up", "--ink", "--faint"].map((name) => colours.getPropertyValue(name).trim());
  names.forEach((name, row) => {
    if (names.length > FEW && row % units.length) return; // one name a gate, where they stand close
    pen.fillStyle = faint;
    pen.textAlign = "left";
    pen.fillText(name, 0, row * tall + tall / 2);
  });
  pen.textAlign = "center";
  shown.forEach(({ label, rows }, place) => {
    const x = LEFT + place * WIDTH;
    rows.forEach((value, row) => {
      pen.fillStyle = `rgba(${up}, ${(value / LEVELS).toFixed(3)})`;
      pen.fillRect(x, row * tall + 1, WIDTH - 1, tall - 2);
    });
    pen.fillStyle = ink;
    if (label.length === 1) pen.fillText(label, x + WIDTH / 2, height - LABEL / 2);
  });
  const last = columns.at(-1);
  if (!last) return;
  const said = names.map((name, row) => `${name} ${(last.rows[row] / LEVELS).toFixed(2)}`);
  caption.textContent = `${last.label.trim() || "space"}  ${said.join("  ")}`;
  const whose = units ? `units ${units.join(", ")}` : "the mean of all units";
  const gates = Object.entries(NAMES).map(([name, word]) => `${name}, ${word}`);
  canvas.setAttribute("aria-label", `Gates ${gates.join("; ")}; ${whose}; for the last ${shown.length} tokens`);
}

function due() {
  if (isDue) return;
  isDue = true;
  requestAnimationFrame(draw);
}

new ResizeObserver(() => columns.length && due()).observe(figure);
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", due);

export const gates = {
  // before an answer that tells of them
  begin(wanted, chosen) {
    columns = [];
    names = [];
    units = chosen;
    figure.hidden = !wanted;
    canvas.height = 0;
    canvas.style.height = "0";
    caption.textContent = "";
  },

  add(labels, told) {
    read(told).forEach((rows, token) => columns.push({ label: labels[token] ?? "", rows }));
    columns = columns.slice(-MOST_COLUMNS);
    const each = units ?? [""];
    names = Object.keys(NAMES).flatMap((name) => each.map((unit) => `${name}${unit}`));
    due();
  },
};
