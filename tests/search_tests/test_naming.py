from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.configuration import Configuration
from search.problem.errors import UserError
from search.problem.naming import configuration_name, find_configuration

KNOWN = [
    Configuration("standard", "adam", 0.1),
    Configuration("standard", "adam", 0.01),
    Configuration("none", "sgd", 0.1),
]


@given(st.floats(min_value=5e-324, allow_infinity=False))
def test_every_configuration_is_found_by_its_name(rate: float) -> None:
    key = Configuration("none", "adam", rate)
    assert find_configuration(configuration_name(key), [*KNOWN, key]) is key


@pytest.mark.parametrize("rate", ["0.1", ".1", "1e-1", "0.10"])
def test_a_learning_rate_may_be_written_in_any_way(rate: str) -> None:
    assert find_configuration(f"standard/adam/{rate}", KNOWN) is KNOWN[0]


def test_a_learning_rate_may_be_rounded_as_tables_show_it() -> None:
    known = [Configuration("none", "sgd", rate) for rate in (0.0123412, 0.0123448, 0.05)]
    assert configuration_name(known[0]) == "none/sgd/0.0123412"
    assert find_configuration("none/sgd/0.01234", known[::2]) is known[0]
    with pytest.raises(UserError, match=r"unknown configuration 'none/sgd/0\.01234'"):
        find_configuration("none/sgd/0.01234", known)


@pytest.mark.parametrize("name", ["standard/adm/0.1", "standard/adam", "adam", "", "a/b/c/d"])
def test_an_unknown_name_gets_the_known_ones(name: str) -> None:
    with pytest.raises(UserError, match=r"of none/sgd/0\.1, standard/adam/0\.01, standard"):
        find_configuration(name, KNOWN)


def test_the_nearest_are_named() -> None:
    with pytest.raises(UserError, match=r"did you mean standard/adam/0\.1 or standard/adam/0\.01"):
        find_configuration("standard/adm/0.1", KNOWN)


def test_other_dimensions_are_named_and_may_stand_by_their_values() -> None:
    known = [
        Configuration("none", "sgd", 0.1, hidden=hidden, batch_size=size)
        for hidden in (2, "4-4")
        for size in (16, "full")
    ]
    assert configuration_name(known[2]) == "none/sgd/0.1/hidden=4-4/batch_size=16"
    for name in ("none/sgd/.1/hidden=4-4/batch_size=16", "none/sgd/0.1/4-4/16"):
        assert find_configuration(name, known) is known[2]
    assert find_configuration("none/sgd/0.1/2/full", known) is known[1]
    with pytest.raises(UserError, match=r"unknown configuration 'none/sgd/0\.1'"):
        find_configuration("none/sgd/0.1", known)


def test_a_hundred_known_names_are_not_all_listed() -> None:
    many = [Configuration("none", "sgd", 0.001 * (1 + place)) for place in range(100)]
    with pytest.raises(UserError, match="the ranking of all 100 shows them") as error:
        find_configuration("none/sgd/7", many)
    assert len(str(error.value)) < 200
