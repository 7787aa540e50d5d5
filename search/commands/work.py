"""`work`: train whichever study is next."""

from __future__ import annotations

import os
import signal
import threading
import time

import click

from search.commands.launch_options import option
from search.commands.lean import without_scikit_learn
from search.commands.options import cluster_option, no_cache_option, storage_option
from storage.url import shown

_MOST_WORKERS = 1024


@click.command()
@storage_option
@option("--workers", "N", "Worker processes.", "one per core", click.IntRange(1, _MOST_WORKERS))
@cluster_option
@click.option("--until-empty", is_flag=True, help="End when no study is queued any more.")
@no_cache_option
@click.option("-q", "--quiet", is_flag=True, help="Say of no trial how it ended.")
def work(
    storage: str,
    workers: int | None,
    cluster: str | None,
    until_empty: bool,
    no_cache: bool,
    quiet: bool,
) -> None:
    """Train the trials of whichever study is next, by priority and age, until told to stop.

    Any number may work on one database at once, beside launches: they share the trials of a study.
    What is submitted, paused or cancelled meanwhile counts from the next trial on. Ctrl-C and
    SIGTERM give back the trials under way and end it.

    \b
    multirestart work --until-empty
    """
    from search.commands.work_log import WorkLog  # Optuna, as in `launch`
    from search.running.interrupts import Interrupted, Interrupts
    from search.studies.working import work as work_on

    log = WorkLog(says_trials=not quiet)
    _end_with_service()
    try:
        with without_scikit_learn(), Interrupts(ends_process=True).caught() as interrupts:
            log.say(f"Working on the queue of {shown(storage)}  (Ctrl-C to stop)")
            work_on(
                storage,
                workers,
                log.event,
                log.trial,
                log.state,
                interrupts,
                until_empty=until_empty,
                cache=not no_cache,
                cluster=cluster,
            )
    except Interrupted:
        log.say("Stopped; the trials under way are given back.")


def _end_with_service() -> None:
    """End, as at SIGTERM, when the `serve` that started this is gone, however it ended."""
    parent = os.environ.get("MULTIRESTART_SERVE_PID")
    if parent is None:
        return

    def watch() -> None:
        while os.getppid() == int(parent):
            time.sleep(1.0)
        os.kill(os.getpid(), signal.SIGTERM)

    threading.Thread(target=watch, daemon=True).start()
