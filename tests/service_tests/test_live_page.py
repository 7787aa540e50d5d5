"""The pages in a browser: they follow a real worker without being reloaded, and hold on a phone."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command_tests.processes import running
from tests.service_tests.test_server import PLAN, ask, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser


@pytest.mark.slow
def test_a_page_follows_a_study_to_its_end(tmp_path: Path, browser: Browser) -> None:
    port = free_port()
    with running(tmp_path, "serve", "--port", str(port), "--workers", "1", pretend=0.2):
        ask(port, "GET", "/api/studies")
        page = browser.new_page(viewport={"width": 390, "height": 800})
        faults: list[str] = []
        page.on("console", lambda said: faults.append(said.text) if said.type == "error" else None)
        page.goto(f"http://127.0.0.1:{port}/")
        assert "There are no studies yet" in page.inner_text("main")
        page.wait_for_timeout(1000)  # until the stream of events is open
        ask(port, "PUT", "/api/studies/one", PLAN)
        page.get_by_role("link", name="one").click(timeout=20_000)
        page.get_by_text("settled", exact=True).wait_for(timeout=60_000)
        page.locator("iframe#report").wait_for(timeout=60_000)
        page.frame_locator("iframe#report").get_by_role("table").first.wait_for(timeout=60_000)
        assert "12 of 12 trials" in page.inner_text("main")
        wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(wide) <= 0
        assert faults == []
        page.close()
