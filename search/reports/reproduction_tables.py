"""What people see of published results and of their reproduction."""

from __future__ import annotations

from collections.abc import Sequence

from search.problem.reproductions import Reproduction
from search.reports.layout import NEVER_LEFT_OUT, Column
from search.reports.report import show_table
from search.reports.tables import or_dash
from search.statistics.agreement import MOST_ERRORS_APART
from search.statistics.escape import EscapeRate
from search.statistics.reproduced import Reproduced

REPRODUCTION_KEYS = ("name", "title", "source", "url")
_LIST_COLUMNS = (
    Column("name", importance=NEVER_LEFT_OUT, leads=True),
    Column("what", importance=NEVER_LEFT_OUT),
)
_COLUMNS = (
    Column("\nfigure", importance=NEVER_LEFT_OUT, leads=True),
    Column("\npublished", right=True, importance=NEVER_LEFT_OUT),
    Column("95%\ninterval", importance=4),
    Column("\nhere", right=True, importance=NEVER_LEFT_OUT),
    Column("95%\ninterval", importance=NEVER_LEFT_OUT),
    Column("\nagrees", importance=NEVER_LEFT_OUT),
    Column("independent\nprogram", right=True, importance=3),
    Column("standard\nerrors apart", right=True, importance=3),
)


def show_reproductions(found: Sequence[Reproduction]) -> None:
    """The list of what can be reproduced."""
    rows = [[each.name, each.title] for each in found]
    show_table("Published results", _LIST_COLUMNS, rows, "multirestart reproduce NAME runs one.")


def show_reproduced(reproduction: Reproduction, rows: Sequence[Reproduced]) -> None:
    """The figures of a result beside those published, and where the result comes from."""
    where = f" ({reproduction.url})" if reproduction.url else ""
    show_table(
        f"{reproduction.name}: {reproduction.title}",
        _COLUMNS,
        [cells for row in rows for cells in _cells(row)],
        f"Source: {reproduction.source}{where}",
        f"Left unsaid there: {reproduction.unsaid}",
        verdict(rows),
    )


def verdict(rows: Sequence[Reproduced]) -> str:
    """What the comparison comes to, in a sentence."""
    held = [found for row in rows for found in row.agrees]
    against = sum(found is False for found in held)
    far = sum(not row.is_close for row in rows)
    if not held:
        said = "No figure was published"
    elif against:
        said = (
            f"{against} of {len(held)} published figures do not agree with the rates measured here"
        )
    elif len(held) == 1:
        said = "The published figure agrees with the rate measured here"
    else:
        said = f"All {len(held)} published figures agree with the rates measured here"
    if any(type(found) is float for found in held):
        said += ", if of no more runs than stated"
    independent = sum(row.independent is not None for row in rows)
    if independent:
        said += (
            f"; {independent - far} of {independent} rates of an independent program are within "
            f"{MOST_ERRORS_APART:g} standard errors"
        )
    return f"{said}."


def _cells(row: Reproduced) -> list[list[str]]:
    here = [f"{row.measured} ({row.measured.rate:.4g})", _interval(row.measured)]
    independent = [
        or_dash(None if row.independent is None else row.independent.rate, ".4g"),
        or_dash(row.errors_apart, ".1f"),
    ]
    lines: list[list[str]] = []
    for published, found in zip(row.published, row.agrees, strict=True):
        held = _interval(published) if isinstance(published, EscapeRate) else "-"
        first = not lines
        lines.append(
            [
                row.figure.what if first else "",
                str(published),
                held,
                *(here if first else ["", ""]),
                _agreement(found),
                *(independent if first else ["", ""]),
            ]
        )
    return lines or [[row.figure.what, "-", "-", *here, "-", *independent]]


def _interval(rate: EscapeRate) -> str:
    """To three digits, for rates may be of a few in 10,000."""
    low, high = rate.interval
    return f"{low:.3g}-{high:.3g}"


def _agreement(found: bool | float) -> str:
    if isinstance(found, bool):
        return "yes" if found else "NO"
    return f"up to {found:.0f} runs"
