"""The tables of the store.

Their names begin with `multirestart_`, so that they keep away from Optuna's in the same database.
Ids are never used again: AUTOINCREMENT on SQLite, sequences on PostgreSQL.
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
    or_,
)
from sqlalchemy.types import BigInteger

STATES = ("waiting", "running", "failed", "complete", "given up")
OUTCOMES = ("not escaped", "escaped", "solved", "diverged")
KINDS = ("finite", "inf", "-inf", "nan")

metadata = MetaData()


def _reference(column: str) -> ForeignKey:
    return ForeignKey(column, ondelete="CASCADE")


def _one_of(column: str, values: tuple[str, ...]) -> str:
    """The condition that a column has one of several values.

    SQLite makes a table of a list after IN for each row that it checks, which took three times as
    long as the row itself.
    """
    return " OR ".join(f"{column} = '{value}'" for value in values)


studies = Table(
    "multirestart_studies",
    metadata,
    Column("study_id", Integer, primary_key=True),
    Column("name", String(512), nullable=False, unique=True),
    Column("problem", Text, nullable=False),
    Column("search", Text, nullable=False),
    Column("data", LargeBinary, nullable=False),
    sqlite_autoincrement=True,
)
"""One row per study: what it holds fixed (JSON, and the points), and how it searches (JSON)."""

configurations = Table(
    "multirestart_configurations",
    metadata,
    Column("configuration_id", Integer, primary_key=True),
    Column("study_id", Integer, _reference("multirestart_studies.study_id"), nullable=False),
    Column("dimensions", Text, nullable=False),
    UniqueConstraint("study_id", "dimensions"),
    sqlite_autoincrement=True,
)
"""One row per configuration of a study that a trial has: the value of each dimension (JSON)."""

races = Table(
    "multirestart_races",
    metadata,
    Column("race_id", Integer, primary_key=True),
    Column("study_id", Integer, _reference("multirestart_studies.study_id"), nullable=False),
    Column("rules", Text, nullable=False),
    Column("entrants", Text, nullable=False),
    Column("first_seed", BigInteger, nullable=False),
    sqlite_autoincrement=True,
)
"""One row per race: its rules and entrants (JSON), and the first of its common fresh seeds."""

trials = Table(
    "multirestart_trials",
    metadata,
    Column("trial_id", Integer, primary_key=True),
    Column("study_id", Integer, _reference("multirestart_studies.study_id"), nullable=False),
    Column("number", Integer, nullable=False),
    Column(
        "configuration_id",
        Integer,
        _reference("multirestart_configurations.configuration_id"),
        nullable=False,
    ),
    Column("first_seed", BigInteger, nullable=False),
    Column("restarts", Integer, nullable=False),
    Column("race_id", Integer, _reference("multirestart_races.race_id")),
    Column("state", String(8), nullable=False),
    Column("launcher", String(64)),
    Column("attempt", Integer, nullable=False),
    Column("began", Double),
    Column("ended", Double),
    Column("published_number", Integer),
    Column("published_state", String(8)),
    Column("escaped", Integer),
    Column("solved", Integer),
    Column("diverged", Integer),
    Column("epochs_spent", BigInteger),
    Column("best_seed", BigInteger),
    Column("best_loss", Double),
    Column("best_accuracy", Double),
    Column("objectives", Text),
    Column("reason", Text),
    Column("tally", Text),
    UniqueConstraint("study_id", "number"),
    CheckConstraint(f"state IN {STATES}", name="known_state"),
    Index(
        "multirestart_trials_counted",
        *("study_id", "state", "race_id", "configuration_id"),
        *("restarts", "escaped", "solved", "diverged", "epochs_spent"),
    ),
    Index("multirestart_trials_published", "study_id", "published_number"),
    sqlite_autoincrement=True,
)
"""One row per trial, the queue and the summaries in one.

From `escaped` on, but for `reason`, all is NULL unless the trial is complete; `best_*` too where
every restart diverged. `objectives` are the values that the sampler is told and `tally` the pairs
of escape epoch and restarts, both as JSON. The index holds all that counting reads.
"""

UNPUBLISHED = or_(trials.c.published_state.is_(None), trials.c.published_state != trials.c.state)
"""Trials that are not in the published study as they stand now."""
Index(
    "multirestart_trials_unpublished",
    *(trials.c.study_id, trials.c.number),
    sqlite_where=UNPUBLISHED,
    postgresql_where=UNPUBLISHED,
)

restarts = Table(
    "multirestart_restarts",
    metadata,
    Column(
        "configuration_id",
        Integer,
        _reference("multirestart_configurations.configuration_id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("seed", BigInteger, primary_key=True, autoincrement=False),
    Column("outcome", String(11), nullable=False),
    Column("accuracy", Double, nullable=False),
    Column("loss", Double),
    Column("loss_kind", String(6), nullable=False),
    Column("last_epoch_loss", Double),
    Column("last_epoch_loss_kind", String(6), nullable=False),
    Column("escape_epoch", Integer),
    Column("diverged_epoch", Integer),
    Column("weights", LargeBinary, nullable=False),
    Column("undecided", Integer, nullable=False),
    CheckConstraint(_one_of("outcome", OUTCOMES), name="known_outcome"),
    CheckConstraint(_one_of("loss_kind", KINDS), name="known_loss_kind"),
    CheckConstraint(_one_of("last_epoch_loss_kind", KINDS), name="known_last_epoch_loss_kind"),
    sqlite_with_rowid=False,
)
"""One row per restart, kept in the order of its key: a seed stands once in a configuration.

Its trial is the one of that configuration whose block of seeds holds its seed. A number that is
not finite is NULL with its kind beside it. `undecided` stands in the trial's levels too; it is here
for whoever reads the table.
"""

levels = Table(
    "multirestart_levels",
    metadata,
    Column(
        "trial_id",
        Integer,
        _reference("multirestart_trials.trial_id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("levels", LargeBinary, nullable=False),
)
"""One row per complete trial: from which epoch on each restart classified how many points
correctly, as `storage.levels` packs it. Apart from the trials, which are read far more often.
"""

machines = Table(
    "multirestart_machines",
    metadata,
    Column(
        "trial_id",
        Integer,
        _reference("multirestart_trials.trial_id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("kind", Text, nullable=False),
)
"""One row per complete trial: the kind of machine that trained it, on which the last digits of its
restarts depend. Trials from before the table was made have none.
"""
