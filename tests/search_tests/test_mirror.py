"""What a sampler is shown of the search's trials: all, or the best and the latest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import optuna
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import Configuration
from search.problem.plan import Plan
from search.running import mirror as mirror_module
from search.running.mirror import Mirror, best_trials
from search.running.sampling import distributions
from storage.values import Trial, TrialState

SPACE = distributions(Plan().space)


class Seen(optuna.samplers.RandomSampler):
    """Keeps the values of the complete trials that it was shown, in their order."""

    values: Sequence[float] = ()

    def infer_relative_search_space(self, study, trial):  # type: ignore[no-untyped-def]  # noqa: ARG002
        trials = study.get_trials(deepcopy=False, states=[optuna.trial.TrialState.COMPLETE])
        self.values = [each.value for each in trials]
        return {}


def complete(number: int, *values: float) -> Trial:
    configuration = Configuration("none", "sgd", 0.1)
    return Trial(number, number, configuration, 0, 4, TrialState.COMPLETE, values=values)


def shown(mirror: Mirror) -> Sequence[float]:
    seen = Seen(seed=0)
    mirror.ask(seen)
    return seen.values


@pytest.fixture(autouse=True)
def small(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (("BEST_SHOWN", 2), ("LATEST_SHOWN", 5), ("STEP", 4)):
        monkeypatch.setattr(mirror_module, name, value)


def test_a_sampler_sees_the_best_and_the_latest() -> None:
    mirror = Mirror(["maximize"], SPACE)
    rates = [0.1, 0.9, 0.2, 0.8, 0.3, 0.7, 0.4, 0.6, 0.5, 0.05, 0.15, 0.25, 0.35]
    seen = []
    for number, rate in enumerate(rates):
        mirror.add(complete(number, rate))
        seen.append(shown(mirror))
    assert seen[6] == rates[:7]  # all, until there are 8
    assert seen[7] == [0.9, 0.2, *rates[3:8]]  # of the first three the best two
    assert seen[10] == [0.9, 0.2, *rates[3:11]]
    assert seen[11] == [0.9, 0.8, *rates[7:12]]
    assert seen[12] == [0.9, 0.8, *rates[7:13]]
    assert mirror.place == 13


def test_what_is_shown_does_not_hang_on_when_the_sampler_is_asked() -> None:
    often, once = Mirror(["minimize"], SPACE), Mirror(["minimize"], SPACE)
    for number in range(30):
        trial = complete(number, float(number * 7 % 30))
        often.add(replace(trial, state=TrialState.RUNNING, values=()))
        shown(often)
        often.update(trial)
        once.add(trial)
    assert shown(often) == shown(once)


def test_a_trial_that_ends_when_it_is_no_longer_shown_does_no_harm() -> None:
    mirror = Mirror(["maximize"], SPACE)
    mirror.add(replace(complete(0, 0.5), state=TrialState.RUNNING, values=()))
    for number in range(1, 12):
        mirror.add(complete(number, 0.1))
    mirror.update(complete(0, 0.5))
    assert 0.5 not in shown(mirror)


@given(st.lists(st.tuples(st.integers(0, 5), st.integers(0, 5)), max_size=20), st.integers(1, 6))
def test_of_two_objectives_none_that_is_left_out_beats_one_that_is_kept(
    pairs: list[tuple[int, int]], count: int
) -> None:
    trials = [complete(number, float(a), float(b)) for number, (a, b) in enumerate(pairs)]
    best = best_trials(trials, ["maximize", "minimize"], count)
    assert len(best) == min(count, len(trials))
    left = [trial for trial in trials if trial not in best]
    for kept in best:
        for out in left:
            (a, b), (c, d) = kept.values, out.values
            assert not (c >= a and d <= b and (c, d) != (a, b))


def test_only_complete_trials_can_be_best_and_of_equal_ones_the_first() -> None:
    given_up = replace(complete(0), state=TrialState.GIVEN_UP)
    trials = [given_up, complete(1, 0.5), complete(2, 0.7), complete(3, 0.5)]
    assert best_trials(trials, ["maximize"], 2) == trials[1:3]
    assert best_trials(trials, ["minimize"], 2) == [trials[1], trials[3]]
