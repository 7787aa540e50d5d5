"""What runs the service: systemd takes the units, and every command line in them is one of ours."""

from __future__ import annotations

import json
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import click
import pytest

from search.commands import main
from tests.conftest import ROOT

FOLDER = ROOT / "scripts" / "service"
UNITS = ("multirestart.service", "multirestart-work@.service")
_PROGRAM = "/opt/multirestart/bin/multirestart"


def parses(words: list[str]) -> bool:
    """Whether a command takes these words; SystemExit, or click's error, if not."""
    command = main.get_command(click.Context(main), words[0])
    assert command is not None
    command.make_context(words[0], words[1:])
    return True


@pytest.mark.parametrize("unit", UNITS)
def test_a_unit_starts_a_command_that_is_there(unit: str) -> None:
    (line,) = re.findall(rf"^ExecStart={_PROGRAM} (.*)$", (FOLDER / unit).read_text(), re.M)
    given = {"${STORAGE}": "sqlite:///s.db", "${HOST}": "127.0.0.1", "${PORT}": "8000", "%i": "2"}
    assert parses([given.get(word, word) for word in line.split()])


@pytest.mark.slow
@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="systemd is not installed")
def test_systemd_finds_nothing_to_say_of_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = (FOLDER / unit).read_text().replace(_PROGRAM, sys.executable)
        (tmp_path / unit).write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(tmp_path / unit) for unit in UNITS)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


def test_the_image_starts_the_service_not_as_root_and_is_asked_whether_it_lives() -> None:
    text = (FOLDER / "Dockerfile").read_text().replace("\\\n", " ")
    lines = [line.split(maxsplit=1) for line in text.splitlines() if line and line[0].isupper()]
    last = dict(lines)
    (command,) = [json.loads(given) for kind, given in lines if kind == "CMD"]
    assert json.loads(last["ENTRYPOINT"]) == ["multirestart"]
    assert parses(command)
    assert last["USER"].split(":")[0] not in ("root", "0")
    assert last["VOLUME"] == last["WORKDIR"] == "/data"
    assert "/healthz" in last["HEALTHCHECK"]
    asked = json.loads(last["HEALTHCHECK"].split("CMD", 1)[1])
    compile(asked[-1], "HEALTHCHECK", "exec")
    for line in (line for kind, line in lines if kind == "RUN"):
        assert shlex.split(line)
