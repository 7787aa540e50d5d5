"""Which engine trains: processes of this machine, or a Dask cluster."""

from __future__ import annotations

from search.problem.errors import Fault, InvalidValuesError
from search.running.cores import worker_count
from search.running.engine import Engine
from search.running.events import OnEvent
from search.running.program_cache import cache_root


def make_engine(
    cluster: str | None, workers: int | None, on_event: OnEvent, *, cache: bool
) -> tuple[Engine, int]:
    """The engine of a launch, and how many workers it starts: 0 where a cluster has its own.

    Args:
        cluster: "local" or the address of a Dask scheduler; None for processes of this machine.
        workers: How many workers are started; one per core if None.
        on_event: Told of workers that join a cluster, and of those that are refused.
        cache: Keep compiled programs.

    Raises:
        UserError: If a value breaks its rule, or a cluster is named and Dask is not installed.
    """
    if cluster is None:
        from search.running.workers import LocalWorkers  # joblib

        count = worker_count(workers)
        return LocalWorkers(count, cache_root() if cache else None), count
    from search.running.dask_connection import LOCAL, check_cluster
    from search.running.dask_engine import DaskEngine

    check_cluster(cluster)
    if cluster != LOCAL and workers is not None:
        rule = "are those of the cluster: leave it out where another machine's scheduler is named"
        raise InvalidValuesError([Fault("workers", rule, str(workers))])
    count = worker_count(workers) if cluster == LOCAL else 0
    return DaskEngine(cluster, count, on_event, cache=cache), count
