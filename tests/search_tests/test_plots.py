"""multirestart's plots in Optuna's dashboard: what Plotly takes, with the figures of the record."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
import pytest

from search.dashboard.plots import MOST_PLOTTED, curves_plot, rates_plot, shares_plot
from search.problem.configuration import Configuration
from search.problem.rows import EscapeEpochs
from search.problem.success import ESCAPED, SOLVED
from search.statistics.effects import effects, main_effect_shares
from search.statistics.ranking import ranked
from search.statistics.timing import Timing
from tests.search_tests.launchers import PLAN
from tests.search_tests.test_notes import counts, whole

POINT = Configuration("none", "sgd", 0.1)


def drawn(plot: dict[str, Any]) -> dict[str, Any]:
    """The figure as the dashboard gets it; Plotly refuses what it cannot draw."""
    found: dict[str, Any] = go.Figure(plot).to_plotly_json()
    return found


def test_rates_are_drawn_with_their_intervals_the_best_on_top() -> None:
    figure = drawn(rates_plot(ranked(whole()), ESCAPED))
    (trace,) = figure["data"]
    assert trace["y"][0] == "standard/adam/0.01  60 of 64"
    assert trace["y"][-1] == "none/sgd/0.1  4 of 64"
    assert trace["x"][0] == 0.9375
    low, high = ranked(whole())[0].success_rate.interval
    assert trace["error_x"]["arrayminus"][0] == pytest.approx(0.9375 - low, abs=1e-5)
    assert trace["error_x"]["array"][0] == pytest.approx(high - 0.9375, abs=1e-5)
    assert figure["layout"]["yaxis"]["autorange"] == "reversed"


def test_no_more_rates_are_drawn_than_a_screen_holds_and_the_title_says_so() -> None:
    rows = [counts("none", "sgd", 0.001 * (1 + number), 4) for number in range(MOST_PLOTTED + 3)]
    figure = drawn(rates_plot(ranked(rows), SOLVED))
    assert len(figure["data"][0]["x"]) == MOST_PLOTTED
    assert figure["layout"]["title"]["text"].endswith(
        f": the best {MOST_PLOTTED} of {MOST_PLOTTED + 3}"
    )


def test_a_curve_steps_at_each_escape_and_ends_at_the_last_epoch() -> None:
    timing = Timing(EscapeEpochs(POINT, 4, 0, ((3, 2), (5, 1))), 10)
    figure = drawn(curves_plot([timing], 10, ESCAPED))
    low, high, curve = figure["data"]
    assert list(curve["x"]) == [0, 3, 5, 10]
    assert list(curve["y"]) == [1.0, 0.5, 0.25, 0.25]
    assert list(curve["customdata"]) == [4, 2, 1, 1]
    assert curve["line"]["shape"] == "hv"
    assert all(a <= b <= c for a, b, c in zip(low["y"], curve["y"], high["y"], strict=True))


def test_long_curves_are_thinned_on_their_own_values() -> None:
    tally = tuple((epoch, 1) for epoch in range(1, 1001))
    timing = Timing(EscapeEpochs(POINT, 2000, 0, tally), 1000)
    figure = drawn(curves_plot([timing], 1000, ESCAPED))
    drawn_curve = figure["data"][2]
    assert len(drawn_curve["x"]) == 200
    assert (drawn_curve["x"][0], drawn_curve["x"][-1]) == (0, 1000)
    exact = timing.curve.evaluate(np.array(drawn_curve["x"]))
    assert np.abs(np.array(drawn_curve["y"]) - exact).max() <= 5e-5


def test_shares_are_those_of_effects_with_interactions_last() -> None:
    shares = effects(whole(), PLAN.space).shares
    assert shares == main_effect_shares(whole())
    assert shares is not None
    (trace,) = drawn(shares_plot({**shares, "interactions": 0.5}, ESCAPED))["data"]
    assert trace["y"][0] == "scaling"
    assert trace["y"][-1] == "interactions"
    assert trace["x"][0] == pytest.approx(1.0)
