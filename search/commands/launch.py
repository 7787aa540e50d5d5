"""`launch`: run a study, or go on with it."""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

from search.commands.options import BatchSize, Listed, Varied, no_cache_option, storage_option
from search.problem.datasets import BUILT_IN
from search.problem.dimensions import HELD
from search.problem.errors import LaunchError
from search.problem.network import ACTIVATIONS
from search.problem.objectives import OBJECTIVES
from search.problem.optimizers import OPTIMIZERS
from search.problem.plan import Plan
from search.problem.samplers import SAMPLERS
from search.problem.scaling import SCALINGS
from search.problem.selection import MISSING
from search.reports.tables import show_standings
from search.statistics.ranking import Standing
from search.studies.study import DEFAULT_STORAGE, Study, open_study
from storage.url import shown

if TYPE_CHECKING:
    from search.commands.progress import LaunchProgress
    from search.problem.plan_fields import PlanFields
    from search.running.events import TrialTroubled

_Command = TypeVar("_Command", bound=Callable[..., Any])
_MOST_WORKERS = 1024
_DEFAULT = Plan()
_PROBLEM, _SPACE = _DEFAULT.problem, _DEFAULT.space


def _option(
    name: str,
    metavar: str,
    text: str,
    default: object = None,
    kind: click.ParamType[Any] | type | None = None,
) -> Callable[[_Command], _Command]:
    """An option that is None unless given; its help names the default that the plan has."""
    if default is not None:
        shown = ",".join(map(str, default)) if isinstance(default, tuple) else default
        text = f"{text}  [default: {shown}]"
    return click.option(name, metavar=metavar, type=kind, help=text)


def _names(names: Collection[str], last: str = ", ") -> str:
    *first, end = names
    return f"{', '.join(first)}{last}{end}"


@click.command()
@click.argument("plan", required=False, metavar="[PLAN]", type=click.Path(path_type=Path))
@_option("--study", "NAME", "Name of the study.", "that of the data")
@storage_option
@_option(
    "--data",
    "NAME|FILE",
    f"{_names(BUILT_IN)}, or a CSV or Parquet file with --target.",
    _PROBLEM.data.name,
)
@_option("--target", "COLUMN", "The file's column with the two classes.")
@_option("--drop", "COLUMNS", "Columns of the file that are no features.", kind=Listed())
@_option("--features", "COLUMNS", "The columns that are features, no others.", kind=Listed())
@_option(
    "--missing",
    "refuse|drop",
    "Refuse a file with missing cells, or drop their rows.",
    MISSING[0],
)
@_option("--hidden", "SIZES", "Hidden layers, like 2 or 4,4.", _PROBLEM.hidden, Listed(int))
@_option(
    "--activation",
    "NAME",
    f"Of the hidden layers: {_names(ACTIVATIONS)}.",
    _PROBLEM.activation,
)
@_option("--epochs", "N", "Epochs of each restart.", _PROBLEM.epochs, int)
@_option("--batch-size", "N|full", "Points in a step.", _PROBLEM.batch_size, BatchSize())
@_option(
    "--margin",
    "SHARE",
    "Accuracy above the plateau that counts as escaped.",
    _PROBLEM.margin,
    float,
)
@_option("--solved-at", "SHARE", "Accuracy that counts as solved.", _PROBLEM.solved_at, float)
@_option("--scaling", "NAMES", f"{_names(SCALINGS)}.", _SPACE.scalings, Listed())
@_option("--optimizer", "NAMES", f"{_names(OPTIMIZERS)}.", _SPACE.optimizers, Listed())
@_option(
    "--learning-rate",
    "RATES",
    "A list like 0.01,0.1 or a log-uniform range like 0.001:1.",
    _SPACE.learning_rates,
)
@click.option(
    "--vary",
    metavar="NAME=VALUES",
    multiple=True,
    type=Varied(),
    help=f"Another dimension that is searched, like batch_size=16,32,full or hidden=2,4-4; of "
    f"{_names(HELD)}. May be given several times.",
)
@_option("--restarts", "N", "Restarts (seeds) of each trial.", _DEFAULT.restarts, int)
@_option(
    "--trials",
    "N",
    "Size of the study; launching again goes on to it.",
    f"{_DEFAULT.trials}; with the sampler grid, one for each combination",
    int,
)
@_option("--sampler", "NAME", f"{_names(SAMPLERS, last=' or ')}.", _DEFAULT.sampler)
@_option(
    "--sampler-seed",
    "N",
    "Seed of the sampler and of the initialization seeds that the study picks.",
    _DEFAULT.sampler_seed,
    click.IntRange(min=0),
)
@_option(
    "--objective",
    "NAME",
    f"What the sampler seeks: {_names(OBJECTIVES, last=', or ')}.",
    _DEFAULT.objective,
)
@_option("--workers", "N", "Worker processes.", "one per core", click.IntRange(1, _MOST_WORKERS))
@_option(
    "--save-plan",
    "FILE",
    "Write all that the study is made from to a new plan file.",
    kind=click.Path(path_type=Path),
)
@click.option(
    "--describe", is_flag=True, help="Say what was read of the data; train and write nothing."
)
@no_cache_option
def launch(
    plan: Path | None,
    storage: str,
    workers: int | None,
    save_plan: Path | None,
    describe: bool,
    no_cache: bool,
    **options: Any,
) -> None:
    """Run a study, or go on with it: how often does each configuration escape the plateau?

    With no options it runs a study of the built-in data `bands`. PLAN is a TOML file of options;
    those given here take precedence. Launched again, a study goes on until it has --trials trials:
    options that are left out are the study's own, and its data, network, epochs, batch size, space
    and restarts cannot change.

    \b
    multirestart launch --optimizer sgd,adam,rmsprop --learning-rate 0.001:1 --trials 50
    multirestart launch --data points.csv --target class --drop id --describe
    multirestart launch --data points.csv --target class --hidden 4,4 --save-plan points.toml
    multirestart launch points.toml --trials 100
    """
    # Optuna, joblib and pydantic, imported late so that --help answers at once.
    from search.commands.describing import describe as describe_data
    from search.commands.progress import LaunchProgress

    fields = _asked(plan, options)
    if describe:
        if save_plan is not None:
            raise click.UsageError("--describe writes nothing: leave --save-plan out")
        describe_data(fields, storage)
        return
    with (
        LaunchProgress() as progress,
        _running(storage, fields, workers, save_plan, progress, cache=not no_cache) as found,
    ):
        progress.stop()
        _show(storage, found, progress.given_up)


def _show(storage: str, found: Study, given_up: Sequence[TrialTroubled]) -> None:
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
    _say_what_next(storage, found, standings[0])


def _asked(plan: Path | None, options: Mapping[str, Any]) -> PlanFields:
    """The fields of the plan file, if there is one, with the options that were given."""
    from search.problem.plan_fields import PlanFields
    from search.problem.plan_files import read_plan

    fields = PlanFields() if plan is None else read_plan(plan)
    given = {option: value for option, value in options.items() if value is not None}
    vary = given.pop("vary")
    return fields.overridden({**given, "vary": dict(vary)} if vary else given)


@contextmanager
def _running(
    storage: str,
    fields: PlanFields,
    workers: int | None,
    save_plan: Path | None,
    progress: LaunchProgress,
    *,
    cache: bool,
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
            ) as name,
        ):
            yield open_study(storage, name)


def _say_what_next(storage: str, study: Study, best: Standing) -> None:
    at = "" if storage == DEFAULT_STORAGE else f" --storage {shlex.quote(shown(storage))}"
    where = f" --study {shlex.quote(study.name)}{at}"
    by = "" if study.sought.is_of_launch else f" --success {study.sought}"
    restart = f" --trial {best.counts.best_trial} --seed {best.counts.best_seed}"
    commands = [
        (
            f"launch{where} --trials {2 * study.record.search['trials']}",
            "more restarts, narrower intervals",
        ),
        (f"best{where}{by}", "this table again; --format json for programs"),
        (f"dashboard{at}", "the study in a browser"),
    ]
    if best.counts.best_seed is not None:
        commands.insert(1, (f"reference{where}{restart}", "check the best restart by plain Keras"))
    width = max(len(command) for command, _ in commands)
    click.echo("What next:", err=True)
    for command, purpose in commands:
        click.echo(f"  multirestart {command:<{width}}  # {purpose}", err=True)
