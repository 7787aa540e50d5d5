"""The published study: level with the record, repeatable, and written by one at a time."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import optuna
import pytest
from optuna.trial import TrialState, create_trial

from search.dashboard.optuna_storage import (
    STUDY_MARK,
    delete_published_study,
    has_optuna_tables,
    mark_of,
    open_optuna_storage,
    refuse_taken_name,
)
from search.dashboard.publisher import Publisher
from search.dashboard.publishing import NUMBER, NotPublishedError, PublishedStudy
from search.problem.errors import UserError
from search.problem.objectives import OBJECTIVES
from search.running.events import Event, ForeignTrials, PublishingStopped
from tests.conftest import ROOT, environment
from tests.search_tests.launchers import Launcher


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    return Launcher(tmp_path)


def states(study: optuna.Study) -> list[tuple[int, str]]:
    """(number in the record, state) of each published trial, in its order."""
    return [(trial.user_attrs[NUMBER], trial.state.name) for trial in study.trials]


def test_trials_are_published_as_they_are(launcher: Launcher) -> None:
    before = datetime.now(UTC).replace(tzinfo=None)
    done, died, running, waiting = (launcher.claim() for _ in range(4))
    launcher.finish(done)
    launcher.source.give_up(died, "its worker died, 3 times")
    launcher.source.give_back(waiting, "the launch was interrupted")
    launcher.publish()
    study = launcher.published
    assert states(study) == [(0, "COMPLETE"), (1, "FAIL"), (2, "RUNNING"), (3, "WAITING")]
    first, second, third, _ = study.trials
    seed = done.task.first_seed
    assert first.params == {**done.configuration.to_json(), "seed": seed}
    assert first.distributions["seed"] == optuna.distributions.IntDistribution(seed, seed)
    assert first.values == [1.0]
    assert first.user_attrs["outcomes"]["escaped"] == first.user_attrs["outcomes"]["restarts"] == 2
    assert first.datetime_start is not None
    assert first.datetime_complete is not None
    assert before <= first.datetime_start.astimezone(UTC).replace(tzinfo=None)
    assert first.datetime_start <= first.datetime_complete
    assert second.user_attrs["reason"] == "its worker died, 3 times"
    assert "reason" not in third.user_attrs
    assert study.best_trial.number == 0
    launcher.finish(running)
    launcher.finish(launcher.claim())
    launcher.publish()
    assert states(launcher.published)[2:] == [(2, "COMPLETE"), (3, "COMPLETE")]
    assert launcher.published.trials[2].user_attrs["outcomes"]["escaped"] == 2


def test_publishing_again_changes_nothing(launcher: Launcher) -> None:
    launcher.run()
    launcher.publish()
    before = launcher.published.trials
    launcher.publish()
    assert launcher.published.trials == before
    assert len(before) == 8


def test_a_deleted_copy_is_made_again(launcher: Launcher) -> None:
    for _ in range(3):
        launcher.finish(launcher.claim())
    launcher.publish()
    before = launcher.published.trials
    optuna.delete_study(study_name="s", storage=open_optuna_storage(launcher.url))
    assert len(launcher.seeds) == 6, "the record has lost nothing"
    launcher.publish()
    after = launcher.published.trials
    assert [(t.number, t.params, t.values, t.user_attrs) for t in after] == [
        (t.number, t.params, t.values, t.user_attrs) for t in before
    ]


def test_a_copy_that_is_deleted_meanwhile_is_not_made_again_at_once(launcher: Launcher) -> None:
    launcher.finish(launcher.claim())
    published = PublishedStudy(launcher.study, open_optuna_storage(launcher.url))
    published.make()
    published.publish(9)
    optuna.delete_study(study_name="s", storage=open_optuna_storage(launcher.url))
    launcher.finish(launcher.claim())
    with pytest.raises(NotPublishedError, match="the published study was deleted"):
        published.publish(9)
    published.close()


def test_what_was_published_but_not_noted_is_found(launcher: Launcher) -> None:
    """A publisher that is killed between the two leaves the note behind."""
    for _ in range(4):
        launcher.finish(launcher.claim())
    launcher.publish()
    study_id = launcher.study.study_id
    launcher.store.mark_published(study_id, [(2, None, None), (3, None, None)])
    launcher.publish()
    assert states(launcher.published) == [(number, "COMPLETE") for number in range(4)]
    assert launcher.store.to_publish(study_id, 9) == []


def test_trials_of_others_are_named_and_disturb_nothing(launcher: Launcher) -> None:
    launcher.finish(launcher.claim())
    launcher.publish()
    study = launcher.published
    study.enqueue_trial({"scaling": "none"})
    study.add_trial(create_trial(value=2.0))
    events: list[Event] = []
    with Publisher(launcher.study, events.append):
        launcher.run()
    assert events == [ForeignTrials((1, 2))]
    found = launcher.published.trials
    assert [trial.user_attrs.get(NUMBER) for trial in found] == [0, None, None, *range(1, 8)]
    assert launcher.store.last_published(launcher.study.study_id) == 9
    assert len(launcher.seeds) == 16


@pytest.mark.parametrize("number", [[1], "1", True, 3, -1, 10**30])
def test_a_trial_of_others_is_not_taken_for_ones_own(launcher: Launcher, number: object) -> None:
    launcher.finish(launcher.claim())
    launcher.publish()
    launcher.published.add_trial(create_trial(value=0.99, user_attrs={NUMBER: number}))
    launcher.run()
    assert launcher.publish().foreign == (1,)
    ours = [trial for trial in launcher.published.trials if trial.value != 0.99]
    assert [trial.user_attrs[NUMBER] for trial in ours] == list(range(8))
    assert {trial.value for trial in ours} == {1.0}


def test_a_copy_that_somebody_made_is_theirs(launcher: Launcher, tmp_path: Path) -> None:
    launcher.run()
    launcher.publish()
    optuna.copy_study(
        from_study_name="s",
        from_storage=launcher.url,
        to_storage=launcher.url,
        to_study_name="theirs",
    )
    with pytest.raises(UserError, match="study 'theirs' was made by Optuna"):
        refuse_taken_name(launcher.url, "theirs")
    same = Launcher(tmp_path, name="theirs")
    same.finish(same.claim())
    with pytest.raises(NotPublishedError, match="was made by Optuna"):
        same.publish()
    assert len(same.published.trials) == 8
    assert not delete_published_study(launcher.url, "theirs", same.study.study_id)


def test_of_a_deleted_study_nothing_is_published(launcher: Launcher) -> None:
    published = PublishedStudy(launcher.study, open_optuna_storage(launcher.url))
    launcher.store.delete_study(launcher.study.study_id)
    with pytest.raises(NotPublishedError, match="the study was deleted"):
        published.make()
    assert optuna.get_all_study_names(open_optuna_storage(launcher.url)) == []


def test_what_a_launch_that_was_killed_began_is_deleted_too(launcher: Launcher) -> None:
    optuna.create_study(study_name="s", storage=open_optuna_storage(launcher.url))
    assert delete_published_study(launcher.url, "s", launcher.study.study_id)
    refuse_taken_name(launcher.url, "s")


def test_looking_at_a_name_leaves_a_database_of_optunas_as_it_is(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path / 'own.db'}"
    optuna.create_study(study_name="s", storage=url)
    before = (tmp_path / "own.db").read_bytes()
    with pytest.raises(UserError, match="study 's' was made by Optuna"):
        refuse_taken_name(url, "s")
    assert (tmp_path / "own.db").read_bytes() == before


def test_a_trial_that_somebody_ended_stays_as_they_ended_it(launcher: Launcher) -> None:
    claim = launcher.claim()
    launcher.publish()
    launcher.published.tell(0, state=TrialState.FAIL)
    launcher.finish(claim)
    launcher.publish()
    assert states(launcher.published) == [(0, "FAIL")]
    assert launcher.store.to_publish(launcher.study.study_id, 9) == []


@pytest.mark.parametrize("objective", OBJECTIVES)
def test_directions_and_metrics_are_those_of_the_objective(tmp_path: Path, objective: str) -> None:
    launcher = Launcher(tmp_path, objective=objective)
    launcher.finish(launcher.claim())
    launcher.publish()
    study = launcher.published
    assert study.metric_names == [name for name, _ in OBJECTIVES[objective]]
    assert [each.name.lower() for each in study.directions] == launcher.study.plan.directions
    rates = {"escape-rate": [1.0], "solve-rate": [1.0]}
    expected = {**rates, "expected-epochs": [3.0], "both": [1.0, 3.0]}
    assert study.trials[0].values == expected[objective]


def test_importance_does_not_name_the_seed(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, trials=24)
    launcher.run(lambda point: float(point.optimizer == "adam" and point.scaling == "standard"))
    launcher.publish()
    for evaluator in (
        optuna.importance.FanovaImportanceEvaluator(seed=0),
        optuna.importance.MeanDecreaseImpurityImportanceEvaluator(seed=0),
    ):
        found = optuna.importance.get_param_importances(launcher.published, evaluator=evaluator)
        assert found.get("seed", 0.0) == 0.0
        assert found["optimizer"] > 0.2


@pytest.mark.parametrize(
    "mark", [None, mark_of("s", 99)], ids=["a launch was killed", "of a deleted study"]
)
def test_an_empty_copy_is_taken_and_one_of_a_deleted_study_replaced(
    launcher: Launcher, mark: dict[str, object] | None
) -> None:
    storage = open_optuna_storage(launcher.url)
    study = optuna.create_study(study_name="s", storage=storage, direction="maximize")
    if mark is not None:
        study.set_user_attr(STUDY_MARK, mark)
        study.add_trial(create_trial(value=2.0))
    launcher.finish(launcher.claim())
    launcher.publish()
    assert states(launcher.published) == [(0, "COMPLETE")]


def test_a_study_of_optunas_own_is_not_touched(launcher: Launcher) -> None:
    storage = open_optuna_storage(launcher.url)
    theirs = optuna.create_study(study_name="s", storage=storage, direction="maximize")
    theirs.add_trial(create_trial(value=2.0))
    events: list[Event] = []
    with Publisher(launcher.study, events.append):
        launcher.finish(launcher.claim())
    (event,) = events
    assert isinstance(event, PublishingStopped)
    assert "study 's' was made by Optuna" in event.reason
    assert [trial.value for trial in launcher.published.trials] == [2.0]
    assert not delete_published_study(launcher.url, "s", launcher.study.study_id)


def test_deleting_deletes_the_copy_of_that_study_alone(launcher: Launcher) -> None:
    assert not has_optuna_tables(launcher.url)
    assert not delete_published_study(launcher.url, "s", launcher.study.study_id)
    launcher.finish(launcher.claim())
    launcher.publish()
    assert not delete_published_study(launcher.url, "s", launcher.study.study_id + 1)
    assert delete_published_study(launcher.url, "s", launcher.study.study_id)
    assert optuna.get_all_study_names(open_optuna_storage(launcher.url)) == []


PUBLISH = """
import sys
from pathlib import Path
from search.dashboard.publisher import Publisher
from tests.search_tests.launchers import Launcher
launcher = Launcher(Path(sys.argv[1]), trials=60, sampler="random")
print("ready", flush=True)
with Publisher(launcher.study, print):
    pass
"""


def publisher(folder: Path) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", PUBLISH, str(folder)],
        cwd=ROOT,
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    )


@pytest.mark.slow
def test_several_publishers_of_which_some_are_killed_make_one_copy(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, trials=60, sampler="random")
    launcher.run()
    draw = random.Random(3)
    for _ in range(3):
        doomed = publisher(tmp_path)
        assert doomed.stdout is not None
        assert doomed.stdout.readline() == "ready\n"
        time.sleep(draw.uniform(0.2, 1.0))
        os.kill(doomed.pid, signal.SIGKILL)
        doomed.communicate()
    at_once = [publisher(tmp_path) for _ in range(3)]
    for each in at_once:
        said, _ = each.communicate(timeout=120)
        assert not {"PublishingStopped", "ForeignTrials"} & {
            line.partition("(")[0] for line in said.splitlines()
        }
    assert states(launcher.published) == [(number, "COMPLETE") for number in range(60)]
    assert launcher.store.to_publish(launcher.study.study_id, 9) == []
