"""The report as people see it, in Chromium."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from tests.browser import browser
from tests.conftest import Launched, run_command

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

__all__ = ["browser"]
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def page(
    browser: Browser, launched: Launched, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Page]:
    """The report of a study in a wide window, by day."""
    folder = tmp_path_factory.mktemp("report")
    run_command("report", "--storage", launched.url, "-o", "report.html", cwd=folder)
    opened = browser.new_page(viewport={"width": 1000, "height": 900}, color_scheme="light")
    said: list[str] = []
    asked: list[str] = []
    opened.on("console", lambda message: said.append(message.text))
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.goto(Path(folder / "report.html").as_uri())
    yield opened
    assert said == []
    assert len(asked) == 1, "nothing but the page itself"


def test_every_figure_is_there_and_not_empty(page: Page) -> None:
    sizes: list[Any] = page.eval_on_selector_all(
        "figure .light svg",
        "all => all.map(svg => [svg.getBoundingClientRect().width, "
        "svg.querySelectorAll('path, text').length])",
    )
    assert len(sizes) == 7
    assert all(width > 200 and marks > 10 for width, marks in sizes)
    assert page.locator("figure .dark").first.is_hidden()


def test_hovering_a_point_shows_its_counts(page: Page) -> None:
    mark = "[role='graphics-symbol'][aria-roledescription='point'][aria-label*='95% interval']"
    marks = page.locator(f"figure .light svg {mark}")
    said = marks.last.get_attribute("aria-label")
    marks.last.hover(force=True)
    tip = page.locator("#tip")
    assert tip.is_visible()
    assert tip.inner_text() == said
    assert said is not None
    assert " of " in said


def test_the_table_sorts_by_a_column_either_way_by_keyboard(page: Page) -> None:
    def column(place: int) -> list[str]:
        cells = page.locator(f"#ranking tbody td:nth-child({place})")
        return cells.all_inner_texts()

    ranked = column(3)
    head = page.locator("#ranking th button", has_text="rate").first
    head.focus()
    page.keyboard.press("Enter")
    assert column(3) == sorted(ranked, key=float)
    assert page.locator("#ranking th[aria-sort='ascending']").inner_text() == "rate"
    page.keyboard.press("Enter")
    assert column(3) == sorted(ranked, key=float, reverse=True)


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_out(page: Page, colours: str) -> None:
    script = os.environ.get("AXE_CORE", "")
    if not Path(script).is_file():
        pytest.skip("AXE_CORE names no axe.min.js: npm pack axe-core")
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    page.evaluate(Path(script).read_text())
    found = page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert len(found["passes"]) > 20


def test_by_night_and_on_a_phone(page: Page) -> None:
    page.emulate_media(color_scheme="dark")
    assert page.locator("figure .dark").first.is_visible()
    assert page.locator("figure .light").first.is_hidden()
    page.set_viewport_size({"width": 390, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
