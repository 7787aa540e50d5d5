"""What a study's sampler may seek."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Literal

Direction = Literal["maximize", "minimize"]

OBJECTIVES: Mapping[str, tuple[tuple[str, Direction], ...]] = MappingProxyType(
    {
        "escape-rate": (("escape rate", "maximize"),),
        "solve-rate": (("solve rate", "maximize"),),
        "expected-epochs": (("expected epochs", "minimize"),),
        "both": (("escape rate", "maximize"), ("expected epochs", "minimize")),
    }
)
"""Name on the command line -> what the sampler is told of a trial, and which way is better."""
