"""The optimizers on offer: Keras's own classes under short names, and their own arguments.

Only optimizers that update each weight from its own gradient alone are offered, for these are
the ones that can train many restarts in one variable. Those that couple weights (gradient norms,
LAMB, Adafactor, Muon) would let one restart change its neighbours.

An optimizer is written as its name, with arguments of its own behind colons: `adam`,
`adam:beta_2=0.99`, `sgd:momentum=0.7:nesterov=true`. All others are as Keras has them by default.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from functools import lru_cache
from types import MappingProxyType
from typing import NamedTuple

from search.problem.errors import Fault, InvalidValuesError, listed, nearest, unknown_name
from search.problem.names import number_text, quoted, shown

Value = float | bool

OPTIMIZERS: Mapping[str, tuple[str, Mapping[str, Value]]] = MappingProxyType(
    {
        "sgd": ("SGD", {}),
        "momentum": ("SGD", {"momentum": 0.9}),
        "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
        "rmsprop": ("RMSprop", {}),
        "adam": ("Adam", {}),
        "adamw": ("AdamW", {}),
        "nadam": ("Nadam", {}),
        "adamax": ("Adamax", {}),
        "adagrad": ("Adagrad", {}),
        "adadelta": ("Adadelta", {}),
        "ftrl": ("Ftrl", {}),
        "lion": ("Lion", {}),
    }
)
"""Short name -> (class in `keras.optimizers`, arguments beside the learning rate)."""


class Rule(NamedTuple):
    """What an argument may be: in words, as a test, and an example."""

    words: str
    holds: Callable[[float], bool]
    example: str


_DECAY = Rule("a number of at least 0 and below 1", lambda value: 0 <= value < 1, "0.9")
_LION = Rule("a number above 0 and below 1", lambda value: 0 < value < 1, "0.9")
_POSITIVE = Rule("a number above 0", lambda value: 0 < value < math.inf, "0.001")
_NOT_BELOW_0 = Rule("a number of at least 0", lambda value: 0 <= value < math.inf, "0.001")
_NOT_ABOVE_0 = Rule("a number of at most 0", lambda value: -math.inf < value <= 0, "-0.5")
_SWITCH = Rule("true or false", lambda value: isinstance(value, bool), "true")

_OF_ALL = {"weight_decay": (_NOT_BELOW_0, 0.0), "clipvalue": (_POSITIVE, None)}
_EPSILON = {"epsilon": (_POSITIVE, 1e-7)}
_BETAS = {"beta_1": (_DECAY, 0.9), "beta_2": (_DECAY, 0.999)}
_MOMENTUM = {"momentum": (_DECAY, 0.0)}
_ADAM = {**_BETAS, **_EPSILON, "amsgrad": (_SWITCH, False)}

ARGUMENTS: Mapping[str, Mapping[str, tuple[Rule, Value | None]]] = MappingProxyType(
    {
        "SGD": {**_MOMENTUM, "nesterov": (_SWITCH, False), **_OF_ALL},
        "RMSprop": {
            "rho": (_DECAY, 0.9),
            **_MOMENTUM,
            **_EPSILON,
            "centered": (_SWITCH, False),
            **_OF_ALL,
        },
        "Adam": {**_ADAM, **_OF_ALL},
        "AdamW": {**_ADAM, **_OF_ALL, "weight_decay": (_NOT_BELOW_0, 0.004)},
        "Nadam": {**_BETAS, **_EPSILON, **_OF_ALL},
        "Adamax": {**_BETAS, **_EPSILON, **_OF_ALL},
        "Adagrad": {"initial_accumulator_value": (_NOT_BELOW_0, 0.1), **_EPSILON, **_OF_ALL},
        "Adadelta": {"rho": (_DECAY, 0.95), **_EPSILON, **_OF_ALL},
        "Ftrl": {
            "learning_rate_power": (_NOT_ABOVE_0, -0.5),
            "initial_accumulator_value": (_NOT_BELOW_0, 0.1),
            "l1_regularization_strength": (_NOT_BELOW_0, 0.0),
            "l2_regularization_strength": (_NOT_BELOW_0, 0.0),
            "l2_shrinkage_regularization_strength": (_NOT_BELOW_0, 0.0),
            "beta": (_NOT_BELOW_0, 0.0),
            **_OF_ALL,
        },
        "Lion": {"beta_1": (_LION, 0.9), "beta_2": (_LION, 0.99), **_OF_ALL},
    }
)
"""Class -> argument -> (rule, Keras's default). A weight decay of 0 is Keras's None.

Not offered are those that couple weights (`clipnorm`, `global_clipnorm`), moving averages of the
weights, accumulated gradients and the scale of the loss."""


def check_optimizer(text: str) -> None:
    """Raise InvalidValuesError unless a text is an optimizer, with the nearest that is one."""
    _parsed(text)


def canonical_optimizer(text: str) -> str:
    """The one text of all that mean the same optimizer.

    Args:
        text: An optimizer, like "sgd:nesterov=true:momentum=0.90".

    Returns:
        The shortest text for it, with arguments in the order of `ARGUMENTS`: "nesterov".

    Raises:
        InvalidValuesError: If it is none.
    """
    class_name, arguments = _parsed(text)
    if class_name in ("Adam", "AdamW"):  # one is the other, with a weight decay
        decay = arguments.get("weight_decay", _default(class_name, "weight_decay"))
        arguments = {**arguments, "weight_decay": decay or 0.0}
        class_name = "AdamW" if decay else "Adam"
    differing = {
        name: value for name, value in arguments.items() if value != _default(class_name, name)
    }
    presets = {name: preset for name, (of, preset) in OPTIMIZERS.items() if of == class_name}
    base = max(
        (name for name, preset in presets.items() if preset.items() <= differing.items()),
        key=lambda name: len(presets[name]),
    )
    own = (
        f":{name}={_written(differing[name])}"
        for name in ARGUMENTS[class_name]
        if name in differing and name not in presets[base]
    )
    return base + "".join(own)


def optimizer_arguments(text: str) -> tuple[str, dict[str, Value]]:
    """What an optimizer is in Keras.

    Args:
        text: An optimizer, like "momentum:weight_decay=0.01".

    Returns:
        The class in `keras.optimizers`, and its arguments beside the learning rate.

    Raises:
        InvalidValuesError: If it is none.
    """
    class_name, arguments = _parsed(text)
    return class_name, dict(arguments)


def _parsed(text: str) -> tuple[str, Mapping[str, Value]]:
    if not isinstance(text, str):
        raise _fault("must be a text like 'adam'", shown(text))
    return _parsed_text(text)


@lru_cache(maxsize=256)
def _parsed_text(text: str) -> tuple[str, Mapping[str, Value]]:
    base, *parts = (part.strip() for part in text.split(":"))
    if base not in OPTIMIZERS:
        raise unknown_name("optimizer", base, OPTIMIZERS)
    class_name, preset = OPTIMIZERS[base]
    given: dict[str, Value] = {}
    for part in parts:
        name, equals, value = (side.strip() for side in part.partition("="))
        if not equals or not name:
            raise _fault("must have arguments like :beta_1=0.9 behind its name", quoted(text))
        if name not in ARGUMENTS[class_name]:
            raise _unknown_argument(base, class_name, name, text)
        if name in given:
            raise _fault(f"must give {name} once", quoted(text))
        given[name] = _value(class_name, name, value, text)
    arguments = {**preset, **given}
    if arguments.get("nesterov") and not arguments.get("momentum"):
        raise _fault("must have a momentum above 0 for nesterov to mean anything", quoted(text))
    return class_name, MappingProxyType(arguments)


def _value(class_name: str, name: str, text: str, whole: str) -> Value:
    rule, _ = ARGUMENTS[class_name][name]
    value: Value | None
    if rule is _SWITCH:
        value = {"true": True, "false": False}.get(text.lower())
    else:
        try:
            value = float(text)
        except ValueError:
            value = None
    if value is None or not rule.holds(value):
        words = f"must have {rule.words} for {name}, like {name}={rule.example}"
        raise _fault(words, quoted(whole))
    return value


def _unknown_argument(base: str, class_name: str, name: str, text: str) -> InvalidValuesError:
    names = list(ARGUMENTS[class_name])
    if name == "learning_rate":
        return _fault("must leave the learning rate to learning_rate", quoted(text))
    if name in ("clipnorm", "global_clipnorm"):
        rule = f"must leave out {name}, whose norm is over weights that train apart; use clipvalue"
        return _fault(rule, quoted(text))
    rule = f"must be one of {listed(names)}"
    message = f"{base} has no argument {quoted(name)}: {nearest(name, names)}it {rule}"
    return InvalidValuesError([Fault("optimizer", rule, quoted(text), message)])


def _fault(rule: str, received: str) -> InvalidValuesError:
    return InvalidValuesError([Fault("optimizer", rule, received)])


def _default(class_name: str, name: str) -> Value | None:
    return ARGUMENTS[class_name][name][1]


def _written(value: Value) -> str:
    return str(value).lower() if isinstance(value, bool) else number_text(value)
