"""How often does a small Keras network escape the plateau? What people import.

    import multirestart as mr

    study = mr.open_study("sqlite:///multirestart.db")
    for standing in study.best():
        print(standing.configuration, standing.escape_rate, standing.escape_rate.interval)

Importing it loads neither TensorFlow nor Optuna; a name is loaded when it is first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from search.client.client import Client
    from search.estimator.classifier import RestartClassifier
    from search.problem.configuration import Configuration, SearchSpace
    from search.problem.data.datasets import Dataset
    from search.problem.data.sources import load_data
    from search.problem.dimensions import LogRange
    from search.problem.errors import InvalidValuesError, MultirestartError
    from search.problem.plan import Plan
    from search.problem.problem import Problem
    from search.problem.success import Success
    from search.studies.launch import launch
    from search.studies.opening import open_study
    from search.studies.study import Study

_HOMES = {
    "Client": "search.client.client",
    "Configuration": "search.problem.configuration",
    "Dataset": "search.problem.data.datasets",
    "InvalidValuesError": "search.problem.errors",
    "LogRange": "search.problem.dimensions",
    "MultirestartError": "search.problem.errors",
    "Plan": "search.problem.plan",
    "Problem": "search.problem.problem",
    "RestartClassifier": "search.estimator.classifier",
    "SearchSpace": "search.problem.configuration",
    "Study": "search.studies.study",
    "Success": "search.problem.success",
    "launch": "search.studies.launch",
    "load_data": "search.problem.data.sources",
    "open_study": "search.studies.opening",
}

__all__ = [
    "Client",
    "Configuration",
    "Dataset",
    "InvalidValuesError",
    "LogRange",
    "MultirestartError",
    "Plan",
    "Problem",
    "RestartClassifier",
    "SearchSpace",
    "Study",
    "Success",
    "launch",
    "load_data",
    "open_study",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
