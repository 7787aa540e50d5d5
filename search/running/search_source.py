"""The trials of a search: Optuna's sampler picks what is next, until the study has its size.

The record is the truth. Beside it this source keeps an Optuna study in memory that follows the
record's trials, and asks that one for the next configuration. The seeds are drawn apart: a sampler
that took the seed for a dimension would chase noise.
"""

from __future__ import annotations

from collections import Counter, defaultdict

import optuna
from optuna.trial import TrialState as OptunaState
from optuna.trial import create_trial

from search.problem.configuration import Configuration
from search.running.opening import OpenStudy
from search.running.races import reserved_seeds
from search.running.sampling import distributions, pick
from search.running.seeds import block_length, free_block
from search.running.source import Progress, TrialSource
from storage.contract import Liveness
from storage.values import Trial, TrialState

# A trial that was given up has no value, but its configuration was tried. The sampler is told that
# it was pruned, so that it does not suggest for ever what kills its worker. What waits will be
# trained, so it counts as running.
_TOLD = {
    TrialState.WAITING: OptunaState.RUNNING,
    TrialState.RUNNING: OptunaState.RUNNING,
    TrialState.FAILED: OptunaState.RUNNING,
    TrialState.COMPLETE: OptunaState.COMPLETE,
    TrialState.GIVEN_UP: OptunaState.PRUNED,
}


class SearchSource(TrialSource):
    """Claims trials until as many are complete or given up as the plan asks for."""

    def __init__(self, study: OpenStudy, liveness: Liveness) -> None:
        super().__init__(study, liveness)
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self._space = distributions(study.plan.space)
        self._mirror = optuna.create_study(directions=study.plan.directions)
        self._followed = 0
        self._unfinished: set[int] = set()
        self._asked: tuple[Configuration, int] | None = None
        """What the mirror's sampler was asked for last, and the number of its trial there."""
        self._places: dict[int, int] = {}
        """Number of each trial of the search -> its number in the mirror."""
        self._tries: Counter[Configuration] = Counter()
        self._taken: dict[Configuration, list[range]] = defaultdict(list)

    def progress(self) -> Progress:
        """How many trials are complete or given up, and whether those are all."""
        counts = self._store.count_trials(self._study.study_id)
        settled = sum(count for state, count in counts.items() if state.is_final)
        return Progress(settled, settled >= self._study.plan.trials)

    def _next(self) -> tuple[Configuration, range] | None:
        plan, study_id = self._study.plan, self._study.study_id
        if self._store.count_trials(study_id).total() >= plan.trials:
            return None
        self._follow()
        place = len(self._places)
        chosen, asked = pick(plan, self._mirror, self._tries, place)
        self._asked = None if asked is None else (chosen, asked)
        length = block_length(plan.restarts)
        taken = self._taken[chosen] + reserved_seeds(self._store, study_id)
        first = free_block(taken, length, chosen, plan.sampler_seed, place)
        return chosen, range(first, first + plan.restarts)

    def _follow(self) -> None:
        """Bring the mirror level with the record."""
        study_id = self._study.study_id
        for trial in self._store.trials(study_id, self._followed, self._unfinished):
            if trial.number >= self._followed:
                self._followed = trial.number + 1
                self._taken[trial.configuration].append(self._block(trial))
                if trial.race is not None:  # not picked by the sampler: only its seeds are taken
                    continue
                self._tries[trial.configuration] += 1
                self._places[trial.number] = self._mirrored(trial)
                if not trial.state.is_final:
                    self._unfinished.add(trial.number)
            elif trial.state.is_final:
                self._unfinished.remove(trial.number)
                values = list(trial.values) or None
                self._mirror.tell(self._places[trial.number], values, _TOLD[trial.state])

    def _mirrored(self, trial: Trial) -> int:
        """The number that a new trial of the search has in the mirror, added if need be."""
        asked, self._asked = self._asked, None
        if asked is not None and asked[0] == trial.configuration and not trial.state.is_final:
            return asked[1]
        if asked is not None:  # another launcher's trial came first, or ours was not written
            self._mirror.tell(asked[1], state=OptunaState.FAIL)
        self._mirror.add_trial(
            create_trial(
                state=_TOLD[trial.state],
                values=list(trial.values) or None,
                params=trial.configuration.to_json(),
                distributions=self._space,
            )
        )
        return len(self._mirror.get_trials(deepcopy=False)) - 1

    def _block(self, trial: Trial) -> range:
        """The seeds that are set apart for a trial."""
        return range(trial.first_seed, trial.first_seed + block_length(trial.restarts))
