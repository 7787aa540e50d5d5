"""Races as they are kept: what a race is, how one is begun, and which seeds are its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass

from sqlalchemy import Connection

from search.problem.configuration import Configuration
from search.running.ledger import frozen_trial
from search.running.sampling import RESTARTS, SEED
from search.running.seeds import block_length, free_block
from search.running.study import OpenStudy, deleted
from search.statistics.escape import EscapeRate
from search.statistics.race_state import Entrant, RaceRules
from search.statistics.ranking import Standing
from storage.claims import lock_study, trial_rows
from storage.database import Database
from storage.races import KeptRace, keep_race, kept_races

_RACE_STREAM = 2**32  # numbers of races among those of trials, for the draw of their seeds


@dataclass(frozen=True)
class Race:
    """A race of a study, of the `top` configurations at most.

    `confirm` further seeds, which picked nothing, are run by the winner.
    """

    race_id: int
    rules: RaceRules
    top: int
    confirm: int
    entrants: tuple[Entrant, ...]
    first_seed: int

    @classmethod
    def from_kept(cls, kept: KeptRace) -> Race:
        """The race that `begin_race` kept."""
        rules = dict(kept.rules)
        confirm = rules.pop("confirm")
        top = rules.pop("top", len(kept.entrants))  # not kept by the first versions
        entrants = tuple(
            Entrant(
                Configuration(each["scaling"], each["optimizer"], each["learning_rate"]),
                EscapeRate(each["escaped"], each["restarts"]),
            )
            for each in kept.entrants
        )
        return cls(kept.race_id, RaceRules(**rules), top, confirm, entrants, kept.first_seed)

    @property
    def seeds(self) -> range:
        """The seeds that it runs or may come to run, common to all entrants."""
        return range(self.first_seed, self.first_seed + self.rules.max_restarts + self.confirm)


def begin_race(
    study: OpenStudy,
    rules: RaceRules,
    confirm: int,
    standings: Sequence[Standing],
    top: int,
    after: int | None = None,
) -> Race:
    """Keep a race of the first `top` standings on seeds that are nobody's in the study.

    If another launcher began one since the race `after`, that one is returned.
    """
    entrants = [
        {
            **asdict(standing.configuration),
            "escaped": standing.counts.escaped,
            "restarts": standing.counts.restarts,
        }
        for standing in standings[:top]
    ]
    length = block_length(rules.max_restarts + confirm)
    plan = study.plan
    with study.database.transaction() as connection:
        if not lock_study(connection, study.study_id, study.token):
            raise deleted(plan.name)
        before = kept_races(connection, study.study_id)
        if before and before[-1].race_id != after:
            return Race.from_kept(before[-1])
        used = [
            range(trial.params[SEED], trial.params[SEED] + trial.user_attrs.get(RESTARTS, length))
            for trial in map(frozen_trial, trial_rows(connection, study.study_id, 0))
            if SEED in trial.params
        ]
        taken = used + reserved_seeds(connection, study.study_id)
        number = _RACE_STREAM + (before[-1].race_id if before else 0)
        first_seed = free_block(taken, length, "a race", plan.sampler_seed, number)
        kept = {**asdict(rules), "top": top, "confirm": confirm}
        race_id = keep_race(connection, study.study_id, kept, entrants, first_seed)
    return Race.from_kept(KeptRace(race_id, kept, entrants, first_seed))


def last_race(database: Database, study_id: int) -> Race | None:
    """The race that a study began last; None if it has none."""
    with database.transaction() as connection:
        kept = kept_races(connection, study_id)
    return Race.from_kept(kept[-1]) if kept else None


def reserved_seeds(connection: Connection, study_id: int) -> list[range]:
    """The seeds of all races of a study, whether they were run by now or not."""
    return [Race.from_kept(kept).seeds for kept in kept_races(connection, study_id)]
