"""Notes and plots of the published study: there at the end, up to date, a person's left alone."""

from __future__ import annotations

from pathlib import Path

import optuna
import pytest
from optuna.samplers import RandomSampler
from optuna.trial import Trial
from optuna_dashboard import get_note, save_note

from search.dashboard import pages
from search.dashboard.notes import WRITER, is_ours
from search.dashboard.optuna_storage import open_optuna_storage
from search.dashboard.pages import PAGES
from search.dashboard.publisher import Publisher
from tests.search_tests.launchers import Launcher


@pytest.fixture
def launcher(tmp_path: Path) -> Launcher:
    return Launcher(tmp_path)


def published(launcher: Launcher) -> optuna.Study:
    storage = open_optuna_storage(launcher.url)
    return optuna.load_study(study_name="s", storage=storage, sampler=RandomSampler())


def publish(launcher: Launcher) -> None:
    with Publisher(launcher.study, lambda _: None):
        pass


def trial(study: optuna.Study, number: int) -> Trial:
    """A trial as notes are written to it; of a new study their ids follow their numbers."""
    return Trial(study, number + 1)


def test_a_launch_ends_with_notes_and_plots(launcher: Launcher) -> None:
    launcher.run()
    publish(launcher)
    study = published(launcher)
    note = get_note(study)
    assert is_ours(note)
    assert "Counted are 16 restarts of 8 configurations." in note
    assert all(is_ours(get_note(trial(study, number))) for number in range(8))
    assert get_note(trial(study, 0)).startswith("**2 of 2 restarts escaped** under `none/sgd/0.01`")
    stored = launcher_attributes(launcher)
    drawn = {key.split(":")[2] for key in stored if key.startswith("dashboard:plot_data:")}
    assert drawn >= {"escape-rates", "not-yet-escaped"}


def launcher_attributes(launcher: Launcher) -> dict[str, object]:
    storage = open_optuna_storage(launcher.url)
    return dict(storage.get_study_system_attrs(storage.get_study_id_from_name("s")))


def test_publishing_again_writes_nothing(launcher: Launcher) -> None:
    launcher.run()
    publish(launcher)
    before = launcher_attributes(launcher)
    publish(launcher)
    assert launcher_attributes(launcher) == before


def test_notes_follow_the_record(launcher: Launcher) -> None:
    launcher.finish(launcher.claim())
    publish(launcher)
    assert "as 1 of 8 trials are settled" in get_note(published(launcher))
    launcher.run()
    publish(launcher)
    assert "Counted are 16 restarts of 8 configurations." in get_note(published(launcher))


def test_notes_of_people_stay(launcher: Launcher) -> None:
    launcher.finish(launcher.claim())
    publish(launcher)
    study = published(launcher)
    edited = get_note(study) + "\n\nAsk Ada."
    save_note(study, edited)
    save_note(trial(study, 0), "odd")
    launcher.store.mark_published(launcher.study.study_id, [(0, None, None)])
    launcher.run()
    publish(launcher)
    study = published(launcher)
    assert get_note(study) == edited
    assert get_note(trial(study, 0)) == "odd"
    assert is_ours(get_note(trial(study, 1)))
    save_note(study, "")
    publish(launcher)
    assert is_ours(get_note(published(launcher)))


def test_a_note_that_a_launch_was_killed_over_is_written_again(launcher: Launcher) -> None:
    launcher.run()
    publish(launcher)
    study = published(launcher)
    whole = get_note(study)
    save_note(study, f"half of another note\n{whole[-200:]}")
    study.set_user_attr(PAGES, "being written")
    publish(launcher)
    assert get_note(published(launcher)) == whole
    assert WRITER in whole


def test_notes_that_a_launch_was_killed_before_are_written_by_the_next(launcher: Launcher) -> None:
    launcher.finish(launcher.claim())
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(pages.Pages, "note_trials", _killed)
        with pytest.raises(KeyboardInterrupt):
            launcher.publish()
    assert get_note(trial(published(launcher), 0)) == ""
    publish(launcher)
    assert is_ours(get_note(trial(published(launcher), 0)))
    assert len(published(launcher).trials) == 1


def _killed(_pages: object, trials: object) -> None:
    if isinstance(trials, list):  # that were just published
        raise KeyboardInterrupt


def test_the_first_trials_have_notes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MOST_NOTED", 3)
    launcher = Launcher(tmp_path)
    launcher.run()
    publish(launcher)
    study = published(launcher)
    assert [bool(get_note(trial(study, number))) for number in range(5)] == [True] * 3 + [False] * 2


def test_the_curve_of_a_study_of_solving_is_of_solving(tmp_path: Path) -> None:
    launcher = Launcher(tmp_path, objective="solve-rate")
    launcher.run()
    publish(launcher)
    stored = "".join(
        str(value)
        for key, value in sorted(launcher_attributes(launcher).items())
        if key.startswith("dashboard:plot_data:not-yet-escaped:")
    )
    assert "Not yet solved" in stored


def test_what_people_call_next_works(launcher: Launcher) -> None:
    launcher.run()
    publish(launcher)
    study = published(launcher)
    frame = study.trials_dataframe()
    assert list(frame["value_escape rate"]) == [1.0] * 8
    assert set(frame["params_scaling"]) == {"none", "standard"}
    for plot in (
        optuna.visualization.plot_optimization_history,
        optuna.visualization.plot_slice,
        optuna.visualization.plot_parallel_coordinate,
    ):
        assert plot(study).data
