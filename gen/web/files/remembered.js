// What a tab remembers when its page is loaded again; it is gone when the tab is closed.

const PLACE = "gen";

export function remember(model, desks) {
  const pieces = Object.fromEntries(
    Object.values(desks)
      .filter((desk) => desk.last && !desk.last.isEmpty)
      .map((desk) => [desk.kind, desk.last]),
  );
  try {
    sessionStorage.setItem(PLACE, JSON.stringify({ model, pieces }));
  } catch {
    sessionStorage.removeItem(PLACE); // there is no room: rather nothing than what was there before
  }
}

// The name of the model; the desks get what lay on them.
export function recall(desks) {
  try {
    const { model, pieces } = JSON.parse(sessionStorage.getItem(PLACE) ?? "{}");
    for (const [kind, piece] of Object.entries(pieces ?? {})) desks[kind].last = desks[kind].recalled(piece);
    return model;
  } catch {
    return undefined; // another release's
  }
}
