"""The trials of a search: Optuna's sampler picks what is next, until the study has its size.

The record is the truth. Beside it this source keeps an Optuna study in memory that follows the
record's trials, and has the sampler pick from that. The seeds are drawn apart: a sampler
that took the seed for a dimension would chase noise.
"""

from __future__ import annotations

from collections import defaultdict

from search.problem.configuration import Configuration
from search.running.claims import Progress
from search.running.mirror import Mirror
from search.running.opening import OpenStudy
from search.running.races import reserved_seeds
from search.running.sampling import distributions, pick
from search.running.seeds import block_length, free_block
from search.running.source import TrialSource
from search.running.stopping import Stopping
from storage.launchers import Liveness
from storage.values import Trial


class SearchSource(TrialSource):
    """Claims trials until as many are settled as the plan asks for, or those there are enough."""

    def __init__(self, study: OpenStudy, liveness: Liveness) -> None:
        super().__init__(study, liveness)
        plan = study.plan
        self._mirror = Mirror(plan.directions, distributions(plan.space))
        self._stopping = Stopping(study)
        self._followed = 0
        self._unfinished: dict[int, int] = {}
        """Number of each trial of the search that is not known to be settled -> its id."""
        self._taken: dict[Configuration, list[range]] = defaultdict(list)

    def progress(self) -> Progress:
        """How many trials are complete or given up, and whether those are all."""
        self._follow()
        settled = self._mirror.place - len(self._unfinished)
        is_enough = self._stopping.is_reached and not self._unfinished
        return Progress(settled, is_enough or settled >= self._study.plan.trials)

    def _next(self) -> tuple[Configuration, range] | None:
        plan, study_id = self._study.plan, self._study.study_id
        self._follow()
        if self._mirror.place >= plan.trials or self._stopping.is_reached:
            return None
        chosen, place = pick(plan, self._mirror), self._mirror.place
        length = block_length(plan.restarts)
        taken = self._taken[chosen] + reserved_seeds(self._store, study_id)
        first = free_block(taken, length, chosen, plan.sampler_seed, place)
        return chosen, range(first, first + plan.restarts)

    def _follow(self) -> None:
        """Bring the mirror level with the record.

        What this launcher holds is not asked about: it notes itself what it settles.
        """
        study_id = self._study.study_id
        of_others = [
            number for number, trial_id in self._unfinished.items() if trial_id not in self._held
        ]
        for trial in self._store.trials(study_id, self._followed, of_others):
            if trial.number >= self._followed:
                self._followed = trial.number + 1
                self._taken[trial.configuration].append(self._block(trial))
                if trial.race is not None:  # not picked by the sampler: only its seeds are taken
                    continue
                self._mirror.add(trial)
                self._stopping.add(trial)
                if not trial.state.is_final:
                    self._unfinished[trial.number] = trial.trial_id
            else:
                self._settled(trial)

    def _settled(self, trial: Trial) -> None:
        if self._unfinished.pop(trial.number, None) is not None:
            self._mirror.update(trial)
            self._stopping.update(trial)

    def _block(self, trial: Trial) -> range:
        """The seeds that are set apart for a trial."""
        return range(trial.first_seed, trial.first_seed + block_length(trial.restarts))
