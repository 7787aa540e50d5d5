"""`launch`: run a study, or go on with it."""

from __future__ import annotations

import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.commands.asked import asked_fields, say_commands
from search.commands.launch_options import option, plan_options
from search.commands.lean import without_scikit_learn
from search.commands.options import (
    cluster_option,
    no_cache_option,
    storage_option,
    verbosity_of,
    verbosity_options,
)
from search.commands.server import served
from search.problem.errors import LaunchError
from search.problem.plan import Plan
from search.reports.tables import show_standings
from search.statistics.ranking import Standing
from search.studies.opening import DEFAULT_STORAGE, open_study
from search.studies.study import Study
from storage.url import shown

if TYPE_CHECKING:
    from search.commands.progress import LaunchProgress
    from search.problem.plan_fields import PlanFields
    from search.running.events import TrialTroubled

_MOST_WORKERS = 1024


@click.command()
@click.argument("plan", required=False, metavar="[PLAN]", type=click.Path(path_type=Path))
@plan_options
@storage_option
@option("--workers", "N", "Worker processes.", "one per core", click.IntRange(1, _MOST_WORKERS))
@cluster_option
@option(
    "--save-plan",
    "FILE",
    "Write all that the study is made from to a new plan file.",
    kind=click.Path(path_type=Path),
)
@click.option(
    "--describe", is_flag=True, help="Say what was read of the data; train and write nothing."
)
@no_cache_option
@click.option(
    "--detach", is_flag=True, help="With --server: submit the study, and do not wait for it."
)
@verbosity_options
@served("launch_over_service", "workers", "cluster", "save_plan", "describe", "no_cache")
def launch(
    plan: Path | None,
    storage: str,
    workers: int | None,
    cluster: str | None,
    save_plan: Path | None,
    describe: bool,
    no_cache: bool,
    detach: bool,
    quiet: bool,
    verbose: bool,
    **options: Any,
) -> None:
    """Run a study, or go on with it: how often does each configuration escape the plateau?

    With no options it runs a study of the built-in data `bands`. PLAN is a TOML file of options;
    those given here take precedence. Launched again, a study goes on until it has --trials trials:
    options that are left out are the study's own, and its data, network, training, space and
    restarts cannot change.

    \b
    multirestart launch --optimizer sgd,adam,rmsprop --learning-rate 0.001:1 --trials 50
    multirestart launch --data points.csv --target class --drop id --describe
    multirestart launch --data points.csv --target class --hidden 4,4 --save-plan points.toml
    multirestart launch points.toml --trials 100
    """
    # Optuna, joblib and pydantic, imported late so that --help answers at once.
    from search.commands.describing import describe as describe_data
    from search.commands.progress import LaunchProgress

    if detach:
        raise click.UsageError("--detach goes with --server, which says where it is trained")
    verbosity = verbosity_of(quiet=quiet, verbose=verbose)
    fields = asked_fields(plan, options)
    if describe:
        if save_plan is not None:
            raise click.UsageError("--describe writes nothing: leave --save-plan out")
        describe_data(fields, storage)
        return
    with (
        without_scikit_learn(),
        LaunchProgress(verbosity) as progress,
        _running(
            storage, fields, workers, save_plan, progress, cache=not no_cache, cluster=cluster
        ) as found,
    ):
        progress.stop()
        _show(storage, found, progress.given_up, says_next=not quiet)


def _show(
    storage: str, found: Study, given_up: Sequence[TrialTroubled], *, says_next: bool
) -> None:
    """What came of the study, and what can be done next."""
    with found.snapshot():
        standings = found.best(found.sought)
    if not standings:
        reason = given_up[-1].reason if given_up else "all were given up, as the dashboard tells"
        raise LaunchError(f"no trial of {found.name!r} could be trained: {reason}")
    show_standings(
        *(found.name, found.problem, found.space, standings),
        top=20,
        success=found.sought,
        front=found.seeks_both,
    )
    if given_up:
        what = "1 trial was" if len(given_up) == 1 else f"{len(given_up)} trials were"
        click.echo(f"{what} given up and counts in no figure.", err=True)
    search, states = found.record.search, found.store.count_trials(found.study_id)
    settled = sum(count for state, count in states.items() if state.is_final)
    width = search.get("until_precision")
    if says_next and width and settled < search["trials"]:
        from search.commands.describing import ended_precise

        click.echo(f"The study {ended_precise(settled, width)}.", err=True)
    if says_next and search.get("race"):
        click.echo("The race of the best: multirestart race shows how it ended.", err=True)
    if says_next:
        _say_what_next(storage, found, standings[0])


@contextmanager
def _running(
    storage: str,
    fields: PlanFields,
    workers: int | None,
    save_plan: Path | None,
    progress: LaunchProgress,
    *,
    cache: bool,
    cluster: str | None,
) -> Iterator[Study]:
    """Run the study, its plan saved as soon as the study is open if there is a file for it."""
    from search.problem.plan_files import NewPlanFile, saved_fields, to_toml
    from search.running.events import Event, LaunchBegan
    from search.running.interrupts import Interrupts
    from search.studies.launching import running

    def make_plan(kept: Plan | None) -> Plan:
        plan = fields.plan(kept)
        if save_plan is not None:
            saved_fields(plan, fields, save_plan.parent)  # refuses data that no file holds
        return plan

    with NewPlanFile(save_plan) if save_plan is not None else nullcontext() as file:

        def on_event(event: Event) -> None:
            if isinstance(event, LaunchBegan) and save_plan is not None and file is not None:
                file.keep(to_toml(saved_fields(event.plan, fields, save_plan.parent)))
            progress(event)

        with (
            Interrupts(ends_process=True).caught() as interrupts,
            running(
                storage,
                fields.name_among,
                make_plan,
                workers,
                on_event,
                interrupts,
                cache=cache,
                cluster=cluster,
            ) as name,
        ):
            study = open_study(storage, name)
            with closing(study.store):  # before the launch's own, so that SQLite's log goes too
                yield study


def _say_what_next(storage: str, study: Study, best: Standing) -> None:
    at = "" if storage == DEFAULT_STORAGE else f" --storage {shlex.quote(shown(storage))}"
    where = f" --study {shlex.quote(study.name)}{at}"
    by = "" if study.sought.is_of_launch else f" --success {study.sought}"
    restart = f" --trial {best.counts.best_trial} --seed {best.counts.best_seed}"
    size, width = study.record.search["trials"], study.record.search.get("until_precision")
    more = f"--until-precision {width / 2:g}" if width else f"--trials {2 * size}"
    commands = [
        (f"launch{where} {more}", "more restarts, narrower intervals"),
        (f"best{where}{by}", "this table again; --format json for programs"),
        (f"dashboard{at}", "the study in a browser"),
    ]
    if best.counts.best_seed is not None:
        commands.insert(1, (f"reference{where}{restart}", "check the best restart by plain Keras"))
    say_commands(commands)
