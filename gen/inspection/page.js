// What is chosen, by whom, and what follows from it; the pictures are in pictures.js, which stands before.

function say() {
  const { unit, quantity, position } = chosen;
  const value = quantity === SURPRISE ? "" : `, ${NAMES[quantity]} of unit ${unit} ${valueOf(quantity, unit, position).toFixed(2)}`;
  const named = (label) => (label === " " ? "␣" : shown(label));
  const expected = data.guesses[position].map(([guess, share]) => `${named(guess)} ${share} %`).join(", ");
  part("reading").textContent =
    `${position}: ${named(data.labels[position])}${value}; surprise ${data.surprise[position].toFixed(1)} bits. ` +
    `Expected: ${expected}`;
}

function choose(changes) {
  const before = { ...chosen };
  Object.assign(chosen, changes);
  chosen.unit = Math.max(0, Math.min(data.units - 1, Math.round(chosen.unit) || 0));
  chosen.position = Math.max(0, Math.min(steps - 1, Math.round(chosen.position) || 0));
  for (const name of Object.keys(chosen)) part(name).value = chosen[name];
  if (chosen.count !== before.count) sortUnits();
  if (chosen.count !== before.count || chosen.quantity !== before.quantity) paintMap();
  if (chosen.unit !== before.unit || chosen.quantity !== before.quantity) paintPassage();
  if (chosen.position !== before.position) paintSurprise();
  markHere(before.position);
  paintStrips();
  markMap();
  say();
}

function paintAll() {
  readTones();
  sortUnits();
  paintMap();
  paintPassage();
  paintSurprise();
  choose({});
}

function option(value, text) {
  const made = document.createElement("option");
  made.value = value;
  made.textContent = text;
  return made;
}

function listen() {
  for (const name of ["unit", "quantity", "count", "position"]) {
    part(name).addEventListener("input", () => {
      // an emptied field is about to be filled
      if (name === "count" || part(name).value !== "") choose({ [name]: part(name).value });
    });
  }
  part("controls").addEventListener("submit", (event) => event.preventDefault());
  for (const id of ["passage", "strips"]) {
    part(id).addEventListener("click", (event) => {
      const token = event.target.closest("[data-token]")?.dataset.token;
      if (token !== undefined) choose({ position: token });
    });
  }
  part("trackers").addEventListener("click", (event) => {
    const unit = event.target.closest("[data-unit]")?.dataset.unit;
    if (unit !== undefined) choose({ unit });
  });
  part("heat").addEventListener("click", (event) => {
    const [column, row] = [Math.floor(event.offsetX / zoom[0]), Math.floor(event.offsetY / zoom[1])];
    choose({ unit: order[row] ?? chosen.unit, position: column });
  });
  const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -steps, End: steps };
  part("passage").addEventListener("keydown", (event) => {
    if (!(event.key in moves)) return;
    event.preventDefault();
    choose({ position: chosen.position + moves[event.key] });
  });
  part("map").addEventListener("keydown", (event) => {
    const down = { ArrowUp: -1, ArrowDown: 1 }[event.key];
    if (down === undefined && !(event.key in moves)) return;
    event.preventDefault();
    const row = order.indexOf(chosen.unit) + (down ?? 0);
    choose({ unit: order[row] ?? chosen.unit, position: chosen.position + (moves[event.key] ?? 0) });
  });
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", paintAll);
  addEventListener("resize", paintAll);
}

async function begin() {
  planes = await unpacked(data.planes);
  part("quantity").append(...[...data.quantities, SURPRISE].map((name) => option(name, NAMES[name])));
  const counts = Object.keys(data.correlations);
  part("count").append(...counts.map((name) => option(name, name)), option("", "none"));
  if (data.roll.length) layRoll();
  else layText();
  chosen.count = counts[0] ?? "";
  sortUnits();
  chosen.unit = order[0];
  listen();
  paintAll();
}

begin().catch((error) => {
  part("trouble").hidden = false;
  part("trouble").textContent = `This browser cannot draw the page: ${error.message}`;
});
