"""When a search is precise enough: by its leading configurations alone, in the order of trials."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import Configuration
from search.statistics.escape import EscapeRate
from search.statistics.precision import LeadingPrecision

ONE, OTHER, THIRD = (Configuration("standard", name, 0.1) for name in ("adam", "sgd", "rmsprop"))


def test_the_first_configuration_alone_is_not_enough() -> None:
    leading = LeadingPrecision(0.02, least=2)
    leading.add(ONE, 0, 256)  # its interval is 0.0148 wide
    assert not leading.is_reached
    leading.add(OTHER, 256, 256)
    assert leading.is_reached


def test_those_that_may_be_the_best_must_be_known_others_need_not() -> None:
    leading = LeadingPrecision(0.05, least=2)
    leading.add(ONE, 950, 1000)
    leading.add(THIRD, 50, 100)  # 0.40 to 0.60: far below
    assert leading.is_reached
    leading.add(OTHER, 95, 100)  # 0.89 to 0.98: overlaps
    assert not leading.is_reached
    leading.add(OTHER, 845, 900)
    assert leading.is_reached


@given(st.lists(st.tuples(st.sampled_from([ONE, OTHER, THIRD]), st.integers(0, 64)), max_size=40))
def test_it_goes_by_pooled_restarts_whatever_their_order(
    trials: list[tuple[Configuration, int]],
) -> None:
    leading, pooled = LeadingPrecision(0.1, least=1), LeadingPrecision(0.1, least=1)
    sums: dict[Configuration, list[int]] = {}
    for configuration, escaped in trials:
        leading.add(configuration, escaped, 64)
        counts = sums.setdefault(configuration, [0, 0])
        counts[0] += escaped
        counts[1] += 64
    for configuration, (escaped, restarts) in reversed(sums.items()):
        pooled.add(configuration, escaped, restarts)
    assert leading.is_reached == pooled.is_reached
    intervals = [EscapeRate(*counts).interval for counts in sums.values()]
    best = max(low for low, _ in intervals) if intervals else 0.0
    expected = bool(sums) and all(high - low <= 0.1 for low, high in intervals if high >= best)
    assert leading.is_reached == expected
