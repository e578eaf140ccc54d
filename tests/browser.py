"""A real browser for tests of pages: Debian's chromium, driven by Playwright; without them a skip says so.

`chromium` is a fixture of the module, not of the session: Playwright keeps an event loop in the thread while
it runs, and other tests may want one of their own.
"""

import shutil
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page


@pytest.fixture(scope="module")
def chromium() -> Iterator["Browser"]:
    """A browser without a window."""
    playwright = pytest.importorskip("playwright.sync_api", reason="the extra `dev` brings playwright")
    executable = shutil.which("chromium")
    if executable is None:
        pytest.skip("there is no chromium")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=executable, args=["--no-sandbox"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium: "Browser") -> Iterator["Page"]:
    """An empty page; whatever goes wrong in its scripts or against its policy fails the test."""
    context = chromium.new_context(viewport={"width": 1000, "height": 700})
    opened = context.new_page()
    troubles: list[str] = []
    opened.on("pageerror", lambda error: troubles.append(str(error)))
    opened.on("console", lambda message: troubles.append(message.text) if message.type == "error" else None)
    yield opened
    context.close()
    assert troubles == []


def until(page: "Page", expression: str, seconds: float = 20) -> None:
    """Wait for an expression to be true; Playwright's own way needs `eval`, which a page's policy forbids."""
    deadline = time.monotonic() + seconds
    while not page.evaluate(expression):
        assert time.monotonic() < deadline, f"never came true: {expression}"
        page.wait_for_timeout(20)
