"""`reference`: train a recorded restart by plain Keras and set it beside the record."""

from __future__ import annotations

import click

from search.commands.options import opened, storage_option, study_option
from search.problem.errors import UserError
from search.problem.problem import Task
from search.reports.layout import Column
from search.reports.report import show_table
from search.reports.tables import describe
from search.studies.study import LARGEST_SEED


@click.command()
@click.option("--trial", type=click.IntRange(0, LARGEST_SEED), required=True, metavar="N")
@click.option("--seed", type=click.IntRange(0, LARGEST_SEED), required=True, metavar="K")
@study_option
@storage_option
def reference(trial: int, seed: int, study: str | None, storage: str) -> None:
    """Train one recorded restart by plain `keras.Sequential.fit` and compare it with the record.

    Exit code 1 if they disagree: another outcome, another epoch of divergence, or a loss of the
    last epoch that differs by more than 1e-4 (and, where it is large, by one part in 100,000).
    Takes seconds, for plain Keras is slow on small networks.

    \b
    multirestart reference --trial 3 --seed 1234560
    """
    found = opened(storage, study)
    name, problem, stored = found.name, found.problem, found.restart(trial, seed)
    if problem.outdated is not None:
        raise UserError(f"study {name!r} cannot be trained again: {problem.outdated}")
    configuration = stored.configuration

    click.echo("Training by plain Keras ...", err=True)
    from search.verify.reference import compare, retrain  # TensorFlow, imported once it is needed

    fresh = retrain(Task(problem, configuration, seed, 1))
    comparison = compare(stored.restart, fresh)
    problem = problem.under(configuration)
    show_table(
        f"{name}: trial {trial}, seed {seed}, {configuration}; {describe(problem)}",
        [
            Column(""),
            Column("recorded", right=True),
            Column("plain Keras", right=True),
            Column("difference", right=True),
        ],
        comparison.rows,
    )
    click.echo("agrees" if comparison.agrees else "DISAGREES", err=True)
    if not comparison.agrees:
        raise SystemExit(1)
