"""The pictures in docs/, from the program itself and the models that come along.

    python scripts/pictures.py

Of the page of `gen serve` in a browser without a window (Debian's chromium, driven by Playwright), a tune
that is engraved, and a look inside. The same models, seeds and versions make the same pictures.
"""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import Page, sync_playwright

DOCS = Path(__file__).parent.parent / "docs"
GEN = [sys.executable, "-m", "gen"]
TEXT, MUSIC = "king-james", "ryans-mammoth"
PROMPT = "And it came to pass"
SIZE = {"width": 1180, "height": 720}


@contextmanager
def served() -> Iterator[str]:
    """The address of a server with both models."""
    process = subprocess.Popen([*GEN, "serve", TEXT, MUSIC], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        yield next(line for line in process.stdout if "http://" in line).split()[-1]
    finally:
        process.terminate()
        process.wait()


def wrote(page: Page) -> None:
    page.click("#write")
    page.wait_for_selector("#stop:not(:disabled)")
    page.wait_for_selector("#stop:disabled")


def text(page: Page) -> None:
    """A text that is written on, coloured by surprise, with the gates under it."""
    page.select_option("#model", TEXT)
    page.fill("#sheet", PROMPT)
    page.check("#surprise")
    page.check("#show_gates")
    wrote(page)


def music(page: Page) -> None:
    """A tune in the player."""
    page.select_option("#model", MUSIC)
    page.fill("#seed", "4")
    wrote(page)


def main() -> None:
    executable = shutil.which("chromium")
    if executable is None:
        raise SystemExit("These pictures need chromium. On Debian: apt-get install chromium")
    shows: list[tuple[str, str, Any]] = [("serve-text", "light", text), ("serve-music", "dark", music)]
    with served() as address, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        for name, colours, do in shows:
            page = browser.new_page(viewport=SIZE, color_scheme=colours)  # type: ignore[arg-type]
            page.goto(address)
            page.wait_for_selector("body[data-ready]")
            do(page)
            page.screenshot(path=DOCS / f"{name}.png")
        browser.close()
    tune = ["sample", MUSIC, "--seed", "4", "--bars", "16", "--as", "score", "--out", str(DOCS / "tune.svg")]
    inside = ["inspect", TEXT, "--prompt", PROMPT, "--out", str(DOCS / "inside.png")]
    for command in (tune, inside):
        subprocess.run([*GEN, *command], check=True)
    (DOCS / "tune.svg.json").unlink()


if __name__ == "__main__":
    main()
