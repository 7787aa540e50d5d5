"""Launching a study: opened, run to its size by workers of this machine, and published."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from functools import partial

from search.dashboard.optuna_storage import refuse_taken_name
from search.dashboard.publisher import Publisher
from search.problem.plan import Plan
from search.running.cores import worker_count
from search.running.events import LaunchBegan, OnEvent, WaitingForLock
from search.running.interrupts import Interrupts
from search.running.opening import open_study
from search.running.run import run_trials
from search.running.search_source import SearchSource
from search.running.workers import LocalWorkers


def run_study(
    storage: str,
    choose: Callable[[list[str]], str],
    make_plan: Callable[[Plan | None], Plan],
    workers: int | None,
    on_event: OnEvent,
    interrupts: Interrupts,
) -> str:
    """Run the study that is chosen among those there, by the plan made from what is kept of it.

    Args:
        storage: URL of the database.
        choose: The study's name, given the names of the studies there.
        make_plan: Its plan, given the plan that is kept, if there is one.
        workers: Worker processes; one per core if None.
        on_event: Told what happens as it happens, some of it from another thread.
        interrupts: What answers Ctrl-C.

    Returns:
        The study's name.

    Raises:
        UserError: If the study is there with another problem or search space.
        LaunchError: If no worker can train anything, or the study was deleted.
        RecordError: If the database cannot be used.
    """
    count = worker_count(workers)
    study = open_study(
        storage,
        choose,
        make_plan,
        refuse_new=partial(refuse_taken_name, storage),
        on_wait=lambda seconds: on_event(WaitingForLock(seconds)),
    )
    with (
        closing(study.store) as store,
        store.liveness() as liveness,
        Publisher(study, on_event),
    ):
        source = SearchSource(study, liveness)
        progress = source.progress()
        counts = store.configuration_counts(study.study_id)
        on_event(LaunchBegan(study.plan, progress.settled, progress.is_over, count, counts))
        if not progress.is_over:
            with (
                LocalWorkers(count) as engine,
                closing(run_trials(source, engine, interrupts)) as events,
            ):
                for event in events:
                    on_event(event)
    return study.plan.name
