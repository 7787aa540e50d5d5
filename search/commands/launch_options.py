"""The options of `launch` that are the fields of a plan."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any, TypeVar

import click

from search.commands.options import BatchSize, Listed, Varied, once
from search.problem.batch_orders import BATCH_ORDERS
from search.problem.data.datasets import BUILT_IN
from search.problem.data.selection import MISSING
from search.problem.dimensions import HELD
from search.problem.initializers import SCALED
from search.problem.losses import LOSSES
from search.problem.network import ACTIVATIONS
from search.problem.objectives import OBJECTIVES
from search.problem.optimizers import OPTIMIZERS
from search.problem.plan import Plan
from search.problem.samplers import SAMPLERS
from search.problem.scaling import SCALINGS

_Command = TypeVar("_Command", bound=Callable[..., Any])
_DEFAULT = Plan()
_PROBLEM, _SPACE = _DEFAULT.problem, _DEFAULT.space


def option(
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


_OPTIONS = (
    click.option(
        "--study",
        metavar="NAME",
        multiple=True,
        callback=once,
        help="Name of the study.  [default: that of the data]",
    ),
    option(
        "--data",
        "NAME|FILE",
        f"{_names(BUILT_IN)}, or a CSV or Parquet file with --target.",
        _PROBLEM.data.name,
    ),
    option("--target", "COLUMN", "The file's column with the classes."),
    option("--drop", "COLUMNS", "Columns of the file that are no features.", kind=Listed()),
    option("--features", "COLUMNS", "The columns that are features, no others.", kind=Listed()),
    option(
        "--missing",
        "refuse|drop",
        "Refuse a file with missing cells, or drop their rows.",
        MISSING[0],
    ),
    option(
        "--validation",
        "SHARE",
        "Share of the points of each class to hold out, like 0.2: measured, not trained on.",
        kind=float,
    ),
    option("--validation-data", "FILE", "A file of such points, with the columns of --data."),
    option("--hidden", "SIZES", "Hidden layers, like 2 or 4,4.", _PROBLEM.hidden, Listed(int)),
    option(
        "--activation",
        "NAME",
        f"Of the hidden layers: {_names(ACTIVATIONS)}.",
        _PROBLEM.activation,
    ),
    option("--epochs", "N", "Epochs of each restart.", _PROBLEM.epochs, int),
    option("--batch-size", "N|full", "Points in a step.", _PROBLEM.batch_size, BatchSize()),
    option("--batch-order", "NAME", f"{_names(BATCH_ORDERS, last=' or ')}.", _PROBLEM.batch_order),
    option(
        "--loss-function",
        "NAME",
        f"{_names(LOSSES, last=' or ')} (two classes).",
        _PROBLEM.loss_function,
    ),
    option(
        "--initializer",
        "NAME",
        f"Of the kernels: {_names(SCALED)}, uniform:A or normal:S.",
        _PROBLEM.initializer,
    ),
    option(
        "--bias-initializer", "NAME", "zeros, uniform:A or normal:S.", _PROBLEM.bias_initializer
    ),
    click.option(
        "--use-bias/--no-bias",
        default=None,
        help="With biases or without.  [default: use-bias]",
    ),
    option("--l2", "FACTOR", "Of an L2 penalty on all kernels.", _PROBLEM.l2, float),
    option(
        "--margin",
        "SHARE",
        "Accuracy above the plateau that counts as escaped.",
        _PROBLEM.margin,
        float,
    ),
    option("--solved-at", "SHARE", "Accuracy that counts as solved.", _PROBLEM.solved_at, float),
    option("--scaling", "NAMES", f"{_names(SCALINGS)}.", _SPACE.scalings, Listed()),
    option(
        "--optimizer",
        "NAMES",
        f"{_names(OPTIMIZERS)}; with arguments of their own like adam:beta_2=0.99.",
        _SPACE.optimizers,
        Listed(),
    ),
    option(
        "--learning-rate",
        "RATES",
        "A list like 0.01,0.1 or a log-uniform range like 0.001:1.",
        _SPACE.learning_rates,
    ),
    click.option(
        "--vary",
        metavar="NAME=VALUES",
        multiple=True,
        type=Varied(),
        help=f"Another dimension that is searched, like batch_size=16,32,full or hidden=2,4-4; of "
        f"{_names(HELD)}. May be given several times.",
    ),
    option("--restarts", "N", "Restarts (seeds) of each trial.", _DEFAULT.restarts, int),
    option(
        "--trials",
        "N",
        "Size of the study; launching again goes on to it.",
        f"{_DEFAULT.trials}; with the sampler grid, one for each combination",
        int,
    ),
    option(
        "--until-precision",
        "WIDTH",
        "End before that once the 95% intervals of the leading configurations are so narrow from "
        "end to end; 0 to go on.",
        kind=float,
    ),
    option(
        "--race",
        "K",
        "Race the best K on fresh seeds once the trials are settled; 0 for no race.",
        kind=int,
    ),
    option("--sampler", "NAME", f"{_names(SAMPLERS, last=' or ')}.", _DEFAULT.sampler),
    option(
        "--sampler-seed",
        "N",
        "Seed of the sampler and of the initialization seeds that the study picks.",
        _DEFAULT.sampler_seed,
        click.IntRange(min=0),
    ),
    option(
        "--first",
        "NAMES",
        "Configurations to try before the sampler picks any, like standard/adam/0.1.",
        kind=Listed(),
    ),
    option(
        "--objective",
        "NAME",
        f"What the sampler seeks: {_names(OBJECTIVES, last=', or ')}.",
        _DEFAULT.objective,
    ),
)


def plan_options(command: _Command) -> _Command:
    """Add an option for each field of a plan, in the order in which help lists them."""
    for add in reversed(_OPTIONS):
        command = add(command)
    return command
