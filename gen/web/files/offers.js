// Several ways to go on, of which one can be taken.

const panel = document.getElementById("offers");
const dock = document.getElementById("dock");
const list = panel.querySelector("ol");

let taken = null;
let buttons = [];
let endings = [];

export const offers = {
  get isOpen() {
    return !panel.hidden;
  },

  // Puts ways on the page; `take` is called with the one that is chosen.
  show(desk, pieces, start, take) {
    const hadFocus = panel.contains(document.activeElement);
    this.close();
    taken = (place) => take(pieces[place]);
    const made = pieces.map((piece, place) => desk.offered(piece, start, place));
    buttons = made.map(({ button }) => button);
    buttons.forEach((button, place) => button.addEventListener("click", () => taken?.(place)));
    list.replaceChildren(
      ...made.map(({ element }) => {
        const item = document.createElement("li");
        item.append(element);
        return item;
      }),
    );
    panel.hidden = false;
    endings = made.map(({ shown }) => shown?.()).filter(Boolean);
    panel.style.scrollMarginBottom = `${dock.offsetHeight}px`;
    panel.scrollIntoView({ block: "nearest" });
    if (hadFocus || this.wantsFocus) buttons[0].focus({ preventScroll: true });
    this.wantsFocus = false;
  },

  // that the next ones are to have the focus, which those before had
  wantsFocus: false,

  take(place) {
    buttons[place]?.click();
  },

  close() {
    endings.forEach((end) => end());
    endings = [];
    buttons = [];
    taken = null;
    panel.hidden = true;
    list.replaceChildren();
  },
};
