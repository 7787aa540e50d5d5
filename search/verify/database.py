"""Checking a whole database: what must agree in it, and a sample of restarts trained again."""

from __future__ import annotations

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import groupby

from search.problem.plan import Plan
from search.problem.problem import Problem, Task
from search.problem.rows import RecordedRestart, Restart
from search.running.ledger import frozen_trial
from search.running.sampling import SEED, configuration_of
from search.statistics.objectives import objective_values, trial_attributes
from search.verify.tolerance import losses_agree
from storage.audit import KeptTrial, integrity_errors, kept_trials, recorded_keys
from storage.claims import trial_rows
from storage.database import Database
from storage.orphans import count_orphans
from storage.reading import recorded_restart, recorded_restarts


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be, in a trial or, `trial` being None, in all the file."""

    trial: int | None
    what: str


@dataclass(frozen=True)
class Checked:
    """How many complete trials and restarts of a study were looked at."""

    trials: int
    restarts: int


def check_file(database: Database) -> list[Finding]:
    """What is wrong with the database as a whole: damaged pages, rows without study or trial."""
    found = [Finding(None, error) for error in integrity_errors(database)]
    with database.transaction() as connection:
        orphans = count_orphans(connection)
    return found + [
        Finding(None, f"{count} rows of {table} belong to no study or trial")
        for table, count in orphans.items()
        if count
    ]


def check_study(database: Database, study_id: int, plan: Plan) -> tuple[Checked, list[Finding]]:
    """What is wrong in a study: restarts missing, doubled, or other than Optuna was told."""
    # First, so that all that is read later of a trial that is complete here is complete too.
    trials = kept_trials(database, study_id)
    with database.transaction() as connection:
        asked = {row.number: frozen_trial(row) for row in trial_rows(connection, study_id, 0)}
    complete = {trial.number: trial for trial in trials if trial.state == "COMPLETE"}
    found = [
        Finding(trial.number, f"it is {trial.state}, but has {trial.recorded} restarts recorded")
        for trial in trials
        if trial.number not in complete and trial.recorded
    ]
    seen = restarts = 0
    empty = set(complete)
    for number, group in groupby(recorded_restarts(database, study_id), lambda row: row.trial):
        rows = list(group)
        if number not in complete:  # it was completed after the trials were read
            continue
        empty.discard(number)
        seen, restarts = seen + 1, restarts + len(rows)
        params, values = asked[number].params, asked[number].values
        for what in _wrong_with(complete[number], plan, rows, params, values):
            found.append(Finding(number, what))
    found += [Finding(number, "it is complete, but has no restarts recorded") for number in empty]
    return Checked(seen, restarts), found


def _wrong_with(
    trial: KeptTrial,
    plan: Plan,
    rows: Sequence[RecordedRestart],
    params: dict[str, object],
    values: Sequence[float] | None,
) -> Iterator[str]:
    expected = plan.restarts if trial.claimed is None else trial.claimed
    if len(rows) != expected:
        yield f"it has {len(rows)} restarts recorded, {expected} were claimed"
        return  # what else is wrong with it follows from that
    seeds, first = [row.restart.seed for row in rows], params.get(SEED)
    if not isinstance(first, int) or seeds != list(range(first, first + len(seeds))):
        yield f"the seeds of its restarts are not those from {first} on"
    configuration = configuration_of(params)
    for key in {row.configuration for row in rows}:
        if key != configuration:
            yield f"it was asked for as {configuration}, but recorded under {key}"
    restarts = [row.restart for row in rows]
    told = objective_values(plan.objective, restarts, plan.problem.epochs)
    if list(values or ()) != told:
        yield f"Optuna was told {values}, its restarts say {told}"
    for name, value in trial_attributes(restarts).items():
        shown = trial.attributes.get(name)
        if shown != value:
            yield f"its attribute {name} is {shown}, its restarts say {value}"


def sample(database: Database, study_id: int, count: int, seed: int) -> list[RecordedRestart]:
    """`count` recorded restarts of a study drawn at random by `seed`; all if there are fewer."""
    keys = recorded_keys(database, study_id)
    drawn = random.Random(seed).sample(keys, min(count, len(keys)))
    return [recorded_restart(database, study_id, *key) for key in sorted(drawn)]


def retrained(problem: Problem, recorded: RecordedRestart) -> str | None:
    """Train a recorded restart again: what differs, or None. Imports TensorFlow."""
    from search.running.trial import train_trial  # imported once it is needed

    (fresh,) = train_trial(Task(problem, recorded.configuration, recorded.restart.seed, 1))
    return difference(recorded.restart, fresh)


def difference(recorded: Restart, fresh: Restart) -> str | None:
    """What differs between two trainings of one restart: outcome, an epoch or the loss; or None."""
    for name in ("outcome", "escape_epoch", "diverged_epoch"):
        here, there = getattr(recorded, name), getattr(fresh, name)
        if here != there:
            return f"{name.replace('_', ' ')} is {here}, trained again {there}"
    here, there = recorded.last_epoch_loss, fresh.last_epoch_loss
    if not losses_agree(here, there):
        return f"loss of the last epoch is {here:.7f}, trained again {there:.7f}"
    return None
