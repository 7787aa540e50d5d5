"""A connection that breaks: what was under way is done once, and what others took is theirs."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest
from sqlalchemy import Connection

from search.problem.problem import Task
from search.running import run
from search.running.engine import Ended, Engine
from search.running.events import ConnectionLost, TrialDone
from search.running.interrupts import Interrupts
from search.running.opening import open_study
from search.running.run import run_trials
from search.running.search_source import SearchSource
from storage import server_locks
from storage.contract import Store
from storage.errors import ConnectionLostError
from storage.opening import open_for_writing
from storage.sql_store import SqlStore
from tests.command_tests.pretended import PRETENDED_SECONDS, train
from tests.postgresql import Server
from tests.search_tests.launchers import PLAN, Launcher, rows

BEFORE, AFTER, NEVER = "before", "after", "never"


def break_connections(patch: pytest.MonkeyPatch, store: Store, fates: Callable[[], str]) -> None:
    """Have the connection break before a transaction is committed, after it, or never."""
    assert isinstance(store, SqlStore)
    database = store._database
    begin = database.transaction

    @contextmanager
    def transaction() -> Iterator[Connection]:
        is_outermost = getattr(database._current, "connection", None) is None
        fate = fates() if is_outermost else NEVER
        with begin() as connection:
            yield connection
            if fate == BEFORE:
                raise ConnectionLostError("gone")
        if fate == AFTER:
            raise ConnectionLostError("gone")

    patch.setattr(database, "transaction", transaction)


def test_a_claim_of_which_no_answer_came_is_claimed_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Launcher(tmp_path)
    with monkeypatch.context() as patch:
        break_connections(patch, one.store, lambda: AFTER)
        with pytest.raises(ConnectionLostError):
            one.source.claim()
    again = one.claim()
    assert (again.number, again.trial.attempt) == (0, 2)
    assert one.claim().number == 1, "what is held is not claimed again"
    assert one.finish(again)


def test_a_trial_whose_recording_was_not_answered_is_known_to_be_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = Launcher(tmp_path)
    claim = one.claim()
    with monkeypatch.context() as patch:
        break_connections(patch, one.store, lambda: AFTER)
        with pytest.raises(ConnectionLostError):
            one.finish(claim)
    assert one.finish(claim)
    assert len(one.seeds) == claim.task.restarts


class Instant(Engine):
    """Trains at once, one task after another."""

    def __init__(self) -> None:
        self.trained: list[int] = []
        self._waiting: list[tuple[int, Task]] = []

    @property
    def wants_more(self) -> bool:
        return len(self._waiting) < 2

    def submit(self, tag: int, task: Task) -> None:
        self._waiting.append((tag, task))

    def next_ended(self, timeout: float | None = None) -> list[Ended]:  # noqa: ARG002
        tag, task = self._waiting.pop(0)
        self.trained.append(task.first_seed)
        return [Ended(tag, train(task))]

    def start(self) -> None: ...

    def stop(self) -> None: ...


@pytest.mark.parametrize("seed", range(4))
def test_however_often_the_connection_breaks_each_trial_is_trained_and_recorded_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    one, engine = Launcher(tmp_path, until_precision=0.01), Instant()
    monkeypatch.setenv(PRETENDED_SECONDS, "0")
    monkeypatch.setattr(run, "_SECONDS_BETWEEN_LOOKS", 0)
    with monkeypatch.context() as patch:
        draw = random.Random(seed)
        break_connections(
            patch, one.store, lambda: draw.choice((BEFORE, AFTER, NEVER, NEVER, NEVER))
        )
        events = list(run_trials(one.source, engine, Interrupts()))
    assert any(isinstance(event, ConnectionLost) for event in events)
    done = [event.number for event in events if isinstance(event, TrialDone)]
    assert sorted(done) == list(range(8))
    assert len(engine.trained) == 8
    assert len(one.seeds) == 8 * PLAN.restarts


def test_a_lock_of_which_no_answer_came_can_be_taken_again(
    postgresql: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    with closing(open_for_writing(postgresql.new())) as store:
        with monkeypatch.context() as patch:
            break_connections(patch, store, lambda: AFTER)
            with pytest.raises(ConnectionLostError), store.lock("publishing", wait=False):
                pass
        with store.lock("publishing", wait=False) as is_held:
            assert is_held


def test_a_trial_that_another_took_meanwhile_is_the_others(postgresql: Server) -> None:
    url = postgresql.new()
    one, two = (open_study(url, lambda _: "s", lambda _: PLAN) for _ in range(2))
    with (
        closing(one.store),
        closing(two.store),
        one.store.liveness() as first,
        two.store.liveness() as second,
    ):
        late, source = SearchSource(one, first), SearchSource(two, second)
        claim = late.claim()
        assert claim is not None
        assert second.alive([first.launcher, "nobody"]) == {first.launcher}
        lock = f"SELECT pid FROM pg_locks WHERE objid::bigint = {low_half(first.launcher)}"
        cut = f"SELECT pg_terminate_backend(pid, 5000) FROM ({lock}) AS of_one"
        assert postgresql.execute(cut, url.rpartition("/")[2]) == [(True,)]
        assert not second.is_alive(first.launcher)
        taken = source.claim()
        assert taken is not None
        assert (taken.number, taken.trial.attempt) == (claim.number, 2)
        with pytest.raises(ConnectionLostError, match="terminating connection"):
            late.finish(claim, rows(claim))
        assert late.finish(claim, rows(claim)) is None
        assert second.is_alive(first.launcher), "it has its lock again with its new session"
        assert source.finish(taken, rows(taken)) is not None
        assert len(list(two.store.restarts(two.study_id))) == PLAN.restarts


def low_half(launcher: str) -> int:
    """The half of a lock's key that PostgreSQL shows as `objid`."""
    return server_locks._key(launcher) & 0xFFFFFFFF
