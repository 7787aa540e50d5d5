"""The form in a browser: faults as one types, by keyboard, without JavaScript, for everybody."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.command_tests.processes import running
from tests.conftest import run_command
from tests.service_tests.test_server import ask, free_port

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    """The address of a service that trains nothing, and a key to it."""
    folder, port = tmp_path_factory.mktemp("form"), free_port()
    key = run_command("keys", "add", "anna", cwd=folder).stdout.strip()
    with running(folder, "serve", "--port", str(port)):
        ask(port, "GET", "/healthz")  # once it listens
        yield f"http://127.0.0.1:{port}", key


def opened(browser: Browser, address: tuple[str, str], *, script: bool = True) -> Page:
    """The form, on a phone."""
    context = browser.new_context(
        viewport={"width": 390, "height": 800}, java_script_enabled=script
    )
    page = context.new_page()
    page.goto(address[0])
    page.get_by_label("Key").fill(address[1])
    page.keyboard.press("Enter")
    page.get_by_role("link", name="New study").click()
    page.get_by_role("heading", name="New study").wait_for()
    return page


def test_faults_come_and_go_as_one_types_and_the_keyboard_is_enough(
    browser: Browser, address: tuple[str, str]
) -> None:
    page = opened(browser, address)
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.get_by_label("Name of the study").focus()
    page.keyboard.type("by hand")
    epochs = page.get_by_label("Epochs")
    epochs.fill("-1")
    fault = page.locator("#fault-epochs")
    fault.get_by_text("epochs must be at least 0").wait_for()
    assert epochs.get_attribute("aria-invalid") == "true"
    described = (epochs.get_attribute("aria-describedby") or "").split()
    assert "fault-epochs" in described
    assert "1 value is not valid yet" in page.inner_text("#said")
    epochs.fill("20")
    fault.wait_for(state="hidden")
    assert epochs.get_attribute("aria-invalid") is None
    page.get_by_text("24 trials make 6,144 restarts of 20 epochs").wait_for()
    command = re.sub(r"\s+", " ", page.locator("pre").first.inner_text()).strip()
    assert command == (
        "multirestart launch --study 'by hand' --data bands --epochs 20 "
        "--scaling none,standard --optimizer sgd,adam"
    )
    wide = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    page.keyboard.press("Enter")  # in a field of the form
    page.wait_for_url("**/studies/by%20hand")
    assert "queued" in page.inner_text("main")
    assert said == []
    page.context.close()


@pytest.mark.parametrize("script", [True, False], ids=["script", "no script"])
def test_a_file_of_ones_own_is_taken_along(
    browser: Browser, address: tuple[str, str], tmp_path: Path, *, script: bool
) -> None:
    name = "own" if script else "own plain"
    points = tmp_path / f"{name}.csv"
    points.write_text("x,kind\n" + "".join(f"{x},{'ab'[x % 2]}\n" for x in range(8)))
    page = opened(browser, address, script=script)
    page.get_by_label("Name of the study").fill(name)
    page.get_by_label("Your own data").set_input_files(points)
    if script:
        page.locator("#fault-target").get_by_text("must name the class column").wait_for()
        assert page.get_by_label("Data", exact=True).input_value().startswith("own-")
        page.get_by_label("Target column").fill("kind")
        page.get_by_text("24 trials make").wait_for()
        assert "--data own-" in page.locator("pre").first.inner_text().replace("\n", " ")
    else:
        page.get_by_label("Target column").fill("kind")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url(f"**/studies/{name.replace(' ', '%20')}")
    assert "queued" in page.inner_text("main")
    page.context.close()


def test_it_is_whole_without_javascript(browser: Browser, address: tuple[str, str]) -> None:
    page = opened(browser, address, script=False)
    page.get_by_label("Name of the study").fill("plain")
    page.get_by_label("Learning rates").fill("1:0.1")
    page.get_by_role("button", name="Submit").click()
    rule = "must be LOW:HIGH, both positive and LOW the smaller"
    assert rule in page.inner_text("#fault-learning_rate")
    page.get_by_label("Learning rates").fill("0.1:1")
    page.get_by_role("button", name="Submit").click()
    page.wait_for_url("**/studies/plain")
    page.context.close()


@pytest.mark.parametrize("colours", ["light", "dark"])
def test_axe_finds_nothing_that_keeps_people_out(
    browser: Browser, address: tuple[str, str], colours: str
) -> None:
    script = os.environ.get("AXE_CORE", "")
    if not Path(script).is_file():
        pytest.skip("AXE_CORE names no axe.min.js: npm pack axe-core")
    page = opened(browser, address)
    page.emulate_media(color_scheme="dark" if colours == "dark" else "light")
    page.get_by_text("More", exact=True).click()
    page.get_by_label("Epochs").fill("-1")
    page.get_by_text("1 value is not valid yet").wait_for()
    page.evaluate(Path(script).read_text())
    found = page.evaluate("axe.run()")
    assert [(one["id"], one["nodes"][0]["html"]) for one in found["violations"]] == []
    assert len(found["passes"]) > 20
    page.context.close()
