"""Races as they are kept: what a race is, how one is begun, and which seeds are its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace

from search.problem.configuration import Configuration
from search.problem.success import Success, sought_by
from search.running.opening import OpenStudy, deleted
from search.running.seeds import block_length, free_block
from search.statistics.escape import EscapeRate
from search.statistics.race_state import Entrant, RaceRules
from search.statistics.ranking import Standing, ranked
from storage.contract import Store
from storage.values import StoredRace, TrialState

FEWEST_ENTRANTS = 2
DEFAULT_CONFIRM = 1024
"""Restarts of a winner on seeds that picked nothing."""
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
    def from_stored(cls, stored: StoredRace) -> Race:
        """The race that `begin_race` kept."""
        rules = dict(stored.rules)
        top, confirm = rules.pop("top"), rules.pop("confirm")
        entrants = tuple(
            Entrant(
                Configuration.from_json(each["configuration"]),
                EscapeRate(each["escaped"], each["restarts"]),
            )
            for each in stored.entrants
        )
        return cls(stored.race_id, RaceRules(**rules), top, confirm, entrants, stored.first_seed)

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
            "configuration": standing.configuration.to_json(),
            "escaped": standing.counts.successes,
            "restarts": standing.counts.restarts,
        }
        for standing in standings[:top]
    ]
    length = block_length(rules.max_restarts + confirm)
    plan, store = study.plan, study.store
    with store.transaction():
        if not store.lock_study(study.study_id):
            raise deleted(plan.name)
        before = store.races(study.study_id)
        if before and before[-1].race_id != after:
            return Race.from_stored(before[-1])
        taken = [trial.seeds for trial in store.trials(study.study_id)]
        taken += reserved_seeds(store, study.study_id)
        number = _RACE_STREAM + len(before)
        first_seed = free_block(taken, length, "a race", plan.sampler_seed, number)
        kept = {**asdict(rules), "top": top, "confirm": confirm}
        return Race.from_stored(store.add_race(study.study_id, kept, entrants, first_seed))


def sought_standings(store: Store, study_id: int, success: Success) -> list[Standing]:
    """The configurations of a study, ranked by what it seeks: whether restarts escape or solve."""
    counts = store.configuration_counts(study_id)
    if not success.is_of_launch:
        counts = [replace(count, succeeded=count.solved) for count in counts]
    return ranked(counts, success)


def race_of_plan(study: OpenStudy) -> Race | None:
    """The race of as many as the plan says, begun since the search ended; None if there is none."""
    race = last_race(study.store, study.study_id)
    if race is None or race.top != study.plan.race:
        return None
    for first in study.store.race_trials(race.race_id)[:1]:
        later = study.store.trials(study.study_id, first.number)
        if any(trial.race is None for trial in later):
            return None
    return race


def begin_race_of_plan(study: OpenStudy) -> Race | None:
    """Begin the race that a study's plan asks for, or find it; None if too few can race."""
    with study.store.transaction():
        return race_of_plan(study) or _begun_as_planned(study)


def renew_race(study: OpenStudy) -> None:
    """Begin another race in place of the plan's where that cannot go on: a trial was given up."""
    if not study.plan.race:
        return
    with study.store.transaction():
        study.store.lock_study(study.study_id)  # another launch may be about to
        race = race_of_plan(study)
        trials = [] if race is None else study.store.race_trials(race.race_id)
        if any(trial.state is TrialState.GIVEN_UP for trial in trials):
            _begun_as_planned(study)


def _begun_as_planned(study: OpenStudy) -> Race | None:
    success = sought_by(study.plan.objective)
    standings = sought_standings(study.store, study.study_id, success)
    if len(standings) < FEWEST_ENTRANTS:
        return None
    last = last_race(study.store, study.study_id)
    after = None if last is None else last.race_id
    rules = RaceRules(success=str(success))
    return begin_race(study, rules, DEFAULT_CONFIRM, standings, study.plan.race, after)


def last_race(store: Store, study_id: int) -> Race | None:
    """The race that a study began last; None if it has none."""
    found = store.races(study_id)
    return Race.from_stored(found[-1]) if found else None


def reserved_seeds(store: Store, study_id: int) -> list[range]:
    """The seeds of all races of a study, whether they were run by now or not."""
    return [Race.from_stored(stored).seeds for stored in store.races(study_id)]
