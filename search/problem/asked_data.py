"""The data that somebody asks for: named, and loaded once it is known how the study took them."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

from search.problem.datasets import BUILT_IN, Dataset
from search.problem.errors import InvalidValuesError
from search.problem.problem import Problem
from search.problem.selection import Selection
from search.problem.sources import load_data, source_of
from search.problem.table import data_name

OF_FILE = ("target", "drop", "features", "missing")
"""Fields of a plan that go with data from a file."""


@dataclass(frozen=True)
class AskedData:
    """Which data, columns and rows are asked for; what is None was left out.

    Args:
        data: Name of a built-in data set, or path of a file; `bands` if None.
        target: The file's column with the classes.
        drop: Columns that are no features.
        features: The columns that are features.
        missing: What becomes of rows with missing cells.
        folder: Where a relative path starts.
    """

    data: str | None
    target: str | None
    drop: tuple[str, ...] | None
    features: tuple[str, ...] | None
    missing: str | None
    folder: Path
    _loaded: dict[Selection, Dataset] = field(default_factory=dict, compare=False)

    @cached_property
    def name(self) -> str:
        """The name of the data, which are not read. Raises UserError as `sources.source_of`."""
        path = source_of(self._source, self.target, self._selection(Selection()), self.folder)
        return self._source if path is None else data_name(path)

    def load(self, kept: Selection) -> Dataset:
        """Load the data, once for each selection.

        Args:
            kept: Columns and rows that the study took, taken again where nothing is said of them.

        Returns:
            The data.

        Raises:
            UserError: As `sources.load_data`.
        """
        given = self._selection(Selection())
        if self._source not in BUILT_IN and kept != Selection():
            try:
                return self._load(self._selection(kept))
            except InvalidValuesError:
                pass  # the file has other columns than the study's: the data differ
        return self._load(given)

    @property
    def _source(self) -> str:
        return Problem().data.name if self.data is None else self.data

    def _selection(self, kept: Selection) -> Selection:
        says_columns = self.drop is not None or self.features is not None
        return Selection(
            (self.drop or ()) if says_columns else kept.drop,
            (self.features or ()) if says_columns else kept.features,
            kept.missing if self.missing is None else self.missing,
        )

    def _load(self, selection: Selection) -> Dataset:
        if selection not in self._loaded:
            self._loaded[selection] = load_data(
                self._source,
                self.target,
                self.folder,
                drop=selection.drop,
                features=selection.features,
                missing=selection.missing,
            )
        return self._loaded[selection]
