"""`launch`: run a study, or go on with it."""

from __future__ import annotations

import shlex
from collections.abc import Collection, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from search.commands.options import Listed, storage_option
from search.problem.datasets import BUILT_IN
from search.problem.errors import LaunchError
from search.problem.network import ACTIVATIONS
from search.problem.objectives import OBJECTIVES
from search.problem.optimizers import OPTIMIZERS
from search.problem.plan import Plan
from search.problem.samplers import SAMPLERS
from search.problem.scaling import SCALINGS
from search.reports.tables import show_standings
from search.statistics.ranking import Standing
from search.studies.study import DEFAULT_STORAGE, Study, open_study
from storage.url import shown

if TYPE_CHECKING:
    from search.commands.progress import LaunchProgress
    from search.problem.plan_fields import PlanFields

_MOST_WORKERS = 1024
_DEFAULT = Plan()
_PROBLEM, _SPACE = _DEFAULT.problem, _DEFAULT.space


def _with_default(text: str, value: object) -> str:
    """The help of an option whose default the plan has."""
    shown = ",".join(map(str, value)) if isinstance(value, tuple) else value
    return f"{text}  [default: {shown}]"


def _names(names: Collection[str], last: str = ", ") -> str:
    *first, end = names
    return f"{', '.join(first)}{last}{end}"


@click.command(short_help="Run a study, or go on with it.")
@click.argument("plan", required=False, metavar="[PLAN]", type=click.Path(path_type=Path))
@click.option("--study", metavar="NAME", help="Name of the study.  [default: that of the data]")
@storage_option
@click.option(
    "--data",
    metavar="NAME|FILE",
    help=_with_default(f"{_names(BUILT_IN)}, or a CSV file with --target.", _PROBLEM.data.name),
)
@click.option("--target", metavar="COLUMN", help="The CSV file's column with the two classes.")
@click.option(
    "--hidden",
    type=Listed(int),
    metavar="SIZES",
    help=_with_default("Hidden layers, like 2 or 4,4.", _PROBLEM.hidden),
)
@click.option(
    "--activation",
    metavar="NAME",
    help=_with_default(f"Of the hidden layers: {_names(ACTIVATIONS)}.", _PROBLEM.activation),
)
@click.option(
    "--epochs",
    type=int,
    metavar="N",
    help=_with_default("Epochs of each restart.", _PROBLEM.epochs),
)
@click.option(
    "--batch-size",
    type=int,
    metavar="N",
    help=_with_default("Points in a step.", _PROBLEM.batch_size),
)
@click.option(
    "--margin",
    type=float,
    metavar="SHARE",
    help=_with_default("Accuracy above the plateau that counts as escaped.", _PROBLEM.margin),
)
@click.option(
    "--solved-at",
    type=float,
    metavar="SHARE",
    help=_with_default("Accuracy that counts as solved.", _PROBLEM.solved_at),
)
@click.option(
    "--scaling",
    type=Listed(),
    metavar="NAMES",
    help=_with_default(f"{_names(SCALINGS)}.", _SPACE.scalings),
)
@click.option(
    "--optimizer",
    type=Listed(),
    metavar="NAMES",
    help=_with_default(f"{_names(OPTIMIZERS)}.", _SPACE.optimizers),
)
@click.option(
    "--learning-rate",
    metavar="RATES",
    help=_with_default(
        "A list like 0.01,0.1 or a log-uniform range like 0.001:1.", _SPACE.learning_rates
    ),
)
@click.option(
    "--restarts",
    type=int,
    metavar="N",
    help=_with_default("Restarts (seeds) of each trial.", _DEFAULT.restarts),
)
@click.option(
    "--trials",
    type=int,
    metavar="N",
    help=_with_default(
        "Size of the study; launching again goes on to it.",
        f"{_DEFAULT.trials}; with the sampler grid, one for each combination",
    ),
)
@click.option(
    "--sampler",
    metavar="NAME",
    help=_with_default(f"{_names(SAMPLERS, last=' or ')}.", _DEFAULT.sampler),
)
@click.option(
    "--sampler-seed",
    type=click.IntRange(min=0),
    metavar="N",
    help=_with_default(
        "Seed of the sampler and of the initialization seeds that the study picks.",
        _DEFAULT.sampler_seed,
    ),
)
@click.option(
    "--objective",
    metavar="NAME",
    help=_with_default(
        f"What the sampler seeks: {_names(OBJECTIVES, last=', or ')}.", _DEFAULT.objective
    ),
)
@click.option(
    "--workers",
    type=click.IntRange(1, _MOST_WORKERS),
    metavar="N",
    help="Worker processes.  [default: one per core]",
)
@click.option(
    "--save-plan",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Write all that the study is made from to a new plan file.",
)
def launch(
    plan: Path | None,
    storage: str,
    workers: int | None,
    save_plan: Path | None,
    **options: Any,
) -> None:
    """Run a study, or go on with it: how often does each configuration escape the plateau?

    With no options it runs a study of the built-in data `bands`. PLAN is a TOML file of options;
    those given here take precedence. Launched again, a study goes on until it has --trials trials:
    options that are left out are the study's own, and its data, network, epochs, batch size, space
    and restarts cannot change.

    \b
    multirestart launch --optimizer sgd,adam,rmsprop --learning-rate 0.001:1 --trials 50
    multirestart launch --data points.csv --target class --hidden 4,4 --save-plan points.toml
    multirestart launch points.toml --trials 100
    """
    # Optuna, joblib and pydantic, imported late so that --help answers at once.
    from search.commands.progress import LaunchProgress

    fields = _asked(plan, options)
    with LaunchProgress() as progress:
        found = _run(storage, fields, workers, save_plan, progress)
    with found.snapshot():
        standings = found.best()
    given_up = progress.given_up
    if not standings:
        reason = given_up[-1].reason if given_up else "all were given up, as the dashboard tells"
        raise LaunchError(f"no trial of {found.name!r} could be trained: {reason}")
    show_standings(
        found.name, found.problem, found.space, standings, top=20, front=found.seeks_both
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
    return fields.overridden(
        {option: value for option, value in options.items() if value is not None}
    )


def _run(
    storage: str,
    fields: PlanFields,
    workers: int | None,
    save_plan: Path | None,
    progress: LaunchProgress,
) -> Study:
    """Run the study, its plan saved as soon as the study is open if there is a file for it."""
    from search.problem.plan_files import NewPlanFile, saved_fields, to_toml
    from search.running.events import Event, LaunchBegan
    from search.running.interrupts import Interrupts
    from search.studies.launching import run_study

    def make_plan(kept: Plan | None) -> Plan:
        plan = fields.plan(kept)
        if save_plan is not None:
            saved_fields(plan, fields, save_plan.parent)  # refuses data that no file holds
        return plan

    with (
        Interrupts(ends_process=True).caught() as interrupts,
        NewPlanFile(save_plan) if save_plan is not None else nullcontext() as file,
    ):

        def on_event(event: Event) -> None:
            if isinstance(event, LaunchBegan) and save_plan is not None and file is not None:
                file.keep(to_toml(saved_fields(event.plan, fields, save_plan.parent)))
            progress(event)

        name = run_study(storage, fields.name_among, make_plan, workers, on_event, interrupts)
    return open_study(storage, name)


def _say_what_next(storage: str, study: Study, best: Standing) -> None:
    at = "" if storage == DEFAULT_STORAGE else f" --storage {shlex.quote(shown(storage))}"
    where = f" --study {shlex.quote(study.name)}{at}"
    restart = f" --trial {best.counts.best_trial} --seed {best.counts.best_seed}"
    commands = [
        (
            f"launch{where} --trials {2 * study.record.search['trials']}",
            "more restarts, narrower intervals",
        ),
        (f"best{where}", "this table again; --format json for programs"),
        (f"dashboard{at}", "the study in a browser"),
    ]
    if best.counts.best_seed is not None:
        commands.insert(1, (f"reference{where}{restart}", "check the best restart by plain Keras"))
    width = max(len(command) for command, _ in commands)
    click.echo("What next:", err=True)
    for command, purpose in commands:
        click.echo(f"  multirestart {command:<{width}}  # {purpose}", err=True)
