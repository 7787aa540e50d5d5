"""Held-out points: which they are, where they come from, and that they stay with the data."""

from __future__ import annotations

import hashlib
import math
import struct
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.data.datasets import BUILT_IN, Dataset, bands
from search.problem.data.sources import load_data
from search.problem.data.splitting import HeldOut, held_out_of
from search.problem.errors import InvalidValuesError, UserError
from search.problem.problem import Problem
from search.problem.scaling import scaler
from search.reports.data_report import show_data

TRAINING = "id,x,class\n" + "".join(f"{n},{n * 7 % 10}.5,{'abc'[n % 3]}\n" for n in range(30))
SHARES = st.sampled_from([0.05, 0.1, 0.2, 0.25, 1 / 3, 0.5, 0.9])


def rows_of(features: np.ndarray[Any, Any], labels: np.ndarray[Any, Any]) -> list[tuple[Any, ...]]:
    return sorted((*row, label) for row, label in zip(features.tolist(), labels, strict=True))


@st.composite
def points(draw: st.DrawFn) -> tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]]:
    """Points of up to four classes, some of them identical, of at least two points each."""
    sizes = draw(st.lists(st.integers(10, 30), min_size=2, max_size=4))
    labels = np.repeat(np.arange(len(sizes)), sizes).astype(np.uint8)
    numbers = st.sampled_from([-0.0, 0.0, 1.5, -2.0, 3.25])
    shape = st.lists(numbers, min_size=len(labels), max_size=len(labels))
    return np.array([draw(shape), draw(shape)]).T, labels


@given(points(), SHARES)
def test_the_same_share_of_each_class_is_held_out(
    data: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]], share: float
) -> None:
    features, labels = data
    chosen = held_out_of(features, labels, share)
    for label in np.unique(labels):
        size = int((labels == label).sum())
        asked = math.floor(Fraction(repr(share)) * size + Fraction(1, 2))
        assert chosen[labels == label].sum() == min(asked, size - 1)


@given(points(), SHARES, st.randoms())
def test_the_same_points_are_held_out_however_they_are_ordered(
    data: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]], share: float, random: Any
) -> None:
    features, labels = data
    order = np.array(random.sample(range(len(labels)), len(labels)))
    chosen = held_out_of(features, labels, share)
    moved = held_out_of(features[order], labels[order], share)
    positive = features + 0.0
    assert rows_of(positive[chosen], labels[chosen]) == rows_of(
        positive[order][moved], labels[order][moved]
    )


@given(points(), st.tuples(SHARES, SHARES).map(sorted))
def test_a_smaller_share_is_part_of_a_larger(
    data: tuple[np.ndarray[Any, Any], np.ndarray[Any, Any]], shares: list[float]
) -> None:
    small, large = (held_out_of(*data, share) for share in shares)
    assert (large | ~small).all()


def test_which_points_are_held_out_is_told_by_their_hash() -> None:
    features, labels = np.array([[1.0], [2.0], [3.0], [4.0], [5.0]]), np.array([0, 0, 0, 0, 1])
    ranked = sorted(
        range(4),
        key=lambda row: hashlib.sha256(struct.pack("<dBQ", features[row, 0], 0, 0)).digest(),
    )
    chosen = held_out_of(features, labels.astype(np.uint8), 0.5)
    assert sorted(np.flatnonzero(chosen)) == sorted(ranked[:2])


@pytest.mark.parametrize("share", [0, 1, -0.1, 1.5, float("nan"), True, "0.2", None])
def test_a_share_is_between_0_and_1(share: Any) -> None:
    with pytest.raises(InvalidValuesError, match="validation must be a share between 0 and 1"):
        bands().hold_out(share)
    with pytest.raises(InvalidValuesError, match="must hold out at least one of 300 points, rec"):
        bands().hold_out(0.001)


def test_training_points_and_held_out_points_are_all_points() -> None:
    data = bands()
    split = data.hold_out(0.2)
    assert split.validation is not None
    assert (split.points, split.validation.points) == (240, 60)
    assert (split.class_sizes, split.validation.class_sizes(2)) == ((160, 80), (40, 20))
    assert split.plateau == data.plateau
    assert (np.diff(split.features[:, 0]) > 0).all()  # in their order
    both = np.concatenate([split.features, split.validation.features])
    assert sorted(both[:, 0]) == sorted(data.features[:, 0])
    with pytest.raises(InvalidValuesError, match="60 points are held out already"):
        split.hold_out(0.1)


@pytest.mark.parametrize("name", BUILT_IN)
def test_held_out_points_are_kept_with_the_data(name: str) -> None:
    data = BUILT_IN[name]()
    by_share = data.hold_out(0.3)
    apart = data.with_validation(data.features[::7] + 1.0, data.labels[::7])
    assert len({data.digest, by_share.digest, apart.digest, data.hold_out(0.31).digest}) == 4
    for one in (by_share, apart):
        back = Dataset.from_bytes(name, one.classes, one.to_bytes())
        assert (back, back.digest) == (one, one.digest)
        assert one.validation is not None
        assert back.validation is not None
        assert (back.validation.features == one.validation.features).all()
        assert (back.validation.labels == one.validation.labels).all()
        assert back.validation.share == one.validation.share
        problem = Problem(one)
        assert Problem.from_json(problem.to_json(), one.to_bytes()) == problem
    assert replace(by_share, validation=None) != by_share


def test_scaling_is_fitted_to_the_training_points() -> None:
    data = bands().with_validation([-30.0, 60.0], [0, 0])
    assert data.validation is not None
    scaled = scaler("minmax", data.features)(data.validation.features)
    assert scaled[:, 0].tolist() == [-1.0, 2.0]


def test_held_out_points_of_python_are_of_the_same_features_and_classes() -> None:
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame({"x": [1.0, 2.0, 3.0], "y": [4.0, 5.0, 6.0]})
    data = Dataset.of(frame, ["a", "b", "c"])
    other = pandas.DataFrame({"y": [7.0], "z": [0.0], "x": [8.0]})
    split = data.with_validation(other, ["b"])
    assert split.validation is not None
    assert split.validation.features.tolist() == [[8.0, 7.0]]
    assert split.validation.labels.tolist() == [1]
    assert split == data.with_validation([[8, 7]], ["b"])
    for features, labels, message in (
        (other[["z", "x"]], ["b"], "features must be those of the training points: x, y, received"),
        ([[1, 2, 3]], ["b"], "features must be those of the training points: x, y, received 3"),
        ([[1, 2]], ["d"], "labels: the class 'd' is none of the training points"),
        ([[1, None]], ["a"], r"features\[0, 'y'\] must not be missing"),
        ([[1, 2]], ["a", "b"], "labels must be one for each of the 1 points, received 2"),
    ):
        with pytest.raises(InvalidValuesError, match=message):
            data.with_validation(features, labels)


@pytest.mark.parametrize(
    ("features", "labels", "message"),
    [
        ([[1.0, 2.0]], [0], "must have the data's 1 features, received"),
        (np.empty((0, 1)), [], "must have the data's 1 features, received"),
        ([[1.0]], [2], "must have a label below 2 each"),
        ([[1.0]], [0, 1], "must have a label below 2 each"),
        ([[np.inf]], [0], "must have finite features only"),
    ],
)
def test_held_out_points_that_are_none_are_refused(
    features: Any, labels: Any, message: str
) -> None:
    held_out = HeldOut(np.array(features), np.array(labels, dtype=np.uint8))
    with pytest.raises(UserError, match=f"held-out points of data 'bands' {message}"):
        replace(bands(), validation=held_out)


def test_a_share_of_a_file_is_held_out(tmp_path: Path) -> None:
    path = tmp_path / "points.csv"
    path.write_text(TRAINING)
    data = load_data(str(path), "class", drop=["id"], validation=0.2)
    assert data == load_data(str(path), "class", drop=["id"]).hold_out(0.2)
    assert data.class_sizes == (8, 8, 8)
    assert load_data("bands", validation=0.2) == bands().hold_out(0.2)


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_the_points_of_another_file_are_held_out(tmp_path: Path, ending: str) -> None:
    (tmp_path / "points.csv").write_text(TRAINING)
    other = tmp_path / f"test.{ending}"
    if ending == "csv":
        other.write_text("more;class;x\n;c;1.5\nz;a;2\n")
    else:
        pandas = pytest.importorskip("pandas")
        pytest.importorskip("pyarrow")
        rows = {"more": ["", "z"], "class": ["c", "a"], "x": [1.5, 2]}
        pandas.DataFrame(rows).to_parquet(other)
    data = load_data("points.csv", "class", tmp_path, drop=["id"], validation_data=other.name)
    assert data.points == 30
    assert data.validation is not None
    assert data.validation.features.tolist() == [[1.5], [2.0]]
    assert data.validation.labels.tolist() == [2, 0]
    assert data.validation.share is None


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("class,y\na,1\n", "test.csv: the training points' column 'x' is missing; there are y"),
        ("klass,x\na,1\n", "unknown column in .*test.csv 'class'"),
        ("class,x\nd,1\n", "column 'class': the class 'd' is none of the training points"),
        ("class,x\na,\n", "line 2, column 'x': a finite number is needed, received nothing"),
        ("class,x\n", "test.csv: there are no points"),
    ],
)
def test_a_file_of_other_points_is_refused(tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "points.csv").write_text(TRAINING)
    (tmp_path / "test.csv").write_text(text)
    with pytest.raises(UserError, match=message):
        load_data("points.csv", "class", tmp_path, drop=["id"], validation_data="test.csv")


def test_held_out_points_are_of_one_source(tmp_path: Path) -> None:
    (tmp_path / "points.csv").write_text(TRAINING)
    with pytest.raises(InvalidValuesError, match="validation_data must be left out where a share"):
        load_data("points.csv", "class", tmp_path, validation=0.2, validation_data="test.csv")
    with pytest.raises(InvalidValuesError, match="validation_data goes with data from a file"):
        load_data("bands", validation_data="test.csv")


def test_held_out_points_are_described(capsys: pytest.CaptureFixture[str]) -> None:
    show_data(bands().hold_out(0.2), [])
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "bands: 240 points, 1 feature, plateau 0.6667"
    assert lines[-2:] == [
        "Classes: 0 (160 of 240, label 0), 1 (80 of 240, label 1)",
        "Held out beside them: 60 points, 40 of class 0, 20 of class 1",
    ]
