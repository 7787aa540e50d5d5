"""Clients of a soaked service: they order at random, and know what has to come of it.

A study that several clients have in view is ordered by one at a time, so that which order is its
last one is known.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable

from scripts.service_readers import MOST_OPEN, Reader
from scripts.service_world import PLAN, Answer, Due, Known, World, path_of

_SECONDS_BETWEEN = (0.1, 1.2)
_GROWN = 2
"""Trials by which a study grows when it is submitted again with more of them."""


class Client(Reader):
    """Somebody who submits, orders and reads, until it is over."""

    def __init__(self, world: World, number: int, seed: int) -> None:
        super().__init__(world, number, seed)
        self._made = 0
        self._actions: list[tuple[int, Callable[[], None]]] = [
            (8, self._submit),
            (2, self._submit_twice),
            (3, self._submit_again),
            (2, self._submit_another),
            (3, self._grow),
            (8, lambda: self._order("pause")),
            (10, lambda: self._order("resume")),
            (4, lambda: self._order("cancel")),
            (4, lambda: self._order("kill")),
            (1, self._delete),
            (10, self._list),
            (10, self._read_one),
            (10, self._read_results),
            (4, self._watch),
            (2, self._look_around),
        ]

    def run(self) -> None:
        """Act until it is over; what is begun is brought to its end."""
        shares, actions = zip(*self._actions, strict=True)
        try:
            while not self._world.is_over.is_set():
                self._draw.choices(actions, shares)[0]()
                time.sleep(self._draw.uniform(*_SECONDS_BETWEEN))
        except Exception as error:
            self._world.expect(False, f"a client failed: {error!r}")
            raise

    # Submits

    def _new(self) -> Known | None:
        """A study that nobody has submitted; None while many are open."""
        world = self._world
        with world.lock:
            if world.queued >= MOST_OPEN:
                return None
            self._made += 1
            study = Known(f"{self.name}-{self._made}")
            study.lock.acquire()
            world.studies.append(study)
        return study

    def _submit(self) -> None:
        study = self._new()
        if study is None:
            return
        try:
            answer = self._world.submit(study)
            self._submitted(study, [answer])
        finally:
            study.lock.release()

    def _submit_twice(self) -> None:
        """Two at the same moment: one of them makes the study."""
        study = self._new()
        if study is None:
            return
        try:
            found: list[Answer] = []
            both = [
                threading.Thread(target=lambda: found.append(self._world.submit(study)))
                for _ in range(2)
            ]
            for each in both:
                each.start()
            for each in both:
                each.join()
            self._submitted(study, found)
        finally:
            study.lock.release()

    def _submitted(self, study: Known, answers: list[Answer]) -> None:
        statuses = sorted(answer.status for answer in answers)
        made = statuses.count(201)
        is_lost = any(answer.unanswered for answer in answers)
        self._world.expect(
            set(statuses) <= {200, 201} and (made == 1 or (is_lost and made == 0)),
            f"submitted {study.name}: {statuses}",
        )
        study.is_there = True
        self._world.counted("submits accepted")

    def _submit_again(self) -> None:
        """The same plan again changes nothing."""
        if (study := self._taken()) is None:
            return
        try:
            answer = self._world.submit(study)
            is_same = answer.status == 200 and answer.json["changes"] == []
            self._world.expect(is_same, f"the same again of {study.name}: {answer}")
            self._world.counted("submits repeated")
        finally:
            study.lock.release()

    def _submit_another(self) -> None:
        """Another plan under the same name is refused."""
        if (study := self._taken()) is None:
            return
        try:
            answer = self._world.ask("PUT", path_of(study), {**PLAN, "epochs": 61})
            is_refused = answer.status == 409 and len(answer.json["differences"]) == 1
            self._world.expect(is_refused, f"another {study.name}: {answer}")
            self._world.counted("submits refused")
        finally:
            study.lock.release()

    def _grow(self) -> None:
        """More trials of a study; one that is settled is queued again."""
        if (study := self._taken()) is None:
            return
        try:
            study.trials += _GROWN
            answer = self._world.submit(study)
            is_grown = answer.status == 200 and (answer.unanswered or answer.json["changes"])
            self._world.expect(bool(is_grown), f"grown {study.name}: {answer}")
            self._world.counted("submits that grew a study")
        finally:
            study.lock.release()

    # Orders

    def _order(self, what: str) -> None:
        if (study := self._taken()) is None:
            return
        try:
            answer = self._world.ask("POST", path_of(study, f"/{what}"))
            self._world.counted(f"{what}: {'accepted' if answer.status == 200 else 'refused'}")
            if answer.status == 200:
                due = {"pause": Due.PAUSED, "resume": Due.SETTLED}.get(what, Due.CANCELLED)
                may = what != "pause" or study.due is not Due.CANCELLED
                self._world.expect(may, f"{what} of {study.name}, which was cancelled: accepted")
                study.due = due
                is_settled = answer.json["state"] == "settled"
                self._world.expect(not is_settled or what == "resume", f"{what}: {answer}")
                self._see(study, answer.json["state"], f"answer to {what}")
            else:
                state = self._world.ask("GET", path_of(study)).json.get("state")
                is_settled = state == "settled" and what != "resume"
                may = is_settled or (what == "pause" and state == "cancelled")
                said = f"{what} of {study.name}, which is {state}: {answer}"
                self._world.expect(may and answer.status == 409, said)
                self._see(study, state, f"after {what} was refused")
        finally:
            study.lock.release()

    def _delete(self) -> None:
        if (study := self._taken()) is None:
            return
        try:
            study.is_going = True
            answer = self._world.ask("DELETE", path_of(study))
            is_gone = answer.status == 204 or (answer.unanswered and answer.status == 404)
            self._world.expect(bool(is_gone), f"delete of {study.name}: {answer}")
            study.due = Due.DELETED
            self._world.counted("deleted")
        finally:
            study.lock.release()
