"""Routes of what a study says: the rows of the commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse

from search.problem.success import Success
from search.service.desk import Reading, Service, Serving, StudyName
from search.service.problems import RESPONSES, missing_is_not_found, not_found
from search.service.tags import is_known, not_modified, tag_of
from search.service.writing import ROWS, Writing, Written
from search.studies.answers import (
    Answer,
    basins_rows,
    best_rows,
    compare_rows,
    effects_rows,
    measures_rows,
    race_rows,
    restarts_rows,
    times_rows,
)
from search.studies.comparing import asked_comparison
from search.studies.study import Study
from search.studies.tables import (
    basins_table,
    best_table,
    compare_table,
    effects_table,
    measures_table,
    race_table,
    restarts_table,
    times_table,
)

if TYPE_CHECKING:
    from search.running.race_source import RaceResult
    from search.statistics.timing import Comparison

SuccessName = Annotated[str | None, Query(max_length=64, description="What counts as a success.")]
Top = Annotated[int | None, Query(ge=1, description="How many configurations.")]
Configured = Annotated[str | None, Query(max_length=512, description="Like standard/adam/0.1.")]
Compared = Annotated[
    str | None,
    Query(
        max_length=1024, description="Like standard/adam/0.1; STUDY:standard/adam/0.1 of others."
    ),
]
Measured = Annotated[
    str | None, Query(max_length=1024, description="Names of measures, like balanced_accuracy,auc.")
]

routes = APIRouter(prefix="/api/studies/{name}", tags=["results"], responses=RESPONSES)


def with_etag(service: Service, name: str, request: Request) -> tuple[Study, str]:
    """A study, and a tag that is another whenever what a request is answered by may be.

    The study is read after the mark of its state: what is kept under a tag is never older than it.
    """
    mark = service.marks.of(service.study(name).study_id)
    study = service.study(name)
    return study, tag_of(study.study_id, f"{request.url.path}?{request.url.query}", mark)


def _rows(
    service: Service,
    request: Request,
    name: str,
    writing: Writing,
    rows_of: Callable[[Study], Answer],
    show: Callable[[Study], None],
) -> Response:
    """The rows of a study, streamed; that nothing has changed, where the tag is known."""
    study, etag = with_etag(service, name, request)
    return _written(service, request, study, etag, writing, rows_of, show)


def _written(
    service: Service,
    request: Request,
    study: Study,
    etag: str,
    writing: Writing,
    rows_of: Callable[[Study], Answer],
    show: Callable[[Study], None],
) -> Response:
    if is_known(request, etag):
        return not_modified(etag)
    kept = service.answers.get(etag)
    if kept is not None:
        return Response(kept.body, headers=kept.headers)

    def rows() -> Answer:
        with study.snapshot():  # rows that are read as they are sent are read after it
            return rows_of(study)

    def shown() -> None:
        with study.snapshot():
            show(study)

    answer = writing.written(rows, shown, {"ETag": etag, "Cache-Control": "no-cache"})
    if not isinstance(answer, StreamingResponse):
        service.answers.put(etag, answer)
    return answer


def _success(name: str | None) -> Success | None:
    return None if name is None else Success.of(name)


def _names(measures: str | None) -> list[str] | None:
    return None if measures is None else [each.strip() for each in measures.split(",")]


@routes.get("/best", responses=ROWS)
def get_best(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    writing: Written,
    success: SuccessName = None,
    top: Top = None,
    measures: Measured = None,
) -> Response:
    """The configurations, ranked by the lower end of the success rate's interval.

    With `measures` what those are over the restarts of each.
    """
    chosen, names = _success(success), _names(measures)
    if names is not None:
        return _rows(
            *(service, request, name, writing),
            lambda study: measures_rows(study, names, chosen, top),
            lambda study: measures_table(study, names, chosen, top),
        )
    return _rows(
        *(service, request, name, writing),
        lambda study: best_rows(study, chosen, top),
        lambda study: best_table(study, chosen, top),
    )


@routes.get("/times", responses=ROWS)
def get_times(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    writing: Written,
    success: SuccessName = None,
    top: Top = None,
) -> Response:
    """How soon the configurations escape, and after how many epochs to give one up."""
    chosen = _success(success)
    return _rows(
        *(service, request, name, writing),
        lambda study: times_rows(study, chosen, top),
        lambda study: times_table(study, chosen, top),
    )


@routes.get("/compare", responses=ROWS)
def get_compare(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    writing: Written,
    first: Compared = None,
    second: Compared = None,
    success: SuccessName = None,
) -> Response:
    """Whether one configuration escapes sooner than another; the two best unless named."""
    # Two configurations of two studies depend on both. The mark first, as in `with_etag`.
    mark = service.marks.of()
    study, criterion = service.study(name), _success(success)
    names = [each for each in (first, second) if each is not None]

    def compared() -> tuple[Comparison, Study, Study | None]:
        known = [each.name for each in service.reader.studies()]
        with missing_is_not_found():
            return asked_comparison(
                names, known, lambda of: study if of is None else service.study(of), criterion
            )

    etag = tag_of(study.study_id, f"compare?{request.url.query}", mark)
    return _written(
        *(service, request, study, etag, writing),
        lambda _study: compare_rows(compared()[0]),
        lambda _study: compare_table(*compared()),
    )


@routes.get("/race", responses=ROWS)
def get_race(
    service: Serving, request: Request, _caller: Reading, name: StudyName, writing: Written
) -> Response:
    """How its last race stands; a plan with `race` has one once its trials are settled."""

    def raced(study: Study) -> RaceResult:
        from search.running.race_source import last_race_result  # half a second, for races alone

        found = last_race_result(study.store, study.study_id)
        if found is None:
            raise not_found(f"study {name!r} has no race")
        return found

    return _rows(
        *(service, request, name, writing),
        lambda study: race_rows(study, raced(study)),
        lambda study: race_table(study, raced(study)),
    )


@routes.get("/effects", responses=ROWS)
def get_effects(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    writing: Written,
    success: SuccessName = None,
) -> Response:
    """What the success rate depends on."""
    chosen = _success(success)
    return _rows(
        *(service, request, name, writing),
        lambda study: effects_rows(study, chosen),
        lambda study: effects_table(study, chosen),
    )


@routes.get("/basins", responses=ROWS)
def get_basins(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    writing: Written,
    success: SuccessName = None,
    top: Top = None,
    configuration: Configured = None,
) -> Response:
    """Where the restarts end."""
    chosen = _success(success)
    return _rows(
        *(service, request, name, writing),
        lambda study: basins_rows(study, chosen, top, configuration),
        lambda study: basins_table(study, chosen, top, configuration),
    )


@routes.get("/restarts", responses=ROWS)
def get_restarts(
    service: Serving,
    request: Request,
    _caller: Reading,
    name: StudyName,
    writing: Written,
    configuration: Configured = None,
    measures: Measured = None,
    weights: Annotated[bool, Query(description="With all final weights.")] = False,
) -> Response:
    """Every restart, by trial and seed."""
    names = _names(measures)
    return _rows(
        *(service, request, name, writing),
        lambda study: restarts_rows(study, configuration, names, weights=weights),
        lambda study: restarts_table(study, configuration, names, weights=weights),
    )
