"""Checking a whole database: what must agree in it, and a sample of restarts trained again."""

from __future__ import annotations

import math
import random
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import accumulate, groupby

from search.problem.plan import Plan
from search.problem.problem import Problem, Task
from search.problem.rows import RecordedRestart, Restart, TrialSummary
from search.running.machine import kind_of_machine
from search.statistics.objectives import objective_values, summarize
from search.verify.points import wrong_with_points
from search.verify.tolerance import losses_agree
from storage.contract import Store
from storage.errors import RecordError
from storage.values import Trial


@dataclass(frozen=True)
class Finding:
    """Something that is not as it must be: of a restart, of a trial, or of all the study."""

    trial: int | None
    seed: int | None
    what: str


def check_study(store: Store, study_id: int, plan: Plan) -> tuple[int, int, list[Finding]]:
    """What is wrong in a study: restarts missing, doubled, or other than its summaries say.

    Before that, how many complete trials and restarts were looked at.
    """
    with store.transaction():
        complete = {trial.number: (trial, summary) for trial, summary in store.summaries(study_id)}
        stray = store.stray_restarts(study_id)
        found, seen = [], set()
        restarts = 0
        for number, group in groupby(store.restarts(study_id), lambda row: row.trial):
            rows = [recorded.restart for recorded in group]
            seen.add(number)
            restarts += len(rows)
            wrong = _wrong_with(plan, *complete[number], rows)
            found += [Finding(number, None, what) for what in wrong]
    for number in sorted(complete.keys() - seen):
        found.append(Finding(number, None, "it is complete, but has no restarts recorded"))
    if stray:
        found.append(Finding(None, None, f"{stray} restarts stand in no complete trial"))
    return len(seen), restarts, found


def _wrong_with(
    plan: Plan, trial: Trial, summary: TrialSummary, rows: Sequence[Restart]
) -> Iterator[str]:
    if len(rows) != trial.restarts:
        yield f"it has {len(rows)} restarts recorded, {trial.restarts} were claimed"
        return  # what else is wrong with it follows from that
    said = summarize(rows, plan.problem.epochs)
    for name in ("escaped", "solved", "diverged", "epochs_spent", "best", "tally"):
        here, there = getattr(summary, name), getattr(said, name)
        if here != there:
            yield f"its summary says {name.replace('_', ' ')} {here}, its restarts {there}"
    values = objective_values(plan.objective, said)
    if trial.values != values:
        yield f"the sampler was told {list(trial.values)}, its restarts say {list(values)}"
    for row in rows:
        wrong = wrong_with_points(plan.problem, row)
        if wrong is not None:
            yield f"seed {row.seed}: {wrong}"
            return  # one of a trial tells enough


def sample(store: Store, study_id: int, count: int, seed: int) -> list[RecordedRestart]:
    """`count` recorded restarts of a study drawn at random by `seed`; all if there are fewer."""
    trials = [trial for trial, _ in store.summaries(study_id)]
    ends = list(accumulate(trial.restarts for trial in trials))
    total = ends[-1] if ends else 0
    drawn = sorted(random.Random(seed).sample(range(total), min(count, total)))
    found = []
    place = 0
    for position in drawn:
        while ends[place] <= position:
            place += 1
        trial = trials[place]
        key = trial.number, trial.first_seed + position - (ends[place] - trial.restarts)
        with suppress(RecordError):  # one that is missing is found by `check_study`
            found.append(store.restart(study_id, *key))
    return found


def retrained(problem: Problem, recorded: RecordedRestart, machine: str | None) -> str | None:
    """Train a recorded restart again: what differs, or None. Imports TensorFlow.

    Args:
        problem: What its study holds fixed.
        recorded: The restart.
        machine: The kind of machine that trained it, if that is known. One of this kind is to come
            out the same to the bit, one of another kind with the same outcome: its sums are
            rounded otherwise.
    """
    from search.running.trial import train_trial  # imported once it is needed

    (fresh,) = train_trial(Task(problem, recorded.configuration, recorded.restart.seed, 1))
    if machine is None:
        return difference(recorded.restart, fresh)
    if machine == kind_of_machine():
        return difference(recorded.restart, fresh) or _bits(recorded.restart, fresh)
    return difference(recorded.restart, fresh, of=("outcome",), and_loss=False)


def difference(
    recorded: Restart,
    fresh: Restart,
    *,
    of: Sequence[str] = ("outcome", "escape_epoch", "diverged_epoch"),
    and_loss: bool = True,
) -> str | None:
    """What differs between two trainings of one restart: outcome, an epoch or the loss; or None."""
    for name in of:
        here, there = getattr(recorded, name), getattr(fresh, name)
        if here != there:
            return f"{name.replace('_', ' ')} is {here}, trained again {there}"
    here, there = recorded.last_epoch_loss, fresh.last_epoch_loss
    if and_loss and not losses_agree(here, there):
        return f"loss of the last epoch is {here:.7f}, trained again {there:.7f}"
    return None


def _bits(recorded: Restart, fresh: Restart) -> str | None:
    """What differs between two trainings by one kind of machine, where no digit may; or None."""
    for name in ("loss", "last_epoch_loss"):
        here, there = getattr(recorded, name), getattr(fresh, name)
        if here != there and not (math.isnan(here) and math.isnan(there)):
            what = name.replace("_", " ")
            return f"{what} is {here!r}, trained again on the same kind of machine {there!r}"
    if recorded.weights != fresh.weights:
        return "final weights differ, trained again on the same kind of machine"
    return None
