"""`RestartClassifier`: what k-means has in `n_init`, for a small Keras network."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Self

import numpy as np
from numpy.typing import NDArray

from search.estimator.enough import ended_early
from search.estimator.loading import load_tensorflow
from search.estimator.points import points_of, scaled
from search.estimator.seeds import first_seed
from search.estimator.settings import InvalidParametersError, Settings
from search.problem.errors import InvalidValuesError, UserError
from search.problem.forward import forward, softmax
from search.statistics.escape import restarts_needed

try:
    from sklearn.base import BaseEstimator, ClassifierMixin
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.utils.multiclass import check_classification_targets
    from sklearn.utils.validation import check_is_fitted, validate_data

    from search.estimator.weights import (
        class_weights,
        classes_of,
        require_one_kind,
        row_weights,
    )
except ModuleNotFoundError as error:
    raise ImportError(
        "RestartClassifier needs scikit-learn 1.7 or newer: pip install 'multirestart[estimator]'"
    ) from error

if TYPE_CHECKING:
    import keras

    from search.estimator.training import Found, Job, Line
    from search.estimator.verifying import Verification

_KEPT_HERE = ("_job", "_model")
"""Attributes that are not pickled: the points, and what can be built again."""


class RestartClassifier(ClassifierMixin, BaseEstimator):  # type: ignore[misc]
    """A small Keras network, trained from many initializations; the best one predicts.

    Args:
        n_init: Restarts, each from a seed of its own; "auto" goes on until a restart escapes with
            99% certainty, or, if `precision` is given, until that is reached. Restart i is the same
            in every `n_init`.
        hidden: Units of each hidden layer.
        activation: Of the hidden layers.
        scaling: Of the features: "none", "standard", "minmax", "maxabs" or "robust".
        optimizer: Name of a Keras optimizer, with its arguments: "adam", "sgd:momentum=0.9".
        learning_rate: Of the optimizer.
        epochs: Of each restart.
        batch_size: Points in a step, or "full".
        loss_function: "crossentropy", or for two classes "mse".
        initializer: Of the kernels, like "he_normal" or "uniform:0.5".
        bias_initializer: Of the biases: "zeros", "uniform:0.5" or "normal:0.1".
        use_bias: Whether the layers have biases.
        l2: Factor of an L2 penalty on all kernels.
        class_weight: Weights of the classes in the loss: a mapping, "balanced", or None for 1.
        select: The best has the lowest "loss", or "validation_loss".
        validation_fraction: Share of the points of each class that is held out; None for none.
        margin: Accuracy above the plateau that counts as escaped.
        solved_at: Accuracy that counts as solved.
        precision: With `n_init="auto"`, the width that the 95% interval of the escape rate may
            have.
        max_n_init: With `n_init="auto"`, the most restarts.
        random_state: Picks the seeds. None picks new ones at each fit, and leaves NumPy's global
            generator alone.
        n_jobs: Processes, as joblib counts them, where there is more than one tile of restarts.

    Attributes:
        classes_: The classes, in order.
        n_features_in_: Number of features.
        feature_names_in_: Their names, where X had them.
        model_: The best network as a `keras.Sequential` that takes X as it comes.
        best_seed_: The seed of the best restart.
        loss_: Its loss on the training points.
        restarts_: A row for each restart, in order: `seed`, `outcome`, `loss`, `accuracy`,
            `validation_loss`, `escape_epoch`, `undecided`.
        escape_rate_: Share of the restarts that escaped the plateau.
        escape_interval_: Its 95% interval.
        restarts_needed_: Restarts that escape at least once with 99% certainty; None if none
            escaped.
    """

    def __init__(
        self,
        n_init: int | str = 64,
        *,
        hidden: tuple[int, ...] = (2,),
        activation: str = "sigmoid",
        scaling: str = "standard",
        optimizer: str = "adam",
        learning_rate: float = 0.1,
        epochs: int = 200,
        batch_size: int | str = 32,
        loss_function: str = "crossentropy",
        initializer: str = "glorot_uniform",
        bias_initializer: str = "zeros",
        use_bias: bool = True,
        l2: float = 0.0,
        class_weight: Mapping[Any, float] | str | None = None,
        select: str = "loss",
        validation_fraction: float | None = None,
        margin: float = 0.01,
        solved_at: float = 0.99,
        precision: float | None = None,
        max_n_init: int = 1024,
        random_state: int | np.random.RandomState | None = None,
        n_jobs: int | None = 1,
    ) -> None:
        self.n_init = n_init
        self.hidden = hidden
        self.activation = activation
        self.scaling = scaling
        self.optimizer = optimizer
        self.learning_rate = learning_rate
        self.epochs = epochs
        self.batch_size = batch_size
        self.loss_function = loss_function
        self.initializer = initializer
        self.bias_initializer = bias_initializer
        self.use_bias = use_bias
        self.l2 = l2
        self.class_weight = class_weight
        self.select = select
        self.validation_fraction = validation_fraction
        self.margin = margin
        self.solved_at = solved_at
        self.precision = precision
        self.max_n_init = max_n_init
        self.random_state = random_state
        self.n_jobs = n_jobs

    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:  # noqa: N803
        """Train all restarts and keep the best.

        Args:
            X: Points by features.
            y: The class of each point, of any kind.
            sample_weight: Of each point: 2 is the row twice, 0 the row left out.

        Returns:
            The classifier.

        Raises:
            ValueError: If the data, the weights or a parameter cannot be used, or every restart
                diverged.
        """
        # Seconds, that a process which only predicts need not wait.
        load_tensorflow()
        from search.estimator.training import none_escaped

        settings = Settings.of(self.get_params(deep=False))
        before = dict(self.__dict__)
        try:
            classes, job, line, found = self._trained(settings, X, y, sample_weight)
        except BaseException:
            # The features of the new data are set by now: the fit before it is kept whole.
            self.__dict__.clear()
            self.__dict__.update(before)
            raise
        self.classes_, self._job, self._model = classes, job, None
        self._centre, self._factor = line
        self._recipe = {each.name: getattr(job.recipe, each.name) for each in fields(job.recipe)}
        self.best_seed_, self.loss_ = found.best.seed, found.best.loss
        self.restarts_ = list(found.restarts)
        self._weights = found.weights
        rate = found.rate
        self.escape_rate_, self.escape_interval_ = rate.rate, rate.interval
        self.restarts_needed_ = restarts_needed(rate.rate)
        if not rate.escaped:
            warnings.warn(none_escaped(job, found), ConvergenceWarning, stacklevel=2)
        lacking = ended_early(settings, rate)
        if lacking:
            warnings.warn(lacking, ConvergenceWarning, stacklevel=2)
        return self

    def predict_proba(self, X: Any) -> NDArray[np.float64]:  # noqa: N803
        """The probability of each class, (points, classes), in the order of `classes_`."""
        check_is_fitted(self)
        given = validate_data(self, X, dtype=np.float64, reset=False)
        # In float64, so that a point's answer does not depend on the points beside it.
        features = scaled(given, self._centre, self._factor).astype(np.float64)
        weights = self._weights[None].astype(np.float64)
        logits = forward(self._recipe["network"], weights, features).logits[0]
        if logits.ndim == 1:
            logits = np.column_stack([np.zeros_like(logits), logits])
        return np.asarray(softmax(logits))

    def predict(self, X: Any) -> NDArray[Any]:  # noqa: N803
        """The most probable class of each point; of equally probable ones the first."""
        probabilities = self.predict_proba(X)
        return np.asarray(self.classes_[probabilities.argmax(axis=1)])

    def verify(self, seed: int | None = None) -> Verification:
        """Train one restart again by plain `keras.Sequential.fit`, and compare.

        Args:
            seed: One of those in `restarts_`; None for the best.

        Returns:
            The restart as `fit` trained it (`fitted`) and as plain Keras does (`plain`), and
            whether the two agree (`agrees`).

        Raises:
            UserError: If the seed is not of this fit, or the classifier came out of a file or
                another process, which the training points are not taken along to.
        """
        check_is_fitted(self)
        wanted = self.best_seed_ if seed is None else seed
        fitted = next((each for each in self.restarts_ if each.seed == wanted), None)
        if fitted is None:
            raise UserError(f"seed must be one of those in restarts_, received {seed!r}")
        if getattr(self, "_job", None) is None:
            raise UserError(
                "verify needs the training points, which are not kept with a pickled or copied "
                "classifier; fit it again, with the same random_state"
            )
        from search.estimator.verifying import verify

        return verify(self._job, fitted)

    @property
    def model_(self) -> keras.Sequential:
        """The best network as a plain `keras.Sequential` that takes X as it comes.

        It is built when it is first asked for. Two classes have one output, the probability of the
        second; more have one each.
        """
        check_is_fitted(self)
        if getattr(self, "_model", None) is None:
            load_tensorflow()
            from search.estimator.keras_model import trained_model
            from search.training.stack import Recipe

            self._model = trained_model(
                Recipe(**self._recipe), self.best_seed_, self._weights, self._centre, self._factor
            )
        return self._model

    def __getstate__(self) -> dict[str, Any]:
        state = super().__getstate__()
        return {name: value for name, value in state.items() if name not in _KEPT_HERE}

    def _trained(
        self, settings: Settings, features: Any, y: Any, sample_weight: Any
    ) -> tuple[NDArray[Any], Job, Line, Found]:
        """The classes, what the restarts have in common, and the restarts of a fit."""
        from search.estimator.training import job_of, train_enough

        rows, labels = validate_data(self, features, y, dtype=np.float64)
        require_one_kind(labels)
        check_classification_targets(labels)
        weights = row_weights(sample_weight, rows)
        is_there = weights > 0
        classes, places = classes_of(labels[is_there])
        points = points_of(rows[is_there], places, weights[is_there])
        of_classes = class_weights(self.class_weight, classes, points.labels)
        try:
            job, line = job_of(points.under(of_classes), len(classes), settings)
        except InvalidValuesError as error:
            raise InvalidParametersError(error.faults) from None
        first = first_seed(self.random_state)
        return classes, job, line, train_enough(job, settings, first, self.n_jobs)
