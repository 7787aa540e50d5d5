"""How a published study differs from the record."""

from __future__ import annotations

from search.dashboard.publishing import SHOWN, PublishedStudy, trial_of
from search.dashboard.remembering import RememberingStorage
from search.running.opening import OpenStudy


def published_differences(
    study: OpenStudy, storage: RememberingStorage
) -> tuple[list[int], list[int]]:
    """How the published study differs from the record.

    Args:
        study: The study.
        storage: Optuna's storage.

    Returns:
        The numbers in the published study of trials that others put there; and those of the
        record's trials that are published with another result than they have.

    Raises:
        NotPublishedError: If it is not there.
    """
    foreign, different = [], []
    # In this order: what is published is in the record already.
    found = PublishedStudy(study, storage).trials()
    trials = {trial.number: trial for trial in study.store.trials(study.study_id)}
    for shown in found:
        trial = trial_of(shown, trials)
        if trial is None or trials.pop(trial.number, None) is None:
            foreign.append(shown.number)
        elif shown.state.is_finished() and (
            shown.state is not SHOWN[trial.state] or tuple(shown.values or ()) != trial.values
        ):
            different.append(trial.number)
    return foreign, different
