"""The tables of the queue's orders, of keys and links to the service, what was done by them."""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
)

from storage.schema import metadata

KEPT_STATES = ("queued", "paused", "settled", "cancelled", "failed")

queue = Table(
    "multirestart_queue",
    metadata,
    Column(
        "study_id",
        Integer,
        ForeignKey("multirestart_studies.study_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("state", String(9), nullable=False),
    Column("priority", Integer, nullable=False),
    Column("submitted", Double, nullable=False),
    Column("changed", Double, nullable=False),
    Column("at_once", Boolean, nullable=False),
    Column("reason", Text),
    CheckConstraint(f"state IN {KEPT_STATES}", name="known_state"),
)
"""One row per study: what was ordered of it last, or what it came to. Apart from the study, which
stays as it is.
"""

keys = Table(
    "multirestart_keys",
    metadata,
    Column("key_id", Integer, primary_key=True),
    Column("name", String(100), nullable=False, unique=True),
    Column("digest", String(64), nullable=False, unique=True),
    Column("scope", String(6), nullable=False),
    Column("created", Double, nullable=False),
    Column("expires", Double),
    Column("revoked", Double),
    CheckConstraint("scope IN ('read', 'submit', 'admin')", name="known_scope"),
    sqlite_autoincrement=True,
)
"""One row per key, also of those that have ended, so that the audit's names stay clear."""

limits = Table(
    "multirestart_limits",
    metadata,
    Column(
        "key_id",
        Integer,
        ForeignKey("multirestart_keys.key_id"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("most_studies", BigInteger),
    Column("most_work", BigInteger),
    Column("most_bytes", BigInteger),
)
"""One row per key that was made since keys have limits; empty where there is none."""

submitters = Table(
    "multirestart_submitters",
    metadata,
    Column(
        "study_id",
        Integer,
        ForeignKey("multirestart_studies.study_id", ondelete="CASCADE"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("key_name", String(100), nullable=False),
)
"""One row per study that was submitted, changed or resumed by a key: the last one."""

shares = Table(
    "multirestart_shares",
    metadata,
    Column("share_id", Integer, primary_key=True),
    Column(
        "study_id",
        Integer,
        ForeignKey("multirestart_studies.study_id", ondelete="CASCADE"),
        nullable=False,
        index=True,
    ),
    Column("digest", String(64), nullable=False, unique=True),
    Column("key_name", String(100)),
    Column("created", Double, nullable=False),
    Column("expires", Double),
    sqlite_autoincrement=True,
)
"""One row per link by which a study is read; one that was ended is deleted."""

audit = Table(
    "multirestart_audit",
    metadata,
    Column("line_id", Integer, primary_key=True),
    Column("at", Double, nullable=False),
    Column("key_name", String(100)),
    Column("action", String(32), nullable=False),
    Column("subject", Text, nullable=False),
    sqlite_autoincrement=True,
)
"""One row per change by way of the service or of `keys`."""

uploads = Table(
    "multirestart_uploads",
    metadata,
    Column("name", String(100), primary_key=True),
    Column("suffix", String(16), nullable=False),
    Column("content", LargeBinary, nullable=False),
)
"""One row per file of points that was uploaded; a study keeps its points itself."""
