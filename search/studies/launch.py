"""Launching a study from Python: `multirestart.launch`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from search.problem.arguments import Arguments
from search.problem.plan import Plan
from search.studies.opening import DEFAULT_STORAGE, STORAGE_RULE, open_study
from search.studies.study import Study

if TYPE_CHECKING:
    from search.running.events import OnEvent


def launch(
    plan: Plan | None = None,
    *,
    storage: str = DEFAULT_STORAGE,
    workers: int | None = None,
    on_event: OnEvent | None = None,
    cache: bool = True,
    cluster: str | None = None,
) -> Study:
    """Run a study to its size, or go on with the one of that name. Prints nothing.

    Ctrl-C gives back the trials under way; the same call goes on from those that are complete.

    Args:
        plan: What the study is made from; that of the source problem if None.
        storage: URL of its database.
        workers: Worker processes; one per core if None.
        on_event: Told what happens as it happens, some of it from another thread.
        cache: Keep compiled programs in the user's cache folder, and use those that are there.
        cluster: Train on a Dask cluster, "local" for one on this machine, or its scheduler's
            address like "tcp://host:8786"; None for worker processes of this machine.

    Returns:
        The study, to be read.

    Raises:
        UserError: If a value breaks its rule, or the study is there with another problem or search
            space.
        LaunchError: If no worker can train anything, the study was deleted, or a Dask scheduler
            cannot be reached.
        RecordError: If the database cannot be used.
    """
    # Optuna and joblib, which reading does without.
    from search.running.interrupts import Interrupts
    from search.studies.launching import running

    arguments = Arguments()
    is_plan = plan is None or isinstance(plan, Plan)
    arguments.check(is_plan, "plan", "must be a Plan like Plan(name='bands')", plan)
    arguments.check(isinstance(storage, str), "storage", STORAGE_RULE, storage)
    arguments.function("on_event", on_event)
    arguments.raise_any()
    asked = Plan() if plan is None else plan
    with (
        Interrupts().caught() as interrupts,
        running(
            storage,
            lambda _names: asked.name,
            lambda _kept: asked,
            workers,
            on_event or (lambda _event: None),
            interrupts,
            cache=cache,
            cluster=cluster,
        ) as name,
    ):
        return open_study(storage, name)
