"""The search's trials as a sampler is shown them: an Optuna study in memory.

What TPE takes to pick grows with the trials that it is shown. So from some hundreds on it is shown
the best and the latest. Beside all trials, picks lose little by it: on a response whose best rate
is .9, 1,200 trials of 256 restarts, the rate of what was picked after the 600th was .70 on average,
.72 with all shown (three studies each, standard deviation .004); with half as many, .67.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import optuna
from optuna.distributions import BaseDistribution
from optuna.trial import TrialState as OptunaState
from optuna.trial import create_trial

from search.problem.configuration import Configuration
from search.problem.objectives import Direction
from storage.values import Trial, TrialState

BEST_SHOWN = 25
"""TPE's good trials are at most so many."""
LATEST_SHOWN = 475
STEP = 50
"""New trials after which older ones are left out."""

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


class Mirror:
    """Follows the trials of a search, and shows a sampler all or enough of them.

    What it shows is a function of the trials in their order, not of when a launch began.
    """

    def __init__(self, directions: Sequence[Direction], space: dict[str, BaseDistribution]) -> None:
        optuna.logging.set_verbosity(optuna.logging.WARNING)
        self.tries: Counter[Configuration] = Counter()
        """How many trials each configuration has."""
        self._directions = directions
        self._space = space
        self._best: list[Trial] = []
        self._latest: dict[int, Trial] = {}
        self._study: optuna.Study | None = None
        """The trials as they are shown; None until they are asked about."""
        self._places: dict[int, int] = {}
        """Number of each trial that is shown -> its number in that study."""
        self._asked: tuple[Configuration, int] | None = None
        """What the sampler picked last, and the number of its trial in that study."""

    @property
    def place(self) -> int:
        """How many trials there are: the place of the next."""
        return self.tries.total()

    def ask(self, sampler: optuna.samplers.BaseSampler) -> Configuration:
        """What a sampler picks next."""
        study = self._shown()
        study.sampler = sampler
        trial = study.ask(self._space)
        chosen = Configuration.from_json(trial.params)
        self._asked = chosen, trial.number
        return chosen

    def add(self, trial: Trial) -> None:
        """Follow a trial that is new."""
        self.tries[trial.configuration] += 1
        self._latest[trial.number] = trial
        if self.place > LATEST_SHOWN + BEST_SHOWN and self.place % STEP == 0:
            self._leave_out()
        elif self._study is not None:
            self._places[trial.number] = self._show(self._study, trial)

    def update(self, trial: Trial) -> None:
        """Follow a trial that has become final."""
        if trial.number not in self._latest:
            return
        self._latest[trial.number] = trial
        if self._study is not None:
            place = self._places[trial.number]
            self._study.tell(place, list(trial.values) or None, _TOLD[trial.state])

    def _leave_out(self) -> None:
        """Leave out all but the best and the latest."""
        leaving = list(self._latest.values())[:-LATEST_SHOWN]
        self._best = best_trials(self._best + leaving, self._directions, BEST_SHOWN)
        for trial in leaving:
            del self._latest[trial.number]
        self._study, self._asked = None, None

    def _shown(self) -> optuna.Study:
        if self._study is None:
            self._study = optuna.create_study(directions=self._directions)
            trials = [*self._best, *self._latest.values()]
            self._places = {trial.number: self._show(self._study, trial) for trial in trials}
        return self._study

    def _show(self, study: optuna.Study, trial: Trial) -> int:
        """The number that a trial has in the study, added if need be."""
        asked, self._asked = self._asked, None
        if asked is not None and asked[0] == trial.configuration and not trial.state.is_final:
            return asked[1]
        if asked is not None:  # another launcher's trial came first, or ours was not written
            study.tell(asked[1], state=OptunaState.FAIL)
        study.add_trial(
            create_trial(
                state=_TOLD[trial.state],
                values=list(trial.values) or None,
                params=trial.configuration.to_json(),
                distributions=self._space,
            )
        )
        return len(study.get_trials(deepcopy=False)) - 1


def best_trials(
    trials: Sequence[Trial], directions: Sequence[Direction], count: int
) -> list[Trial]:
    """The best of those that are complete, in their order.

    Of several objectives: those that no other is better than, then those of the rest, and so on.

    Args:
        trials: Trials in their order.
        directions: "minimize" or "maximize" for each of their values.
        count: How many at most; of equally good ones the first.
    """
    signs = [1.0 if direction == "minimize" else -1.0 for direction in directions]
    left = {
        trial.number: tuple(sign * value for sign, value in zip(signs, trial.values, strict=True))
        for trial in trials
        if trial.state is TrialState.COMPLETE
    }
    chosen: list[int] = []
    if len(signs) == 1:
        chosen, left = sorted(left, key=lambda number: (left[number], number)), {}
    while left and len(chosen) < count:
        front = [
            number
            for number, losses in left.items()
            if not any(_beats(others, losses) for others in left.values())
        ]
        chosen += front
        left = {number: losses for number, losses in left.items() if number not in front}
    best = set(chosen[:count])
    return [trial for trial in trials if trial.number in best]


def _beats(losses: tuple[float, ...], others: tuple[float, ...]) -> bool:
    """Whether one is as good in all and better in one."""
    return losses != others and all(a <= b for a, b in zip(losses, others, strict=True))
