"""When to give up a restart: epochs per escape at the full budget and at the best cutoff.

Pure: escape times in, figures out. A cutoff that was chosen for looking best on some restarts
looks better on them than it is; so it is chosen on one half of the restarts and judged on the
other half, which had no part in choosing it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.names import several
from search.statistics.escape import CONFIDENCE
from search.statistics.survival import EscapeTimes

FEWEST_ESCAPED = 20
"""Escaped restarts without which no cutoff is chosen and no interval given."""

RESAMPLES = 2_000
SEED = 0
_FEWEST_BY_CUTOFF = 10
_WORTH_WHILE = 0.95  # of the cost without a cutoff: for less than 5% nobody need change anything
_AS_GOOD = 1.05  # what a cutoff may cost on the held-out half and still be recommended
_SPLIT_STREAM, _RESAMPLE_STREAM = 1, 2  # keep the two draws of a seed independent


@dataclass(frozen=True)
class Cost:
    """Epochs per escape, its 95% interval, and the counts that it rests on.

    `high` is None where the interval has no upper end: too many resamples held no escape.
    """

    epochs_per_escape: float
    low: float
    high: float | None
    escaped: int
    restarts: int


@dataclass(frozen=True)
class Cutoff:
    """When to give up a restart of a configuration.

    `full`: the cost of going on to the last epoch, over all restarts. `chosen`: the cutoff that
    was clearly better than none on the half that it was chosen on; None if there was none.
    `at_chosen` and `full_held_out`: the cost with it and without, over the other half. `holds`:
    whether it is as good there, by the same margin of doubt.
    """

    epochs: int
    full: Cost
    chosen: int | None = None
    at_chosen: Cost | None = None
    full_held_out: Cost | None = None
    holds: bool = False

    @property
    def recommended(self) -> int | None:
        """The epoch after which to restart; None if going on to the last epoch is no worse."""
        return self.chosen if self.holds else None

    @property
    def advice(self) -> str:
        """What to do, in a sentence; both of its figures are of the held-out half."""
        return self.advised("escape")

    def advised(self, per: str) -> str:
        """The same of epochs per escape, or per what else was tallied."""
        if self.chosen is None:
            return f"run all {self.epochs} epochs: no cutoff is clearly better"
        if not self.holds or self.at_chosen is None or self.full_held_out is None:
            return f"run all {self.epochs} epochs: a cutoff at {self.chosen} held on one half only"
        return (
            f"restart after {several(self.chosen, 'epoch')}: "
            f"{self.at_chosen.epochs_per_escape:.0f} epochs per {per} instead of "
            f"{self.full_held_out.epochs_per_escape:.0f}"
        )


def cost(times: EscapeTimes, cutoff: int, seed: int = SEED) -> Cost | None:
    """Epochs per escape if each restart is cut off at an epoch; None if none escapes by it.

    The interval is that of the percentile bootstrap over restarts (Efron and Tibshirani 1993, "An
    Introduction to the Bootstrap", chapter 13), reproducible by its seed.
    """
    return _cost(times, _resamples(times, seed), cutoff)


def _cost(times: EscapeTimes, draws: NDArray[np.int64], cutoff: int) -> Cost | None:
    value = times.expected_epochs(cutoff)
    if value is None:
        return None
    costs = _costs(times, draws, cutoff)
    low, high = (float(_quantile(costs, 0.5 + side * CONFIDENCE / 2)) for side in (-1, 1))
    escaped = times.escaped_by(cutoff)
    return Cost(value, low, high if np.isfinite(high) else None, int(escaped), times.restarts)


def when_to_give_up(times: EscapeTimes, seed: int = SEED) -> Cutoff | None:
    """When to give up a restart that has not escaped; None if fewer than 20 of them escaped.

    A cutoff is recommended if it is clearly better than none on the half that it was chosen on,
    and on the other half its cost is, with 97.5% confidence, not above that without one by more
    than 5%. In simulated studies of nine distributions of escape times no recommended cutoff was
    worse by more than 5%. (Where it is a near thing, those that hold by chance look a little better
    on the held-out half than they are.)
    """
    if times.escaped < FEWEST_ESCAPED:
        return None
    full = cost(times, times.epochs, seed)
    assert full is not None, "what escaped did so by the last epoch"
    choosing, held_out = halves(times, seed)
    chosen = clearly_better_cutoff(choosing, seed)
    if chosen is None:
        return Cutoff(times.epochs, full)
    draws = _resamples(held_out, seed)
    return Cutoff(
        times.epochs,
        full,
        chosen,
        _cost(held_out, draws, chosen),
        _cost(held_out, draws, times.epochs),
        _upper_ratio(held_out, draws, chosen) < _AS_GOOD,
    )


def halves(times: EscapeTimes, seed: int = SEED) -> tuple[EscapeTimes, EscapeTimes]:
    """The restarts in two halves, drawn at random; the first has the odd one.

    How many of each escape epoch fall into a random half is multivariate hypergeometric, so that
    the restarts need not be looked at one by one. Raises ValueError if there are fewer than two.
    """
    rng = np.random.default_rng((seed, _SPLIT_STREAM))
    first = rng.multivariate_hypergeometric(
        _counts(times), (times.restarts + 1) // 2, method="marginals"
    )
    return _part(times, first), _part(times, _counts(times) - first)


def clearly_better_cutoff(times: EscapeTimes, seed: int = SEED) -> int | None:
    """The cutoff that is most surely cheaper than none, or None if none clearly is.

    Ranked as configurations are, by the careful end: of the ratio of the cost at the cutoff to
    that without one, the 95th percentile over resamples. The lowest must be under 0.95. Only
    escape epochs are tried, for between two of them the cost only rises; and only those by which
    10 restarts escaped.
    """
    draws = _resamples(times, seed)
    escaped = np.cumsum(draws[:, :-1], axis=1)
    spent = np.cumsum(draws[:, :-1] * times.at, axis=1)
    spent += (times.restarts - escaped) * times.at
    tried = np.cumsum(times.count) >= _FEWEST_BY_CUTOFF
    if not tried.any():
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        ratios = spent[:, tried] / escaped[:, tried]
        ratios /= _costs(times, draws, times.epochs)[:, None]
    upper = _quantile(np.nan_to_num(ratios, nan=np.inf, posinf=np.inf), 0.95)
    best = np.argmin(upper)
    return int(times.at[tried][best]) if upper[best] < _WORTH_WHILE else None


def _upper_ratio(times: EscapeTimes, draws: NDArray[np.int64], cutoff: int) -> float:
    """Upper end of the 95% interval of the cost at a cutoff over the cost without one."""
    with np.errstate(invalid="ignore"):
        ratios = _costs(times, draws, cutoff) / _costs(times, draws, times.epochs)
    return float(_quantile(np.nan_to_num(ratios, nan=np.inf), 0.5 + CONFIDENCE / 2))


def _resamples(times: EscapeTimes, seed: int) -> NDArray[np.int64]:
    """Resamples of the restarts with replacement, tallied: (RESAMPLES, k + 1), the rest last.

    The tally of a resample is multinomial, so the work does not grow with the restarts.
    """
    rng = np.random.default_rng((seed, _RESAMPLE_STREAM))
    return rng.multinomial(times.restarts, _counts(times) / times.restarts, size=RESAMPLES)


def _costs(times: EscapeTimes, draws: NDArray[np.int64], cutoff: int) -> NDArray[np.float64]:
    """Epochs per escape at a cutoff in each resample; inf where none escaped by it."""
    spent = draws @ np.append(np.minimum(times.at, cutoff), cutoff)
    escaped = draws[:, :-1] @ (times.at <= cutoff).astype(np.int64)
    with np.errstate(divide="ignore"):
        costs: NDArray[np.float64] = spent / escaped
    return costs


def _quantile(values: NDArray[np.float64], share: float) -> Any:
    # "higher" takes one of the values: no interpolation between a number and infinity.
    return np.quantile(values, share, axis=0, method="higher")


def _counts(times: EscapeTimes) -> NDArray[np.int64]:
    """Restarts of each escape epoch, and those that did not escape: (k + 1,)."""
    return np.append(times.count, times.restarts - times.escaped)


def _part(times: EscapeTimes, counts: NDArray[np.int64]) -> EscapeTimes:
    count = counts[:-1]
    return EscapeTimes(times.at[count > 0], count[count > 0], int(counts.sum()), times.epochs)
