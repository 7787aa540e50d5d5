"""The service keeps to its own description, whatever is sent: schemathesis makes up requests."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, Phase, given, settings

from search.service.app import create_app
from tests.service_tests.conftest import Served


@pytest.mark.slow
def test_no_answer_is_outside_its_description(served: Served) -> None:
    schemathesis = pytest.importorskip("schemathesis")
    checks = pytest.importorskip("schemathesis.checks")
    specs = pytest.importorskip("schemathesis.specs.openapi.checks")
    schema = schemathesis.openapi.from_asgi("/openapi.json", create_app(served.url))
    kept = (
        checks.not_a_server_error,
        specs.status_code_conformance,
        specs.content_type_conformance,
        specs.response_schema_conformance,
    )
    tried = 0
    for found in schema.exclude(path_regex="events$|networks").get_all_operations():
        operation = found.ok()

        @settings(
            max_examples=5,
            deadline=None,
            database=None,
            derandomize=True,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        def keeps_to_it(case: object) -> None:
            case.call_and_validate(checks=kept)  # type: ignore[attr-defined]

        given(operation.as_strategy())(keeps_to_it)()  # type: ignore[no-untyped-call]
        tried += 1
    assert tried > 15
