"""The tables of the record.

They stand in the database of the Optuna study and keep away from Optuna's names. A restart is
keyed by configuration and seed, so a seed can stand only once in a configuration of a study; a
repeated write raises. `studies`, `trials` and `trial_user_attributes` are stubs of Optuna's
tables: what is read of them, and the attributes that are written with a trial's restarts; they
are never created here.
"""

from __future__ import annotations

from sqlalchemy import (
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

optuna_metadata = MetaData()

studies = Table(
    "studies",
    optuna_metadata,
    Column("study_id", Integer, primary_key=True),
    Column("study_name", String(512)),
)

trials = Table(
    "trials",
    optuna_metadata,
    Column("trial_id", Integer, primary_key=True),
    Column("number", Integer),
    Column("study_id", Integer, ForeignKey("studies.study_id")),
    Column("state", String(8)),
)

trial_user_attributes = Table(
    "trial_user_attributes",
    optuna_metadata,
    Column("trial_user_attribute_id", Integer, primary_key=True),
    Column("trial_id", Integer, ForeignKey("trials.trial_id")),
    Column("key", String(512)),
    Column("value_json", Text),
)

metadata = MetaData()

problems = Table(
    "problems",
    metadata,
    Column("study_id", Integer, primary_key=True, autoincrement=False),
    Column("problem", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
)
"""One row per study: what it holds fixed (JSON, and the points), and how it searches (JSON)."""

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
