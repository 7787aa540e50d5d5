"""`launch`: run a study, or go on with it."""

from __future__ import annotations

import shlex
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import click

from search.commands.options import Listed, storage_option, worker_count
from search.opened import DEFAULT_STORAGE
from search.problem.configuration import SearchSpace, parse_learning_rates
from search.problem.csv_data import load_data
from search.problem.datasets import BUILT_IN, Dataset
from search.problem.errors import Faults, LaunchError
from search.problem.network import ACTIVATIONS
from search.problem.problem import Problem
from search.reports.tables import show_standings
from search.statistics.ranking import Standing, ranked
from storage.database import shown
from storage.reading import configuration_counts

if TYPE_CHECKING:
    from search.problem.plan import Plan

DEFAULT_DATA = "bands"
DEFAULT_SPACE = SearchSpace(("none", "standard"), ("sgd", "adam"), (0.01, 0.1))
DEFAULT_RESTARTS = 256
DEFAULT_TRIALS = 24
_MOST_WORKERS = 1024


_OF_PROBLEM = ("hidden", "activation", "epochs", "batch_size", "margin", "solved_at")


@click.command(short_help="Run a study, or go on with it.")
@click.option("--study", metavar="NAME", help="Name of the study.  [default: that of the data]")
@storage_option
@click.option(
    "--data",
    metavar="NAME|FILE",
    help="bands, bands2d, xor, or a CSV file with --target.  [default: bands]",
)
@click.option("--target", metavar="COLUMN", help="The CSV file's column with the two classes.")
@click.option(
    "--hidden",
    type=Listed(int),
    metavar="SIZES",
    help="Hidden layers, like 2 or 4,4.  [default: 2]",
)
@click.option(
    "--activation",
    metavar="NAME",
    help=f"Of the hidden layers: {', '.join(ACTIVATIONS)}.  [default: sigmoid]",
)
@click.option("--epochs", type=int, metavar="N", help="Epochs of each restart.  [default: 200]")
@click.option("--batch-size", type=int, metavar="N", help="Points in a step.  [default: 32]")
@click.option(
    "--margin",
    type=float,
    metavar="SHARE",
    help="Accuracy above the plateau that counts as escaped.  [default: 0.01]",
)
@click.option(
    "--solved-at",
    type=float,
    metavar="SHARE",
    help="Accuracy that counts as solved.  [default: 0.99]",
)
@click.option(
    "--scaling",
    type=Listed(),
    metavar="NAMES",
    help="none, standard, minmax, maxabs, robust.  [default: none,standard]",
)
@click.option(
    "--optimizer",
    type=Listed(),
    metavar="NAMES",
    help="sgd, momentum, nesterov, rmsprop, adam, adamw, nadam, adamax, adagrad, adadelta, ftrl, "
    "lion.  [default: sgd,adam]",
)
@click.option(
    "--learning-rate",
    metavar="RATES",
    help="A list like 0.01,0.1 or a log-uniform range like 0.001:1.  [default: 0.01,0.1]",
)
@click.option(
    "--restarts", type=int, metavar="N", help="Restarts (seeds) of each trial.  [default: 256]"
)
@click.option(
    "--trials",
    type=int,
    metavar="N",
    help="Size of the study; launching again goes on to it.  [default: 24, or the grid once]",
)
@click.option(
    "--sampler",
    metavar="NAME",
    help="tpe, random, grid or qmc.  [default: tpe]",
)
@click.option(
    "--sampler-seed",
    type=click.IntRange(min=0),
    metavar="N",
    help="Seed of the sampler and of the initialization seeds that the study picks.  [default: 0]",
)
@click.option(
    "--objective",
    metavar="NAME",
    help="What the sampler seeks: escape-rate, expected-epochs, or both.  [default: escape-rate]",
)
@click.option(
    "--workers",
    type=click.IntRange(1, _MOST_WORKERS),
    metavar="N",
    help="Worker processes.  [default: one per core]",
)
def launch(
    study: str | None,
    storage: str,
    workers: int | None,
    **options: Any,
) -> None:
    """Run a study, or go on with it: how often does each configuration escape the plateau?

    With no options it runs a study of the source problem. Launched again, a study goes on to
    --trials and keeps what it holds fixed: options that are left out are the study's own.

    \b
    multirestart launch --optimizer sgd,adam,rmsprop --learning-rate 0.001:1 --trials 50
    multirestart launch --data points.csv --target class --hidden 4,4
    """
    # Optuna and joblib, imported late so that --help answers at once.
    from search.commands.progress import run_with_progress
    from search.running.interrupts import Interrupts
    from search.running.search_ledger import SearchLedger
    from search.running.study import open_study
    from storage.liveness import presence_in
    from storage.updating import bring_up_to_date

    data = _data(options["data"], options["target"])
    name = study if study is not None else data.name if data else DEFAULT_DATA
    copy = bring_up_to_date(storage)
    if copy is not None:
        click.echo(f"Updated the record in {shown(storage)}; as it was, it is in {copy}.", err=True)
    with Interrupts().caught() as interrupts:
        count = worker_count(workers)
        opened = open_study(storage, name, lambda kept: _plan(name, data, options, kept))
        plan = opened.plan
        with presence_in(storage) as presence:
            ledger = SearchLedger(opened, presence)
            given_up = run_with_progress(opened, ledger, count, interrupts)
    counts = configuration_counts(opened.database, opened.study_id, plan.problem.epochs)
    standings = ranked(counts)
    if not standings:
        reason = given_up[-1].reason if given_up else "all were given up, as the dashboard tells"
        raise LaunchError(f"no trial of {plan.name!r} could be trained: {reason}")
    show_standings(
        plan.name, plan.problem, plan.space, standings, top=20, front=plan.objective == "both"
    )
    if given_up:
        what = "1 trial was" if len(given_up) == 1 else f"{len(given_up)} trials were"
        click.echo(f"{what} given up and counts in no figure.", err=True)
    _say_what_next(storage, plan, standings[0])


def _data(name: str | None, target: str | None) -> Dataset | None:
    """The data that were asked for; None if the options were left out."""
    if name is None and target is None:
        return None
    return load_data(DEFAULT_DATA if name is None else name, target)


def _plan(name: str, data: Dataset | None, options: dict[str, Any], kept: Plan | None) -> Plan:
    """What is asked for: options that are left out are those of the kept study, or the defaults.

    Raises InvalidValuesError with all that is wrong in it.
    """
    from search.problem.plan import Plan
    from search.problem.samplers import SAMPLERS

    def given(option: str, otherwise: Any) -> Any:
        return otherwise if options[option] is None else options[option]

    faults = Faults()
    asked = {option: options[option] for option in _OF_PROBLEM if options[option] is not None}
    source = data or (kept.problem.data if kept else load_data(DEFAULT_DATA, None))
    problem = faults.built(
        lambda: replace(kept.problem, data=source, **asked) if kept else Problem(source, **asked)
    )
    base = kept.space if kept else DEFAULT_SPACE
    rates = options["learning_rate"]
    space = faults.built(
        lambda: SearchSpace(
            given("scaling", base.scalings),
            given("optimizer", base.optimizers),
            base.learning_rates if rates is None else parse_learning_rates(rates),
        )
    )
    sampler = given("sampler", kept.sampler if kept else "tpe")
    trials = kept.trials if kept else DEFAULT_TRIALS
    if space is not None and space.configurations and sampler == "grid" and kept is None:
        trials = len(space.configurations)
    # Where the problem or the space has faults, the rest is looked at all the same.
    plan = faults.built(
        lambda: Plan(
            name=name,
            problem=problem or Problem(BUILT_IN[DEFAULT_DATA]()),
            space=space or DEFAULT_SPACE,
            restarts=given("restarts", kept.restarts if kept else DEFAULT_RESTARTS),
            sampler="random" if space is None and sampler in SAMPLERS else sampler,
            sampler_seed=given("sampler_seed", kept.sampler_seed if kept else 0),
            trials=given("trials", trials),
            objective=given("objective", kept.objective if kept else "escape-rate"),
        )
    )
    faults.raise_any()
    assert plan is not None, "without faults there is a plan"
    return plan


def _say_what_next(storage: str, plan: Plan, best: Standing) -> None:
    at = "" if storage == DEFAULT_STORAGE else f" --storage {shlex.quote(shown(storage))}"
    where = f" --study {shlex.quote(plan.name)}{at}"
    restart = f" --trial {best.counts.best_trial} --seed {best.counts.best_seed}"
    commands = [
        (f"launch{where} --trials {2 * plan.trials}", "more restarts, narrower intervals"),
        (f"best{where}", "this table again; --format json for programs"),
        (f"dashboard{at}", "the study in a browser"),
    ]
    if best.counts.best_seed is not None:
        commands.insert(1, (f"reference{where}{restart}", "check the best restart by plain Keras"))
    width = max(len(command) for command, _ in commands)
    click.echo("What next:", err=True)
    for command, purpose in commands:
        click.echo(f"  multirestart {command:<{width}}  # {purpose}", err=True)
