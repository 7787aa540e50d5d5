"""What one key may have: studies at a time, work of a plan, bytes of a body."""

from __future__ import annotations

import threading
import time
from collections import Counter
from dataclasses import replace
from pathlib import Path

import pytest

from search.problem.configuration import SearchSpace
from search.problem.plan import Plan
from search.service.keys import default_limits, new_key
from search.service.limits import work_of
from search.studies.submitting import submit
from storage.values import Limits, Scope
from tests.conftest import at_once, run_command
from tests.service_tests.conftest import Served

PLAN = {"trials": 2, "restarts": 4, "epochs": 10}  # of 300 points: 24,000


def made(
    served: Served, name: str = "anna", scope: Scope = Scope.SUBMIT, **most: int
) -> dict[str, str]:
    """The header of a new key with limits."""
    text, key = new_key(name, scope, None, time.time(), Limits(**most))
    served.launcher.store.add_key(key)
    return {"Authorization": f"Bearer {text}"}


def status(served: Served, header: dict[str, str], name: str, **changes: object) -> int:
    answer = served.client.put(f"/api/studies/{name}", json={**PLAN, **changes}, headers=header)
    return answer.status_code


def test_a_key_has_so_many_studies_queued_and_may_have_another_when_one_ends(
    served: Served,
) -> None:
    anna, ben = made(served, most_studies=2), made(served, "ben", most_studies=2)
    assert [status(served, anna, name) for name in ("a", "b")] == [201, 201]
    full = served.client.put("/api/studies/c", json=PLAN, headers=anna)
    assert (full.status_code, full.headers["retry-after"]) == (429, "60")
    assert full.headers["content-type"] == "application/problem+json"
    said = "the key 'anna' has as many studies queued or running as it may at a time, 2: wait"
    assert full.json()["detail"].startswith(said)
    assert served.client.get("/api/studies/c", headers=anna).status_code == 404
    assert status(served, anna, "a") == 200, "what is there already is no more than before"
    assert status(served, anna, "a", trials=3) == 200
    assert status(served, ben, "c") == 201, "another key has room of its own"
    paused = served.client.post("/api/studies/b/pause", headers=anna)
    assert paused.status_code == 200
    assert status(served, anna, "d") == 201
    resumed = served.client.post("/api/studies/b/resume", headers=anna)
    assert (resumed.status_code, resumed.headers["retry-after"]) == (429, "60")
    assert served.client.get("/api/studies/b", headers=anna).json()["state"] == "paused"
    assert served.client.post("/api/studies/b/resume", headers=ben).json()["state"] == "queued"
    assert status(served, ben, "e") == 429, "it counts for who resumed it"
    served.client.post("/api/studies/d/pause", headers=anna)
    assert status(served, anna, "f") == 201
    assert status(served, anna, "d", trials=5) == 200, "what is paused counts for nobody"
    resumed = served.client.post("/api/studies/d/resume", headers=anna)
    assert resumed.status_code == 429


def test_a_settled_study_that_is_to_grow_counts_again(served: Served) -> None:
    anna = made(served, most_studies=1)
    assert status(served, anna, "a") == 201
    store = served.launcher.store
    (entry,) = [entry for entry in store.entries() if entry.name == "a"]
    store.move_study(entry.study_id, type(entry.state).SETTLED, {entry.state})
    assert status(served, anna, "b") == 201
    assert status(served, anna, "a") == 200
    assert status(served, anna, "a", trials=9) == 429
    row = served.client.get("/api/studies/a", headers=anna).json()
    assert (row["state"], row["trials"]["of"]) == ("settled", 2), "nothing was changed"


def test_of_many_submits_at_once_as_many_pass_as_there_is_room_for(served: Served) -> None:
    anna = made(served, most_studies=3)
    found: Counter[int] = Counter()

    def put(number: int) -> None:
        found[status(served, anna, f"at once {number}")] += 1

    threads = [threading.Thread(target=put, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == {201: 3, 429: 5}
    assert len(served.launcher.store.studies()) == 4


def test_a_plan_that_trains_more_than_a_key_may_is_refused_for_good(served: Served) -> None:
    anna, root = made(served, most_work=24_000), made(served, "root", Scope.ADMIN)
    assert status(served, anna, "a") == 201
    refused = served.client.put("/api/studies/b", json={**PLAN, "trials": 3}, headers=anna)
    assert refused.status_code == 422
    (fault,) = refused.json()["errors"]
    assert fault["field"] == "trials"
    assert "at most 24,000 restarts x epochs x points" in fault["rule"]
    assert fault["received"].startswith("36,000 (12 restarts x 10 epochs x 300 points)")
    assert status(served, anna, "a", trials=3) == 422
    assert status(served, root, "b", trials=3) == 201
    assert status(served, anna, "b", trials=3) == 200, "it asks for nothing that is not there"
    served.client.post("/api/studies/b/cancel", headers=anna)
    assert served.client.post("/api/studies/b/resume", headers=anna).status_code == 422


def test_a_body_has_so_many_bytes_by_the_key_that_it_comes_with(served: Served) -> None:
    anna, ben = made(served, most_bytes=100_000), made(served, "ben")
    for header, size, expected in ((anna, 100_000, 201), (anna, 100_001, 413), (ben, 10**6, 201)):
        put = {"headers": {**header, "Content-Type": "text/csv"}}
        answer = served.client.put("/api/data/points", content=b"x" * size, **put)  # type: ignore[arg-type]
        assert answer.status_code == expected
    pieces = (b"x" * 60_000 for _ in range(2))  # without a length beforehand
    headers = {**anna, "Content-Type": "text/csv"}
    refused = served.client.put("/api/data/points", content=pieces, headers=headers)
    assert refused.status_code == 413


def test_without_keys_and_by_commands_nothing_is_counted(served: Served) -> None:
    for number in range(12):
        assert served.client.put(f"/api/studies/{number}", json=PLAN).status_code == 201
    made(served, most_studies=1)
    assert submit(served.url, "by a command", lambda _kept: Plan("by a command")).is_new


def test_work_is_restarts_times_epochs_times_points() -> None:
    plan = Plan(space=SearchSpace(), trials=24, restarts=256)
    assert work_of(plan) == 24 * 256 * 200 * 300
    assert work_of(replace(plan, race=3)) == (24 * 256 + 3 * 2560 + 1024) * 200 * 300
    assert work_of(replace(plan, race=99)) == (24 * 256 + 24 * 2560 + 1024) * 200 * 300
    assert default_limits(Scope.SUBMIT) == Limits(10, 10**12, None)
    assert default_limits(Scope.ADMIN) == Limits()


def test_keys_are_made_where_the_packages_of_the_service_are_not_installed(tmp_path: Path) -> None:
    program = (
        "import sys; sys.modules['fastapi'] = sys.modules['starlette'] = None\n"
        f"from search.__main__ import main; sys.argv[1:] = ['keys', 'add', 'anna', '--storage', "
        f"'sqlite:///{tmp_path / 's.db'}']; main()"
    )
    (said,) = at_once(("", program))
    assert said.startswith("mr_")


def test_limits_are_set_and_shown_by_keys(served: Served) -> None:
    def keys(*arguments: str, code: int = 0) -> str:
        done = run_command(
            "keys", *arguments, "--storage", served.url, cwd=served.folder, code=code
        )
        return done.stdout + done.stderr

    keys("add", "anna")
    keys("add", "root", "--scope", "admin")
    keys("add", "ben", "--most-studies", "3", "--most-work", "none", "--most-bytes", "100000")
    limits = {key.name: key.limits for key in served.launcher.store.access_keys()}
    assert limits == {
        "anna": default_limits(Scope.SUBMIT),
        "root": Limits(),
        "ben": Limits(3, None, 100_000),
    }
    rows = keys("list", "--format", "csv").splitlines()
    assert rows[0].endswith("expires,most_studies,most_work,most_bytes")
    assert [row.split(",")[-3:] for row in rows[1:]] == [
        ["10", "1000000000000", ""],
        ["", "", ""],
        ["3", "", "100000"],
    ]
    assert "1,000,000,000,000" in keys("list")
    for option, value in (
        ("--most-studies", "0"),
        ("--most-work", "1e12"),
        ("--most-bytes", "65535"),
        ("--most-work", str(2**63)),
    ):
        said = keys("add", "carl", option, value, code=2)
        assert f"{value!r} is neither a whole number from" in said


@pytest.mark.parametrize("scope", [Scope.READ, Scope.SUBMIT])
def test_the_default_study_is_far_below_the_default_limit(scope: Scope) -> None:
    most = default_limits(scope).most_work
    assert most is not None
    assert work_of(Plan()) * 1000 < most
