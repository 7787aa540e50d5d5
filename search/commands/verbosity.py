"""How much a command says while it runs."""

from __future__ import annotations

from enum import IntEnum


class Verbosity(IntEnum):
    """How much is said while a command runs: nothing but what is wrong, as usual, each trial."""

    QUIET = 0
    USUAL = 1
    EACH_TRIAL = 2
