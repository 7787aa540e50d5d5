"""The dashboard as people see it, in a browser, and on databases that may not be written."""

from __future__ import annotations

import io
import json
import os
import socket
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING, Any

import optuna_dashboard
import pytest

from tests.command_tests.processes import running, wait_until
from tests.conftest import run_command

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page

_SECONDS = 60_000  # milliseconds, for a machine that does much else


def free_port() -> int:
    with closing(socket.socket()) as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the database of a default study, pretended, as a launch left it."""
    made = tmp_path_factory.mktemp("dashboard")
    run_command("launch", "--restarts", "64", cwd=made, pretend=0)
    return made


@pytest.fixture(scope="module")
def address(folder: Path, browser: Browser) -> Iterator[str]:
    """Where the dashboard of that study is served, if there is a browser to look at it."""
    port = free_port()
    with running(folder, "dashboard", "--port", str(port)):
        wait_until(lambda: is_listening(port))
        yield f"http://127.0.0.1:{port}"


def is_listening(port: int) -> bool:
    with closing(socket.socket()) as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    """A page that must write no error to its console, and ask nobody but the dashboard."""
    page, said, asked = browser.new_page(), list[str](), list[str]()
    page.set_default_timeout(_SECONDS)
    page.on("console", lambda message: said.append(f"{message.type} {message.text}"))
    page.on("pageerror", lambda error: said.append(f"error {error}"))
    page.on("request", lambda request: asked.append(request.url))
    yield page
    page.close()
    assert [line for line in said if line.startswith("error")] == []
    assert [url for url in asked if not url.startswith((address, "data:", "blob:"))] == []


@pytest.mark.slow
def test_the_page_of_a_study_shows_rates_curves_and_shares(page: Page, address: str) -> None:
    page.goto(f"{address}/dashboard/studies/1")
    for title, marks, least in (
        ("Escape rate of each configuration, with its 95% interval", ".point", 8),
        ("Not yet escaped, by epoch, with pointwise 95% intervals", ".js-line", 6),
    ):
        plot = page.locator(".js-plotly-plot", has_text=title)
        plot.wait_for()
        assert plot.locator(marks).count() >= least
    rates = page.locator(".js-plotly-plot", has_text="Escape rate of each")
    labels = rates.locator(".ytick").all_text_contents()
    assert len(labels) == 8
    assert labels[0].startswith("standard/adam/0.1") or labels[-1].startswith("standard/adam/0.1")
    rates.locator(".point").first.scroll_into_view_if_needed()
    rates.locator(".point").first.hover(force=True)
    assert "95% interval" in (rates.locator(".hoverlayer").text_content() or "")


@pytest.mark.slow
def test_the_note_of_a_study_ranks_its_configurations(page: Page, address: str) -> None:
    page.goto(f"{address}/dashboard/studies/1/note")
    page.get_by_role("heading", name="How often does each configuration escape").wait_for()
    first = page.locator("table").first.locator("tbody tr").first.locator("td")
    cells = first.all_text_contents()
    assert cells[:2] == ["1", "standard/adam/0.1"]
    restarts, escaped = cells[2].split(" of ")[::-1]
    assert 0.8 < int(escaped) / int(restarts) <= 1
    assert page.get_by_text("Written by multirestart").count() == 1


@pytest.mark.slow
def test_the_note_of_a_trial_counts_its_restarts(page: Page, address: str) -> None:
    page.goto(f"{address}/dashboard/studies/1/trials?numbers=7")
    page.get_by_text("of 64 restarts escaped").wait_for()
    ended = page.locator("table").first.locator("tbody td").all_text_contents()
    assert ended[::2] == [
        "solved",
        "escaped, not solved",
        "not escaped by the last epoch",
        "diverged",
    ]
    assert sum(map(int, ended[1::2])) == 64


def test_importance_gives_the_seed_none(address: str) -> None:
    with urllib.request.urlopen(f"{address}/api/studies/1/param_importances") as answer:
        (found,) = json.load(answer)["param_importances"]
    of = {each["name"]: each["importance"] for each in found}
    assert of.pop("seed", 0.0) == 0.0
    assert set(of) == {"scaling", "optimizer", "learning_rate"}


class Served(Exception):  # noqa: N818 - no error
    """Raised in place of serving for ever."""


def no_writing(path: Any, mode: int, access: Callable[..., bool] = os.access) -> bool:
    return not mode & os.W_OK and access(path, mode)


def test_a_database_that_may_not_be_written_is_shown_as_it_is(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = (folder / "multirestart.db").read_bytes()
    seen: list[dict[str, Any]] = []

    def look(storage: Any, **_: object) -> None:
        app = optuna_dashboard.wsgi(storage)
        environ = {
            "REQUEST_METHOD": "GET",
            "PATH_INFO": "/api/studies/1",
            "QUERY_STRING": "after=0",
            "wsgi.input": io.BytesIO(),
            "wsgi.errors": io.StringIO(),
        }
        seen.append(json.loads(b"".join(app(environ, lambda *_: None))))

    monkeypatch.setattr(os, "access", no_writing)
    monkeypatch.setattr(optuna_dashboard, "run_server", look)
    done = run_command("dashboard", "--port", str(free_port()), cwd=folder)
    assert done.stderr.splitlines()[0] == (
        "This database may not be written: it is shown as it is, and what is changed in the "
        "browser fails."
    )
    assert len(seen[0]["trials"]) == 24
    assert len(seen[0]["plotly_graph_objects"]) == 3
    assert (folder / "multirestart.db").read_bytes() == before


def test_such_a_database_without_a_published_study_is_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from search.problem.plan import Plan
    from search.running.opening import open_study

    url = f"sqlite:///{tmp_path / 'multirestart.db'}"
    open_study(url, lambda _: "bands", lambda _: Plan()).store.close()
    monkeypatch.setattr(os, "access", no_writing)
    done = run_command("dashboard", "--port", str(free_port()), cwd=tmp_path, code=2)
    (line,) = done.stderr.splitlines()
    assert line.endswith("may not be written, and holds no Optuna study to show yet")
