"""Claims (which launcher trains which trial, which interrupted one it runs again) and races."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TRIGGERS = (
    """
    CREATE TRIGGER multirestart_claimed_trial_deleted AFTER DELETE ON trials
    BEGIN
        DELETE FROM claims WHERE trial_id = OLD.trial_id;
    END
    """,
    """
    CREATE TRIGGER multirestart_raced_study_deleted AFTER DELETE ON studies
    BEGIN
        DELETE FROM races WHERE study_id = OLD.study_id;
    END
    """,
)


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"

    def reference(column: str) -> list[sa.ForeignKey]:
        return [] if sqlite else [sa.ForeignKey(column, ondelete="CASCADE")]

    op.create_table(
        "claims",
        sa.Column(
            "trial_id",
            sa.Integer,
            *reference("trials.trial_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("launcher", sa.String(64), nullable=False),
        sa.Column("restarts", sa.Integer, nullable=False),
        sa.Column("repeats", sa.Integer, unique=True),
        sa.Column("again", sa.Boolean, nullable=False),
        sa.Column("race", sa.Integer),
    )
    op.create_table(
        "races",
        sa.Column("race_id", sa.Integer, primary_key=True),
        sa.Column("study_id", sa.Integer, *reference("studies.study_id"), nullable=False),
        sa.Column("rules", sa.Text, nullable=False),
        sa.Column("entrants", sa.Text, nullable=False),
        sa.Column("first_seed", sa.BigInteger, nullable=False),
    )
    if sqlite:
        for trigger in _TRIGGERS:
            op.execute(trigger)
