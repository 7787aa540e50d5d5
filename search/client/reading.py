"""What is read of a study over HTTP: rows, the report, the network."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

from search.client.connection import Connection, Query
from search.problem.errors import UserError
from search.problem.names import quoted

Row = dict[str, Any]
"""An object of the service's JSON, whose fields docs/service.md and its OpenAPI describe."""
_SECONDS_TO_DRAW = 300.0


class Reading:
    """Reads studies by a connection, which whoever inherits from this makes."""

    _connection: Connection

    def best(
        self,
        name: str,
        success: str | None = None,
        top: int | None = None,
        *,
        measures: str | None = None,
    ) -> list[Row]:
        """The configurations of a study, ranked, as the JSON of `multirestart best` has them.

        Args:
            name: Name of the study.
            success: What counts as a success, like "solved"; what the study seeks if None.
            top: How many configurations; all if None.
            measures: Names of measures, like "balanced_accuracy,auc": what they are over the
                restarts of each configuration.

        Returns:
            The rows, of which pandas makes a data frame.
        """
        return self._rows(name, "best", success=success, top=top, measures=measures)

    def times(self, name: str, success: str | None = None, top: int | None = None) -> list[Row]:
        """How soon the configurations escape, and when to give one up. Arguments as in `best`."""
        return self._rows(name, "times", success=success, top=top)

    def compare(
        self,
        name: str,
        first: str | None = None,
        second: str | None = None,
        success: str | None = None,
    ) -> list[Row]:
        """Whether one configuration escapes sooner than another; the two best unless named.

        Args:
            name: Name of the study.
            first: A configuration like "standard/adam/0.1", or "other:standard/adam/0.1" of another
                study.
            second: Another; both or neither must be given.
            success: What counts as a success, as in `times`.
        """
        return self._rows(name, "compare", first=first, second=second, success=success)

    def race(self, name: str) -> Row:
        """How the last race of a study stands, as the JSON of `multirestart race` has it."""
        found: Row = self._connection.ask("GET", f"{address_of(name)}/race")
        return found

    def effects(self, name: str, success: str | None = None) -> list[Row]:
        """What the success rate depends on. Arguments as in `best`."""
        return self._rows(name, "effects", success=success)

    def basins(
        self,
        name: str,
        success: str | None = None,
        top: int | None = None,
        *,
        configuration: str | None = None,
    ) -> list[Row]:
        """Where the restarts end; of one configuration, like "standard/adam/0.1", if it is named.

        The other arguments are as in `best`.
        """
        return self._rows(name, "basins", success=success, top=top, configuration=configuration)

    def restarts(
        self,
        name: str,
        configuration: str | None = None,
        *,
        measures: str | None = None,
        weights: bool = False,
    ) -> list[Row]:
        """Every restart, by trial and seed; of one configuration if it is named.

        Args:
            name: Name of the study.
            configuration: Like "standard/adam/0.1".
            measures: Names of measures of each restart, like "balanced_accuracy,auc".
            weights: With all final weights.
        """
        return self._rows(
            name, "restarts", configuration=configuration, measures=measures, weights=weights
        )

    def written(self, name: str, rows: str, query: Query) -> Iterator[str]:
        """Rows as a text, piece by piece.

        Args:
            name: Name of the study.
            rows: Which: "best", "times", "compare", "effects", "basins", "race" or "restarts".
            query: The parameters of that route, as the `format`.
        """
        return self._text(f"{address_of(name)}/{rows}", query)

    def summaries(self, query: Query) -> Iterator[str]:
        """What `multirestart studies` prints, piece by piece; `query` as in `written`."""
        return self._text("/api/summaries", query)

    def report(self, name: str, path: str | Path, success: str | None = None) -> Path:
        """Write the report of a study, a page of HTML, in place of a file of that name.

        Returns:
            The path.
        """
        return self._saved(f"{address_of(name)}/report", {"success": success}, Path(path))

    def network(
        self, name: str, path: str | Path, trial: int | None = None, seed: int | None = None
    ) -> Path:
        """Write the network of a restart as a file of plain Keras, like "best.keras".

        Args:
            name: Name of the study.
            path: The file.
            trial: Of the restart, with `seed`; the best one if both are None.
            seed: Of the restart.

        Returns:
            The path.
        """
        query = {"trial": trial, "seed": seed}
        return self._saved(f"{address_of(name)}/networks/best.keras", query, Path(path))

    def program(self, name: str, trial: int | None = None, seed: int | None = None) -> str:
        """The program of plain Keras that trains a restart again. Arguments as in `network`."""
        query = {"trial": trial, "seed": seed}
        return "".join(self._text(f"{address_of(name)}/networks/best.py", query))

    def _rows(self, study: str, rows: str, **query: str | float | None) -> list[Row]:
        found: list[Row] = self._connection.ask("GET", f"{address_of(study)}/{rows}", query=query)
        return found

    def _text(self, path: str, query: Query) -> Iterator[str]:
        with self._connection.answered(path, query=query) as answer:
            yield from answer.iter_text()

    def _saved(self, path: str, query: Query, file: Path) -> Path:
        with self._connection.answered(path, query=query, seconds=_SECONDS_TO_DRAW) as answer:
            content = answer.read()
        try:
            file.write_bytes(content)
        except OSError as error:
            raise UserError(f"cannot write {file}: {error.strerror or error}") from None
        return file


def address_of(name: str) -> str:
    """The address of a study. Raises UserError if its name cannot stand in one."""
    if "/" in name or name in ("", ".", ".."):
        raise UserError(f"a study of a service must have a name without /, received {quoted(name)}")
    return f"/api/studies/{quote(name, safe='', errors='surrogateescape')}"
