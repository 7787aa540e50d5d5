"""Which columns of a file are features, and what becomes of rows with missing cells."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from search.problem.errors import Fault, Faults, InvalidValuesError, listed, nearest
from search.problem.names import quoted

MISSING = ("refuse", "drop")
"""What can become of a row with a missing cell; the first is the default."""


@dataclass(frozen=True)
class Selection:
    """The columns of a file that are features, and what becomes of rows with missing cells.

    Args:
        drop: Columns that are no features; all others but the target are.
        features: The columns that are features, no others; not beside `drop`.
        missing: "refuse" the file for a missing cell, or "drop" its row.

    Raises:
        InvalidValuesError: If both `drop` and `features` are given, or `missing` is neither.
    """

    drop: tuple[str, ...] = ()
    features: tuple[str, ...] = ()
    missing: str = MISSING[0]

    def __post_init__(self) -> None:
        faults = Faults()
        rule = "must be left out where features are named: one of the two says which columns are"
        faults.require(not (self.drop and self.features), "drop", rule, ", ".join(self.drop))
        is_known = self.missing in MISSING
        faults.require(is_known, "missing", f"must be {' or '.join(MISSING)}", repr(self.missing))
        faults.raise_any()

    @property
    def drops_rows(self) -> bool:
        """Whether rows with missing cells are left out."""
        return self.missing == "drop"

    def columns(self, source: str, names: Sequence[str], target: str) -> list[int]:
        """The places of the features among the columns, in the order of the file.

        Args:
            source: The file, for messages.
            names: Its columns.
            target: The one with the classes.

        Returns:
            The places.

        Raises:
            InvalidValuesError: If a column is unknown or the target, or no feature is left.
        """
        for field, columns in (("drop", self.drop), ("features", self.features)):
            if target in columns:
                rule = f"must not name the target {quoted(target)}"
                raise InvalidValuesError([Fault(field, rule, ", ".join(map(quoted, columns)))])
            unknown = next((column for column in columns if column not in names), None)
            if unknown is not None:
                others = sorted(name for name in names if name != target)
                there = f"{nearest(unknown, others)}there are {listed(others)}"
                rule = f"must name columns of {source} ({there})"
                raise InvalidValuesError([Fault(field, rule, quoted(unknown))])
        kept = [
            place
            for place, name in enumerate(names)
            if name != target
            and name not in self.drop
            and (not self.features or name in self.features)
        ]
        if not kept:
            rule = f"must leave at least one feature of {source}"
            raise InvalidValuesError([Fault("drop", rule, ", ".join(map(quoted, self.drop)))])
        return kept

    def to_json(self) -> dict[str, Any]:
        """What is not the default, for `from_json`."""
        fields = {"drop": list(self.drop), "features": list(self.features)}
        given: dict[str, Any] = {field: names for field, names in fields.items() if names}
        return {**given, "missing": self.missing} if self.drops_rows else given

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> Selection:
        """The selection that `to_json` wrote."""
        drop, features = stored.get("drop", ()), stored.get("features", ())
        return cls(tuple(drop), tuple(features), stored.get("missing", MISSING[0]))
