"""The table of optimizers beside Keras's own classes."""

from __future__ import annotations

import inspect
from typing import Any

import pytest

from search.problem.optimizers import ARGUMENTS, OPTIMIZERS, canonical_optimizer
from search.training.backend import keras
from search.training.optimizers import build_optimizer

# These couple weights, replace them by averages, or are of no use here.
NOT_OFFERED = {
    *("clipnorm", "global_clipnorm", "use_ema", "ema_momentum", "ema_overwrite_frequency"),
    *("loss_scale_factor", "gradient_accumulation_steps", "learning_rate", "name", "kwargs"),
}
# What Keras says by None, and the table by a number that does the same.
NONE = {"weight_decay": 0.0}


@pytest.mark.parametrize("class_name", ARGUMENTS)
def test_arguments_and_defaults_are_those_of_keras(class_name: str) -> None:
    parameters = inspect.signature(getattr(keras.optimizers, class_name)).parameters
    assert set(ARGUMENTS[class_name]) == set(parameters) - NOT_OFFERED
    for name, (rule, default) in ARGUMENTS[class_name].items():
        theirs = parameters[name].default
        assert default == (NONE.get(name) if theirs is None else theirs)
        assert isinstance(default, bool) == isinstance(theirs, bool)
        assert default is None or rule.holds(default)


def test_every_class_has_its_arguments() -> None:
    assert {class_name for class_name, _ in OPTIMIZERS.values()} == set(ARGUMENTS)


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_every_example_is_taken_by_keras(name: str) -> None:
    for argument, (rule, _) in ARGUMENTS[OPTIMIZERS[name][0]].items():
        if argument != "nesterov":
            text = f"{name}:{argument}={rule.example}"
            assert config(text)[argument] == pytest.approx(float(_number(rule.example)))


@pytest.mark.parametrize(
    "text",
    [
        *("momentum:momentum=0.7:nesterov=true", "rmsprop:centered=true", "adam:beta_2=.9900"),
        *("adamw:weight_decay=0.01", "lion:beta_2=0.9:clipvalue=1"),
    ],
)
def test_a_canonical_text_builds_the_same(text: str) -> None:
    assert config(canonical_optimizer(text)) == config(text)


def config(text: str) -> dict[str, Any]:
    made: dict[str, Any] = build_optimizer(text, 0.5).get_config()
    return made | {"name": None}  # which Keras numbers


def _number(text: str) -> str:
    return {"true": "1"}.get(text, text)
