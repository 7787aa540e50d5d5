"""Time to escape: the curve of "not yet escaped", its median, and two of them compared.

Pure: escape epochs in, figures out. In the terms of survival analysis, an escape is the event and
the epoch its time. A restart that had not escaped by the last epoch is censored there: a longer
run could still escape.

A diverged restart is censored at the last epoch too, not at the epoch at which it diverged. It
can never escape, so it stays among those that have not: taking it out when it diverges would
assume that it would have escaped as readily as the others, and the curve of a configuration
that diverges often would fall towards 0 (divergence is a competing risk; Kalbfleisch and Prentice
2002, section 8.2). Kept in, the curve ends at 1 - escape rate.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.rows import EscapeEpochs
from search.statistics.escape import Z, expected_epochs

Epochs = NDArray[np.int64]
_ROUNDING = 1e-12  # a product of fractions that is 1/2 exactly comes out this near to it


@dataclass(frozen=True, eq=False)
class EscapeTimes:
    """When the restarts of a configuration escaped, of `epochs` epochs that each was given.

    at: (k,) the escape epochs that occur, ascending; count: (k,) restarts that escaped at each.
    Raises ValueError unless 1 <= at <= epochs, ascending, count >= 1 and their sum <= restarts.
    """

    at: Epochs
    count: Epochs
    restarts: int
    epochs: int

    def __post_init__(self) -> None:
        at, count = self.at, self.count
        if at.shape != count.shape or (np.diff(at, prepend=0, append=self.epochs + 1) < 1).any():
            raise ValueError(
                f"escape epochs must ascend between 1 and {self.epochs}, one count each; "
                f"received {at} and {count}"
            )
        if (count < 1).any() or not max(1, self.escaped) <= self.restarts:
            raise ValueError(
                "counts must be at least 1 and their sum at most the restarts; "
                f"received {count} of {self.restarts}"
            )

    @property
    def escaped(self) -> int:
        """Restarts that escaped."""
        return int(self.count.sum())

    def escaped_by(self, epochs: Epochs | int) -> Epochs:
        """Restarts that escaped by an epoch, or by each of some epochs (n,): (n,)."""
        by = np.concatenate(([0], np.cumsum(self.count)))
        return by[np.searchsorted(self.at, epochs, side="right")]

    def expected_epochs(self, cutoff: int) -> float | None:
        """Epochs spent per escape if each restart is cut off at an epoch; None if none escapes."""
        spent = self.count @ np.minimum(self.at, cutoff)
        spent += (self.restarts - self.escaped) * cutoff
        return expected_epochs(int(spent), int(self.escaped_by(cutoff)))

    @classmethod
    def tallied(cls, row: EscapeEpochs, epochs: int) -> EscapeTimes:
        """The escape times that the record holds of a configuration."""
        at, count = np.array(row.tally, np.int64).reshape(-1, 2).T
        return cls(at, count, row.restarts, epochs)


@dataclass(frozen=True, eq=False)
class SurvivalCurve:
    """The Kaplan-Meier curve of "not yet escaped", a step at each escape epoch that occurs.

    not_escaped: (k,) the share not escaped by each of those epochs, `times.at`; low, high: (k,) its
    pointwise 95% log-log interval, NaN where the curve is 0 (the formula has no value there).
    """

    times: EscapeTimes
    not_escaped: NDArray[np.float64]
    low: NDArray[np.float64]
    high: NDArray[np.float64]

    @property
    def at_risk(self) -> Epochs:
        """Restarts not escaped before each epoch: (k,)."""
        count = self.times.count
        return self.times.restarts - (np.cumsum(count) - count)

    @property
    def median(self) -> int | None:
        """The first epoch by which half have escaped; None if the curve never falls to 1/2."""
        return self._first_at_half(self.not_escaped)

    @property
    def median_interval(self) -> tuple[int | None, int | None]:
        """95% interval of the median: the epochs at which the pointwise band holds 1/2.

        Brookmeyer and Crowley 1982, "A confidence interval for the median survival time",
        Biometrics 38: 29-41. An end is None where its side of the band never falls to 1/2: the
        median may lie beyond the last epoch.
        """
        # Where the curve is 0, its lower side is too; its upper side is not known to have fallen.
        low, high = np.nan_to_num(self.low, nan=0.0), np.nan_to_num(self.high, nan=1.0)
        return self._first_at_half(low), self._first_at_half(high)

    def evaluate(self, epochs: Epochs) -> NDArray[np.float64]:
        """The share not yet escaped by each of some epochs (n,): (n,)."""
        steps = np.concatenate(([1.0], self.not_escaped))
        return steps[np.searchsorted(self.times.at, epochs, side="right")]

    def points(self, past: str = "escaped") -> list[dict[str, Any]]:
        """The curve for programs, from epoch 0 on; an end of the interval without value is None.

        past: what the restarts have done, as the names say it.
        """
        curve = (f"not_{past}", f"not_{past}_low", f"not_{past}_high")
        names = ("epoch", *curve, "at_risk", "events")
        at, count = self.times.at, self.times.count
        columns = (at, self.not_escaped, self.low, self.high, self.at_risk, count)
        rows = [
            (0, 1.0, math.nan, math.nan, self.times.restarts, 0),
            *zip(*(column.tolist() for column in columns), strict=True),
        ]
        return [
            {
                name: None if math.isnan(value) else value
                for name, value in zip(names, row, strict=True)
            }
            for row in rows
        ]

    def _first_at_half(self, side: NDArray[np.float64]) -> int | None:
        reached = np.flatnonzero(side <= 0.5 + _ROUNDING)
        return int(self.times.at[reached[0]]) if reached.size else None


def survival_curve(times: EscapeTimes) -> SurvivalCurve:
    """The Kaplan-Meier curve of "not yet escaped" with its 95% log-log interval.

    Kaplan and Meier 1958, "Nonparametric estimation from incomplete observations", JASA 53:
    457-481. All are censored at the last epoch, so it is the share that is left. The interval is
    the exponential Greenwood one (Kalbfleisch and Prentice 2002, eq. 1.13): log(-log S) give or
    take z sqrt(sum of d / (n (n - d))) / |log S|, with d escapes among the n at risk.
    """
    left = times.restarts - np.cumsum(times.count)
    not_escaped = left / times.restarts
    at_risk = left + times.count
    with np.errstate(divide="ignore", invalid="ignore"):  # that it has no value at 0 is known
        greenwood = np.cumsum(times.count / (at_risk * left))
        hazard = -np.log(not_escaped)
        factor = np.exp(Z * np.sqrt(greenwood) / hazard)
        low, high = np.exp(-hazard * factor), np.exp(-hazard / factor)
    return SurvivalCurve(
        times,
        not_escaped,
        np.where(left > 0, low, np.nan),
        np.where(left > 0, high, np.nan),
    )


@dataclass(frozen=True)
class LogRank:
    """The log-rank test of two configurations.

    `score` is the escapes of the first beyond those expected if both escaped alike, in standard
    deviations: positive if the first escapes sooner. It takes restarts for independent, which they
    are (see `search.training.batches`).
    """

    score: float

    @property
    def statistic(self) -> float:
        """Chi-squared statistic with one degree of freedom."""
        return self.score**2

    @property
    def p(self) -> float:
        """Two-sided p-value."""
        return math.erfc(abs(self.score) / math.sqrt(2))


def log_rank(first: EscapeTimes, second: EscapeTimes) -> LogRank | None:
    """Whether two configurations escape alike over all epochs; None if that cannot be asked.

    That is where no escape could have gone to either: none escaped, or all at one epoch. At each
    escape epoch the escapes among the first are hypergeometric under the null hypothesis (Mantel
    1966, "Evaluation of survival data and two new rank order statistics", Cancer Chemotherapy
    Reports 50: 163-170). Raises ValueError if the two were given different epochs.
    """
    # Not scipy.stats.logrank: its products of four counts overflow from about 100,000 restarts
    # on, to a NaN or a wrong figure.
    if first.epochs != second.epochs:
        raise ValueError(
            f"both must have been given the same epochs, received {first.epochs} "
            f"and {second.epochs}"
        )
    at = np.union1d(first.at, second.at)
    (risk, escapes), (other_risk, other_escapes) = _at_risk(first, at), _at_risk(second, at)
    all_risk, all_escapes = risk + other_risk, escapes + other_escapes
    share = risk / all_risk
    expected = all_escapes * share
    variance = (
        expected * (1 - share) * (all_risk - all_escapes) / np.maximum(all_risk - 1, 1)
    ).sum()
    if not variance > 0:
        return None
    return LogRank(float((escapes - expected).sum() / math.sqrt(variance)))


def _at_risk(times: EscapeTimes, at: Epochs) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Restarts not escaped before each epoch, and those that escape at it."""
    escapes = np.zeros(len(at))
    escapes[np.searchsorted(at, times.at)] = times.count
    return times.restarts - (np.cumsum(escapes) - escapes), escapes
