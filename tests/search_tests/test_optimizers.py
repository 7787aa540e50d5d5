from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.errors import InvalidValuesError
from search.problem.optimizers import (
    ARGUMENTS,
    OPTIMIZERS,
    Value,
    canonical_optimizer,
    check_optimizer,
    optimizer_arguments,
)


@st.composite
def optimizers(draw: st.DrawFn) -> tuple[str, dict[str, Value]]:
    """A name and arguments that it takes, or that are its defaults."""
    base = draw(st.sampled_from(sorted(OPTIMIZERS)))
    table = ARGUMENTS[OPTIMIZERS[base][0]]
    chosen = draw(st.lists(st.sampled_from(sorted(table)), unique=True, max_size=4))
    arguments: dict[str, Value] = {}
    for name in chosen:
        rule, default = table[name]
        numbers = st.one_of(st.floats(-1, 1), st.sampled_from([0.0, 0.9, 0.999, default or 0.5]))
        valid: st.SearchStrategy[Value] = numbers.filter(rule.holds)
        arguments[name] = draw(st.booleans() if isinstance(default, bool) else valid)
    if {**OPTIMIZERS[base][1], **arguments}.get("momentum", 1) == 0:
        arguments["nesterov"] = False
    if OPTIMIZERS[base][0] != "SGD":
        arguments.pop("nesterov", None)
    if base == "sgd" and "momentum" not in arguments:
        arguments.pop("nesterov", None)
    return base, arguments


def written(base: str, arguments: dict[str, Value]) -> str:
    return ":".join([base, *(f"{name}={value}" for name, value in arguments.items())])


def meant(text: str) -> tuple[str, dict[str, Value | None]]:
    """All arguments of an optimizer, the defaults too; AdamW is Adam with a weight decay."""
    class_name, given = optimizer_arguments(text)
    defaults = {name: default for name, (_, default) in ARGUMENTS[class_name].items()}
    return class_name.replace("AdamW", "Adam"), {**defaults, **given}


@given(optimizers(), st.randoms())
def test_equal_optimizers_have_one_canonical_text(
    optimizer: tuple[str, dict[str, Value]], random: object
) -> None:
    base, arguments = optimizer
    text = written(base, arguments)
    canonical = canonical_optimizer(text)
    assert canonical_optimizer(canonical) == canonical
    assert meant(canonical) == meant(text)
    backwards = written(base, dict(reversed(arguments.items())))
    assert canonical_optimizer(backwards) == canonical


@pytest.mark.parametrize(
    ("text", "canonical"),
    [
        ("adam", "adam"),
        ("adam:beta_2=0.999", "adam"),
        (" adam : beta_2 = .990 ", "adam:beta_2=0.99"),
        ("adam:beta_2=9.9e-1:beta_1=0.5", "adam:beta_1=0.5:beta_2=0.99"),
        ("sgd:momentum=0.9", "momentum"),
        ("momentum:momentum=0.9", "momentum"),
        ("momentum:momentum=0.7", "sgd:momentum=0.7"),
        ("momentum:momentum=0", "sgd"),
        ("momentum:nesterov=True", "nesterov"),
        ("nesterov:momentum=0.7", "sgd:momentum=0.7:nesterov=true"),
        ("nesterov:weight_decay=0.010", "nesterov:weight_decay=0.01"),
        ("adam:weight_decay=0.004", "adamw"),
        ("adam:weight_decay=0.1", "adamw:weight_decay=0.1"),
        ("adamw:weight_decay=0", "adam"),
        ("rmsprop:centered=false:epsilon=0.0000001", "rmsprop"),
        ("lion:clipvalue=1", "lion:clipvalue=1"),
    ],
)
def test_canonical_texts(text: str, canonical: str) -> None:
    assert canonical_optimizer(text) == canonical


@pytest.mark.parametrize("name", OPTIMIZERS)
def test_names_alone_are_canonical(name: str) -> None:
    assert canonical_optimizer(name) == name


def test_arguments_are_added_to_those_of_the_name() -> None:
    text = "nesterov:momentum=0.5:clipvalue=2"
    given = {"momentum": 0.5, "nesterov": True, "clipvalue": 2.0}
    assert optimizer_arguments(text) == ("SGD", given)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("adma", "unknown optimizer 'adma': did you mean .*adam"),
        ("", "unknown optimizer ''"),
        ("adam:beta2=0.9", "adam has no argument 'beta2': did you mean beta_2.* must be one of be"),
        (
            "adam:clipnorm=1",
            "must leave out clipnorm, whose norm is over weights that .* clipvalue",
        ),
        ("adam:momentum=0.9", "adam has no argument 'momentum'"),
        ("adam:beta_2=1", "must have a number of at least 0 and below 1 for beta_2, like beta_2=0"),
        ("adam:beta_2=nan", "at least 0 and below 1 for beta_2"),
        ("adam:beta_2=", "at least 0 and below 1 for beta_2"),
        ("adam:epsilon=0", "must have a number above 0 for epsilon"),
        ("adam:amsgrad=1", "must have true or false for amsgrad, like amsgrad=true, received"),
        ("adam:", "must have arguments like :beta_1=0.9 behind its name, received 'adam:'"),
        ("adam:0.9", "must have arguments like :beta_1=0.9 behind its name"),
        ("adam:beta_1=0.8:beta_1=0.9", "must give beta_1 once"),
        ("adam:learning_rate=0.1", "must leave the learning rate to learning_rate"),
        ("sgd:nesterov=true", "must have a momentum above 0 for nesterov to mean anything"),
        ("lion:beta_1=0", "must have a number above 0 and below 1 for beta_1"),
        ("ftrl:learning_rate_power=0.5", "must have a number of at most 0 for learning_rate_power"),
        ("sgd:weight_decay=inf", "must have a number of at least 0 for weight_decay"),
    ],
)
def test_refuses_what_is_no_optimizer(text: str, message: str) -> None:
    for look in (check_optimizer, canonical_optimizer):
        with pytest.raises(InvalidValuesError, match=message):
            look(text)
