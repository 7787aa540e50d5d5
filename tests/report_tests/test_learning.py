"""The restarts that a report trains again: which, and what is drawn of them."""

from __future__ import annotations

import numpy as np
import pytest

import multirestart as mr
from search.problem.configuration import Configuration
from search.problem.rows import ConfigurationCounts
from search.problem.success import ESCAPED
from search.reports.figures.learning import learning_figure
from search.statistics.escape import EscapeRate
from search.statistics.learning import Learning
from search.statistics.ranking import ranked
from search.studies.learning import learning, sampled, telling
from search.studies.reporting import gather
from tests.conftest import Launched


def counts(rate: float, escaped: int) -> ConfigurationCounts:
    of = Configuration("none", "sgd", rate)
    return ConfigurationCounts(of, 1, 100, escaped, 0, 0, 0, None, None, None, None)


def test_told_are_the_best_the_one_nearest_to_a_half_and_the_last() -> None:
    standings = ranked([counts(0.1, 99), counts(0.2, 80), counts(0.3, 40), counts(0.4, 1)])
    assert [one.configuration.learning_rate for one in telling(standings)] == [0.1, 0.3, 0.4]
    assert [one.configuration.learning_rate for one in telling(standings[:1])] == [0.1]


def test_the_sample_is_of_the_least_seeds_of_both_kinds(launched: Launched) -> None:
    study = mr.open_study(launched.url)
    for standing in study.best():
        members = sampled(study, standing.configuration, ESCAPED, of_each=3)
        rows = [
            recorded.restart
            for recorded in study.restarts()
            if recorded.configuration == standing.configuration
        ]
        rows.sort(key=lambda row: row.seed)
        escaped = [row.seed for row in rows if row.outcome.has_escaped][:3]
        others = [row.seed for row in rows if not row.outcome.has_escaped][:3]
        assert [member.seed for member in members] == escaped + others


def test_a_line_has_what_the_restart_had_and_the_plateau_beside_it() -> None:
    made = Learning(
        Configuration("none", "sgd", 0.1),
        EscapeRate(1, 2),
        seeds=(7, 9),
        is_success=(True, False),
        accuracy=np.array([[0.5, 0.6], [1.0, 0.6667]]),
        loss=np.array([[0.7, 0.8], [0.1, np.nan]]),
        different=0,
    )
    found = learning_figure([made], mr.Problem(), ESCAPED)
    accuracies, losses = found["hconcat"][0]["vconcat"]
    rows = accuracies["layer"][0]["data"]["values"]
    assert [(row["seed"], row["restart"], row["epoch"], row["accuracy"]) for row in rows] == [
        (7, "escaped", 1, 0.5),
        (7, "escaped", 2, 1.0),
        (9, "not escaped", 1, 0.6),
        (9, "not escaped", 2, 0.6667),
    ]
    assert [row["loss"] for row in losses["layer"][0]["data"]["values"]] == [0.7, 0.1, 0.8, None]
    assert accuracies["layer"][1]["data"]["values"] == [{"accuracy": 0.6667}]
    assert losses["layer"][1]["data"]["values"] == [{"loss": 0.6365}]  # that of 100 in 300


@pytest.mark.slow
def test_restarts_trained_again_end_as_they_were_recorded(launched: Launched) -> None:
    study = mr.open_study(launched.url)
    standings = study.best()
    for one in learning(study, standings, ESCAPED, of_each=2):
        assert one.different == 0
        assert one.accuracy.shape == one.loss.shape == (study.problem.epochs, len(one.seeds))
        escaped = one.accuracy[-1] > study.problem.threshold
        assert escaped.tolist() == list(one.is_success)
    assert gather(study).learning == ()
