"""The tables of the record.

They stand in the database of the Optuna study and keep away from Optuna's names. A restart is
keyed by configuration and seed, so a seed can stand only once in a configuration of a study; a
repeated write raises. Optuna's own tables are in `storage.optuna_tables`.
"""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.types import BigInteger

OUTCOMES = ("not escaped", "escaped", "solved", "diverged")
KINDS = ("finite", "inf", "-inf", "nan")

metadata = MetaData()

problems = Table(
    "problems",
    metadata,
    Column("study_id", Integer, primary_key=True, autoincrement=False),
    Column("problem", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    Column("token", String(32), nullable=False),
)
"""One row per study: what it holds fixed (JSON, and the points), and how it searches (JSON).

`token` is drawn when the study is made, and tells it from another that was given its id later.
"""

configurations = Table(
    "configurations",
    metadata,
    Column("configuration_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False),
    Column("scaling", String(32), nullable=False),
    Column("optimizer", String(32), nullable=False),
    Column("learning_rate", Double, nullable=False),
    UniqueConstraint("study_id", "scaling", "optimizer", "learning_rate"),
)

restarts = Table(
    "restarts",
    metadata,
    Column(
        "configuration_id",
        Integer,
        ForeignKey("configurations.configuration_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("seed", BigInteger, primary_key=True, autoincrement=False),
    Column("trial_id", Integer, nullable=False),
    Column("outcome", String(11), nullable=False),
    Column("accuracy", Double, nullable=False),
    Column("loss", Double),
    Column("loss_kind", String(6), nullable=False),
    Column("last_epoch_loss", Double),
    Column("last_epoch_loss_kind", String(6), nullable=False),
    Column("escape_epoch", Integer),
    Column("diverged_epoch", Integer),
    Column("weights", LargeBinary, nullable=False),
    CheckConstraint(f"outcome IN {OUTCOMES}", name="known_outcome"),
    CheckConstraint(f"loss_kind IN {KINDS}", name="known_loss_kind"),
    CheckConstraint(f"last_epoch_loss_kind IN {KINDS}", name="known_last_epoch_loss_kind"),
    Index("restarts_of_trial", "trial_id", "outcome", "escape_epoch"),
)
"""One row per restart. A number that is not finite is NULL with its kind beside it."""

claims = Table(
    "claims",
    metadata,
    Column("trial_id", Integer, primary_key=True, autoincrement=False),
    Column("launcher", String(64), nullable=False),
    Column("restarts", Integer, nullable=False),
    Column("repeats", Integer, unique=True),
    Column("again", Boolean, nullable=False),
    Column("race", Integer),
)
"""Who trains which trial: one row per trial that a launcher claimed.

`restarts` is how many seeds it covers from the trial's `seed` on; `repeats` is the interrupted
trial whose configuration and seeds this one runs again, and being unique it says that none is
run again twice; `again` is false once the trial is given up; `race` is the race that the trial
belongs to, none for a trial of the search.
"""

races = Table(
    "races",
    metadata,
    Column("race_id", Integer, primary_key=True),
    Column("study_id", Integer, nullable=False),
    Column("rules", Text, nullable=False),
    Column("entrants", Text, nullable=False),
    Column("first_seed", BigInteger, nullable=False),
)
"""One row per race: its rules and entrants (JSON), and the first of its common fresh seeds."""
