"""The audit log's table. Triggers refuse every change of an entry and every entry that breaks the chain."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

audit_entry = Table(
    "audit_entry",
    metadata,
    # Counted without a gap by the writer, so that a deleted entry shows.
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("at", DateTime(timezone=True), nullable=False),
    Column("actor_kind", Text, nullable=False),
    Column("actor_id", Text, nullable=False),
    Column("action", Text, nullable=False),
    Column("subject_kind", Text, nullable=False),
    Column("subject_id", Text, nullable=False),
    Column("details", JSONB, nullable=False),
    Column("approved_by", Text),
    Column("previous_hash", LargeBinary, nullable=False),
    Column("hash", LargeBinary, nullable=False),
    CheckConstraint("id > 0", name="audit_entry_counted"),
    CheckConstraint("actor_kind IN ('PERSON', 'CLIENT_KEY', 'SYSTEM')", name="audit_entry_actor_known"),
    CheckConstraint(
        "actor_id <> '' AND action <> '' AND subject_kind <> '' AND subject_id <> ''",
        name="audit_entry_named",
    ),
    CheckConstraint("jsonb_typeof(details) = 'object'", name="audit_entry_details"),
    CheckConstraint(
        "octet_length(previous_hash) = 32 AND octet_length(hash) = 32", name="audit_entry_hashes"
    ),
    # One chain: no entry has two that follow it.
    UniqueConstraint("previous_hash"),
    Index("audit_entry_by_subject", "subject_kind", "subject_id", "id"),
    Index("audit_entry_by_action", "action", "id"),
)
