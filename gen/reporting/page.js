// The pieces of music that are in the page, each where its place is.

for (const [place, music] of Object.entries(JSON.parse(document.getElementById("music").textContent))) {
  new Player(document.getElementById(place), music);
}
