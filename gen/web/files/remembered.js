// What a tab remembers when its page is loaded again; it is gone when the tab is closed.

const PLACE = "gen";

// What lies on a desk, with what was kept there or without.
function lying({ last, kept, numbered }, withKept) {
  return { last: last?.isEmpty ? undefined : last, ...(withKept && { kept, numbered }) };
}

// Whether there was room for all.
export function remember(model, desks) {
  // rather what is on the sheets alone than nothing
  for (const withKept of [true, false]) {
    const lies = Object.entries(desks).map(([kind, desk]) => [kind, lying(desk, withKept)]);
    try {
      sessionStorage.setItem(PLACE, JSON.stringify({ model, desks: Object.fromEntries(lies) }));
      return withKept;
    } catch {
      sessionStorage.removeItem(PLACE); // there is no room: rather nothing than what was there before
    }
  }
  return false;
}

// The name of the model; the desks get what lay on them.
export function recall(desks) {
  try {
    const { model, desks: lay } = JSON.parse(sessionStorage.getItem(PLACE) ?? "{}");
    for (const [kind, { last, kept, numbered }] of Object.entries(lay ?? {})) {
      const desk = desks[kind];
      if (last) desk.last = desk.recalled(last);
      desk.kept = kept?.map(({ name, piece }) => ({ name, piece: desk.recalled(piece) }));
      desk.numbered = numbered;
    }
    return model;
  } catch {
    return undefined; // another release's
  }
}
