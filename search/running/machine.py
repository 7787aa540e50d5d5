"""What a process has and runs on, as far as what it trains can depend on that.

Needs nothing but Python, not even this package: the source of this file is sent to Dask workers
as text, where its functions tell what is there before anything else of the project is loaded.
"""

import hashlib
import importlib.util
import platform
import sys
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = {"TensorFlow": "tensorflow", "Keras": "keras", "NumPy": "numpy"}
_CODE = ("problem", "training", "running")


def versions() -> dict[str, str]:
    """The versions on which results depend, by the names of what they are of; "" if it is missing.

    That of multirestart is a digest of the code that trains.
    """
    found = {"Python": f"{sys.version_info[0]}.{sys.version_info[1]}"}
    for name, package in PACKAGES.items():
        try:
            found[name] = version(package)
        except PackageNotFoundError:
            found[name] = ""
    return {**found, "multirestart": _code()}


@cache
def kind_of_machine() -> str:
    """The kind of this machine: equal ones train a restart to the same bits."""
    found = versions()
    packages = ", ".join(f"{name} {found[name]}" for name in PACKAGES)
    return f"{platform.machine()} with {vector_bits()}-bit vectors, {packages}"


def vector_bits() -> int:
    """The width of the processor's vectors, by which sums are split."""
    if platform.machine().lower() not in ("x86_64", "amd64"):
        return 128
    flags = _processor_flags()
    return 512 if "avx512f" in flags else 256 if "avx2" in flags else 128


def is_taken() -> bool:
    """Whether other work of this process has loaded TensorFlow, with settings that are not ours."""
    return "tensorflow" in sys.modules and "search.training.backend" not in sys.modules


def look() -> tuple[dict[str, str], str, bool]:
    """What a launcher asks of a worker: versions, kind of machine, whether TensorFlow is taken."""
    return versions(), kind_of_machine(), is_taken()


def _processor_flags() -> set[str]:
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8", errors="replace").splitlines()
    except OSError:
        return set()
    return next((set(line.split()) for line in lines if line.startswith("flags")), set())


def _code() -> str:
    """A digest of the code that trains; "" if it is not there."""
    package = importlib.util.find_spec("search")
    if package is None or not package.submodule_search_locations:
        return ""
    digest = hashlib.sha256()
    root = Path(package.submodule_search_locations[0])
    files = sorted(file for folder in _CODE for file in (root / folder).glob("*.py"))
    for file in files:
        digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
    return digest.hexdigest()[:12] if files else ""
