"""The state of each study in the queue; keys to the service, its audit, and uploaded files."""

import json
import time

import sqlalchemy as sa
from alembic import op

revision = "4"
down_revision = "3"


def upgrade() -> None:
    queue = op.create_table(
        "multirestart_queue",
        sa.Column(
            "study_id",
            sa.Integer,
            sa.ForeignKey("multirestart_studies.study_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("state", sa.String(9), nullable=False),
        sa.Column("priority", sa.Integer, nullable=False),
        sa.Column("submitted", sa.Double, nullable=False),
        sa.Column("changed", sa.Double, nullable=False),
        sa.Column("at_once", sa.Boolean, nullable=False),
        sa.Column("reason", sa.Text),
        sa.CheckConstraint(
            "state IN ('queued', 'paused', 'settled', 'cancelled', 'failed')", name="known_state"
        ),
    )
    op.create_table(
        "multirestart_keys",
        sa.Column("key_id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String(100), nullable=False, unique=True),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("scope", sa.String(6), nullable=False),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("expires", sa.Double),
        sa.Column("revoked", sa.Double),
        sa.CheckConstraint("scope IN ('read', 'submit', 'admin')", name="known_scope"),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "multirestart_audit",
        sa.Column("line_id", sa.Integer, primary_key=True),
        sa.Column("at", sa.Double, nullable=False),
        sa.Column("key_name", sa.String(100)),
        sa.Column("action", sa.String(32), nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sqlite_autoincrement=True,
    )
    op.create_table(
        "multirestart_uploads",
        sa.Column("name", sa.String(100), primary_key=True),
        sa.Column("suffix", sa.String(16), nullable=False),
        sa.Column("content", sa.LargeBinary, nullable=False),
    )
    _queue_those_there(queue)


def _queue_those_there(queue: sa.Table) -> None:
    """A study that has its size is settled; any other was left half-way, and is paused."""
    connection, now = op.get_bind(), time.time()
    counted = sa.text(
        "SELECT study_id, count(*) AS found FROM multirestart_trials"
        " WHERE race_id IS NULL AND state IN ('complete', 'given up') GROUP BY study_id"
    )
    settled = {row.study_id: row.found for row in connection.execute(counted)}
    studies = connection.execute(sa.text("SELECT study_id, search FROM multirestart_studies"))
    for study_id, search in studies.all():
        has_size = settled.get(study_id, 0) >= json.loads(search).get("trials", 0)
        connection.execute(
            queue.insert().values(
                study_id=study_id,
                state="settled" if has_size else "paused",
                priority=0,
                submitted=now,
                changed=now,
                at_once=False,
            )
        )
