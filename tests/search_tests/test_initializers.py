from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.errors import InvalidValuesError
from search.problem.initializers import LARGEST, SCALED, BiasInitializer, Initializer

widths = st.floats(0, LARGEST, exclude_min=True)


@pytest.mark.parametrize("text", [*SCALED, "uniform:0.5", "normal:0.05"])
def test_a_text_gives_itself_again(text: str) -> None:
    assert str(Initializer.of(text)) == text


@given(st.sampled_from(["uniform", "normal"]), widths)
def test_a_width_survives_as_text(kind: str, width: float) -> None:
    for of in (Initializer, BiasInitializer):
        initializer = of(kind, width)
        assert of.of(str(initializer)) == initializer
        assert of.of(initializer) is initializer


def test_one_text_for_equal_initializers() -> None:
    texts = ("uniform:0.5", " uniform : 0.50 ", "uniform:5e-1")
    assert {str(Initializer.of(text)) for text in texts} == {"uniform:0.5"}


def test_defaults_are_those_of_keras() -> None:
    assert (str(Initializer()), str(BiasInitializer())) == ("glorot_uniform", "zeros")


@pytest.mark.parametrize(
    ("of", "text", "message"),
    [
        (Initializer, "glorot", r"unknown initializer 'glorot': did you mean .*glorot_normal"),
        (Initializer, "uniform", "initializer must have a number above 0 .*, like uniform:0.5, re"),
        (Initializer, "uniform:", "received 'uniform:'"),
        (Initializer, "uniform:a", "must have a number above 0 and at most 1e[+]06, like uniform"),
        (Initializer, "normal:0", "must have a number above 0 .* like normal:0.05, received 'no"),
        (Initializer, "normal:-1", "received 'normal:-1'"),
        (Initializer, "uniform:nan", "received 'uniform:nan'"),
        (Initializer, "uniform:inf", "received 'uniform:inf'"),
        (Initializer, "he_normal:2", "initializer must be he_normal alone, received 'he_normal:2"),
        (Initializer, "zeros", "unknown initializer 'zeros'"),
        (BiasInitializer, "zeros:1", "bias_initializer must be zeros alone"),
        (BiasInitializer, "he_normal", "unknown bias initializer 'he_normal'"),
        (Initializer, 3, "initializer must be a text like 'uniform:0.5', received 3"),
    ],
)
def test_refuses_what_is_no_initializer(of: type[Initializer], text: str, message: str) -> None:
    with pytest.raises(InvalidValuesError, match=message):
        of.of(text)


@pytest.mark.parametrize(
    ("text", "class_name", "arguments"),
    [
        ("glorot_uniform", "GlorotUniform", {}),
        ("lecun_normal", "LecunNormal", {}),
        ("uniform:0.5", "RandomUniform", {"minval": -0.5, "maxval": 0.5}),
        ("normal:0.05", "RandomNormal", {"stddev": 0.05}),
    ],
)
def test_each_is_a_class_of_keras(text: str, class_name: str, arguments: dict[str, float]) -> None:
    made = Initializer.of(text)
    assert (made.class_name, made.arguments) == (class_name, arguments)
    assert BiasInitializer().class_name == "Zeros"
