"""scikit-learn's conventions: its own checks, and its tools around the classifier."""

from __future__ import annotations

import os
import subprocess
import sys
import warnings
from collections import Counter
from pathlib import Path
from typing import Any

import joblib
import numpy as np
import pytest
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV, StratifiedKFold, cross_val_score, cross_validate
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils import get_tags
from sklearn.utils.estimator_checks import check_estimator

import multirestart as mr
from search.problem.data.datasets import bands
from tests.conftest import ROOT, environment

X, Y = bands().features, bands().labels


def classifier(**parameters: Any) -> mr.RestartClassifier:
    return mr.RestartClassifier(**{"n_init": 8, "epochs": 30, "random_state": 0, **parameters})


@pytest.fixture(autouse=True)
def importable(monkeypatch: pytest.MonkeyPatch) -> None:
    """Workers of joblib import this checkout."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]))


@pytest.mark.slow
def test_it_passes_all_checks_of_estimators() -> None:
    few = mr.RestartClassifier(n_init=4, epochs=30)
    assert not get_tags(few).non_deterministic
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # many checks have nothing to learn
        results = check_estimator(few, on_skip=None)
    statuses = Counter(result["status"] for result in results)
    skipped = {result["check_name"] for result in results if result["status"] == "skipped"}
    assert statuses["passed"] >= 60
    assert set(statuses) <= {"passed", "skipped"}
    assert skipped <= {"check_array_api_input"}  # which needs SCIPY_ARRAY_API


@pytest.mark.slow
def test_a_pipeline_in_a_search_on_two_processes() -> None:
    with config_context(enable_metadata_routing=True):
        routed = classifier(scaling="none").set_fit_request(sample_weight=True)
        routed.set_score_request(sample_weight=True)
        search = GridSearchCV(
            make_pipeline(StandardScaler().set_fit_request(sample_weight=True), routed),
            {"restartclassifier__learning_rate": np.array([0.001, 0.1])},
            cv=StratifiedKFold(3, shuffle=True, random_state=0),
            n_jobs=2,
        )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            search.fit(X, Y, sample_weight=np.ones(300))
            weighed = clone(search).fit(X, Y, sample_weight=np.where(Y == 1, 1, 0.01))
    assert search.best_params_ == {"restartclassifier__learning_rate": 0.1}
    assert search.best_score_ > 0.9
    assert weighed.best_estimator_[-1].loss_ != search.best_estimator_[-1].loss_
    assert search.best_estimator_[-1].verify().agrees


@pytest.mark.slow
def test_cross_validation_is_the_same_in_another_process(tmp_path: Path) -> None:
    order = np.random.default_rng(0).permutation(300)
    x, y = X[order], Y[order]
    here = cross_validate(classifier(), x, y, cv=2, return_estimator=True)
    there = cross_val_score(classifier(), x, y, cv=2, n_jobs=2)
    assert here["test_score"].tolist() == there.tolist()
    first, second = here["estimator"]
    assert [each.seed for each in first.restarts_] == [each.seed for each in second.restarts_]
    joblib.dump(first, tmp_path / "first.joblib")
    loaded = joblib.load(tmp_path / "first.joblib")
    assert loaded.predict_proba(x).tobytes() == first.predict_proba(x).tobytes()


@pytest.mark.slow
def test_more_processes_train_the_same_restarts() -> None:
    alone, shared = classifier(n_init=600), classifier(n_init=600, n_jobs=2)
    assert shared.fit(X, Y).restarts_ == alone.fit(X, Y).restarts_
    assert shared.best_seed_ == alone.best_seed_
    assert shared.predict_proba(X).tobytes() == alone.predict_proba(X).tobytes()


TENSORFLOW_BEFORE = """
import os
import tensorflow as tf

tf.random.set_seed(1)
import multirestart as mr
from search.problem.data.datasets import bands

x, y = bands().features, bands().labels
fitted = mr.RestartClassifier(n_init=8, epochs=30, random_state=0).fit(x, y)
print(fitted.score(x, y), os.environ.get("CUDA_VISIBLE_DEVICES"))
"""


@pytest.mark.slow
def test_tensorflow_that_is_there_already_is_left_as_it_is() -> None:
    without = {name: value for name, value in environment().items() if name[:4] not in ("CUDA",)}
    done = subprocess.run(
        [sys.executable, "-c", TENSORFLOW_BEFORE],
        env=without,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "1.0 None\n"


UNTOUCHED = """
import random
import numpy as np

random.seed(1)
np.random.seed(1)
import multirestart as mr

before = random.getstate(), np.random.get_state()
mr.RestartClassifier(n_init=1, epochs=1).fit([[0.0], [1.0]] * 20, [0, 1] * 20)
after = random.getstate(), np.random.get_state()
print(repr(before) == repr(after))
"""


@pytest.mark.slow
def test_the_first_fit_of_a_process_leaves_random_states_alone() -> None:
    done = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", UNTOUCHED],
        env=environment(),
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "True\n"


def test_keras_on_another_backend_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """Other backends are packages of their own, which need not be installed here."""
    monkeypatch.setattr("keras.config.backend", lambda: "numpy")
    with pytest.raises(mr.MultirestartError, match="Keras was imported with the backend 'numpy'"):
        mr.RestartClassifier(n_init=1).fit([[0.0], [1.0]], [0, 1])
