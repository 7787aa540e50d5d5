"""Comparing two configurations: which two, and what is wrong with those asked for."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from search.problem.arguments import Arguments
from search.problem.errors import UserError
from search.problem.naming import configuration_name, find_configuration
from search.problem.success import Success
from search.statistics.timing import Comparison, Timing
from search.studies.shared import seeds_of, trains_alike
from storage.errors import RecordError

if TYPE_CHECKING:
    from search.studies.study import Study


def compared(
    study: str, times: Callable[[], Sequence[Timing]], first: str | None, second: str | None
) -> Comparison:
    """Whether one configuration escapes sooner than another; the two best unless named.

    Args:
        study: Name of the study.
        times: Gives how soon its configurations escape, the best first.
        first: A configuration like "standard/adam/0.1".
        second: Another; both or neither must be given.

    Returns:
        The comparison.

    Raises:
        UserError: If there are not two configurations, one is unknown, or both are the same.
    """
    arguments = Arguments()
    for name, given in (("first", first), ("second", second)):
        rule = "must be a configuration's name like 'standard/adam/0.1'"
        arguments.check(given is None or isinstance(given, str), name, rule, given)
    arguments.raise_any()
    timings = times()
    if len(timings) < 2:
        raise UserError(
            f"study {study!r} has restarts of {len(timings)} configurations: there must "
            "be two to compare"
        )
    if first is None and second is None:
        return Comparison(timings[0], timings[1], picked_from=len(timings))
    if first is None or second is None:
        raise UserError("compare takes two configurations, or none for the two best")
    by_key = {timing.configuration: timing for timing in timings}
    one, other = (by_key[find_configuration(name, list(by_key))] for name in (first, second))
    if one is other:
        raise UserError(f"compare takes two different configurations, received {one.name} twice")
    return Comparison(one, other)


def study_named(name: str, studies: Collection[str]) -> tuple[str | None, str]:
    """The study and the configuration in `STUDY:CONFIGURATION`.

    Args:
        name: The text. Optimizers have colons too, so a study is only what is one.
        studies: The names of those there are.

    Returns:
        The study, None if none stands before the configuration; and the configuration.

    Raises:
        RecordError: If what stands before it is no study, nor the beginning of a configuration.
    """
    found = [study for study in studies if name.startswith(f"{study}:")]
    if not found:
        before, colon, _ = name.partition(":")
        if colon and "/" not in before:
            raise RecordError(f"there is no study {before!r}; there are: {', '.join(studies)}")
        return None, name
    study = max(found, key=len)
    return study, name.removeprefix(f"{study}:")


def compared_across(
    first: tuple[Study, str], second: tuple[Study, str], success: str | Success | None = None
) -> Comparison:
    """Whether a configuration of one study escapes sooner than one of another.

    Args:
        first: A study and the name of a configuration of it.
        second: Those of the other.
        success: What counts as a success; what both studies seek if None.

    Returns:
        The comparison.

    Raises:
        InvalidValuesError: If there is no such criterion, or no epochs are kept of it.
        UserError: If a configuration is unknown, the studies train for different epochs, they hold
            the same restarts, or they seek different things and no criterion is chosen.
    """
    one, other = first[0], second[0]
    if one.problem.epochs != other.problem.epochs:
        raise UserError(
            f"study {one.name!r} trains for {one.problem.epochs} epochs, {other.name!r} for "
            f"{other.problem.epochs}: how soon restarts escape can be compared over the same ones"
        )
    if success is None and one.sought != other.sought:
        raise UserError(
            f"study {one.name!r} seeks {one.sought}, {other.name!r} {other.sought}: choose what "
            "counts as a success"
        )
    pair = _timing(*first, success), _timing(*second, success)
    return Comparison(*pair, common=_in_common((one, other), pair))


def require_pair(names: Sequence[str]) -> None:
    """Raise UserError unless two configurations are named, or none."""
    if len(names) not in (0, 2):
        raise UserError(
            "compare takes two configurations like standard/adam/0.1, or none for the two best; "
            f"received {len(names)}: {' '.join(names)}"
        )


def asked_comparison(
    names: Sequence[str],
    known: Collection[str],
    study_of: Callable[[str | None], Study],
    success: str | Success | None = None,
) -> tuple[Comparison, Study, Study | None]:
    """The comparison that `compare` is asked for.

    Args:
        names: Two configurations as `study_named` takes them; none for the two best.
        known: The names of the studies there are.
        study_of: Opens a study by its name, or the one that is meant where none is given.
        success: What counts as a success.

    Returns:
        The comparison, the study of the first configuration, and that of the second if it is
        another.

    Raises:
        RecordError: If there is no such study.
        UserError: As `compared` and `compared_across` raise it.
    """
    require_pair(names)
    named = [study_named(name, known) for name in names]
    studies = [study_of(name) for name, _ in named] or [study_of(None)]
    if len({study.name for study in studies}) == 2:
        (one, other), (first, second) = studies, (name for _, name in named)
        return compared_across((one, first), (other, second), success), one, other
    return studies[0].compare(*(name for _, name in named), success=success), studies[0], None


def _in_common(studies: tuple[Study, Study], pair: tuple[Timing, Timing]) -> str:
    """What two configurations of two studies have in common, in words; "" if nothing."""
    one, other = ((study, each.configuration) for study, each in zip(studies, pair, strict=True))
    seeds, others = seeds_of(*one), seeds_of(*other)
    common = len(seeds & others)
    if not common:
        return ""
    if not trains_alike(one, other):
        return f"{common} seeds are common to both, which p does not allow for"
    if seeds == others:
        raise UserError(
            f"studies {studies[0].name!r} and {studies[1].name!r} hold the same restarts of "
            f"{configuration_name(pair[0].configuration)}: launch one of them with another sampler "
            "seed"
        )
    return f"{common} restarts are in both studies, which p does not allow for"


def _timing(study: Study, name: str, success: str | Success | None) -> Timing:
    by_key = {timing.configuration: timing for timing in study.times(success)}
    return replace(by_key[find_configuration(name, list(by_key))], study=study.name)
