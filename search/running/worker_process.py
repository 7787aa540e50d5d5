"""What a worker process does: it starts once, and then trains tasks."""

from __future__ import annotations

import gc
import os
import shutil
import signal
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from search.problem.problem import Task
from search.problem.rows import Restart
from search.running.program_cache import CacheFolders, ProgramCache
from search.training.settings import apply_settings

_NOT_NEEDED = ("jax", "pandas", "sklearn", "torch")
"""Packages that TensorFlow and Keras import where they are there, for what no worker does."""

_cache: ProgramCache | None = None
_kinds: set[str] = set()


def start(parent: int, folders: CacheFolders | None) -> None:
    """Import TensorFlow as the worker starts, while the parent asks for the first trials.

    Args:
        parent: The launcher's process, with which this one ends.
        folders: Where compiled programs are taken from and kept; None to compile all.
    """
    tie_to(parent, None if folders is None else folders.scratch)
    with _lean_imports():
        prepare(folders)


def prepare(folders: CacheFolders | None) -> None:
    """Import TensorFlow with the settings of the stack; what `start` does in a process of ours.

    Args:
        folders: Where compiled programs are taken from and kept; None to compile all.
    """
    global _cache  # noqa: PLW0603 - a process is prepared once
    apply_settings()
    if folders is not None:
        _cache = ProgramCache.made(folders, [os.environ["XLA_FLAGS"]])
    if _cache is not None:
        os.environ["TF_XLA_FLAGS"] = _cache.xla_flags
    import search.running.trial  # noqa: F401


def tie_to(parent: int, scratch: Path | None = None) -> None:
    """Leave Ctrl-C to the parent, and end when it does, with the folder that its workers share."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    threading.Thread(target=_end_with, args=(parent, scratch), daemon=True).start()


def ready() -> None:
    """Do nothing: a task that has the process start."""


def train(task: Task) -> tuple[Restart, ...]:
    """Train all restarts of a task."""
    from search.running.trial import forget_programs, kind_of_program, train_trial

    kind = kind_of_program(task)
    if _cache is None or kind in _kinds:
        return train_trial(task)
    has_loaded = _cache.load(kind)
    try:
        restarts = train_trial(task)
    except Exception:
        if not has_loaded:
            raise
        _cache.forget(kind)  # it may have been what was kept that failed
        forget_programs()
        restarts = train_trial(task)
    _cache.keep(kind)
    _kinds.add(kind)
    return restarts


def _end_with(parent: int, scratch: Path | None) -> None:
    """End this worker when its parent is killed: loky's would wait for tasks for ever."""
    while os.getppid() == parent:
        time.sleep(1.0)
    if scratch is not None:
        shutil.rmtree(scratch, ignore_errors=True)
    os._exit(1)


@contextmanager
def _lean_imports() -> Iterator[None]:
    """Import without what is not needed, and without looking for garbage: half the time."""
    hidden = [name for name in _NOT_NEEDED if name not in sys.modules]
    sys.modules.update(dict.fromkeys(hidden))  # type: ignore[arg-type] # None: cannot be imported
    gc.disable()
    try:
        yield
    finally:
        for name in hidden:
            del sys.modules[name]
        gc.freeze()  # what is imported stays
        gc.enable()
