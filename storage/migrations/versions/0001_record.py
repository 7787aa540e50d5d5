"""The record: problems, configurations and restarts beside Optuna's tables.

Rows go with the trial or study that they belong to, whoever deletes it. On SQLite a trigger sees
to it, for Optuna's own deletes leave foreign keys unenforced there; elsewhere the same triggers
are replaced by foreign keys with ON DELETE CASCADE.
"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

_KINDS = "('finite', 'inf', '-inf', 'nan')"

_TRIGGERS = (
    """
    CREATE TRIGGER multirestart_trial_deleted AFTER DELETE ON trials
    BEGIN
        DELETE FROM restarts WHERE trial_id = OLD.trial_id;
    END
    """,
    """
    CREATE TRIGGER multirestart_study_deleted AFTER DELETE ON studies
    BEGIN
        DELETE FROM restarts WHERE configuration_id IN (
            SELECT configuration_id FROM configurations WHERE study_id = OLD.study_id
        );
        DELETE FROM configurations WHERE study_id = OLD.study_id;
        DELETE FROM problems WHERE study_id = OLD.study_id;
    END
    """,
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"

    def reference(column: str) -> list[sa.ForeignKey]:
        return [] if sqlite else [sa.ForeignKey(column, ondelete="CASCADE")]

    op.create_table(
        "problems",
        sa.Column(
            "study_id",
            sa.Integer,
            *reference("studies.study_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("problem", sa.Text, nullable=False),
        sa.Column("search", sa.Text, nullable=False),
        sa.Column("data", sa.LargeBinary, nullable=False),
    )
    op.create_table(
        "configurations",
        sa.Column("configuration_id", sa.Integer, primary_key=True),
        sa.Column("study_id", sa.Integer, *reference("studies.study_id"), nullable=False),
        sa.Column("scaling", sa.String(32), nullable=False),
        sa.Column("optimizer", sa.String(32), nullable=False),
        sa.Column("learning_rate", sa.Double, nullable=False),
        sa.UniqueConstraint("study_id", "scaling", "optimizer", "learning_rate"),
    )
    op.create_table(
        "restarts",
        sa.Column(
            "configuration_id",
            sa.Integer,
            sa.ForeignKey("configurations.configuration_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("seed", sa.BigInteger, primary_key=True, autoincrement=False),
        sa.Column("trial_id", sa.Integer, *reference("trials.trial_id"), nullable=False),
        sa.Column("outcome", sa.String(11), nullable=False),
        sa.Column("accuracy", sa.Double, nullable=False),
        sa.Column("loss", sa.Double),
        sa.Column("loss_kind", sa.String(6), nullable=False),
        sa.Column("last_epoch_loss", sa.Double),
        sa.Column("last_epoch_loss_kind", sa.String(6), nullable=False),
        sa.Column("escape_epoch", sa.Integer),
        sa.Column("diverged_epoch", sa.Integer),
        sa.Column("weights", sa.LargeBinary, nullable=False),
        sa.CheckConstraint(
            "outcome IN ('not escaped', 'escaped', 'solved', 'diverged')", name="known_outcome"
        ),
        sa.CheckConstraint(f"loss_kind IN {_KINDS}", name="known_loss_kind"),
        sa.CheckConstraint(f"last_epoch_loss_kind IN {_KINDS}", name="known_last_epoch_loss_kind"),
    )
    op.create_index("restarts_of_trial", "restarts", ["trial_id", "outcome", "escape_epoch"])
    if sqlite:
        for trigger in _TRIGGERS:
            op.execute(trigger)
