"""Data of more than two classes, however they come; and two-class data are what they were."""

from __future__ import annotations

import gzip
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from search.problem.data.cells import MAX_CLASSES, labels_among, labels_of
from search.problem.data.datasets import BUILT_IN, Dataset
from search.problem.data.judging import told_apart
from search.problem.data.sources import load_data
from search.problem.errors import InvalidValuesError, UserError
from search.problem.problem import Problem
from search.reports.data_report import show_data

DIGESTS = {
    "bands": "5ee1b3a329499755143dda00f298eb10af346bbd5318d2685a514c09d2083c79",
    "bands2d": "834e4aafadce40b436e698370ddda24f466ada9a876585fdacffef48aac436c1",
    "xor": "b267cd74a8aa199216f1c806d12d357a5b865d185a158583bf84c0bdc64a9fab",
}
"""Of the built-in data as studies have them since there are studies."""
FLOWERS = ["setosa", "virginica", "setosa", "versicolor", "virginica", "virginica"]
WIDTHS = [0.2, 2.0, 0.3, 1.3, 1.9, 2.3]


@pytest.mark.parametrize(("name", "digest"), DIGESTS.items())
def test_data_of_two_classes_keep_their_digest(name: str, digest: str) -> None:
    assert BUILT_IN[name]().digest == digest


@pytest.mark.parametrize("ending", [".csv", ".csv.gz", ".parquet"])
def test_a_target_may_have_more_than_two_values(tmp_path: Path, ending: str) -> None:
    path = tmp_path / f"flowers{ending}"
    text = "width,kind\n" + "".join(
        f"{width},{kind}\n" for width, kind in zip(WIDTHS, FLOWERS, strict=True)
    )
    if ending == ".parquet":
        pandas = pytest.importorskip("pandas")
        pytest.importorskip("pyarrow")
        pandas.DataFrame({"width": WIDTHS, "kind": FLOWERS}).to_parquet(path)
    else:
        path.write_bytes(gzip.compress(text.encode()) if "gz" in ending else text.encode())
    data = load_data(str(path), "kind")
    assert data.classes == ("setosa", "versicolor", "virginica")
    assert data.labels.tolist() == [0, 2, 0, 1, 2, 2]
    assert data.labels.dtype == np.uint8
    assert data.class_sizes == (2, 1, 3)
    assert data.plateau == 0.5
    assert data == Dataset.of(WIDTHS, FLOWERS, name="flowers")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        ([10, 9, 100, 9], ("9", "10", "100")),
        (["10", "9", "x", "9"], ("9", "10", "x")),
        ([1.5, -2, 3, -2], ("-2", "1.5", "3")),
        (["b", "a", "c", "a"], ("a", "b", "c")),
        (["NAN", "1", "nan", "1"], ("1", "NAN", "nan")),
    ],
)
def test_classes_are_in_order(labels: list[object], classes: tuple[str, ...]) -> None:
    data = Dataset.of([1, 2, 3, 4], labels)
    assert (data.classes, data.labels.tolist()) == (classes, [1, 0, 2, 0])


def test_data_of_all_classes_that_fit_come_back_from_their_bytes() -> None:
    labels = np.arange(2 * MAX_CLASSES) % MAX_CLASSES
    data = Dataset.of(np.arange(len(labels)) / 7, labels, name="many")
    assert data.classes == tuple(map(str, range(MAX_CLASSES)))
    back = Dataset.from_bytes("many", list(data.classes), data.to_bytes())
    assert back == data
    assert back.labels.tolist() == labels.tolist()
    problem = Problem(data)
    assert Problem.from_json(problem.to_json(), data.to_bytes()).data == data


@pytest.mark.parametrize(
    ("labels", "message"),
    [
        (np.arange(600) % 300, "labels: at most 256 classes are needed, received 300 different"),
        (np.arange(60) / 7, "labels: classes are needed, received 60 different values in 60 point"),
        (np.arange(900) % 30 / 4, "labels: classes are needed, received 30 different values in 90"),
        ([f"name {n}" for n in range(40)], "labels: classes are needed, received 40 different"),
    ],
)
def test_a_target_of_measurements_is_refused(labels: list[object], message: str) -> None:
    with pytest.raises(InvalidValuesError) as raised:
        Dataset.of(np.arange(len(labels)) * 1.0, labels)
    assert str(raised.value).startswith(message)
    assert "put numbers into few classes first, like low and high" in str(raised.value)


@pytest.mark.parametrize("labels", [np.arange(900) % 30, np.arange(20), np.arange(20) / 4])
def test_many_classes_of_whole_numbers_or_few_points_are_taken(labels: list[object]) -> None:
    assert Dataset.of(np.arange(len(labels)) * 1.0, labels).plateau == 1 / len(set(labels))


@pytest.mark.parametrize(
    ("labels", "classes", "message"),
    [
        ([0, 2], ("a", "b"), "must have labels from 0 to 1, one for each of its 2 classes, rec"),
        ([0, 1], ("a", "b", "c"), "must have points of all classes, received none of c"),
        ([0, 0], ("a",), "must have 2 to 256 classes, received a"),
    ],
)
def test_classes_that_do_not_fit_the_labels_are_refused(
    labels: list[int], classes: tuple[str, ...], message: str
) -> None:
    with pytest.raises(UserError, match=message):
        Dataset("points", np.zeros((2, 1)), np.array(labels, np.uint8), classes)


@given(
    st.lists(
        st.tuples(st.sampled_from([-0.0, 0.0, 1.0, 2.0]), st.integers(0, 4)),
        min_size=1,
        max_size=40,
    )
)
def test_the_best_accuracy_is_that_of_the_largest_class_at_each_place(
    points: list[tuple[float, int]],
) -> None:
    right = mixed = 0
    for place in {place for place, _ in points}:
        here = [label for other, label in points if other == place]
        right += max(map(here.count, here))
        mixed += len(here) if len(set(here)) > 1 else 0
    features = np.array([[place] for place, _ in points])
    labels = np.array([label for _, label in points], np.uint8)
    assert told_apart(features, labels) == (right / len(points), mixed)


@given(st.lists(st.sampled_from(["a", "b", "1", "2.0", "3"]), min_size=2, max_size=20))
def test_labels_count_the_sorted_classes(values: list[str]) -> None:
    if len(set(values)) < 2:
        values = [*values, "c", "d"]
    labels, classes = labels_of("points", values)
    assert [classes[label] for label in labels] == values
    assert set(labels) == set(range(len(classes)))
    assert (labels_among("others", values, classes) == labels).all()


def test_other_points_have_the_same_classes() -> None:
    assert labels_among("test.csv", ["2.0", "1", "02"], ("1", "2")).tolist() == [1, 0, 1]
    with pytest.raises(UserError) as raised:
        labels_among("test.csv, column 'y'", ["1", "3"], ("1", "2"))
    assert str(raised.value) == (
        "test.csv, column 'y': the class '3' is none of the training points: those are of '1', '2'"
    )
    with pytest.raises(UserError, match=r"the class .1\.0. is none"):
        labels_among("test.csv", ["1.0"], ("1", "x"))


def test_the_points_of_each_class_are_described(capsys: pytest.CaptureFixture[str]) -> None:
    show_data(Dataset.of(WIDTHS, FLOWERS), [])
    assert capsys.readouterr().out.splitlines()[-1] == (
        "Classes: setosa (2 of 6, label 0), versicolor (1 of 6, label 1), "
        "virginica (3 of 6, label 2)"
    )
    show_data(Dataset.of(np.arange(41), [*range(20), *range(20), 5]), [])
    last = capsys.readouterr().out.splitlines()[-1]
    assert last.startswith("20 classes of 2 to 3 points: 0 (2 of 41, label 0), 1 (2 of 41, lab")
    assert last.endswith("11 (2 of 41, label 11), and 8 more")
