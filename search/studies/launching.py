"""Launching a study: opened, run to its size by workers here or of a cluster, and published."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, nullcontext
from functools import partial

from search.problem.plan import Plan
from search.running.engines import make_engine
from search.running.events import LaunchBegan, OnEvent, WaitingForLock
from search.running.interrupts import Interrupts
from search.running.opening import open_study
from search.running.raced_search import RoundsTold, study_progress
from search.running.races import renew_race
from storage.url import is_there, parse_url, sqlite_path


@contextmanager
def running(
    storage: str,
    choose: Callable[[list[str]], str],
    make_plan: Callable[[Plan | None], Plan],
    workers: int | None,
    on_event: OnEvent,
    interrupts: Interrupts,
    *,
    cache: bool = True,
    cluster: str | None = None,
) -> Iterator[str]:
    """Run the study that is chosen among those there, by the plan made from what is kept of it.

    The context is entered when all its trials are settled, and yields the study's name; what
    Optuna's dashboard shows of it is level at the end of the context.

    Args:
        storage: URL of the database.
        choose: The study's name, given the names of the studies there.
        make_plan: Its plan, given the plan that is kept, if there is one.
        workers: Worker processes; one per core if None.
        on_event: Told what happens as it happens, some of it from another thread.
        interrupts: What answers Ctrl-C.
        cache: Keep compiled programs in the user's cache folder, and use those that are there.
        cluster: "local" or the address of a Dask scheduler; None for processes of this machine.

    Raises:
        UserError: If the study is there with another problem or search space, or a value breaks
            its rule.
        LaunchError: If no worker can train anything, the study was deleted, paused or cancelled,
            or a Dask scheduler cannot be reached.
        RecordError: If the database cannot be used.
    """
    engine, count = make_engine(cluster, workers, on_event, cache=cache)
    study = open_study(
        storage,
        choose,
        make_plan,
        refuse_new=partial(refuse_taken_name, storage),
        on_wait=lambda seconds: on_event(WaitingForLock(seconds)),
    )
    with closing(study.store) as store, store.liveness() as liveness:
        renew_race(study)
        progress = study_progress(study)
        counts = store.configuration_counts(study.study_id)
        on_event(
            LaunchBegan(study.plan, progress.settled, progress.is_over, count, counts, cluster)
        )
        with nullcontext() if progress.is_over else engine:
            # Optuna, while the workers import TensorFlow.
            from search.dashboard.publisher import Publisher
            from search.running.orders import OrderedSource, settle, want
            from search.running.run import run_trials

            want(store, study.study_id)
            with Publisher(study, on_event):
                if not progress.is_over:
                    source = OrderedSource(study, liveness)
                    rounds = RoundsTold(on_event)
                    with closing(run_trials(source, engine, interrupts)) as events:
                        for event in events:
                            on_event(event)
                            rounds.look(source.racing)
                    source.refuse_held()
                settle(study)
                yield study.plan.name


def refuse_taken_name(storage: str, name: str) -> None:
    """Refuse a name that a study of Optuna's own has. Raises UserError, RecordError."""
    path = sqlite_path(parse_url(storage))
    if path is None or is_there(path):
        from search.dashboard.optuna_storage import refuse_taken_name  # Optuna

        refuse_taken_name(storage, name)
