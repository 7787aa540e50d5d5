"""Compiled programs are kept whole, checked before XLA reads them, and never in the way."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pytest

from search.running import program_cache
from search.running.program_cache import ProgramCache, machine_key
from tests.conftest import environment

NAME = "multirestart__1__2__XLA_CPU_JIT.pb"


def cache_in(folder: Path, process: str) -> tuple[ProgramCache, Path]:
    own = folder / process
    own.mkdir()
    return ProgramCache(folder / "kept" / "machine", own), own


@pytest.fixture
def entry(tmp_path: Path) -> Path:
    """A kept program of the kind "adam"; what another process finds of it is in `other`."""
    cache, own = cache_in(tmp_path, "first")
    (own / NAME).write_bytes(b"program")
    cache.keep("adam")
    (found,) = (tmp_path / "kept").rglob("*.pb")
    return found


def test_what_one_process_compiled_another_loads(entry: Path, tmp_path: Path) -> None:
    cache, own = cache_in(tmp_path, "other")
    assert not cache.load("sgd")
    assert list(own.iterdir()) == []
    assert cache.load("adam")
    assert (own / NAME).read_bytes() == b"program"
    assert str(own) in cache.xla_flags
    assert entry.read_bytes() == hashlib.sha256(b"program").digest() + b"program"


@pytest.mark.parametrize(
    "damage",
    [
        lambda _: b"",
        lambda c: c[:20],
        lambda c: c[:-1],
        lambda c: c[:-1] + b"n",
        lambda c: c + b"x",
    ],
    ids=["empty", "within the checksum", "truncated", "flipped", "longer"],
)
def test_a_damaged_program_is_removed_and_not_loaded(
    entry: Path, tmp_path: Path, damage: object
) -> None:
    assert callable(damage)
    entry.write_bytes(damage(entry.read_bytes()))
    cache, own = cache_in(tmp_path, "other")
    assert not cache.load("adam")
    assert list(own.iterdir()) == []
    assert not entry.exists()


def test_a_program_that_is_forgotten_is_gone(entry: Path, tmp_path: Path) -> None:
    cache, own = cache_in(tmp_path, "other")
    cache.load("adam")
    cache.forget("adam")
    assert not entry.exists()
    assert list(own.iterdir()) == []


def test_what_was_loaded_is_not_kept_twice(entry: Path, tmp_path: Path) -> None:
    before = entry.stat().st_ino
    cache, _ = cache_in(tmp_path, "other")
    cache.load("adam")
    cache.keep("adam")
    assert entry.stat().st_ino == before
    assert [path for path in entry.parent.iterdir() if path != entry] == []


def test_where_no_folder_can_be_made_nothing_is_kept_and_nothing_raised(tmp_path: Path) -> None:
    (tmp_path / "kept").write_text("a file")
    cache, own = cache_in(tmp_path, "process")
    (own / NAME).write_bytes(b"program")
    assert not cache.load("adam")
    cache.keep("adam")
    cache.forget("adam")


def test_only_the_programs_used_last_are_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program_cache, "_MOST_ENTRIES", 2)
    cache, own = cache_in(tmp_path, "process")
    for age, kind in enumerate(("adam", "sgd", "ftrl")):
        (own / NAME).write_bytes(kind.encode())
        cache.keep(kind)
        for made in (tmp_path / "kept").rglob("*.pb"):
            if made.read_bytes().endswith(kind.encode()):
                os.utime(made, (age, age))
    assert [kind for kind in ("adam", "sgd", "ftrl") if cache.load(kind)] == ["sgd", "ftrl"]


def test_the_key_tells_settings_apart() -> None:
    assert machine_key(["a"]) == machine_key(["a"])
    assert machine_key(["a"]) != machine_key(["b"])


TRAIN = """
import os
import sys
from pathlib import Path
from search.problem.configuration import Configuration
from search.problem.plan import Plan
from search.problem.problem import Task
from search.running import worker_process
from search.running.program_cache import CacheFolders
worker_process.start(os.getppid(), CacheFolders(*map(Path, sys.argv[1:])))
task = Task(Plan().problem, Configuration("none", "sgd", 0.1), 0, 4)
print([restart.loss for restart in worker_process.train(task)])
"""


@pytest.mark.slow
def test_a_program_that_xla_cannot_read_is_compiled_again(tmp_path: Path) -> None:
    """Its checksum is right: it was damaged before it was kept, or is another XLA's."""
    kept, scratch = tmp_path / "kept", tmp_path / "scratch"
    scratch.mkdir()

    def train() -> str:
        return subprocess.run(
            [sys.executable, "-c", TRAIN, str(kept), str(scratch)],
            env=environment(),
            capture_output=True,
            text=True,
            check=True,
        ).stdout

    compiled = train()
    (entry,) = kept.rglob("*.pb")
    whole = entry.read_bytes()
    assert train() == compiled
    assert entry.read_bytes() == whole
    garbled = bytes(byte ^ 0x5A for byte in whole[32:])
    entry.write_bytes(hashlib.sha256(garbled).digest() + garbled)
    assert train() == compiled
    (entry,) = kept.rglob("*.pb")
    assert entry.read_bytes()[32:] != garbled
