"""The kind of machine that trained each trial."""

import sqlalchemy as sa
from alembic import op

revision = "3"
down_revision = "2"


def upgrade() -> None:
    op.create_table(
        "multirestart_machines",
        sa.Column(
            "trial_id",
            sa.Integer,
            sa.ForeignKey("multirestart_trials.trial_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("kind", sa.Text, nullable=False),
    )
