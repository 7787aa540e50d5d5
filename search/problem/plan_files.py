"""Plan files: the fields of a plan as TOML."""

from __future__ import annotations

import json
import os
import tomllib
from pathlib import Path
from typing import Any

from search.problem.data.datasets import BUILT_IN
from search.problem.errors import UserError
from search.problem.names import quoted
from search.problem.plan import Plan
from search.problem.plan_fields import PlanFields

_LONGEST_FILE = 2**20


def read_plan(path: Path) -> PlanFields:
    """Read a plan file.

    Args:
        path: The file.

    Returns:
        The fields that it gives. A relative path of data starts at the file's folder.

    Raises:
        UserError: If it cannot be read, is not well-formed, or a field is unknown or of another
            kind. What breaks the rules of a plan is told by `PlanFields.plan`, with the file's
            name too.
    """
    try:
        with path.open("rb") as file:
            content = file.read(_LONGEST_FILE + 1)
        if len(content) > _LONGEST_FILE:
            raise UserError(f"cannot read {path}: longer than {_LONGEST_FILE:,} bytes")
        text = content.decode("utf-8-sig")
    except OSError as error:
        raise UserError(f"cannot read {path}: {error.strerror or error}") from None
    except UnicodeDecodeError:
        raise UserError(f"cannot read {path}: it is not text in UTF-8; save it as UTF-8") from None
    return PlanFields.of_file(path, _parsed(path, text))


def to_toml(fields: PlanFields) -> str:
    """The fields as a plan file, for `read_plan`; those that are None are left out.

    Args:
        fields: The fields of a plan.

    Returns:
        The text of the file.

    Raises:
        UserError: If a text cannot be written in UTF-8, which TOML is.
    """
    given = fields.model_dump(exclude_none=True)
    return "".join(f"{field} = {_toml(value)}\n" for field, value in given.items())


def saved_fields(plan: Plan, asked: PlanFields, folder: Path) -> PlanFields:
    """All fields of a plan as a file in a folder has them.

    Args:
        plan: The plan.
        asked: What it was made from: where its data came from.
        folder: The folder, from which a relative path of data starts.

    Returns:
        The fields, of which the same plan can be made again.

    Raises:
        UserError: If it is not known where the data came from.
    """
    if asked.data is None or asked.data in BUILT_IN:
        return PlanFields.of(plan)
    path = _seen_from(folder, asked.folder / asked.data)
    data = f"./{path}" if str(path) in BUILT_IN else str(path)
    held_out = None
    if asked.validation_data is not None:
        held_out = str(_seen_from(folder, asked.validation_folder / asked.validation_data))
    return PlanFields.of(plan, data, asked.target, held_out)


def _seen_from(folder: Path, path: Path) -> Path:
    """A path relative to the folder of the file that names it. An absolute one stays."""
    if path.is_absolute():
        return path
    # The file itself may be a link: the data are named after the link.
    return Path(os.path.relpath(path.parent.resolve() / path.name, folder.resolve()))


class NewPlanFile:
    """A plan file that was not there before; gone again at the end unless it was kept.

    Used as a context manager. So it is known before anything else is written that it can be.

    Args:
        path: The file to be made.

    Raises:
        UserError: If there is one of that name, or it cannot be made.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._is_kept = False

    def __enter__(self) -> NewPlanFile:
        try:
            self._path.touch(exist_ok=False)
        except FileExistsError:
            name = self._path
            raise UserError(f"{name} is there already: save the plan under another name") from None
        except OSError as error:
            raise UserError(f"cannot write {self._path}: {error.strerror or error}") from None
        return self

    def __exit__(self, *_error: object) -> None:
        if not self._is_kept:
            self._path.unlink(missing_ok=True)

    def keep(self, text: str) -> None:
        """Write the text, and leave the file at the end."""
        self._path.write_text(text, encoding="utf-8", newline="\n")
        self._is_kept = True


def _parsed(path: Path, text: str) -> dict[str, Any]:
    try:
        values = tomllib.loads(text)
        str(values)  # refuses endless numbers in hexadecimal as Python refuses decimal ones
    except tomllib.TOMLDecodeError as error:
        raise UserError(f"{path}: not well-formed TOML ({error})") from None
    except ValueError:
        raise UserError(f"{path}: a whole number in it is too long") from None
    except RecursionError:
        raise UserError(f"{path}: a value in it is nested too deeply") from None
    return values


def _toml(value: Any) -> str:
    if isinstance(value, dict):
        return f"{{{', '.join(f'{name} = {_toml(item)}' for name, item in value.items())}}}"
    if isinstance(value, tuple):
        return f"[{', '.join(map(_toml, value))}]"
    if isinstance(value, str):
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UserError(f"a plan file is text in UTF-8, which {quoted(value)} is not") from None
        # JSON's escapes are TOML's, but for one character that TOML wants escaped too.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value)
