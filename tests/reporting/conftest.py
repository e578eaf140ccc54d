"""The browser, for the tests of this folder."""

from tests.browser import chromium, page

__all__ = ["chromium", "page"]
