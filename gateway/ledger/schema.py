"""The ledger's tables. Alembic holds their history; the invariants stand here as constraints.

No foreign keys from hot tables (design section 4): `tillgate ledger verify` checks those.
`purchase` and `entry` are partitioned by the month in their UUIDv7.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    Uuid,
    text,
)
from sqlalchemy.dialects.postgresql import JSON, JSONB

metadata = MetaData()

_instant = DateTime(timezone=True)

card_account = Table(
    "card_account",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("version", BigInteger, nullable=False, server_default="0"),
    Column("last_decided_at", _instant, nullable=False),
    Column("holder_ref", Text, nullable=False, unique=True),
    Column("is_blocked", Boolean, nullable=False, server_default="false"),
    postgresql_with={"fillfactor": 80},
)

certificate = Table(
    "certificate",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", BigInteger, nullable=False, index=True),
    Column("issue_ref", Text, nullable=False, unique=True),
    Column("program_code", Text, nullable=False),
    Column("program_version", Integer, nullable=False),
    Column("nominal_kopecks", BigInteger, nullable=False),
    Column("available_kopecks", BigInteger, nullable=False),
    Column("held_kopecks", BigInteger, nullable=False),
    Column("spent_kopecks", BigInteger, nullable=False),
    Column("lapsed_kopecks", BigInteger, nullable=False),
    Column("restorable_kopecks", BigInteger, nullable=False),
    Column("valid_from", _instant, nullable=False),
    Column("valid_until", _instant, nullable=False),
    Column("state", Text, nullable=False),
    Column("act_body", Text, nullable=False),
    Column("act_number", Text, nullable=False),
    Column("act_date", Date, nullable=False),
    CheckConstraint(
        "nominal_kopecks = available_kopecks + held_kopecks + spent_kopecks + lapsed_kopecks",
        name="parts_sum",
    ),
    CheckConstraint(
        "nominal_kopecks > 0 AND available_kopecks >= 0 AND held_kopecks >= 0"
        " AND spent_kopecks >= 0 AND lapsed_kopecks >= 0"
        " AND restorable_kopecks BETWEEN 0 AND lapsed_kopecks",
        name="parts_not_negative",
    ),
    CheckConstraint("valid_from < valid_until", name="validity_is_a_period"),
    CheckConstraint("state IN ('ACTIVE', 'BLOCKED', 'WITHDRAWN')", name="state_known"),
    Index("certificate_valid_until", "valid_until", "id"),
    postgresql_with={"fillfactor": 80},
)

purchase = Table(
    "purchase",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("account_id", BigInteger, nullable=False),
    Column("request_id", Uuid, nullable=False),
    Column("merchant_id", BigInteger, nullable=False),
    Column("outlet_id", BigInteger, nullable=False),
    Column("terminal_id", BigInteger, nullable=False),
    Column("concentrator_id", BigInteger, nullable=False),
    Column("shift_number", Integer, nullable=False),
    Column("shift_terminal_id", BigInteger, nullable=False),
    Column("cashier_ref", Text, nullable=False),
    Column("state", Text, nullable=False),
    Column("authorized_at", _instant, nullable=False),
    Column("hold_expires_at", _instant, nullable=False),
    Column("closed_at", _instant),
    Column("program_code", Text, nullable=False),
    Column("list_version", Text, nullable=False),
    Column("rounding_kopecks", BigInteger, nullable=False),
    Column("eligible_kopecks", BigInteger, nullable=False),
    Column("approved_kopecks", BigInteger, nullable=False),
    Column("lines", JSON, nullable=False),
    Column("own_money", JSONB, nullable=False),
    Column("lapsed_from_hold", JSONB, nullable=False),
    Column("capture", JSONB),
    Column("captured_kopecks", BigInteger, nullable=False),
    Column("sale_date", Date),
    Column("is_shift_closed", Boolean, nullable=False),
    CheckConstraint(
        "state IN ('AUTHORIZED', 'CAPTURED', 'VOIDED', 'EXPIRED', 'DECLINED')", name="state_known"
    ),
    CheckConstraint("captured_kopecks BETWEEN 0 AND approved_kopecks", name="captured_within_approved"),
    Index(
        "purchase_live_hold",
        "account_id",
        "hold_expires_at",
        postgresql_where=text("state = 'AUTHORIZED'"),
    ),
    Index("purchase_shift", "shift_terminal_id", "shift_number"),
    postgresql_partition_by="RANGE (id)",
)

entry = Table(
    "entry",
    metadata,
    Column("operation_id", Uuid, primary_key=True),
    Column("n", SmallInteger, primary_key=True),
    Column("account_id", BigInteger, nullable=False),
    Column("certificate_id", Uuid, nullable=False),
    Column("purchase_id", Uuid),
    Column("kind", Text, nullable=False),
    Column("source", Text),
    Column("target", Text, nullable=False),
    Column("amount_kopecks", BigInteger, nullable=False),
    Column("decided_at", _instant, nullable=False),
    Column("agreement_id", BigInteger),
    Column("sale_date", Date),
    CheckConstraint("amount_kopecks > 0", name="amount_positive"),
    CheckConstraint("source IS NULL OR source <> target", name="moves"),
    # Only captures, voids of captures and refunds name an agreement: authorizing writes nothing into it.
    Index(
        "entry_of_agreement",
        "agreement_id",
        "sale_date",
        postgresql_where=text("agreement_id IS NOT NULL"),
    ),
    postgresql_partition_by="RANGE (operation_id)",
)

refund = Table(
    "refund",
    metadata,
    Column("id", Uuid, primary_key=True),
    Column("purchase_id", Uuid, nullable=False, index=True),
    Column("account_id", BigInteger, nullable=False),
    Column("refunded_at", _instant, nullable=False),
    Column("terminal_id", BigInteger, nullable=False),
    Column("shift_number", Integer, nullable=False),
    Column("lines", JSONB, nullable=False),
    Column("points_kopecks", BigInteger, nullable=False),
    Column("lapsed_kopecks", BigInteger, nullable=False),
    Column("own_money_kopecks", BigInteger, nullable=False),
    CheckConstraint("points_kopecks >= 0 AND own_money_kopecks >= 0", name="parts_not_negative"),
    Index("refund_shift", "terminal_id", "shift_number"),
)

receipt = Table(
    "receipt",
    metadata,
    Column("purchase_id", Uuid, primary_key=True),
    Column("fiscal_drive_number", Text, primary_key=True),
    Column("fiscal_document_number", BigInteger, primary_key=True),
    Column("account_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("fiscal_sign", BigInteger, nullable=False),
    Column("kkt_registration_number", Text, nullable=False),
    Column("seller_inn", Text, nullable=False),
    Column("shift_number", Integer, nullable=False),
    Column("issued_at", _instant, nullable=False),
    Column("total_kopecks", BigInteger, nullable=False),
    Column("operation_id", Uuid, nullable=False),
    Index("receipt_key", "fiscal_drive_number", "fiscal_document_number"),
)

outcome = Table(
    "outcome",
    metadata,
    Column("merchant_id", BigInteger, primary_key=True),
    Column("request_id", Uuid, primary_key=True),
    Column("kind", Text, nullable=False),
    Column("terminal_id", BigInteger, nullable=False),
    Column("concentrator_id", BigInteger, nullable=False),
    Column("account_id", BigInteger),
    Column("purchase_id", Uuid),
    Column("operation_id", Uuid, nullable=False),
    Column("canonical", Text, nullable=False),
    Column("reason", Text),
    Column("signed_payload", LargeBinary, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("decided_at", _instant, nullable=False),
    Index("outcome_by_time", "merchant_id", "decided_at", "request_id"),
)

closed_shift = Table(
    "closed_shift",
    metadata,
    Column("operation_id", Uuid, primary_key=True),
    Column("merchant_id", BigInteger, nullable=False),
    Column("terminal_id", BigInteger, nullable=False),
    Column("shift_number", Integer, nullable=False),
    Column("closed_at", _instant, nullable=False),
    Column("totals", JSONB, nullable=False),
    Index("closed_shift_key", "terminal_id", "shift_number"),
)

review_case = Table(
    "review_case",
    metadata,
    Column("operation_id", Uuid, primary_key=True),
    Column("kind", Text, primary_key=True),
    Column("account_id", BigInteger, nullable=False),
    Column("purchase_id", Uuid, nullable=False),
    Column("amount_kopecks", BigInteger, nullable=False),
    Column("opened_at", _instant, nullable=False),
)
