"""Launchers within the test's process, which train nothing and can be killed."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import optuna

from search.dashboard.optuna_storage import open_optuna_storage
from search.dashboard.publishing import PublishedStudy
from search.problem.configuration import Configuration, SearchSpace
from search.problem.plan import Plan
from search.problem.rows import Outcome, Restart
from search.running.claims import Claim
from search.running.opening import OpenStudy, open_study
from search.running.search_source import SearchSource
from storage.liveness import FileLiveness

SPACE = SearchSpace(("none", "standard"), ("sgd", "adam"), (0.01, 0.1))
_AT_3 = np.array([3, 300], "<u4").tobytes()
PLAN = Plan("s", space=SPACE, restarts=2, sampler="grid", trials=8)


class Launcher:
    """A launcher of a study; killed, its sign of life ends and its claims stay."""

    def __init__(self, folder: Path, plan: Plan = PLAN, **changes: object) -> None:
        self.url = f"sqlite:///{folder / 's.db'}"
        plan = replace(plan, **changes)  # type: ignore[arg-type]
        self.study: OpenStudy = open_study(self.url, lambda _: plan.name, lambda _: plan)
        self.store = self.study.store
        self.liveness = FileLiveness(folder / "s.db")
        self.liveness.__enter__()
        self.source = SearchSource(self.study, self.liveness)

    def claim(self) -> Claim:
        claim = self.source.claim()
        assert claim is not None
        return claim

    def finish(self, claim: Claim) -> bool:
        return self.source.finish(claim, rows(claim)) is not None

    def run(
        self, outcome_of: Callable[[Configuration], float] = lambda _: 1.0
    ) -> list[tuple[Configuration, int]]:
        """Claim and finish until nothing is left; what was picked, with the first seeds."""
        picked = []
        while (claim := self.source.claim()) is not None:
            picked.append((claim.configuration, claim.task.first_seed))
            share = outcome_of(claim.configuration)
            assert self.source.finish(claim, rows(claim, share)) is not None
        return picked

    def kill(self) -> None:
        self.liveness.__exit__(None, None, None)

    @property
    def is_over(self) -> bool:
        return self.source.progress().is_over

    @property
    def seeds(self) -> list[tuple[int, str, int]]:
        found = self.store.restarts(self.study.study_id)
        return [(row.trial, str(row.configuration), row.restart.seed) for row in found]

    def publish(self) -> PublishedStudy:
        """Publish all that is due."""
        published = PublishedStudy(self.study, open_optuna_storage(self.url))
        published.make()
        while published.publish(3):
            pass
        published.close()
        return published

    @property
    def published(self) -> optuna.Study:
        return optuna.load_study(
            study_name=self.study.plan.name, storage=open_optuna_storage(self.url)
        )


def rows(claim: Claim, share: float = 1.0) -> tuple[Restart, ...]:
    """Restarts of a claim of which a share escaped."""
    escaped = round(share * claim.task.restarts)
    return tuple(
        Restart(seed, Outcome.SOLVED, 1.0, 0.1, 0.1, 3, None, bytes(28), 300, levels=_AT_3)
        if place < escaped
        else Restart(seed, Outcome.NOT_ESCAPED, 0.6, 0.6, 0.6, None, None, bytes(28), 180, 0, 120)
        for place, seed in enumerate(claim.task.seeds)
    )


def key(claim: Claim) -> tuple[str, int]:
    return str(claim.configuration), claim.task.first_seed
