"""The data that somebody asks for: named, and loaded once it is known how the study took them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path

import numpy as np

from search.problem.data.datasets import BUILT_IN, Dataset
from search.problem.data.selection import Selection
from search.problem.data.sources import load_data, load_held_out, require_one_validation, source_of
from search.problem.data.table import data_name
from search.problem.errors import Fault, InvalidValuesError
from search.problem.names import quoted
from search.problem.problem import Problem

OF_FILE = ("target", "drop", "features", "missing", "validation_data")
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
        validation: Share of the points that is held out.
        validation_data: Path of a file whose points are held out.
        folder: Where a relative path starts.
        validation_folder: Where that of the file of held-out points starts.
    """

    data: str | None
    target: str | None
    drop: tuple[str, ...] | None
    features: tuple[str, ...] | None
    missing: str | None
    validation: float | None
    validation_data: str | None
    folder: Path
    validation_folder: Path
    _loaded: dict[Selection, Dataset] = field(default_factory=dict, compare=False)

    @cached_property
    def name(self) -> str | None:
        """The name of the data, which are not read; None if they are not named.

        Raises UserError as `sources.source_of`.
        """
        if not self._names_source:
            return None
        path = source_of(self._source, self.target, self._selection(Selection()), self.folder)
        return self._source if path is None else data_name(path)

    def load(self, kept: Dataset | None) -> Dataset:
        """Load the data, the points of a file once for each selection.

        Args:
            kept: The data that the study has, of which columns, rows and held-out points are taken
                again where nothing is said of them; None if there is no study yet.

        Returns:
            The data.

        Raises:
            UserError: As `sources.load_data`.
        """
        require_one_validation(
            self.validation, self.validation_data, self._source not in BUILT_IN or kept is not None
        )
        if not self._names_source and kept is not None:
            return self._of_kept(kept)
        return self._held_out(self._points(Selection() if kept is None else kept.selection), kept)

    @property
    def _names_source(self) -> bool:
        of_file = (self.target, self.drop, self.features, self.missing)
        return self.data is not None or any(value is not None for value in of_file)

    @property
    def _source(self) -> str:
        return Problem().data.name if self.data is None else self.data

    def _of_kept(self, kept: Dataset) -> Dataset:
        """The study's own points with others of them held out, which a study that goes on refuses.

        In whatever order: those that are held out are the same.
        """
        if self.validation_data is not None:
            rule = "goes with the file of the other points: name it and its target too"
            raise InvalidValuesError([Fault("validation_data", rule, quoted(self.validation_data))])
        held_out = kept.validation
        if self.validation is None or (held_out is not None and held_out.share == self.validation):
            return kept
        if held_out is None or held_out.share is None:
            return replace(kept, validation=None).hold_out(self.validation)
        whole = replace(
            kept,
            features=np.concatenate([kept.features, held_out.features]),
            labels=np.concatenate([kept.labels, held_out.labels]),
            validation=None,
        )
        return whole.hold_out(self.validation)

    def _points(self, kept: Selection) -> Dataset:
        given = self._selection(Selection())
        if self._source not in BUILT_IN and kept != Selection():
            try:
                return self._load(self._selection(kept))
            except InvalidValuesError:
                pass  # the file has other columns than the study's: the data differ
        return self._load(given)

    def _held_out(self, data: Dataset, kept: Dataset | None) -> Dataset:
        """The data with the points held out that are asked for, or those that the study has."""
        if self.validation_data is not None and self.target is not None:
            found = load_held_out(self.validation_data, self.target, data, self.validation_folder)
            return replace(data, validation=found)
        if self.validation is not None:
            return data.hold_out(self.validation)
        if kept is None or kept.validation is None:
            return data
        if kept.validation.share is not None:
            return data.hold_out(kept.validation.share)
        is_alike = (data.names, data.classes) == (kept.names, kept.classes)
        return replace(data, validation=kept.validation) if is_alike else data

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


def is_built_in(data: Dataset) -> bool:
    """Whether data are built in, some of their points held out or none."""
    make: Callable[[], Dataset] | None = BUILT_IN.get(data.name)
    if make is None:
        return False
    share = None if data.validation is None else data.validation.share
    return data == (make() if share is None else make().hold_out(share))
