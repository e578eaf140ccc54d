"""What a user does on the page, by hand and by keyboard."""

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pytest

from tests.web.serving import Server

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

LONG = 60_000  # milliseconds; the machine may be busy


@pytest.fixture
def opened(page: "Page", server: Server) -> "Page":
    """The page, with the model of text chosen."""
    page.set_default_timeout(LONG)
    page.goto(server.address)
    page.wait_for_selector("body[data-ready]")
    return page


@pytest.fixture
def narrow(chromium: "Browser", server: Server) -> Iterator["Page"]:
    """A page as a phone has it; that its console tells of requests that are refused is no trouble."""
    context = chromium.new_context(viewport={"width": 390, "height": 844}, color_scheme="dark")
    page = context.new_page()
    page.set_default_timeout(LONG)
    page.goto(server.address)
    page.wait_for_selector("body[data-ready]")
    yield page
    context.close()


def choose(page: "Page", model: str) -> None:
    page.select_option("#model", model)


def write(page: "Page", button: str = "#write") -> Any:
    """Press a button, wait for the whole answer, and give what was asked for."""
    with page.expect_request(re.compile("/api/models/.*/(text|music)")) as asked:
        page.click(button)
    page.wait_for_selector("#stop:disabled")
    return asked.value.post_data_json


def slide(page: "Page", slider: str, value: float) -> None:
    """As a hand on the keyboard does."""
    page.focus(slider)
    for _ in range(200):
        now = float(page.input_value(slider))
        if abs(now - value) < 1e-9:
            return
        page.keyboard.press("ArrowRight" if now < value else "ArrowLeft")
    raise AssertionError(f"{slider} never came to {value}")
