// What the page asks of the server it came from.

export class Problem extends Error {
  constructor({ problem, fix }) {
    super(problem);
    this.problem = problem;
    this.fix = fix;
  }
}

export const MUSIC_ENDINGS = ["mid", "midi", "kar", "musicxml", "xml", "mxl", "abc", "krn"];
const GONE = { problem: "The server does not answer.", fix: "Start it again: gen serve." };

async function asked(path, options) {
  let answer;
  try {
    answer = await fetch(path, options);
  } catch (error) {
    if (error.name === "AbortError") throw error;
    throw new Problem(GONE);
  }
  if (!answer.ok) throw new Problem(await answer.json().catch(() => GONE));
  return answer;
}

function posted(body, signal) {
  return { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body), signal };
}

export async function models() {
  return (await (await asked("/api/models")).json()).models;
}

// The lines of an answer as they come, a list at a time.
export async function* lines(model, kind, body, signal) {
  const answer = await asked(`/api/models/${encodeURIComponent(model)}/${kind}`, posted(body, signal));
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = "";
  let isWhole = false;
  try {
    while (true) {
      let value, done;
      try {
        ({ value, done } = await reader.read());
      } catch (error) {
        throw error.name === "AbortError" ? error : new Problem(GONE);
      }
      if (done) break;
      const parts = (rest + value).split("\n");
      rest = parts.pop();
      const told = parts.map((part) => JSON.parse(part));
      const wrong = told.find((each) => each.error);
      isWhole ||= told.some((each) => each.done);
      if (told.length) yield told.filter((each) => !each.error);
      if (wrong) throw new Problem(wrong.error);
    }
  } finally {
    // so that the server stops where nobody reads on; a stream that broke refuses, and has ended anyway
    reader.cancel().catch(() => {});
  }
  if (!isWhole) throw new Problem(GONE);
}

export async function musicFrom(file) {
  const ending = file.name.split(".").pop().toLowerCase();
  if (!MUSIC_ENDINGS.includes(ending)) {
    const fix = `Open a file that ends in ${MUSIC_ENDINGS.join(", ")}.`;
    throw new Problem({ problem: `${file.name} is no file of music that can be read here.`, fix });
  }
  const path = `/api/music/read?ending=${encodeURIComponent(ending)}`;
  // of any other type a site could have it sent here unasked
  const headers = { "Content-Type": "application/octet-stream" };
  return (await asked(path, { method: "POST", headers, body: file })).json();
}

export async function musicAs(format, music) {
  return (await asked(`/api/music/${format}`, posted(music))).blob();
}
