"""How soon the configurations of a study escape or succeed: the figures of each, two compared."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from typing import Any

import numpy as np

from search.problem.configuration import Configuration
from search.problem.naming import configuration_name
from search.problem.rows import EscapeEpochs
from search.problem.success import ESCAPED, Success
from search.statistics.cutoff import FEWEST_ESCAPED, Cutoff, when_to_give_up
from search.statistics.escape import EscapeRate
from search.statistics.ranking import rank
from search.statistics.survival import EscapeTimes, LogRank, SurvivalCurve, log_rank, survival_curve

TIMES_KEYS = (
    *("scaling", "optimizer", "learning_rate", "restarts", "escaped", "diverged", "escape_rate"),
    *("ci_low", "ci_high", "epochs", "median", "median_low", "median_high"),
    *("expected_epochs", "expected_epochs_low", "expected_epochs_high"),
    *("cutoff", "cutoff_expected_epochs"),
    *("cutoff_expected_epochs_low", "cutoff_expected_epochs_high"),
    *("held_out_restarts", "held_out_escaped_by_cutoff", "held_out_expected_epochs", "advice"),
)

SIGNIFICANT = 0.05
_ENOUGH_ESCAPES = 10  # for the normal approximation of the log-rank test


def times_keys(success: Success) -> tuple[str, ...]:
    """The stable names of what `Timing.to_json` tells by a criterion, in order."""
    names = {
        "escaped": ("success", "successes"),
        "escape_rate": ("success_rate",),
        "held_out_escaped_by_cutoff": ("held_out_successes_by_cutoff",),
    }
    if success.is_of_launch:
        return TIMES_KEYS
    return tuple(chain.from_iterable(names.get(name, (name,)) for name in TIMES_KEYS))


@dataclass(frozen=True)
class Timing:
    """When the pooled restarts of a configuration succeeded, and the figures that follow.

    `success` is the criterion by which `row` tallies: to have escaped unless another was chosen.
    What is called an escape here and in what follows is a success by it. `study` is the name of its
    study beside one of another study; None where all are of one.
    """

    row: EscapeEpochs
    epochs: int
    success: Success = ESCAPED
    study: str | None = None

    @property
    def configuration(self) -> Configuration:
        """The configuration."""
        return self.row.configuration

    @property
    def name(self) -> str:
        """Its name on the command line."""
        name = configuration_name(self.configuration)
        return name if self.study is None else f"{self.study}:{name}"

    @cached_property
    def times(self) -> EscapeTimes:
        """The escape times."""
        return EscapeTimes.tallied(self.row, self.epochs)

    @cached_property
    def escape_rate(self) -> EscapeRate:
        """Escaped of all restarts."""
        return EscapeRate(self.row.escaped, self.row.restarts)

    @property
    def expected_epochs(self) -> float | None:
        """Epochs spent per success at the full budget."""
        return self.times.expected_epochs(self.epochs)

    @cached_property
    def curve(self) -> SurvivalCurve:
        """The Kaplan-Meier curve of "not yet escaped", or "not yet" by another criterion."""
        return survival_curve(self.times)

    @cached_property
    def cutoff(self) -> Cutoff | None:
        """When to give up a restart; None if too few escaped to tell."""
        return when_to_give_up(self.times)

    @property
    def advice(self) -> str:
        """When to give up a restart, in a sentence."""
        if self.cutoff is None:
            return (
                f"no cutoff: {self.escape_rate} {self.success.past}, and choosing one takes "
                f"{FEWEST_ESCAPED}"
            )
        return self.cutoff.advised(self.success.noun)

    def to_json(self) -> dict[str, Any]:
        """All figures under their stable names."""
        cutoff = self.cutoff
        row: dict[str, Any] = {
            **dict.fromkeys(times_keys(self.success)),
            **self.escapes_json(),
        }
        row.update(expected_epochs=self.expected_epochs, advice=self.advice)
        if cutoff is not None:
            row["expected_epochs_low"] = cutoff.full.low
            row["expected_epochs_high"] = cutoff.full.high
        if cutoff is not None and cutoff.holds and cutoff.at_chosen and cutoff.full_held_out:
            row["cutoff"] = cutoff.chosen
            row["cutoff_expected_epochs"] = cutoff.at_chosen.epochs_per_escape
            row["cutoff_expected_epochs_low"] = cutoff.at_chosen.low
            row["cutoff_expected_epochs_high"] = cutoff.at_chosen.high
            row["held_out_restarts"] = cutoff.at_chosen.restarts
            counted = "escaped" if self.success.is_of_launch else "successes"
            row[f"held_out_{counted}_by_cutoff"] = cutoff.at_chosen.escaped
            row["held_out_expected_epochs"] = cutoff.full_held_out.epochs_per_escape
        return row

    def escapes_json(self) -> dict[str, Any]:
        """How many escaped, or succeeded, and how soon, under stable names."""
        of_success: dict[str, Any] = {"escaped": self.row.escaped}
        rate = "escape_rate"
        if not self.success.is_of_launch:
            of_success = {"success": str(self.success), "successes": self.row.escaped}
            rate = "success_rate"
        low, high = self.escape_rate.interval
        median_low, median_high = self.curve.median_interval
        return {
            **({} if self.study is None else {"study": self.study}),
            **self.configuration.to_json(),
            "restarts": self.row.restarts,
            **of_success,
            "diverged": self.row.diverged,
            rate: self.escape_rate.rate,
            "ci_low": low,
            "ci_high": high,
            "epochs": self.epochs,
            "median": self.curve.median,
            "median_low": median_low,
            "median_high": median_high,
        }


def ranked_timings(
    rows: Iterable[EscapeEpochs], epochs: int, success: Success = ESCAPED
) -> list[Timing]:
    """The configurations in the order of `best`: by the lower end of the success rate's interval.

    Args:
        rows: When the restarts of each succeeded.
        epochs: Epochs that each restart was given.
        success: The criterion that they are tallied by.
    """
    return sorted(
        (Timing(row, epochs, success) for row in rows),
        key=lambda one: rank(one.configuration, one.escape_rate, one.expected_epochs),
    )


@dataclass(frozen=True)
class Comparison:
    """Two configurations side by side, of one study or of two.

    `picked_from`: of how many configurations the two were taken for being the best; None if they
    were named. `common`: in words, what restarts of two studies have in common.
    """

    first: Timing
    second: Timing
    picked_from: int | None = None
    common: str = ""

    @cached_property
    def test(self) -> LogRank | None:
        """The log-rank test; None if there is nothing to test."""
        return log_rank(self.first.times, self.second.times)

    @property
    def verdict(self) -> str:
        """What follows, in a sentence."""
        first, second, test = self.first, self.second, self.test
        if test is None:
            return (
                f"nothing to compare: {first.escape_rate} of {first.name} and "
                f"{second.escape_rate} of {second.name} {first.success.past}"
                + (", all at one epoch" if first.row.escaped + second.row.escaped else "")
            )
        doubts = self._doubts(test)
        caution = f" ({'; '.join(doubts)})" if doubts else ""
        if test.p >= SIGNIFICANT:
            return (
                f"these restarts do not tell {first.name} from {second.name}; more restarts "
                f"could{caution}"
            )
        sooner, later = (first, second) if test.score > 0 else (second, first)
        return (
            f"{sooner.name} {sooner.success.verb} sooner than {later.name}: "
            f"{_half(sooner, 'its restarts')}, {_half(later, 'the other')}{caution}"
        )

    def _doubts(self, test: LogRank) -> list[str]:
        doubts = []
        escaped = self.first.row.escaped + self.second.row.escaped
        if escaped < _ENOUGH_ESCAPES:
            doubts.append(f"only {escaped} {self.first.success.past} in all, so p is rough")
        if self.picked_from is not None and self.picked_from > 2:
            doubts.append(
                f"picked as the two best of {self.picked_from} by the same restarts, which p does "
                "not allow for"
            )
        if self.common:
            doubts.append(self.common)
        sooner, later = (self.first, self.second) if test.score > 0 else (self.second, self.first)
        epoch = _clearly_behind(sooner, later)
        if epoch is not None:
            doubts.append(
                f"the curves cross: by epoch {epoch} clearly fewer of {sooner.name} had "
                f"{sooner.success.past} than of {later.name}, and the test takes all epochs "
                "together"
            )
        return doubts

    def to_json(self) -> list[dict[str, Any]]:
        """Both configurations under stable names, with the test and the points of their curves."""
        test = self.test
        return [
            {
                **timing.escapes_json(),
                "log_rank_statistic": test.statistic if test else None,
                "log_rank_p": test.p if test else None,
                "verdict": self.verdict,
                "curve": timing.curve.points(timing.success.past),
            }
            for timing in (self.first, self.second)
        ]

    def to_rows(self) -> list[dict[str, Any]]:
        """The same, flat: a row for each point of the two curves."""
        return [
            {**{name: value for name, value in one.items() if name != "curve"}, **point}
            for one in self.to_json()
            for point in one["curve"]
        ]


def _clearly_behind(one: Timing, other: Timing) -> int | None:
    """The first epoch by which clearly fewer of one escaped than of the other, if there is any.

    Clearly: the 95% intervals of the shares that escaped by it do not overlap.
    """
    epochs = np.union1d(one.times.at, other.times.at)
    shares = zip(epochs, one.times.escaped_by(epochs), other.times.escaped_by(epochs), strict=True)
    for epoch, mine, its in shares:
        _, high = EscapeRate(int(mine), one.row.restarts).interval
        low, _ = EscapeRate(int(its), other.row.restarts).interval
        if high < low:
            return int(epoch)
    return None


def _half(timing: Timing, of: str) -> str:
    median = timing.curve.median
    if median is None:
        return f"fewer than half of {of} by epoch {timing.epochs}"
    return f"half of {of} by epoch {median}"
