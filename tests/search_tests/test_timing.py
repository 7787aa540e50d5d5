"""What is said of two configurations, on pairs of known answer."""

from __future__ import annotations

from search.problem.configuration import Configuration
from search.problem.rows import EscapeEpochs
from search.statistics.timing import Comparison, Timing, ranked_timings


def timing(name: str, *tally: tuple[int, int], restarts: int = 256, diverged: int = 0) -> Timing:
    key = Configuration("none", name, 0.1)
    return Timing(EscapeEpochs(key, restarts, diverged, tally), 200)


def test_sooner() -> None:
    pair = Comparison(timing("sgd", (150, 90)), timing("adam", (8, 200)))
    assert pair.verdict == (
        "none/adam/0.1 escapes sooner than none/sgd/0.1: half of its restarts by epoch 8, fewer "
        "than half of the other by epoch 200"
    )


def test_no_difference_that_these_restarts_show() -> None:
    pair = Comparison(timing("sgd", (8, 100)), timing("adam", (8, 104)))
    assert pair.verdict == (
        "these restarts do not tell none/sgd/0.1 from none/adam/0.1; more restarts could"
    )


def test_crossing_curves_are_named() -> None:
    """One escapes at once or never, the other late but more often."""
    pair = Comparison(timing("sgd", (5, 60)), timing("adam", (100, 180)))
    assert "none/adam/0.1 escapes sooner than none/sgd/0.1" in pair.verdict
    assert (
        "the curves cross: by epoch 5 clearly fewer of none/adam/0.1 had escaped than of "
        "none/sgd/0.1, and the test takes all epochs together" in pair.verdict
    )


def test_few_escapes_are_named() -> None:
    pair = Comparison(timing("sgd", (5, 1)), timing("adam", (100, 3)))
    assert "only 4 escaped in all, so p is rough" in pair.verdict


def test_the_best_two_of_many_are_no_plain_comparison() -> None:
    best, second = timing("adam", (8, 200)), timing("sgd", (150, 90))
    assert "picked as the two best of 8" in Comparison(best, second, picked_from=8).verdict
    assert "picked" not in Comparison(best, second, picked_from=2).verdict


def test_nothing_to_compare() -> None:
    none, other = timing("sgd"), timing("adam", diverged=256)
    assert Comparison(none, other).test is None
    assert Comparison(none, other).verdict == (
        "nothing to compare: 0 of 256 of none/sgd/0.1 and 0 of 256 of none/adam/0.1 escaped"
    )
    alike = timing("sgd", (1, 256)), timing("adam", (1, 256))
    assert Comparison(*alike).verdict.endswith("escaped, all at one epoch")


def test_ranked_by_the_lower_end_and_then_by_cost() -> None:
    surely = timing("adam", (8, 240))
    few = timing("lion", (8, 5), restarts=5)
    late = timing("sgd", (150, 240))
    ordered = ranked_timings([one.row for one in (late, few, surely)], 200)
    assert [one.configuration.optimizer for one in ordered] == ["adam", "sgd", "lion"]
