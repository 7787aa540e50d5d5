"""Launchers that are alive, and launchers that are not: real processes, real locks."""

from __future__ import annotations

import os
import signal
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from filelock import FileLock

from storage.errors import RecordError
from storage.liveness import FileLiveness, liveness_in, lock, publishing_lock
from tests.conftest import ROOT

HOLD = (
    "import sys, time\n"
    "from storage.liveness import liveness_in\n"
    "with liveness_in(sys.argv[1]) as liveness:\n"
    "    print(liveness.launcher, flush=True)\n"
    "    time.sleep(60)\n"
)


def start(url: str) -> tuple[subprocess.Popen[str], str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, url],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    return process, process.stdout.readline().strip()


def test_a_launcher_is_alive_until_its_process_is_killed(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    process, other = start(url)
    with liveness_in(url) as mine:
        assert mine.is_alive(other)
        assert mine.is_alive(mine.launcher)
        process.send_signal(signal.SIGSTOP)  # slow is not dead
        assert mine.is_alive(other)
        process.kill()
        process.communicate()
        assert not mine.is_alive(other)
        assert not mine.is_alive("nobody-1-0")
    with liveness_in(url):
        assert len(list(tmp_path.iterdir())) == 1, "what the dead one left is swept"
    assert list(tmp_path.iterdir()) == []


def test_launchers_that_came_by_different_paths_see_each_other(tmp_path: Path) -> None:
    (tmp_path / "data [1]").mkdir()
    (tmp_path / "link.db").symlink_to(tmp_path / "data [1]" / "s[2].db")
    with (
        liveness_in(f"sqlite:///{tmp_path / 'link.db'}") as one,
        liveness_in(f"sqlite:///{tmp_path / 'data [1]' / 's[2].db'}") as other,
    ):
        assert one.is_alive(other.launcher)
        assert other.is_alive(one.launcher)


def test_no_launcher_sweeps_a_live_one_away(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    with liveness_in(url) as first, liveness_in(url) as second, liveness_in(url) as third:
        for one in (first, second, third):
            assert all(one.is_alive(other.launcher) for other in (first, second, third))


def test_a_launcher_starts_though_another_sweeps_its_lock(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    mine = liveness_in(url)
    assert isinstance(mine, FileLiveness)
    swept = FileLock(mine._lock.lock_file, thread_local=False)
    swept.acquire()
    release = threading.Timer(0.3, swept.release)
    release.start()
    with mine, liveness_in(url) as other:
        assert other.is_alive(mine.launcher)
    release.join()


def test_the_lock_of_an_opening_is_not_swept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    (tmp_path / "s.db-opening").touch()
    with liveness_in(url):
        assert (tmp_path / "s.db-opening").exists()


def test_others_who_may_write_in_the_folder_may_lock(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    before = os.umask(0o022)
    try:
        with liveness_in(url), lock(url, "opening"):
            modes = {stat.S_IMODE(path.stat().st_mode) for path in tmp_path.iterdir()}
    finally:
        os.umask(before)
    assert modes == {0o666}


def test_a_launcher_of_which_nothing_can_be_told_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_arguments: object, **_options: object) -> None:
        raise PermissionError(13, "Permission denied")

    with liveness_in(f"sqlite:///{tmp_path / 's.db'}") as mine:
        (tmp_path / "s.db-launcher-other").touch()
        monkeypatch.setattr(FileLock, "acquire", refused)
        with pytest.raises(RecordError, match=r"whether launcher other is alive: .*if it is not"):
            mine.is_alive("other")
        monkeypatch.undo()


def test_opening_waits_for_the_other(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    with lock(url, "opening"):
        assert len(list(tmp_path.iterdir())) == 1
    assert list(tmp_path.iterdir()) == []
    with (
        pytest.raises(RecordError, match="there is no folder"),
        lock("sqlite:///no/such/s.db", "opening"),
    ):
        pass


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_may_not_be_written_is_named(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with (
        pytest.raises(RecordError, match="cannot write beside"),
        liveness_in(f"sqlite:///{tmp_path / 's.db'}"),
    ):
        pass


def test_the_lock_of_a_publisher_that_was_killed_is_swept(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 's.db'}"
    left = tmp_path / "s.db-publishing-1"
    left.touch()
    others = tmp_path / "s.db-publishing-notes.txt"
    others.write_text("somebody's own")
    with lock(url, publishing_lock(2)) as is_held, liveness_in(url):
        assert is_held
        assert not left.exists()
        assert (tmp_path / "s.db-publishing-2").exists(), "held, so not swept"
    assert others.read_text() == "somebody's own"
