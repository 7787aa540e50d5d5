"""Compiled programs, kept in the user's cache folder from one launch to the next.

XLA can keep what it compiles in a folder, but trusts whatever it finds there: a truncated file
makes the training call raise, and machine code of another processor may do worse. So XLA is given
a folder of the process's own, into which an entry comes only after its checksum was found right;
what XLA adds there is copied out afterwards. The folder kept is that of one machine and one set of
versions. Where anything of this fails, programs are compiled as if there were no cache.
"""

from __future__ import annotations

import hashlib
import os
import platform
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from importlib.metadata import version
from itertools import chain
from pathlib import Path

from platformdirs import user_cache_path

_MOST_ENTRIES = 256
"""Of some 400 KB each; beyond that, those used longest ago are removed."""
_DIGEST_BYTES = hashlib.sha256().digest_size
_PREFIX = "multirestart"


@dataclass(frozen=True)
class CacheFolders:
    """Where programs are kept, and a launch's own folder, in which each worker has one."""

    kept: Path
    scratch: Path


def cache_root() -> Path:
    """The folder of all compiled programs of this user."""
    return user_cache_path("multirestart") / "programs"


def machine_key(settings: Iterable[str]) -> str:
    """What a compiled program is good for: versions, compiler settings and the processor."""
    packages = (f"{name} {version(name)}" for name in ("tensorflow", "keras", "multirestart"))
    key = "\n".join([*packages, *settings, platform.machine(), *_processor()])
    return hashlib.sha256(key.encode()).hexdigest()[:32]


def _processor() -> list[str]:
    """The processor's name and features."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return [platform.processor()]
    return sorted({line for line in lines if line.startswith(("model name", "flags", "Features"))})


class ProgramCache:
    """The compiled programs that this process can take from the cache, and adds to it.

    Args:
        kept: The folder of what is kept, for this machine and these versions.
        own: A folder that no other process writes to; `xla_flags` has XLA use it.
    """

    def __init__(self, kept: Path, own: Path) -> None:
        self._kept = kept
        self._own = own

    @classmethod
    def made(cls, folders: CacheFolders, settings: Iterable[str]) -> ProgramCache | None:
        """The cache of this process under compiler settings; None if it can have no folder."""
        with suppress(OSError):
            own = Path(tempfile.mkdtemp(dir=folders.scratch))
            return cls(folders.kept / machine_key(settings), own)
        return None

    @property
    def xla_flags(self) -> str:
        """What `TF_XLA_FLAGS` must be before TensorFlow is imported."""
        return (
            f"--tf_xla_persistent_cache_directory={self._own} "
            f"--tf_xla_persistent_cache_prefix={_PREFIX}"
        )

    def load(self, kind: str) -> bool:
        """Let XLA find the programs of a kind that are kept; whether there are any."""
        has_loaded = False
        for entry in self._entries(kind):
            with suppress(OSError):
                content = entry.read_bytes()
                digest, program = content[:_DIGEST_BYTES], content[_DIGEST_BYTES:]
                if hashlib.sha256(program).digest() != digest:
                    entry.unlink()
                    continue
                (self._own / entry.name).write_bytes(program)
                os.utime(entry)  # used now
                has_loaded = True
        return has_loaded

    def keep(self, kind: str) -> None:
        """Keep the programs of a kind that XLA compiled since `load`."""
        with suppress(OSError):
            there = {entry.name for entry in self._entries(kind)}
            has_new = False
            for program in self._own.glob(f"{_PREFIX}*.pb"):
                if program.name not in there:
                    _write(self._folder(kind) / program.name, program.read_bytes())
                    has_new = True
                program.unlink()  # XLA has it in memory
            if has_new:
                _prune(self._kept.parent)

    def forget(self, kind: str) -> None:
        """Remove the programs of a kind, which XLA could not use."""
        with suppress(OSError):
            for entry in chain(self._entries(kind), self._own.glob("*.pb")):
                entry.unlink(missing_ok=True)

    def _folder(self, kind: str) -> Path:
        return self._kept / hashlib.sha256(kind.encode()).hexdigest()[:32]

    def _entries(self, kind: str) -> Iterator[Path]:
        return self._folder(kind).glob(f"{_PREFIX}*.pb")


def _write(entry: Path, program: bytes) -> None:
    """Write an entry whole or not at all."""
    entry.parent.mkdir(parents=True, exist_ok=True)
    descriptor, name = tempfile.mkstemp(dir=entry.parent)
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(hashlib.sha256(program).digest())
            file.write(program)
        Path(name).replace(entry)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise


def _prune(root: Path) -> None:
    """Remove the entries of all machines and versions that were used longest ago."""
    entries = sorted(root.glob("*/*/*"), key=lambda entry: entry.stat().st_mtime)
    for entry in entries[:-_MOST_ENTRIES]:
        entry.unlink(missing_ok=True)
