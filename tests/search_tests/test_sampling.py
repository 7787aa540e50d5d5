"""Configurations by Optuna's samplers, seeds apart from them."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import replace
from pathlib import Path
from unittest.mock import ANY

import optuna
import pytest

from search.problem.configuration import Configuration, SearchSpace
from search.problem.dimensions import LogRange
from search.problem.errors import UserError
from search.problem.plan import Plan
from search.problem.plan_fields import PlanFields
from search.problem.samplers import SAMPLERS
from search.running.seeds import LAST_SEED
from tests.search_tests.launchers import SPACE, Launcher

RANGE = SearchSpace(("none", "standard"), ("sgd", "adam"), LogRange(0.001, 1.0))
Picked = list[tuple[Configuration, int]]


def plan_of(
    sampler: str, space: SearchSpace, trials: int, seed: int = 0, restarts: int = 20
) -> Plan:
    return Plan("s", None, space, restarts, sampler, seed, trials)


def grow(folder: Path, plan: Plan) -> Picked:
    """Run a study; adam on standardised data escapes most, as in the real problem."""
    folder.mkdir(exist_ok=True)
    launcher = Launcher(folder, plan)
    picked = launcher.run(
        lambda point: 0.5 * (point.scaling == "standard") + 0.4 * (point.optimizer == "adam")
    )
    launcher.kill()
    launcher.store.close()
    return picked


def space_of(sampler: str) -> SearchSpace:
    return RANGE if sampler == "qmc" else SPACE


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_a_study_is_reproducible_and_another_seed_gives_another(
    tmp_path: Path, sampler: str
) -> None:
    first, again, other = (
        grow(tmp_path / str(index), plan_of(sampler, space_of(sampler), 12, seed))
        for index, seed in enumerate((0, 0, 1))
    )
    assert first == again
    assert first != other


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_an_interrupted_study_goes_on_as_it_would_have_done(tmp_path: Path, sampler: str) -> None:
    plan = plan_of(sampler, space_of(sampler), 20)
    whole = grow(tmp_path / "whole", plan)
    parts = [
        each
        for trials in (5, 13, 20)
        for each in grow(tmp_path / "parts", replace(plan, trials=trials))
    ]
    assert parts == whole
    assert len(whole) == 20


def test_grid_covers_evenly(tmp_path: Path) -> None:
    points = [point for point, _ in grow(tmp_path / "s", plan_of("grid", SPACE, 20))]
    assert tuple(points[:8]) == SPACE.configurations
    assert sorted(Counter(points).values()) == [2, 2, 2, 2, 3, 3, 3, 3]


def test_tpe_covers_a_small_space_and_then_prefers_what_escapes(tmp_path: Path) -> None:
    points = [point for point, _ in grow(tmp_path / "s", plan_of("tpe", SPACE, 40))]
    assert tuple(points[:8]) == SPACE.configurations
    best = Counter(points[8:]).most_common(2)
    assert {(point.scaling, point.optimizer) for point, _ in best} == {("standard", "adam")}


def test_tpe_picks_what_optuna_itself_picks(tmp_path: Path) -> None:
    """Each trial's sampler is made from the study's seed and the trial's place, and asked as is."""
    from search.running.sampling import distributions
    from search.running.seeds import uniform

    picked = grow(tmp_path / "s", plan_of("tpe", RANGE, 30))
    study = optuna.create_study(direction="maximize")
    for place, (point, _) in enumerate(picked):
        study.sampler = optuna.samplers.TPESampler(seed=uniform(2, 0, place) % 2**32)
        trial = study.ask(distributions(RANGE))
        assert Configuration.from_json(trial.params) == point
        value = 0.5 * (point.scaling == "standard") + 0.4 * (point.optimizer == "adam")
        study.tell(trial, round(value * 20) / 20)


@pytest.mark.parametrize("sampler", ["tpe", "random", "qmc"])
def test_a_range_is_drawn_log_uniformly_within_its_bounds(tmp_path: Path, sampler: str) -> None:
    picked = grow(tmp_path / "s", plan_of(sampler, RANGE, 60))
    rates = sorted(point.learning_rate for point, _ in picked)
    assert 0.001 <= rates[0] < 0.005
    assert 0.2 < rates[-1] <= 1
    assert len(set(rates)) == 60


def test_qmc_spreads_evenly(tmp_path: Path) -> None:
    """Of 32 points of the sequence exactly 4 fall into each eighth of every dimension."""
    picked = [point for point, _ in grow(tmp_path / "s", plan_of("qmc", RANGE, 32))]
    eighths = Counter(int(8 * (1 + math.log10(point.learning_rate) / 3)) for point in picked)
    assert set(eighths.values()) == {4}
    assert Counter(point.scaling for point in picked) == {"none": 16, "standard": 16}
    assert Counter(point.optimizer for point in picked) == {"sgd": 16, "adam": 16}


@pytest.mark.parametrize("sampler", SAMPLERS)
def test_seeds_are_the_same_whatever_picks_the_rest(tmp_path: Path, sampler: str) -> None:
    """The seed is drawn apart: from the sampler's seed and the trial's place alone."""
    seeds = [seed for _, seed in grow(tmp_path / "s", plan_of(sampler, space_of(sampler), 12))]
    assert seeds == [seed for _, seed in grow(tmp_path / "r", plan_of("random", RANGE, 12))]
    assert all(seed % 256 == 0 and seed + 255 <= LAST_SEED for seed in seeds)


def test_the_model_never_sees_the_seed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
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
    grow(tmp_path / "s", plan_of("tpe", RANGE, 30))
    assert set(asked) == {"scaling", "optimizer", "learning_rate"}


@pytest.mark.slow
def test_seeds_spread_over_their_range(tmp_path: Path) -> None:
    seeds = [seed for _, seed in grow(tmp_path / "s", plan_of("random", SPACE, 200))]
    shares = Counter(seed * 4 // (LAST_SEED + 1) for seed in seeds)
    assert set(shares) == {0, 1, 2, 3}
    assert min(shares.values()) > 25


def test_no_seed_comes_twice_in_a_configuration(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With room for 4 blocks only, each configuration gets each once and then no more."""
    monkeypatch.setattr("search.running.seeds.LAST_SEED", 4 * 256 - 1)
    space = SearchSpace(("none",), ("sgd", "adam"), (0.1,))
    assert len(set(grow(tmp_path / "s", plan_of("grid", space, 8)))) == 8
    with pytest.raises(UserError, match=r"all 4 blocks of seeds of none sgd 0\.1 are used up"):
        grow(tmp_path / "s", plan_of("grid", space, 9))


@pytest.mark.parametrize(("restarts", "stride"), [(1, 256), (256, 256), (257, 512), (1000, 1024)])
def test_trials_get_whole_blocks_of_seeds(tmp_path: Path, restarts: int, stride: int) -> None:
    picked = grow(tmp_path / "s", plan_of("random", SPACE, 5, restarts=restarts))
    assert all(seed % stride == 0 for _, seed in picked)


@pytest.mark.parametrize("sampler", ["tpe", "random", "grid"])
def test_what_is_to_be_tried_first_is(tmp_path: Path, sampler: str) -> None:
    offered = SPACE.configurations or ()
    plan = replace(plan_of(sampler, SPACE, 4), first=(offered[5], offered[2], offered[5]))
    picked = grow(tmp_path / "s", plan)
    points = [point for point, _ in picked]
    assert points[:2] == [offered[5], offered[2]]
    assert len({seed for _, seed in picked}) == 4
    again = replace(plan, trials=6, first=(offered[2], offered[7], points[3]))
    assert grow(tmp_path / "s", again)[0][0] == (offered[7] if offered[7] not in points else ANY)


def test_only_what_is_on_offer_can_be_tried_first() -> None:
    with pytest.raises(UserError, match="first must be configurations of what is on offer"):
        Plan(first=[Configuration("robust", "adam", 0.1)])
    with pytest.raises(UserError, match=r"received standard/adam/0\.10000001"):
        Plan(first=[Configuration("standard", "adam", 0.10000001)])
    with pytest.raises(UserError, match="must be configurations like standard/adam/0"):
        PlanFields(first=["standard/adam"]).plan()
    with pytest.raises(UserError, match="must have a number for learning_rate, received 'a/b/c'"):
        PlanFields(first=["a/b/c"]).plan()
    ranged = PlanFields(learning_rate="0.001:1", first=["none/sgd/0.5"], vary={"l2": "1e-5:1e-2"})
    with pytest.raises(UserError, match=r"like standard/adam/0\.001/l2=1e-05"):
        ranged.plan()
    plan = ranged.overridden({"first": ["none/sgd/0.5/l2=0.001"]}).plan()
    assert plan.first == (Configuration("none", "sgd", 0.5, l2=0.001),)


def test_what_a_study_tried_first_is_no_fault_of_another_space() -> None:
    kept = Plan(first=[Configuration("standard", "adam", 0.1), Configuration("none", "sgd", 0.01)])
    asked = PlanFields(scaling=["standard"]).plan(kept)
    assert asked.first == kept.first[:1]
    assert kept.differences(asked) == ["scaling is none,standard, not standard"]
    assert PlanFields(vary={"hidden": ["2"]}).plan(kept).first == ()
    assert PlanFields(trials=9).plan(kept).first == kept.first
