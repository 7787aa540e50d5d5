"""Configurations by Optuna's samplers, seeds apart from them."""

from __future__ import annotations

from collections import Counter

import optuna
import pytest
from optuna.trial import TrialState

from search.problem.configuration import LearningRateRange, SearchSpace
from search.problem.errors import UserError
from search.running.sampling import (
    SAMPLERS,
    SEED,
    StudySampler,
    configuration_of,
    distributions,
)
from search.running.seeds import LAST_SEED

FINITE = SearchSpace(("none", "standard"), ("sgd", "adam"), (0.01, 0.1))
RANGE = SearchSpace(("none", "standard"), ("sgd", "adam"), LearningRateRange(0.001, 1.0))


def study_of(
    name: str, space: SearchSpace, seed: int = 0, restarts: int = 256, **options: object
) -> optuna.Study:
    sampler = StudySampler(name, space, restarts, seed)
    return optuna.create_study(sampler=sampler, direction="maximize", **options)  # type: ignore[arg-type]


def grow(study: optuna.Study, space: SearchSpace, trials: int) -> list[dict[str, object]]:
    """Ask and tell; the value prefers adam on standardised data, as the real problem does."""
    for _ in range(trials):
        trial = study.ask(distributions(space))
        point = configuration_of(trial.params)
        study.tell(trial, 0.5 * (point.scaling == "standard") + 0.4 * (point.optimizer == "adam"))
    return [trial.params for trial in study.get_trials(deepcopy=False)]


@pytest.mark.parametrize("name", SAMPLERS)
def test_a_study_is_reproducible_and_another_seed_gives_another(name: str) -> None:
    space = RANGE if name == "qmc" else FINITE
    first, again, other = (grow(study_of(name, space, seed), space, 12) for seed in (0, 0, 1))
    assert first == again
    assert first != other


@pytest.mark.parametrize("name", ["tpe", "random", "grid"])
def test_an_interrupted_study_goes_on_as_it_would_have_done(name: str) -> None:
    whole = grow(study_of(name, FINITE), FINITE, 14)
    storage = optuna.storages.InMemoryStorage()
    for _ in range(2):
        study = study_of(name, FINITE, storage=storage, study_name="s", load_if_exists=True)
        parts = grow(study, FINITE, 7)
    assert parts == whole


def test_grid_covers_evenly() -> None:
    points = FINITE.configurations
    assert points is not None
    found = [configuration_of(p) for p in grow(study_of("grid", FINITE), FINITE, 20)]
    assert found[:8] == list(points)
    assert sorted(Counter(found).values()) == [2, 2, 2, 2, 3, 3, 3, 3]


def test_grid_needs_a_list() -> None:
    with pytest.raises(UserError, match="grid needs a list of learning rates"):
        study_of("grid", RANGE)


def test_qmc_needs_a_range() -> None:
    with pytest.raises(UserError, match="qmc needs a range of learning rates"):
        study_of("qmc", FINITE)


def test_a_failed_trial_leaves_its_grid_point_to_be_tried() -> None:
    study = study_of("grid", FINITE)
    trial = study.ask(distributions(FINITE))
    study.tell(trial, state=TrialState.FAIL)
    found = [configuration_of(p) for p in grow(study, FINITE, 8)[1:]]
    assert sorted(Counter(found).values()) == [1] * 8


def test_tpe_covers_a_small_space_and_then_prefers_what_escapes() -> None:
    found = [configuration_of(p) for p in grow(study_of("tpe", FINITE), FINITE, 40)]
    assert len(set(found[:8])) == 8
    best = Counter(found[8:]).most_common(2)
    assert {(p.scaling, p.optimizer) for p, _ in best} == {("standard", "adam")}


@pytest.mark.parametrize("name", ["tpe", "random", "qmc"])
def test_a_range_is_drawn_log_uniformly_within_its_bounds(name: str) -> None:
    rates = [configuration_of(p).learning_rate for p in grow(study_of(name, RANGE), RANGE, 60)]
    assert 0.001 <= min(rates) < 0.005
    assert 0.2 < max(rates) <= 1
    assert len(set(rates)) == 60


@pytest.mark.parametrize("name", SAMPLERS)
def test_seeds_are_the_same_whatever_picks_the_rest(name: str) -> None:
    """The seed is drawn apart: from the sampler's seed and the trial's number alone."""
    space = RANGE if name == "qmc" else FINITE
    seeds = [p[SEED] for p in grow(study_of(name, space), space, 12)]
    assert seeds == [p[SEED] for p in grow(study_of("random", RANGE), RANGE, 12)]
    assert all(isinstance(s, int) and s % 256 == 0 and s + 255 <= LAST_SEED for s in seeds)


def test_the_model_never_sees_the_seed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever TPE models, jointly or one by one, `seed` is not in it."""
    asked: list[str] = []
    independent = optuna.samplers.TPESampler.sample_independent
    relative = optuna.samplers.TPESampler.sample_relative

    def see_one(self, study, trial, name, distribution):  # type: ignore[no-untyped-def]
        asked.append(name)
        return independent(self, study, trial, name, distribution)

    def see_all(self, study, trial, space):  # type: ignore[no-untyped-def]
        asked.extend(space)
        return relative(self, study, trial, space)

    monkeypatch.setattr(optuna.samplers.TPESampler, "sample_independent", see_one)
    monkeypatch.setattr(optuna.samplers.TPESampler, "sample_relative", see_all)
    grow(study_of("tpe", RANGE), RANGE, 30)
    assert set(asked) == {"scaling", "optimizer", "learning_rate"}


def test_seeds_spread_over_their_range() -> None:
    seeds = [p[SEED] for p in grow(study_of("random", FINITE), FINITE, 200)]
    shares = Counter(int(seed) * 4 // (LAST_SEED + 1) for seed in seeds)  # type: ignore[call-overload]
    assert set(shares) == {0, 1, 2, 3}
    assert min(shares.values()) > 25


def test_no_seed_comes_twice_in_a_configuration(monkeypatch: pytest.MonkeyPatch) -> None:
    """With room for 4 blocks only, each configuration gets each once and then no more."""
    for module in ("sampling", "seeds"):
        monkeypatch.setattr(f"search.running.{module}.LAST_SEED", 4 * 256 - 1)
    space = SearchSpace(("none",), ("sgd", "adam"), (0.1,))
    study = study_of("grid", space)
    params = grow(study, space, 8)
    assert len({(p["optimizer"], p[SEED]) for p in params}) == 8
    with pytest.raises(UserError, match=r"all 4 blocks of seeds of none sgd 0\.1 are used up"):
        grow(study, space, 1)


@pytest.mark.parametrize(("restarts", "stride"), [(1, 256), (256, 256), (257, 512), (1000, 1024)])
def test_trials_get_whole_blocks_of_seeds(restarts: int, stride: int) -> None:
    study = study_of("random", FINITE, restarts=restarts)
    assert all(p[SEED] % stride == 0 for p in grow(study, FINITE, 5))  # type: ignore[operator]
