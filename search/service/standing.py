"""Where each study stands: its state, its place in the queue, and when it is expected to end."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Sequence

from pydantic import BaseModel, Field

from search.problem.rows import StudySummary
from search.reports.study_tables import study_json
from search.statistics.finishing import PastTrial, expected_finish
from storage.contract import Store
from storage.launchers import Liveness
from storage.values import QueueEntry, StudyState, TrialState

_SECONDS_THAT_COUNT = 3600.0
_TRIALS_THAT_COUNT = 20


class ExpectedFinish(BaseModel):
    """When a study is expected to have its size, as Unix times, if workers go on as they do now."""

    at: float
    earliest: float = Field(description="Lower end of a 95% prediction interval.")
    latest: float = Field(description="Its upper end.")
    by: str = Field(description="What it goes by, and what it does not know.")


class TrialCounts(BaseModel):
    """Trials of the search: settled (complete or given up), under way, and the study's size."""

    settled: int
    complete: int
    running: int
    of: int


class StudyStanding(BaseModel):
    """Where a study stands. Times are Unix times."""

    name: str
    state: StudyState
    priority: int
    submitted: float
    changed: float
    place: int | None = Field(description="Place in the queue from 1; null if it is not queued.")
    trials: TrialCounts
    restarts: int = Field(description="Restarts that are complete, those of races included.")
    escaped: int
    data: str
    network: str
    epochs: int
    expected_finish: ExpectedFinish | None
    reason: str | None = Field(description="Why it failed.")


def standings(store: Store, liveness: Liveness) -> list[StudyStanding]:
    """All studies in the order of the queue, those that are not queued behind."""
    with store.transaction():
        entries = store.entries()
        summaries = {summary.name: summary for summary in store.study_summaries()}
        shown = [entry for entry in entries if entry.name in summaries]
        states = store.trial_counts()
        counted = {
            entry.study_id: _counts(
                store, liveness, entry, summaries[entry.name], states.get(entry.study_id, Counter())
            )
            for entry in shown
        }
        past = _past(store, {entry.study_id: summaries[entry.name].problem for entry in shown})
    now, found, work, trials_left, place = time.time(), [], 0.0, 0, 0
    is_worked_on = any(counts.running for counts in counted.values())
    for entry in sorted(shown, key=lambda each: each.state is not StudyState.QUEUED):
        summary, counts = summaries[entry.name], counted[entry.study_id]
        is_queued = entry.state is StudyState.QUEUED
        expected = None
        if is_queued:
            place += 1
            left = max(counts.of - counts.settled, 0)
            work += left * _work(summary)
            trials_left += left
            if is_worked_on:
                expected = _expected(past, work, trials_left, now)
        row = study_json(summary)
        state = StudyState.RUNNING if is_queued and counts.running else entry.state
        found.append(
            StudyStanding(
                name=entry.name,
                state=state,
                priority=entry.priority,
                submitted=entry.submitted,
                changed=entry.changed,
                place=place if is_queued else None,
                trials=counts,
                restarts=summary.restarts,
                escaped=summary.escaped,
                data=row["data"],
                network=row["network"],
                epochs=row["epochs"],
                expected_finish=expected,
                reason=entry.reason,
            )
        )
    return found


def _counts(
    store: Store,
    liveness: Liveness,
    entry: QueueEntry,
    summary: StudySummary,
    counts: Counter[TrialState],
) -> TrialCounts:
    running = counts[TrialState.RUNNING] and _running(store, liveness, entry.study_id)
    return TrialCounts(
        settled=sum(count for state, count in counts.items() if state.is_final),
        complete=counts[TrialState.COMPLETE],
        running=running,
        of=summary.size,
    )


def _running(store: Store, liveness: Liveness, study_id: int) -> int:
    """Trials that a living launcher trains: those of a dead one are as good as waiting."""
    launchers = [
        trial.launcher
        for trial in store.unfinished_trials(study_id)
        if trial.state is TrialState.RUNNING and trial.launcher is not None
    ]
    alive = {launcher: liveness.is_alive(launcher) for launcher in set(launchers)}
    return sum(alive[launcher] for launcher in launchers)


def _work(summary: StudySummary) -> float:
    """Work of a trial: restarts x epochs."""
    return float(summary.trial_restarts * summary.problem["epochs"])


def _past(store: Store, problems: dict[int, dict[str, int]]) -> list[PastTrial]:
    since = time.time() - _SECONDS_THAT_COUNT
    return [
        PastTrial(trial.restarts * problems[trial.study_id]["epochs"], trial.began, trial.ended)
        for trial in store.finished_lately(_TRIALS_THAT_COUNT)
        if trial.study_id in problems and trial.ended > since and problems[trial.study_id]["epochs"]
    ]


def _expected(
    past: Sequence[PastTrial], work: float, trials: int, now: float
) -> ExpectedFinish | None:
    found = expected_finish(past, work, trials, now)
    if found is None:
        return None
    return ExpectedFinish(
        at=found.at,
        earliest=found.earliest,
        latest=found.latest,
        by=f"the last {found.trials} trials of all studies; if workers neither come nor go, and "
        "nothing of higher priority is submitted",
    )
