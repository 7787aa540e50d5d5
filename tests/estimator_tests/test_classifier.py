"""A classifier with `n_init`: its restarts, its weights, its model, and what it leaves alone."""

from __future__ import annotations

import pickle
import random
import re
import subprocess
import sys
from typing import Any

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning, NotFittedError

import multirestart as mr
from search.estimator.restart import FittedRestart
from search.problem.data.datasets import bands
from search.training.backend import keras, tf
from search.training.reference import flat_weights
from tests.conftest import ROOT, environment

X, Y = bands().features, bands().labels
NAMES = np.array(["outer", "inner"])[Y]


def classifier(**parameters: Any) -> mr.RestartClassifier:
    return mr.RestartClassifier(**{"n_init": 16, "epochs": 40, "random_state": 3, **parameters})


@pytest.fixture(scope="module")
def fitted() -> mr.RestartClassifier:
    return classifier().fit(X, NAMES)


def everything(fitted: mr.RestartClassifier) -> tuple[list[str], bytes]:
    return list(map(repr, fitted.restarts_)), fitted.predict_proba(X).tobytes()


def test_it_finds_what_one_restart_may_miss(fitted: mr.RestartClassifier) -> None:
    assert fitted.score(X, NAMES) == 1.0
    assert fitted.classes_.tolist() == ["inner", "outer"]
    assert fitted.n_features_in_ == 1
    outcomes = [restart.outcome for restart in fitted.restarts_]
    escaped = sum(outcome in ("escaped", "solved") for outcome in outcomes)
    assert fitted.escape_rate_ == escaped / 16
    low, high = fitted.escape_interval_
    assert 0 < low < fitted.escape_rate_ < high
    assert fitted.restarts_needed_ is not None
    best = min(fitted.restarts_, key=lambda restart: restart.loss)
    assert (fitted.best_seed_, fitted.loss_) == (best.seed, best.loss)
    assert fitted.predict_proba(X).sum(axis=1) == pytest.approx(np.ones(300))


def test_restarts_are_truly_different(fitted: mr.RestartClassifier) -> None:
    for name in ("seed", "loss"):
        assert len({getattr(restart, name) for restart in fitted.restarts_}) == 16
    others = classifier(random_state=4).fit(X, NAMES)
    assert not {each.seed for each in fitted.restarts_} & {each.seed for each in others.restarts_}


def test_a_random_state_says_all_and_more_restarts_begin_with_the_fewer(
    fitted: mr.RestartClassifier,
) -> None:
    assert everything(classifier().fit(X, NAMES)) == everything(fitted)
    few, many = classifier(n_init=4).fit(X, NAMES), classifier(n_init=300).fit(X, NAMES)
    assert few.restarts_ == fitted.restarts_[:4]
    assert many.restarts_[:16] == fitted.restarts_
    assert len({restart.seed for restart in many.restarts_}) == 300
    assert many.loss_ <= fitted.loss_ <= few.loss_
    assert classifier(n_init=1).fit(X, NAMES).best_seed_ == fitted.restarts_[0].seed


def test_the_order_of_the_rows_does_not_matter(fitted: mr.RestartClassifier) -> None:
    order = np.random.default_rng(0).permutation(300)
    assert everything(classifier().fit(X[order], NAMES[order])) == everything(fitted)


def test_a_weight_of_2_is_the_row_twice_and_0_leaves_it_out() -> None:
    # As many points as before: no new program.
    weights = np.random.default_rng(0).permutation(np.repeat([0, 1, 2], 100))
    weighted = classifier(class_weight={"inner": 2.0}).fit(X, NAMES, sample_weight=weights)
    repeated = classifier(class_weight={"inner": 2.0}).fit(
        X.repeat(weights, 0), NAMES.repeat(weights)
    )
    assert everything(weighted) == everything(repeated)
    assert everything(weighted) != everything(classifier(class_weight={"inner": 2.0}).fit(X, NAMES))


def test_class_weights_weigh_the_loss(fitted: mr.RestartClassifier) -> None:
    balanced = classifier(class_weight="balanced").fit(X, NAMES)
    by_hand = classifier(class_weight={"outer": 0.75, "inner": 1.5}).fit(X, NAMES)
    by_row = classifier().fit(X, NAMES, sample_weight=np.where(NAMES == "inner", 1.0, 0.5))
    assert everything(balanced) == everything(by_hand) == everything(by_row)
    assert everything(balanced) != everything(fitted)
    assert everything(classifier(class_weight={"inner": 1.0}).fit(X, NAMES)) == everything(fitted)


@pytest.mark.parametrize(
    ("weights", "said"),
    [
        (np.zeros(300), "must not be zero for all rows"),
        (-np.ones(300), "must not be below 0, received -1"),
        (np.ones((300, 1)), "one number for each row"),
        (np.ones(7), "inconsistent numbers of samples"),
        (np.full(300, np.nan), "NaN"),
        (Y, "at least two classes, received one class only: 'inner'"),
    ],
)
def test_weights_that_are_none_are_refused(weights: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        classifier().fit(X, NAMES, sample_weight=weights)


def test_labels_of_mixed_kinds_are_refused() -> None:
    said = "y must hold labels of one kind, received int and str"
    with pytest.raises(ValueError, match=said):
        classifier().fit(X, np.array([1, "a", 1] * 100, dtype=object))


def test_a_class_weight_must_be_above_0() -> None:
    with pytest.raises(ValueError, match=r"class_weight must be finite numbers above 0"):
        classifier(class_weight={"inner": 0.0}).fit(X, NAMES)


# Keras's own, as it writes a model.
@pytest.mark.filterwarnings("ignore:__array__ implementation doesn't accept:DeprecationWarning")
def test_the_model_is_plain_keras_for_raw_points(
    fitted: mr.RestartClassifier, tmp_path: Any
) -> None:
    path = tmp_path / "best.keras"
    fitted.model_.save(path)
    loaded = keras.models.load_model(path)
    assert [layer.name for layer in loaded.layers] == ["centre", "scale", "hidden_1", "output"]
    inner = 1 - fitted.predict_proba(X)[:, 1]
    np.testing.assert_allclose(1 - loaded.predict(X, verbose=0)[:, 0], inner, atol=1e-6)
    codes = (NAMES == "outer").astype(np.float32)
    loss, accuracy = loaded.evaluate(X, codes, verbose=0)
    assert (loss, accuracy) == (pytest.approx(fitted.loss_, abs=1e-6), 1.0)
    start = keras.models.clone_model(loaded)
    keras.utils.set_random_seed(fitted.best_seed_)
    again = keras.Sequential(
        [keras.Input((1,)), keras.layers.Dense(2, "sigmoid"), keras.layers.Dense(1, "sigmoid")]
    )
    assert flat_weights(start).tobytes() == flat_weights(again).tobytes()


@pytest.mark.slow
def test_it_agrees_with_plain_keras() -> None:
    parameters = {"class_weight": "balanced", "l2": 0.001, "validation_fraction": 0.2}
    weighed = classifier(n_init=3, epochs=10, **parameters).fit(X, NAMES)
    for seed in (None, weighed.restarts_[2].seed):
        found = weighed.verify(seed)
        assert found.agrees
        assert found.plain.outcome == found.fitted.outcome
        assert found.plain.validation_loss == pytest.approx(found.fitted.validation_loss, abs=1e-4)
        assert found.plain.loss != found.fitted.loss, "it was trained by something else"
    with pytest.raises(mr.MultirestartError, match="must be one of those in restarts_"):
        weighed.verify(1)


def test_the_callers_random_states_are_untouched() -> None:
    def draws() -> list[Any]:
        drawn = np.random.random(3).tolist()
        return [random.random(), *drawn, *tf.random.uniform((3,)).numpy().tolist()]

    def seed() -> None:
        keras.utils.set_random_seed(5)
        tf.random.uniform((2,))

    seed()
    expected = draws()
    seed()
    with pytest.warns(ConvergenceWarning):
        found = classifier(n_init=2, epochs=1, random_state=None, learning_rate=1e-6).fit(X, NAMES)
    found.predict(X)
    found.model_.predict(X, verbose=0)
    found.verify()
    assert draws() == expected


def test_the_best_by_held_out_points() -> None:
    x, y = np.linspace(-1, 1, 60)[:, None], np.arange(60) % 2
    parameters = {"validation_fraction": 0.5, "batch_size": "full", "hidden": (3,)}
    by_loss = classifier(**parameters).fit(x, y)
    by_other = classifier(select="validation_loss", **parameters).fit(x, y)
    assert by_loss.restarts_ == by_other.restarts_
    seeds = {
        name: min(by_loss.restarts_, key=lambda restart: getattr(restart, name)).seed
        for name in ("loss", "validation_loss")
    }
    assert by_loss.best_seed_ == seeds["loss"]
    assert by_other.best_seed_ == seeds["validation_loss"]
    assert seeds["loss"] != seeds["validation_loss"]
    with pytest.raises(ValueError, match="validation_fraction must hold out at least one of 60"):
        classifier(validation_fraction=0.001).fit(x, y)


def test_it_goes_on_until_enough_is_known(fitted: mr.RestartClassifier) -> None:
    found = classifier(n_init="auto").fit(X, NAMES)
    assert found.restarts_[:16] == fitted.restarts_
    assert len(found.restarts_) == 256
    closer = classifier(n_init="auto", precision=0.05, max_n_init=600).fit(X, NAMES)
    low, high = closer.escape_interval_
    assert len(closer.restarts_) == 600 or high - low <= 0.05
    assert len(closer.restarts_) > 256
    said = r"ended at max_n_init=3: \d of 3 escaped, and the 95% interval is 0\.\d+ wide, not 0.01$"
    with pytest.warns(ConvergenceWarning, match=said):
        classifier(n_init="auto", precision=0.01, max_n_init=3).fit(X, NAMES)


def test_a_warning_counts_the_restarts_where_none_escaped() -> None:
    said = r"none of 16 restarts escaped the plateau, .* 0\.6667 .* \(16 not escaped\)"
    with pytest.warns(ConvergenceWarning, match=said):
        found = classifier(learning_rate=1e-6).fit(X, NAMES)
    assert (found.escape_rate_, found.restarts_needed_) == (0.0, None)
    assert set(found.predict(X)) == {"outer"}


def test_points_at_one_half_are_told_as_undecided() -> None:
    """Weights that hardly move from a start near 0 leave all points between the classes."""
    parameters = {"initializer": "uniform:0.001", "epochs": 0, "n_init": 4}
    with pytest.warns(ConvergenceWarning):
        found = classifier(**parameters).fit(X, NAMES)
    assert [restart.undecided for restart in found.restarts_] == [300] * 4
    assert found.verify().plain.undecided == 300


def test_restarts_that_all_diverge_are_an_error() -> None:
    with pytest.raises(ValueError, match="all 16 restarts diverged"):
        classifier(scaling="none").fit(np.where(Y[:, None] == 1, 1e300, -1e300), NAMES)


@pytest.mark.parametrize(
    ("x", "y", "changed"),
    [
        (np.c_[X, X], Y, {"batch_size": "many"}),
        (np.c_[X, X], np.zeros(300), {}),
        (np.where(Y[:, None] == 1, 1e300, -1e300), Y, {"scaling": "none"}),
        (np.c_[X, X], np.arange(300) % 3, {"loss_function": "mse"}),
    ],
)
def test_a_fit_that_fails_leaves_the_one_before_it_whole(
    x: Any, y: Any, changed: dict[str, Any], fitted: mr.RestartClassifier
) -> None:
    again = pickle.loads(pickle.dumps(fitted)).set_params(**changed)
    with pytest.raises(ValueError, match=r"must|class|diverged"):
        again.fit(x, y)
    assert everything(again) == everything(fitted)
    assert again.n_features_in_ == 1
    fresh = classifier(**changed)
    with pytest.raises(ValueError, match=r"must|class|diverged"):
        fresh.fit(x, y)
    with pytest.raises(NotFittedError):
        fresh.predict(x)


def test_a_copy_predicts_the_same_without_the_points(fitted: mr.RestartClassifier) -> None:
    copy = pickle.loads(pickle.dumps(fitted))
    assert everything(copy) == everything(fitted)
    assert len(pickle.dumps(fitted)) < 8_000
    assert flat_weights(copy.model_).tobytes() == flat_weights(fitted.model_).tobytes()
    with pytest.raises(mr.MultirestartError, match="fit it again"):
        copy.verify()
    with pytest.raises(NotFittedError):
        _ = clone(fitted).model_
    assert clone(fitted).get_params() == fitted.get_params()


def test_restarts_make_a_data_frame(fitted: mr.RestartClassifier) -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(fitted.restarts_)
    assert tuple(frame.columns) == FittedRestart._fields
    named = classifier().fit(pandas.DataFrame(X, columns=["x"]), pandas.Series(NAMES))
    assert named.feature_names_in_.tolist() == ["x"]
    assert named.restarts_ == fitted.restarts_


@pytest.mark.slow
def test_to_predict_loads_no_tensorflow(fitted: mr.RestartClassifier, tmp_path: Any) -> None:
    path = tmp_path / "fitted.pickle"
    path.write_bytes(pickle.dumps(fitted))
    code = (
        "import pickle, sys\n"
        f"fitted = pickle.load(open({str(path)!r}, 'rb'))\n"
        "fitted.predict([[15.0]])\n"
        "print({'tensorflow', 'keras', 'optuna', 'storage'} & set(sys.modules))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], env=environment(), capture_output=True, text=True, check=True
    )
    assert done.stdout == "set()\n"


def test_the_example_of_the_page_runs(capsys: pytest.CaptureFixture[str]) -> None:
    page = (ROOT / "docs/estimator.md").read_text()
    (example,) = re.findall(r"```python\n(.*?)```", page, re.S)
    exec(example, {})
    score, rate, low, _ = re.findall(r"[\d.]+", capsys.readouterr().out)
    assert float(score) > 0.9
    assert float(rate) > float(low) > 0.9


def test_every_parameter_and_attribute_is_on_the_page(fitted: mr.RestartClassifier) -> None:
    page = (ROOT / "docs/estimator.md").read_text()
    attributes = [*vars(fitted), "model_", "feature_names_in_"]
    public = [name for name in attributes if name.endswith("_") and not name.startswith("_")]
    assert [name for name in [*fitted.get_params(), *public] if f"`{name}`" not in page] == []


def test_the_model_scales_in_float64() -> None:
    far = X + 1e9  # where all of them are one number in float32
    found = classifier().fit(far, NAMES)
    outer = np.asarray(found.model_(far))[:, 0]
    np.testing.assert_allclose(outer, found.predict_proba(far)[:, 1], atol=1e-6)
    assert found.score(far, NAMES) == 1.0
