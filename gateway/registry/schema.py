"""The registry's tables. Alembic holds their history; the rules stand here as constraints.

Whoever may do what is read from here into a snapshot; `registry_epoch` says whether a snapshot is behind.
A trigger on every table that the snapshot is made of counts it up in the same transaction, whoever writes.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint

metadata = MetaData()

_instant = DateTime(timezone=True)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


merchant = Table(
    "merchant",
    metadata,
    _id(),
    Column("inn", Text, nullable=False, unique=True),
    Column("name", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="ACTIVE"),
    # Set while the merchant is not active: the wind-down time runs from it.
    Column("suspended_at", _instant),
    Column("suspend_reason", Text),
    CheckConstraint("inn ~ '^[0-9]{10}([0-9]{2})?$'", name="merchant_inn_digits"),
    CheckConstraint("state IN ('ACTIVE', 'SUSPENDED', 'ENDED')", name="merchant_state_known"),
    CheckConstraint("(state = 'ACTIVE') = (suspended_at IS NULL)", name="merchant_suspended_at_known"),
)

agreement = Table(
    "agreement",
    metadata,
    _id(),
    Column("merchant_id", ForeignKey("merchant.id"), nullable=False),
    Column("number", Text, nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    # Only a concluded agreement, or one that is settled since, is anything to a till.
    Column("state", Text, nullable=False, server_default="CONCLUDED"),
    Column("drafted_on", Date),
    Column("send_due_on", Date),
    Column("sent_on", Date),
    Column("return_due_on", Date),
    Column("signed_on", Date),
    Column("returned_on", Date),
    Column("ceiling_kopecks", BigInteger),
    Column("settings", JSONB, nullable=False, server_default="{}"),
    # Set while the agreement authorizes nothing new, because its ceiling is reached and it says so.
    Column("sales_closed_at", _instant),
    CheckConstraint("NOT isempty(in_force) AND NOT lower_inf(in_force)", name="agreement_has_first_day"),
    CheckConstraint(
        "state IN ('DRAFT', 'SENT', 'SIGNED', 'CONCLUDED', 'SETTLED', 'CANCELLED')",
        name="agreement_state_known",
    ),
    CheckConstraint("ceiling_kopecks > 0", name="agreement_ceiling_positive"),
    UniqueConstraint("merchant_id", "number"),
    UniqueConstraint("id", "merchant_id", "in_force"),
)

# Merchant and days are repeated here, held equal by the foreign key, so that the database itself can see to
# it that (merchant, program, day) finds one agreement at most. Ranges of one value stand in for equality:
# they need no extension.
agreement_program = Table(
    "agreement_program",
    metadata,
    Column("agreement_id", BigInteger, primary_key=True),
    Column("program_code", Text, primary_key=True),
    Column("merchant_id", BigInteger, nullable=False),
    Column("in_force", DATERANGE, nullable=False),
    ForeignKeyConstraint(
        ["agreement_id", "merchant_id", "in_force"],
        ["agreement.id", "agreement.merchant_id", "agreement.in_force"],
        onupdate="CASCADE",
    ),
    ExcludeConstraint(
        (text("int8range(merchant_id, merchant_id, '[]')"), "&&"),
        (text("program_code_range(program_code, program_code, '[]')"), "&&"),
        ("in_force", "&&"),
        name="agreement_program_one_a_day",
    ),
)

outlet = Table(
    "outlet",
    metadata,
    _id(),
    Column("merchant_id", ForeignKey("merchant.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("address", Text, nullable=False),
    Column("is_enabled", Boolean, nullable=False, server_default="true"),
    UniqueConstraint("merchant_id", "name"),
    UniqueConstraint("id", "merchant_id"),
)

terminal = Table(
    "terminal",
    metadata,
    _id(),
    Column("outlet_id", ForeignKey("outlet.id"), nullable=False),
    Column("name", Text, nullable=False),
    Column("is_enabled", Boolean, nullable=False, server_default="true"),
    UniqueConstraint("outlet_id", "name"),
)

concentrator = Table(
    "concentrator",
    metadata,
    _id(),
    Column("merchant_id", ForeignKey("merchant.id"), nullable=False),
    Column("name", Text, nullable=False),
    UniqueConstraint("merchant_id", "name"),
    UniqueConstraint("id", "merchant_id"),
)

# The merchant is repeated so that a concentrator can never speak for another merchant's outlet.
concentrator_outlet = Table(
    "concentrator_outlet",
    metadata,
    Column("concentrator_id", BigInteger, primary_key=True),
    Column("outlet_id", BigInteger, primary_key=True),
    Column("merchant_id", BigInteger, nullable=False),
    ForeignKeyConstraint(["concentrator_id", "merchant_id"], ["concentrator.id", "concentrator.merchant_id"]),
    ForeignKeyConstraint(["outlet_id", "merchant_id"], ["outlet.id", "outlet.merchant_id"]),
)

client_key = Table(
    "client_key",
    metadata,
    # SHA-256 of the DER certificate; of an HMAC key, of its id (see `keys.hmac_keys`).
    Column("fingerprint", LargeBinary, primary_key=True),
    Column("terminal_id", ForeignKey("terminal.id")),
    Column("concentrator_id", ForeignKey("concentrator.id")),
    Column("registered_at", _instant, nullable=False, server_default=func.tillgate_now()),
    Column("revoked_at", _instant),
    Column("revoke_reason", Text),
    Column("kind", Text, nullable=False, server_default="CERTIFICATE"),
    # From then on it gets nothing: the certificate's end, or the end of the time beside its successor.
    Column("ends_at", _instant),
    # Of certificates that enrolment issued, so that the same request gets the same answer.
    Column("public_key_sha256", LargeBinary, unique=True),
    Column("chain_pem", Text),
    Column("replaces", ForeignKey("client_key.fingerprint"), unique=True),
    Column("hmac_version", Integer),
    CheckConstraint("octet_length(fingerprint) = 32", name="client_key_fingerprint_sha256"),
    CheckConstraint("kind IN ('CERTIFICATE', 'HMAC')", name="client_key_kind_known"),
    CheckConstraint("(kind = 'HMAC') = (hmac_version IS NOT NULL)", name="client_key_hmac_version"),
    CheckConstraint("num_nonnulls(terminal_id, concentrator_id) = 1", name="client_key_names_one"),
)

# Read with every batch, not from the snapshot: a stop holds for the next decision. No foreign key to the
# account, as from no hot table; `tillgate ledger verify` checks it.
card = Table(
    "card",
    metadata,
    Column("token", LargeBinary, primary_key=True),
    Column("account_id", BigInteger, nullable=False, index=True),
    Column("token_key_id", Text),
    Column("stopped_at", _instant),
    Column("stop_reason", Text),
    # The first token of the same plastic, which an older key made.
    Column("alias_of", LargeBinary),
)

stop_list_version = Table(
    "stop_list_version",
    metadata,
    Column("version", BigInteger, primary_key=True, autoincrement=False),
    Column("made_at", _instant, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("stopped_count", BigInteger, nullable=False),
    Column("lifted_count", BigInteger, nullable=False),
    Column("entry_count", BigInteger, nullable=False),
    Column("sha256", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    CheckConstraint(
        "version > 0 AND stopped_count >= 0 AND lifted_count >= 0 AND entry_count >= 0",
        name="stop_list_version_counted",
    ),
    CheckConstraint("stopped_count + lifted_count > 0", name="stop_list_version_changes"),
    CheckConstraint("made_by <> '' AND octet_length(signature) = 64", name="stop_list_version_signed"),
)

# `sealed` is the card's digest, of which merchants' lists are made; stop_list/keys.py tells how.
stop_entry = Table(
    "stop_entry",
    metadata,
    _id(),
    Column("token", LargeBinary, nullable=False),
    Column("token_key_id", Text, nullable=False),
    Column("sealed", LargeBinary, nullable=False),
    Column("origin", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("stopped_from", _instant),
    Column("since_version", ForeignKey("stop_list_version.version"), nullable=False),
    Column("until_version", ForeignKey("stop_list_version.version")),
    CheckConstraint("origin IN ('LIST', 'HELP_DESK', 'REISSUE')", name="stop_entry_origin_known"),
    CheckConstraint("until_version > since_version", name="stop_entry_range"),
    Index("stop_entry_standing", "token", unique=True, postgresql_where=text("until_version IS NULL")),
    Index("stop_entry_since", "since_version"),
    Index("stop_entry_until", "until_version"),
)

# Merchants whose list key was ever changed; all others have the first one.
stop_list_key = Table(
    "stop_list_key",
    metadata,
    Column("merchant_id", BigInteger, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("since", _instant, nullable=False, server_default=func.tillgate_now()),
    CheckConstraint("version > 1", name="stop_list_key_renewed"),
)

registry_epoch = Table(
    "registry_epoch",
    metadata,
    Column("id", SmallInteger, primary_key=True, server_default="1"),
    Column("epoch", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="registry_epoch_single"),
)
