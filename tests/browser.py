"""Debian's Chromium without a window, driven by playwright, for tests of what people look at."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from playwright.sync_api import Browser

_NAMES = ("chromium", "chromium-browser", "google-chrome")


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A browser for the tests of a module; they are skipped where there is none."""
    program = next(filter(None, map(shutil.which, _NAMES)), None)
    if program is None:
        pytest.skip("there is no Chromium to look with: apt-get install chromium")
    playwright = pytest.importorskip(
        "playwright.sync_api", reason="there is no playwright: pip install -e .[test]"
    )
    with playwright.sync_playwright() as driver:
        # Root has no sandbox in a container; the pages are the project's own.
        opened = driver.chromium.launch(executable_path=program, args=["--no-sandbox"])
        try:
            yield opened
        finally:
            opened.close()
