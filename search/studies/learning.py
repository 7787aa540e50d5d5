"""A sample of a study's restarts trained again, for how their accuracy and loss went by epoch.

A restart is determined by its key, so the same numbers come out as when it was recorded. What
trains imports TensorFlow.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import TYPE_CHECKING

import numpy as np

from search.problem.configuration import Configuration
from search.problem.errors import UserError
from search.problem.problem import Problem, Task
from search.problem.rows import Member, Outcome
from search.problem.scaling import scale
from search.problem.success import ESCAPED, SOLVED, Success
from search.statistics.learning import OF_EACH, Learning
from search.statistics.ranking import Standing

if TYPE_CHECKING:
    from search.studies.study import Study


def learning(
    study: Study, standings: Sequence[Standing], success: Success, of_each: int = OF_EACH
) -> tuple[Learning, ...]:
    """How restarts of the best, a middling and the last configuration of a study went.

    Args:
        study: The study.
        standings: Its configurations, ranked, one at least.
        success: What counts as a success; to have escaped, where epochs do not tell of it.
        of_each: Restarts that succeeded, and that did not, of each: those of the least seeds.

    Returns:
        Each of up to three configurations.

    Raises:
        UserError: If the restarts were trained by another version, or for 0 epochs.
    """
    problem = study.problem
    if problem.outdated is not None:
        raise UserError(f"study {study.name!r} cannot be trained again: {problem.outdated}")
    if not problem.epochs:
        raise UserError(f"study {study.name!r} trains nothing: it has 0 epochs")
    told = success if success in (ESCAPED, SOLVED) else ESCAPED
    return tuple(
        _trained(problem, one, sampled(study, one.configuration, told, of_each), told)
        for one in telling(standings)
    )


def telling(standings: Sequence[Standing]) -> list[Standing]:
    """The best configuration, the one whose rate is nearest to 1/2, and the last, each once."""
    middling = min(standings, key=lambda one: abs(one.success_rate.rate - 0.5))
    shown = sorted({0, standings.index(middling), len(standings) - 1})
    return [standings[place] for place in shown]


def sampled(
    study: Study, configuration: Configuration, success: Success, of_each: int
) -> list[Member]:
    """The restarts of the least seeds that succeeded, and that did not, those that did first."""
    found: dict[bool, list[Member]] = {True: [], False: []}
    for member in chain.from_iterable(study.store.members(study.study_id, configuration)):
        some = found[success.is_met_by(member.outcome)]
        if len(some) < of_each:
            some.append(member)
        elif all(len(one) == of_each for one in found.values()):
            break
    return found[True] + found[False]


def _trained(
    problem: Problem, standing: Standing, members: Sequence[Member], success: Success
) -> Learning:
    """The restarts trained again; success: what tells the two kinds apart."""
    from search.running.trial import recipe  # TensorFlow, for what trains alone
    from search.training.stack import train_stack
    from search.verify.tolerance import losses_agree

    configuration = standing.configuration
    seeds = [member.seed for member in members]
    data = problem.data
    features = scale(configuration.scaling, data.features)
    labels = data.labels.astype(np.float32)
    how = recipe(Task(problem, configuration, seeds[0], 1))
    accuracy = np.empty((problem.epochs, len(seeds)))
    loss = np.empty_like(accuracy)
    different = 0
    for histories in train_stack(features, labels, how, seeds):
        for lane, seed in enumerate(histories.seeds):
            place = seeds.index(seed)
            accuracy[:, place] = histories.correct[:, lane] / data.points
            finite = histories.finite[:, lane]
            loss[:, place] = np.where(finite, histories.loss[:, lane], np.nan)
            ended = float(histories.final_loss[lane])
            has_diverged = members[place].outcome is Outcome.DIVERGED
            same = losses_agree(members[place].loss, ended)
            different += has_diverged != bool(not finite.all()) or not (has_diverged or same)
    return Learning(
        configuration,
        standing.solve_rate if success == SOLVED else standing.escape_rate,
        tuple(seeds),
        tuple(success.is_met_by(member.outcome) for member in members),
        accuracy,
        loss,
        different,
    )
