"""Claims: which launcher trains which trial, and which interrupted trial it runs again."""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"

_TRIGGER = """
    CREATE TRIGGER multirestart_claimed_trial_deleted AFTER DELETE ON trials
    BEGIN
        DELETE FROM claims WHERE trial_id = OLD.trial_id;
    END
"""


def upgrade() -> None:
    sqlite = op.get_bind().dialect.name == "sqlite"
    trial = [] if sqlite else [sa.ForeignKey("trials.trial_id", ondelete="CASCADE")]
    op.create_table(
        "claims",
        sa.Column("trial_id", sa.Integer, *trial, primary_key=True, autoincrement=False),
        sa.Column("launcher", sa.String(64), nullable=False),
        sa.Column("restarts", sa.Integer, nullable=False),
        sa.Column("repeats", sa.Integer, unique=True),
        sa.Column("again", sa.Boolean, nullable=False),
        sa.Column("race", sa.Integer),
    )
    if sqlite:
        op.execute(_TRIGGER)
