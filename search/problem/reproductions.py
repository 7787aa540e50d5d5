"""Published results that can be reproduced: read from files, nothing of them in code."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from search.problem.errors import UserError, check_known
from search.problem.plan_fields import PlanFields
from search.problem.success import Success

FOLDER = Path(__file__).parent.parent / "reproductions"


@dataclass(frozen=True)
class Figure:
    """A figure of a result.

    what: what it is of; configuration: its name, None where the study has one only; success: what
    counts; published: the figures as published, each {successes, restarts}, {rate} or {draws};
    independent: (successes, restarts) of a program that shares no code with this one, if there is
    one.
    """

    what: str
    configuration: str | None
    success: Success
    published: tuple[Mapping[str, float], ...]
    independent: tuple[int, int] | None


@dataclass(frozen=True)
class ReproducedStudy:
    """A study that a result needs, and the figures that come from it."""

    plan: PlanFields
    figures: tuple[Figure, ...]


@dataclass(frozen=True)
class Reproduction:
    """A published result: what it says, where, what it leaves unsaid, and its studies."""

    name: str
    title: str
    source: str
    url: str | None
    unsaid: str
    studies: tuple[ReproducedStudy, ...]


def reproductions(folder: Path = FOLDER) -> list[str]:
    """The names of the results that can be reproduced, in order."""
    return sorted(path.stem for path in folder.glob("*.toml"))


def read_reproduction(name: str, folder: Path = FOLDER) -> Reproduction:
    """A published result.

    Args:
        name: Its name: that of its file.
        folder: Where the files are.

    Returns:
        The result.

    Raises:
        UserError: If there is none of that name, or the file is not as it must be.
    """
    check_known("reproduction", name, reproductions(folder))
    path = folder / f"{name}.toml"
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    try:
        return Reproduction(
            name=name,
            title=content["title"],
            source=content["source"],
            url=content.get("url"),
            unsaid=content["unsaid"],
            studies=tuple(_study(path, study) for study in content["study"]),
        )
    except KeyError as error:
        raise UserError(f"{path.name}: {error.args[0]} is missing") from None


def _study(path: Path, content: Mapping[str, Any]) -> ReproducedStudy:
    figures = tuple(
        Figure(
            what=figure["what"],
            configuration=figure.get("configuration"),
            success=Success.of(figure["success"]),
            published=tuple(figure.get("published", ())),
            independent=_counts(figure.get("independent")),
        )
        for figure in content["figure"]
    )
    return ReproducedStudy(PlanFields.of_file(path, content["plan"]), figures)


def _counts(content: Mapping[str, int] | None) -> tuple[int, int] | None:
    return None if content is None else (content["successes"], content["restarts"])
