"""Bringing a record to the latest version, by alembic under a version table of its own."""

from __future__ import annotations

from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection


def upgrade(connection: Connection, version: str = "head") -> None:
    """Create the record's tables, or bring older ones to a version, the latest if none is given.

    All in the transaction of `connection`, which the caller commits or rolls back.
    """
    config = Config()
    config.set_main_option("script_location", str(Path(__file__).parent / "migrations"))
    config.attributes["connection"] = connection
    command.upgrade(config, version)
