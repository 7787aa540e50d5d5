"""The record of a soaked service, held to what its clients know."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass

from sqlalchemy import create_engine, text

from scripts.service_world import PLAN, Due, Known

STATES = (
    "SELECT s.name, q.state, s.study_id FROM multirestart_studies s"
    " JOIN multirestart_queue q USING (study_id)"
)
TRIALS = "SELECT study_id, state, count(*), sum(restarts) FROM multirestart_trials GROUP BY 1, 2"
RECORDED = (
    "SELECT c.study_id, count(*), count(DISTINCT r.configuration_id || ':' || r.seed)"
    " FROM multirestart_restarts r JOIN multirestart_configurations c USING (configuration_id)"
    " GROUP BY 1"
)
AUDITED = "SELECT action, count(*) FROM multirestart_audit GROUP BY 1"


@dataclass
class Record:
    """What stands in the database at the end."""

    studies: int
    restarts: int
    lost: int
    doubled: int
    missing: list[str]
    given_up: int
    wrong: list[str]
    audited: Counter[str]


def record_of(storage: str, known: list[Known]) -> Record:
    """Hold the database to what the clients know."""
    engine = create_engine(storage)
    with engine.connect() as connection:
        states = {row[0]: (row[1], row[2]) for row in connection.execute(text(STATES))}
        trials: dict[int, dict[str, tuple[int, int]]] = {}
        for study_id, state, count, restarts in connection.execute(text(TRIALS)):
            trials.setdefault(study_id, {})[state] = (count, restarts)
        recorded = {row[0]: (row[1], row[2]) for row in connection.execute(text(RECORDED))}
        audited = Counter({row[0]: row[1] for row in connection.execute(text(AUDITED))})
    engine.dispose()
    lost = doubled = given_up = 0
    missing, wrong = [], []
    for study in known:
        if study.name not in states:
            if study.is_there and study.due is not Due.DELETED:
                missing.append(study.name)
            continue
        state, study_id = states[study.name]
        if state != study.due:
            wrong.append(f"{study.name} is {state}, due {study.due}")
        counts = trials.get(study_id, {})
        complete, restarts = counts.get("complete", (0, 0))
        given = counts.get("given up", (0, 0))[0]
        rows, distinct = recorded.get(study_id, (0, 0))
        left = study.trials - complete - given
        lost += max(restarts - distinct, 0)
        lost += max(left, 0) * PLAN["restarts"] if state == "settled" else 0
        doubled += rows - distinct + max(-left, 0) * PLAN["restarts"]
        given_up += given
    strangers = set(states) - {study.name for study in known}
    missing += [f"{name}, which nobody submitted" for name in sorted(strangers)]
    total = sum(rows for rows, _ in recorded.values())
    return Record(len(states), total, lost, doubled, missing, given_up, wrong, audited)
