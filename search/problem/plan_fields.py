"""The fields of a plan as people write them: flat, each of them optional.

One schema for the options of the command line, plan files and Python. It is checked by pydantic,
which takes a tenth of a second to import: what only reads a study does without this module.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from functools import cached_property, partial
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError

from search.problem.asked_space import asked_space
from search.problem.data.asked import OF_FILE, AskedData, is_built_in
from search.problem.data.datasets import BUILT_IN, Dataset
from search.problem.dimensions import ALWAYS_SEARCHED, HELD
from search.problem.errors import Faults, InvalidValuesError, UserError
from search.problem.field_kinds import (
    BatchSize,
    Names,
    Number,
    Rates,
    Sizes,
    Switch,
    Text,
    Varied,
    Whole,
    in_our_words,
)
from search.problem.naming import configuration_name, parsed_configuration
from search.problem.plan import LATER, OF_SEARCH, Plan, flat_name
from search.problem.problem import Problem
from search.problem.samplers import SAMPLERS

_IN_PLACE_OF = (
    ("drop", "features"),
    ("features", "drop"),
    ("validation", "validation_data"),
    ("validation_data", "validation"),
)
"""Fields of which one that is given takes the place of the other."""
_OF_PROBLEM = (*HELD, "epochs", "margin", "solved_at")


class PlanFields(BaseModel):
    """What is asked for of a plan; what is left out, or None, is the kept study's or the default.

    Nothing is taken for what it is not: "3" and true are no numbers. Whether a value keeps the
    rules of a plan is checked by `plan`.

    Raises:
        InvalidValuesError: If fields are unknown or of another kind; it names all of them.
    """

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)

    study: Text = None
    data: Text = None
    target: Text = None
    drop: Names = None
    features: Names = None
    missing: Text = None
    validation: Number = None
    validation_data: Text = None
    hidden: Sizes = None
    activation: Text = None
    epochs: Whole = None
    batch_size: BatchSize = None
    batch_order: Text = None
    loss_function: Text = None
    initializer: Text = None
    bias_initializer: Text = None
    use_bias: Switch = None
    l2: Number = None
    margin: Number = None
    solved_at: Number = None
    scaling: Names = None
    optimizer: Names = None
    learning_rate: Rates = None
    vary: Varied = None
    restarts: Whole = None
    trials: Whole = None
    until_precision: Number = None
    race: Whole = None
    sampler: Text = None
    sampler_seed: Whole = None
    objective: Text = None
    first: Names = None

    _files: Mapping[str, Path] = PrivateAttr(default_factory=dict)
    """The plan file in which a field was given, for those that were given in one."""

    def __init__(self, /, **values: Any) -> None:
        try:
            super().__init__(**values)
        except ValidationError as error:
            raise in_our_words(error, values, PlanFields.model_fields) from None

    @classmethod
    def of(
        cls,
        plan: Plan,
        data: str | None = None,
        target: str | None = None,
        validation_data: str | None = None,
    ) -> PlanFields:
        """All fields of a plan.

        Args:
            plan: The plan.
            data: Path of the CSV file that its data were read from, unless they are built in.
            target: The column with the classes in that file.
            validation_data: Path of the file that its held-out points were read from, if they were.

        Returns:
            The fields, of which the method `plan` makes the same plan again.

        Raises:
            UserError: If the data are not built in and `data` is None, or held-out points are no
                share of the data and `validation_data` is None.
        """
        problem, name = plan.problem, plan.problem.data.name
        space = plan.space.to_json()
        vary = {each: space.pop(each) for each in plan.space.vary}
        selection = problem.data.selection
        share = None if problem.data.validation is None else problem.data.validation.share
        if is_built_in(problem.data):
            data, target = name, None
        elif data is None:
            raise UserError(
                f"study {plan.name!r} keeps the points of its data {name!r} but not the file that "
                "they came from: name the CSV file and its target column"
            )
        if problem.data.validation is not None and share is None and validation_data is None:
            raise UserError(
                f"study {plan.name!r} keeps its held-out points but not the file that they came "
                "from: name that file"
            )
        return cls(
            study=plan.name,
            data=data,
            target=target,
            drop=selection.drop or None,
            features=selection.features or None,
            missing=selection.missing if selection.drops_rows else None,
            validation=share,
            validation_data=validation_data,
            **{field: getattr(problem, field) for field in _OF_PROBLEM if field not in vary},
            **space,
            vary=vary,
            **{
                field: value
                for field in OF_SEARCH
                if (value := getattr(plan, field)) or field not in LATER
            },
            first=tuple(map(configuration_name, plan.first)),
        )

    @classmethod
    def of_file(cls, path: Path, values: Mapping[str, Any]) -> PlanFields:
        """The fields that a plan file gives; whatever is wrong in one is told with the file's name.

        A relative path of data starts at the file's folder.

        Args:
            path: The file.
            values: Its fields.

        Returns:
            The fields.

        Raises:
            InvalidValuesError: If fields are unknown or of another kind.
        """
        files = dict.fromkeys(values, path)
        if "data" in files:
            for field in OF_FILE:  # what the data lack is wrong there too
                files.setdefault(field, path)
        try:
            made = cls(**values)
        except InvalidValuesError as error:
            raise _named(error, files) from None
        made._files = files
        return made

    def overridden(self, options: Mapping[str, Any]) -> PlanFields:
        """These fields with others in place of some.

        A target goes with its file, as do the columns that are taken of it: where built-in data
        take its place, they are left out. Columns to drop take the place of features to take, and a
        share of points that are held out that of a file of them, and the other way round.

        Args:
            options: The others by their names.

        Returns:
            The fields.

        Raises:
            InvalidValuesError: If options are unknown or of another kind.
        """
        kept = self.model_dump(exclude_none=True)
        if options.get("data") in BUILT_IN:
            for field in OF_FILE:
                kept.pop(field, None)
        for field, other in _IN_PLACE_OF:
            if field in options and other not in options:
                kept.pop(other, None)
        made = PlanFields(**{**kept, **options})
        made._files = {field: path for field, path in self._files.items() if field not in options}
        return made

    @cached_property
    def _asked(self) -> AskedData | None:
        """The data asked for, not loaded; None if nothing was said of any."""
        given = {field: getattr(self, field) for field in ("data", *OF_FILE, "validation")}
        if all(value is None for value in given.values()):
            return None
        return AskedData(**given, folder=self.folder, validation_folder=self.validation_folder)

    def dataset(self, kept: Dataset | None = None) -> Dataset | None:
        """The data asked for; None if none were. Raises UserError if they cannot be loaded.

        Args:
            kept: The data that the study has: columns, rows and held-out points are taken again
                as it took them unless others are asked for.
        """
        try:
            return None if self._asked is None else self._asked.load(kept)
        except InvalidValuesError as error:
            raise _named(error, self._files) from None

    @property
    def data_name(self) -> str | None:
        """The name of the data asked for, which are not read; None if none were."""
        try:
            return None if self._asked is None else self._asked.name
        except InvalidValuesError as error:
            raise _named(error, self._files) from None

    @property
    def folder(self) -> Path:
        """Where a relative path of data starts."""
        return self._files["data"].parent if "data" in self._files else Path()

    @property
    def validation_folder(self) -> Path:
        """Where a relative path of held-out points starts."""
        file = self._files.get("validation_data")
        return Path() if file is None else file.parent

    def name_among(self, studies: Collection[str]) -> str:
        """The name of the study: as asked for, that of the data, or that of the study there is.

        Args:
            studies: The names of the studies in the database.

        Returns:
            The name.

        Raises:
            UserError: If nothing says which of several studies is meant, or as `data_name`.
        """
        if self.study is not None:
            return self.study
        default = Problem().data.name
        if self.data_name is not None:
            return self.data_name
        if not studies or default in studies:
            return default
        if len(studies) > 1:
            raise UserError(f"choose a study by its name: {', '.join(studies)}")
        return next(iter(studies))

    def plan(self, kept: Plan | None = None) -> Plan:
        """The plan asked for: fields that are left out are the kept study's, or the defaults.

        Args:
            kept: The plan of the study to go on with; None for a new one.

        Returns:
            The plan.

        Raises:
            InvalidValuesError: If values break their rules; it names all of them.
            UserError: If the data cannot be loaded.
        """
        base = Plan() if kept is None else kept
        name = kept.name if kept is not None and self.study is None else self.name_among(())
        data = self.dataset(None if kept is None else kept.problem.data) or base.problem.data
        search = self._given(*OF_SEARCH)
        if kept is None:
            search.setdefault("trials", None)  # 24 or the grid once, as the sampler and space say
        faults = Faults()
        problem = faults.built(
            lambda: replace(base.problem, data=data, **self._given(*_OF_PROBLEM))
        )
        searched = self._given(*ALWAYS_SEARCHED)
        space = faults.built(lambda: asked_space(base.space, searched, self.vary))
        for varied in () if space is None else space.vary:
            asked = getattr(self, varied)
            faults.require(
                asked is None, varied, "must be left out, for it is varied", _as_written(asked)
            )
        # Where the problem or the space has faults, the rest is looked at all the same.
        if space is None and search.get("sampler") in SAMPLERS:
            del search["sampler"]
        if space is not None and self.first is not None:
            named = [faults.built(partial(parsed_configuration, one, space)) for one in self.first]
            search["first"] = [one for one in named if one is not None]
        elif space is not None:  # what the study tried first is no fault of another space
            search["first"] = [one for one in base.first if space.offers(one)]
        plan = faults.built(
            lambda: replace(
                base,
                name=name,
                problem=problem or base.problem,
                space=space or base.space,
                **search,
            )
        )
        try:
            faults.raise_any()
        except InvalidValuesError as error:
            raise _named(error, self._files) from None
        assert plan is not None, "without faults there is a plan"
        return plan

    def _given(self, *fields: str) -> dict[str, Any]:
        values = {field: getattr(self, field) for field in fields}
        return {field: value for field, value in values.items() if value is not None}


def _as_written(value: object) -> object:
    return "-".join(map(str, value)) if isinstance(value, tuple) else value


def _named(error: InvalidValuesError, files: Mapping[str, Path]) -> InvalidValuesError:
    """The error by the flat names of its fields, and with the file in which each was given."""
    faults = []
    for fault in error.faults:
        field = flat_name(fault.field)
        file = files.get(field.partition(" ")[0])  # of "vary hidden" that of `vary`
        message = fault.message if file is None else f"{file}: {fault.worded(field)}"
        faults.append(replace(fault, field=field, message=message))
    return InvalidValuesError(faults)
