"""The workers: processes of joblib's loky that compute and nothing else."""

from __future__ import annotations

import signal
from concurrent.futures import FIRST_COMPLETED, Future, wait
from types import TracebackType

from joblib.externals.loky import ProcessPoolExecutor

from search.problem import Task
from storage.rows import Restart

# A worker is one thread: the workers are the parallelism. NumPy's and SciPy's pools read these as
# they are loaded; TensorFlow's own settings stand with its import in `search.training.backend`.
_ENVIRONMENT = {"OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "MKL_NUM_THREADS": "1"}


class Workers:
    """A pool of `count` worker processes, each of which keeps its compiled programs.

    Used as a context manager: at its end the workers are stopped.
    """

    def __init__(self, count: int) -> None:
        self.count = count
        self._executor = ProcessPoolExecutor(
            max_workers=count, initializer=_warm_up, env=_ENVIRONMENT
        )

    def __enter__(self) -> Workers:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        _error: BaseException | None,
        _traceback: TracebackType | None,
    ) -> None:
        self._executor.shutdown(wait=True, kill_workers=kind is not None)

    def submit(self, task: Task) -> Future[tuple[Restart, ...]]:
        """Have the next free worker train a task."""
        future: Future[tuple[Restart, ...]] = self._executor.submit(_train, task)
        return future


def next_done(
    running: set[Future[tuple[Restart, ...]]], timeout: float | None = None
) -> set[Future[tuple[Restart, ...]]]:
    """Wait until at least one of the futures is done, and return those that are."""
    return wait(running, timeout=timeout, return_when=FIRST_COMPLETED).done


def _warm_up() -> None:
    """Import TensorFlow as the worker starts, while the parent asks for the first trials.

    Ctrl-C reaches the workers too, and is the parent's to answer: it stops them itself.
    """
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    import search.trial  # noqa: F401


def _train(task: Task) -> tuple[Restart, ...]:
    from search.trial import train_trial

    return train_trial(task)
