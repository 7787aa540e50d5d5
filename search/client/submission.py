"""What is sent to submit a plan: its fields, and the files that are uploaded for it."""

from __future__ import annotations

import csv
import io
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from search.problem.data.asked import is_built_in
from search.problem.data.csv_file import read_csv
from search.problem.data.datasets import BUILT_IN, Dataset
from search.problem.data.upload import CSV, UPLOADED, Upload, upload_of
from search.problem.errors import UserError
from search.problem.plan import Plan
from search.problem.plan_fields import PlanFields

_OF_COLUMNS = frozenset({"drop", "features", "missing"})


@dataclass(frozen=True)
class Submission:
    """The fields of a plan as the service takes them, and what has to be uploaded before."""

    study: str
    fields: dict[str, Any]
    uploads: tuple[Upload, ...]


def of_fields(fields: PlanFields, study: str) -> Submission:
    """What is submitted of the fields of a plan.

    Args:
        fields: The fields. Data are built in, a file of this machine, or an upload by its name.
        study: Name of the study.

    Returns:
        The submission.

    Raises:
        UserError: If a file cannot be read.
    """
    given = fields.model_dump(exclude_none=True, mode="json")
    given.pop("study", None)
    uploads = []
    for field, folder in (("data", fields.folder), ("validation_data", fields.validation_folder)):
        name = given.get(field)
        if name is None or (field == "data" and name in BUILT_IN):
            continue
        path = folder / name
        if not path.exists() and UPLOADED.fullmatch(name):
            continue  # an upload by its name; the service says if there is none
        uploads.append(upload_of(path))
        given[field] = uploads[-1].name
    return Submission(study, given, tuple(uploads))


def of_plan(plan: Plan) -> Submission:
    """What is submitted of a plan. Points that are not built in are uploaded as a CSV file.

    Raises UserError if the points would not be the same ones again.
    """
    data = plan.problem.data
    if is_built_in(data):
        return of_fields(PlanFields.of(plan), plan.name)
    target = _target(data.names)
    held_out = data.validation
    points, labels = data.features, data.labels
    if held_out is not None and held_out.share is not None:
        points = np.concatenate([points, held_out.features])
        labels = np.concatenate([labels, held_out.labels])
    uploads = [_as_csv(data, target, points, labels)]
    apart = None
    if held_out is not None and held_out.share is None:
        content = _csv(data, target, held_out.features, held_out.labels)
        uploads.append(Upload.of(f"{data.name}-held-out", CSV, content))
        apart = uploads[-1].name
    fields = PlanFields.of(plan, uploads[0].name, target, apart)
    given = fields.model_dump(
        exclude_none=True,
        mode="json",
        exclude={"study", *_OF_COLUMNS},  # the columns that were taken are all that are sent
    )
    return Submission(plan.name, given, tuple(uploads))


def _target(names: Sequence[str]) -> str:
    """A name for the column of the classes that no feature has."""
    target = "class"
    while target in names:
        target += "_"
    return target


def _as_csv(
    data: Dataset, target: str, points: NDArray[np.float64], labels: NDArray[np.uint8]
) -> Upload:
    """All points as an upload, read again to see that they are the same ones."""
    content = _csv(data, target, points, labels)
    with tempfile.TemporaryDirectory(prefix="multirestart-") as folder:
        path = Path(folder) / "points.csv"
        path.write_bytes(content)
        again = read_csv(path, target)
    if not (
        again.classes == data.classes
        and np.array_equal(again.features, points)
        and np.array_equal(again.labels, labels)
    ):
        raise UserError(
            f"the classes of the data {data.name!r} cannot be told apart in a CSV file: upload a "
            "file, and submit the fields of a plan that names it"
        )
    return Upload.of(data.name, CSV, content)


def _csv(
    data: Dataset, target: str, points: NDArray[np.float64], labels: NDArray[np.uint8]
) -> bytes:
    names = data.names or tuple(f"x{place}" for place in range(points.shape[1]))
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow([*names, target])
    for point, label in zip(points.tolist(), labels.tolist(), strict=True):
        writer.writerow([*map(repr, point), data.classes[label]])
    return text.getvalue().encode()
