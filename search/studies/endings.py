"""Where the restarts of one configuration of a study ended."""

from __future__ import annotations

from functools import partial
from itertools import chain

from search.problem.arguments import Arguments
from search.problem.configuration import Configuration
from search.problem.errors import UserError
from search.problem.naming import configuration_name
from search.problem.problem import Problem
from search.statistics.endings.ending import Ending, configuration_endings
from storage.contract import Store
from storage.values import StoredStudy


def endings(
    store: Store, study: StoredStudy, problem: Problem, configuration: Configuration
) -> list[Ending]:
    """Where the restarts of a configuration ended, the largest group first.

    Args:
        store: What holds them.
        study: The study.
        problem: What it holds fixed.
        configuration: One that it has restarts of.

    Returns:
        The groups.

    Raises:
        UserError: If the study has no restarts of that configuration.
    """
    arguments = Arguments()
    rule = "must be a Configuration, like that of a row of `best`"
    is_one = isinstance(configuration, Configuration)
    arguments.check(is_one, "configuration", rule, configuration)
    arguments.raise_any()
    key = (study.study_id, configuration)
    blocks = store.members(*key)
    first = next(blocks, None)
    if first is None:
        raise UserError(
            f"study {study.name!r} has no restarts of {configuration_name(configuration)}; "
            "`best` lists the configurations that it has"
        )
    by_seed = partial(store.members_by_seed, *key)
    problem = problem.under(configuration)
    return configuration_endings(problem, configuration, chain([first], blocks), by_seed)
