"""The tables of keys beside `client_key`: one-time codes, applications' access, public keys of outcomes."""

from sqlalchemy import (
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    func,
)

from gateway.registry.schema import client_key, concentrator, terminal

metadata = MetaData()

_instant = DateTime(timezone=True)

enrollment_code = Table(
    "enrollment_code",
    metadata,
    Column("name", Text, primary_key=True),
    Column("terminal_id", ForeignKey(terminal.c.id)),
    Column("concentrator_id", ForeignKey(concentrator.c.id)),
    Column("salt", LargeBinary, nullable=False),
    Column("secret_hash", LargeBinary, nullable=False),
    Column("tries_left", SmallInteger, nullable=False, server_default="5"),
    Column("issued_by", Text, nullable=False),
    Column("issued_at", _instant, nullable=False, server_default=func.tillgate_now()),
    Column("ends_at", _instant, nullable=False),
    Column("withdrawn_at", _instant),
    Column("used_at", _instant),
    Column("used_fingerprint", ForeignKey(client_key.c.fingerprint)),
    CheckConstraint("num_nonnulls(terminal_id, concentrator_id) = 1", name="enrollment_code_names_one"),
    CheckConstraint("tries_left BETWEEN 0 AND 5", name="enrollment_code_tries"),
    CheckConstraint("issued_by <> '' AND ends_at > issued_at", name="enrollment_code_issued"),
    CheckConstraint(
        "octet_length(salt) = 16 AND octet_length(secret_hash) = 32", name="enrollment_code_hash"
    ),
    CheckConstraint("(used_at IS NULL) = (used_fingerprint IS NULL)", name="enrollment_code_used_whole"),
)

# Who may ask what became of an application: whoever knows the secret that its sender made.
application_access = Table(
    "application_access",
    metadata,
    Column("application_number", Text, primary_key=True),
    Column("request_id", Uuid, nullable=False, unique=True),
    Column("secret_sha256", LargeBinary, nullable=False),
    Column("submitted_at", _instant, nullable=False, server_default=func.tillgate_now()),
    CheckConstraint("octet_length(secret_sha256) = 32", name="application_access_hash"),
)

# Published before it signs, and never removed: what it signed must stay provable.
outcome_key = Table(
    "outcome_key",
    metadata,
    Column("key_id", Text, primary_key=True),
    Column("public_key", LargeBinary, nullable=False),
    Column("published_at", _instant, nullable=False, server_default=func.tillgate_now()),
    Column("retired_at", _instant),
    CheckConstraint("key_id <> '' AND octet_length(public_key) = 32", name="outcome_key_ed25519"),
)
