"""Numbers that may not be finite, as two columns: value and kind.

SQLite turns a NaN into NULL, so a raw one would be lost.
"""

from __future__ import annotations

import math


def encode(number: float) -> tuple[float | None, str]:
    """(value, kind) with the value None unless the number is finite."""
    if math.isfinite(number):
        return number, "finite"
    return None, "nan" if math.isnan(number) else "inf" if number > 0 else "-inf"


def decode(value: float | None, kind: str) -> float:
    """The number that `encode` was given. Raises ValueError if value and kind disagree."""
    if kind == "finite" and value is not None:
        return value
    if kind in ("nan", "inf", "-inf") and value is None:
        return float(kind)
    raise ValueError(f"value {value!r} does not go with kind {kind!r}")
