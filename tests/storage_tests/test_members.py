from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest

from search.problem.rows import Outcome, Restart
from storage import members
from storage.members import members_by_seed, members_of
from tests.storage_tests.test_record import ADAM, SGD, Record


def restart(seed: int, outcome: Outcome = Outcome.SOLVED, loss: float = 0.25) -> Restart:
    weights = np.array([seed], dtype="<f4").tobytes()
    return Restart(seed, outcome, 1.0, loss, loss, None, None, weights)


def test_members_are_those_of_one_configuration_in_complete_trials(tmp_path: Path) -> None:
    one, two = Record(tmp_path / "s.db", "one"), Record(tmp_path / "s.db", "two")
    one.add(ADAM, restart(5), restart(3, Outcome.DIVERGED, math.inf))
    one.add(SGD, restart(4))
    one.add(ADAM, restart(1, Outcome.NOT_ESCAPED, 0.6))
    one.add(ADAM, restart(9), complete=False)
    two.add(ADAM, restart(2))
    (block,) = members_of(one.database, one.study_id, ADAM)
    assert [(m.seed, m.trial, m.outcome, m.loss) for m in block] == [
        (1, 2, Outcome.NOT_ESCAPED, 0.6),
        (3, 0, Outcome.DIVERGED, math.inf),
        (5, 0, Outcome.SOLVED, 0.25),
    ]
    assert [np.frombuffer(m.weights, "<f4").tolist() for m in block] == [[1], [3], [5]]


def test_members_come_in_blocks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record(tmp_path / "s.db")
    record.add(ADAM, *map(restart, range(7)))
    monkeypatch.setattr(members, "BLOCK", 3)
    blocks = list(members_of(record.database, record.study_id, ADAM))
    assert [len(block) for block in blocks] == [3, 3, 1]
    assert [member.seed for block in blocks for member in block] == list(range(7))
    assert list(members_of(record.database, record.study_id, SGD)) == []


def test_members_by_their_seeds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    record = Record(tmp_path / "s.db")
    record.add(ADAM, *map(restart, range(7)))
    monkeypatch.setattr(members, "_SEEDS_IN_A_QUERY", 2)
    found = members_by_seed(record.database, record.study_id, ADAM, [6, 1, 3, 99])
    assert {seed: member.seed for seed, member in found.items()} == {1: 1, 3: 3, 6: 6}
    assert members_by_seed(record.database, record.study_id, ADAM, []) == {}
