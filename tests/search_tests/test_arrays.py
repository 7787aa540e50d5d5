"""Data sets of what people have in Python: arrays, lists, data frames and series."""

from __future__ import annotations

import datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pytest

from search.problem.data.datasets import Dataset
from search.problem.errors import InvalidValuesError, MultirestartError

POINTS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
LABELS = ["b", "a", "b"]
FRAMES = [
    lambda pandas: pandas.DataFrame(POINTS, columns=["x", "y"]),
    lambda pandas: pandas.DataFrame({"x": [1, 3, 5], "y": [2.0, 4.0, 6.0]}, index=[7, 7, 7]),
    lambda pandas: pandas.DataFrame(POINTS, columns=["x", "y"], dtype="Float64"),
    lambda pandas: pandas.DataFrame(POINTS, columns=["x", "y"], dtype=object),
]


@pytest.mark.parametrize(
    "features",
    [
        POINTS,
        tuple(map(tuple, POINTS)),
        np.array(POINTS),
        np.array(POINTS, dtype=np.float32),
        np.array(POINTS, dtype=np.uint8),
        np.asfortranarray(POINTS),
        [[Decimal(1), 2], [3, np.float16(4)], [5.0, 6]],
    ],
)
def test_features_are_of_many_kinds(features: Any) -> None:
    data = Dataset.of(features, LABELS, name="mine")
    assert data == Dataset("mine", np.array(POINTS), np.array([1, 0, 1], np.uint8), ("a", "b"))
    assert (data.names, data.feature_names, data.warnings) == ((), ("1", "2"), ())


@pytest.mark.parametrize("make", FRAMES)
def test_names_of_a_data_frame_are_kept(make: Any) -> None:
    pandas = pytest.importorskip("pandas")
    frame = make(pandas)
    for labels in (LABELS, pandas.Series(LABELS), pandas.DataFrame({"class": LABELS})):
        data = Dataset.of(frame, labels, name="mine")
        assert data == Dataset.of(POINTS, LABELS, name="mine")
        assert data.names == ("x", "y")
    one = Dataset.of(frame["x"], pandas.Series(LABELS, dtype="category"))
    assert (one.name, one.names, one.features.tolist()) == ("points", ("x",), [[1], [3], [5]])
    back = Dataset.from_bytes("mine", data.classes, data.to_bytes())
    assert (back, back.names) == (data, data.names)


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([1, 0, 1], ("0", "1")),
        ([1.0, -1.0, 1.0], ("-1", "1")),
        ([10, 9, 10], ("9", "10")),
        ([True, False, True], ("False", "True")),
        (np.array([1, 0, 1], dtype=bool), ("False", "True")),
        (np.array([[1], [0], [1]]), ("0", "1")),
        (("in", "a b", "in"), ("a b", "in")),
        ([0.5, 0.25, 0.5], ("0.25", "0.5")),
    ],
)
def test_labels_are_any_two_values(labels: Any, classes: tuple[str, str]) -> None:
    data = Dataset.of(POINTS, labels)
    assert (data.labels.tolist(), data.classes) == ([1, 0, 1], classes)


def test_points_with_missing_values_are_left_out_if_asked() -> None:
    pandas = pytest.importorskip("pandas")
    features: list[Any] = [[1, 2], [None, 3], [4, 5], [6, float("nan")], [7, 8]]
    labels = ["a", "b", None, "b", "b"]
    for given in (features, pandas.DataFrame(features).convert_dtypes()):
        data = Dataset.of(given, labels, missing="drop")
        assert data.features.tolist() == [[1, 2], [7, 8]]
        assert data.warnings == ("3 of 5 rows were left out for missing cells",)
        with pytest.raises(InvalidValuesError, match=r"features\[1, '?0'?\] must not be missing"):
            Dataset.of(given, labels)
    with pytest.raises(InvalidValuesError, match=r"labels\[2\] must not be missing: fill it in"):
        Dataset.of([1, 2, 3], ["a", "b", float("nan")])


def test_whole_numbers_beyond_float64_are_told() -> None:
    times = np.arange(300) + 1_700_000_000_000_000_000
    data = Dataset.of(np.column_stack([times, times % 7]), times % 2)
    assert data.warnings[0].startswith("column '1': of 300 different numbers float64 keeps 2; ")


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        ([[1, "2"], [3, 4]], [0, 1], "features[0, 0] must be a finite number, received "),
        ([[1, object()], [3, 4]], [0, 1], "features[0, 1] must be a finite number, received "),
        ([[1, 2], [3, np.inf]], [0, 1], "features[1, 1] must be a finite number, received "),
        ([[1, 2], [3, 10**400]], [0, 1], "features[1, 1] must be a finite number, received "),
        ([1j, 2j], [0, 1], "features[0, 0] must be a finite number, received "),
        ([datetime.date(2024, 1, 1)] * 2, [0, 1], "features[0, 0] must be a finite number"),
        (np.array(["2024", "2025"], "M8[s]"), [0, 1], "features[0, 0] must be a finite number"),
        ([[1, 2], [3]], [0, 1], "features must be points by features, like an array of shape"),
        (np.zeros((2, 2, 2)), [0, 1], "features must be points by features"),
        (np.zeros((2, 0)), [0, 1], "features must be points by features"),
        ([], [], "features must be points by features"),
        (3, [0, 1], "features must be points by features"),
        (None, [0, 1], "features must be points by features"),
        ("points.csv", [0, 1], "features must be points by features"),
        (POINTS, [0, 1], "labels must be one for each of the 3 points, received 2"),
        (POINTS, 3, "labels must be one value for each point, received 3"),
        (POINTS, [[0, 1]] * 3, "labels must be one value for each point"),
        (POINTS, [0, 0, 0], "labels: at least two classes are needed, received 1 ('0')"),
        (POINTS, ["a", "b\x1b", "a"], "labels: the class 'b\\x1b' has characters that do not"),
    ],
)
def test_what_is_no_data_is_one_line(features: Any, labels: Any, message: str) -> None:
    with pytest.raises(InvalidValuesError) as raised:
        Dataset.of(features, labels)
    assert str(raised.value).startswith(message)
    assert "\n" not in str(raised.value)
    assert len(str(raised.value)) < 200


@pytest.mark.parametrize("name", ["bands", "", "a\x1b", 3, None, ["x"]])
def test_data_have_a_name_of_their_own(name: Any) -> None:
    with pytest.raises(InvalidValuesError, match="name must "):
        Dataset.of(POINTS, LABELS, name)
    with pytest.raises(InvalidValuesError, match="missing must be refuse or drop, received 3"):
        Dataset.of(POINTS, LABELS, missing=3)  # type: ignore[arg-type]
    with pytest.raises(MultirestartError, match="one name per feature, received 1 names for 2"):
        Dataset("mine", np.array(POINTS), np.array([1, 0, 1], np.uint8), names=("x",))
