"""A token for each study, and no restarts of trials that failed.

The first versions recorded a trial's restarts before they told it complete: where a kill fell
between, a failed trial kept restarts that no figure counts and that its repeat has again.
"""

import uuid

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"

_problems = sa.table("problems", sa.column("study_id"), sa.column("token"))


def upgrade() -> None:
    column = sa.Column("token", sa.String(32), nullable=False, server_default="")
    op.add_column("problems", column)
    connection = op.get_bind()
    for study_id in connection.execute(sa.select(_problems.c.study_id)).scalars().all():
        connection.execute(
            sa.update(_problems)
            .where(_problems.c.study_id == study_id)
            .values(token=uuid.uuid4().hex)
        )
    op.execute(
        "DELETE FROM restarts WHERE trial_id IN (SELECT trial_id FROM trials WHERE state = 'FAIL')"
    )
