"""Routes for whoever runs the service: whether it lives, whether it can work, and figures."""

from __future__ import annotations

from collections import Counter

from fastapi import APIRouter, Response

from search.service.desk import Reading, Serving
from search.service.problems import RESPONSES

routes = APIRouter(tags=["running it"])


@routes.get("/healthz")
async def get_health() -> dict[str, str]:
    """The process answers, also while all its threads are busy."""
    return {"status": "alive"}


@routes.get("/readyz", responses={503: RESPONSES[503]})
def get_readiness(service: Serving) -> dict[str, str]:
    """The database can be read."""
    service.reader.access_keys()
    return {"status": "ready"}


@routes.get("/metrics", response_class=Response, responses=RESPONSES)
def get_metrics(service: Serving, _caller: Reading) -> Response:
    """Figures of the queue for Prometheus."""
    from prometheus_client import CollectorRegistry, Gauge, generate_latest
    from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4

    registry = CollectorRegistry()
    found = service.telling.standings()
    states = Gauge("multirestart_studies", "Studies by state.", ["state"], registry=registry)
    for state, count in Counter(row.state for row in found).items():
        states.labels(state=state.value).set(count)
    for name, what, value in (
        ("trials_complete", "Trials of searches that are complete.", "complete"),
        ("trials_running", "Trials of searches that are being trained.", "running"),
    ):
        gauge = Gauge(f"multirestart_{name}", what, registry=registry)
        gauge.set(sum(getattr(row.trials, value) for row in found))
    restarts = Gauge("multirestart_restarts", "Restarts that are complete.", registry=registry)
    restarts.set(sum(row.restarts for row in found))
    return Response(generate_latest(registry), media_type=CONTENT_TYPE_PLAIN_0_0_4)
