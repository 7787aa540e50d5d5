"""The limits of keys, whose key a study counts for, and links by which a study is read."""

import sqlalchemy as sa
from alembic import op

revision = "5"
down_revision = "4"


def upgrade() -> None:
    op.create_table(
        "multirestart_limits",
        sa.Column(
            "key_id",
            sa.Integer,
            sa.ForeignKey("multirestart_keys.key_id"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("most_studies", sa.BigInteger),
        sa.Column("most_work", sa.BigInteger),
        sa.Column("most_bytes", sa.BigInteger),
    )
    op.create_table(
        "multirestart_submitters",
        sa.Column(
            "study_id",
            sa.Integer,
            sa.ForeignKey("multirestart_studies.study_id", ondelete="CASCADE"),
            primary_key=True,
            autoincrement=False,
        ),
        sa.Column("key_name", sa.String(100), nullable=False),
    )
    op.create_table(
        "multirestart_shares",
        sa.Column("share_id", sa.Integer, primary_key=True),
        sa.Column(
            "study_id",
            sa.Integer,
            sa.ForeignKey("multirestart_studies.study_id", ondelete="CASCADE"),
            nullable=False,
            index=True,
        ),
        sa.Column("digest", sa.String(64), nullable=False, unique=True),
        sa.Column("key_name", sa.String(100)),
        sa.Column("created", sa.Double, nullable=False),
        sa.Column("expires", sa.Double),
        sqlite_autoincrement=True,
    )
