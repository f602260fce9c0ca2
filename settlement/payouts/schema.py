"""Tables of payouts and of imported statements; what each means is told in `model` and `statement`."""

from sqlalchemy import (
    BigInteger,
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
    Table,
    Text,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

_instant = DateTime(timezone=True)


def _text(name: str) -> Column[str]:
    return Column(name, Text, nullable=False)


def _kopecks(name: str) -> Column[int]:
    return Column(name, BigInteger, nullable=False)


payout = Table(
    "payout",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("state", Text, nullable=False, server_default="DRAFT"),
    Column("dated", Date, nullable=False),
    Column("payer", JSONB, nullable=False),
    Column("transfer_count", Integer, nullable=False),
    _kopecks("sum_kopecks"),
    Column("sha256", LargeBinary, nullable=False),
    _text("made_by"),
    Column("made_at", _instant, nullable=False, server_default=func.tillgate_now()),
    Column("approved_by", Text),
    Column("approved_at", _instant),
    CheckConstraint("state IN ('DRAFT', 'DISCARDED', 'EXPORTED', 'CLOSED')", name="payout_state_known"),
    CheckConstraint(
        "transfer_count > 0 AND sum_kopecks > 0 AND octet_length(sha256) = 32", name="payout_sums"
    ),
    CheckConstraint(
        "made_by <> '' AND approved_by <> made_by AND num_nulls(approved_by, approved_at) <> 1",
        name="payout_signed",
    ),
    CheckConstraint("state IN ('DRAFT', 'DISCARDED') OR approved_by IS NOT NULL", name="payout_four_eyes"),
)

transfer = Table(
    "transfer",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("end_to_end_id", Text, nullable=False, unique=True),
    Column("payout_id", ForeignKey("payout.id"), nullable=False),
    Column("claim_id", BigInteger, ForeignKey("claim.id"), nullable=False),
    Column("state", Text, nullable=False, server_default="DRAFT"),
    _text("order_number"),
    Column("dated", Date, nullable=False),
    _kopecks("amount_kopecks"),
    Column("account_id", BigInteger, ForeignKey("merchant_account.id"), nullable=False),
    Column("payee", JSONB, nullable=False),
    _text("kbk"),
    _text("personal_account"),
    _text("obligation_number"),
    _text("purpose_code"),
    _text("purpose"),
    Column("executed_kopecks", BigInteger, nullable=False, server_default="0"),
    Column("returned_kopecks", BigInteger, nullable=False, server_default="0"),
    Column("executed_on", Date),
    Column("returned_on", Date),
    CheckConstraint(
        "state IN ('DRAFT', 'DISCARDED', 'EXPORTED', 'EXECUTED', 'RETURNED')", name="transfer_state_known"
    ),
    CheckConstraint(
        "length(end_to_end_id) BETWEEN 1 AND 35 AND length(purpose) BETWEEN 1 AND 210", name="transfer_named"
    ),
    CheckConstraint(
        "amount_kopecks > 0 AND executed_kopecks BETWEEN 0 AND amount_kopecks"
        " AND returned_kopecks BETWEEN 0 AND executed_kopecks",
        name="transfer_sums",
    ),
    CheckConstraint("state <> 'EXECUTED' OR executed_kopecks = amount_kopecks", name="transfer_executed"),
    # A claim has one open transfer at a time: what is on its way is not sent again.
    Index(
        "transfer_one_open",
        "claim_id",
        unique=True,
        postgresql_where=text("state IN ('DRAFT', 'EXPORTED')"),
    ),
    Index("transfer_of_payout", "payout_id"),
    Index("transfer_order", "order_number", "dated"),
    Index("transfer_of_claim", "claim_id"),
)

statement = Table(
    "statement",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("sha256", LargeBinary, nullable=False, unique=True),
    _text("format"),
    _text("account"),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("entry_count", Integer, nullable=False),
    _text("imported_by"),
    Column("imported_at", _instant, nullable=False, server_default=func.tillgate_now()),
    CheckConstraint("format IN ('1C', 'CAMT_053')", name="statement_format_known"),
    CheckConstraint(
        "first_day <= last_day AND entry_count >= 0 AND imported_by <> '' AND octet_length(sha256) = 32",
        name="statement_whole",
    ),
)

statement_entry = Table(
    "statement_entry",
    metadata,
    Column("statement_id", ForeignKey("statement.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("key", LargeBinary, nullable=False),
    _text("direction"),
    Column("booked_on", Date, nullable=False),
    _kopecks("amount_kopecks"),
    _text("order_number"),
    _text("end_to_end_id"),
    _text("counterparty_account"),
    _text("counterparty_name"),
    _text("purpose"),
    _text("effect"),
    _text("problem"),
    Column("transfer_id", ForeignKey("transfer.id")),
    Column("demand_id", BigInteger, ForeignKey("return_demand.id")),
    CheckConstraint("direction IN ('DEBIT', 'CREDIT')", name="statement_entry_direction_known"),
    CheckConstraint(
        "effect IN ('EXECUTED', 'RETURNED', 'DEMAND', 'OTHER', 'SET_ASIDE', 'DISMISSED')",
        name="statement_entry_effect_known",
    ),
    CheckConstraint(
        "amount_kopecks > 0 AND octet_length(key) = 32 AND (effect = 'SET_ASIDE') = (problem <> '')",
        name="statement_entry_whole",
    ),
    CheckConstraint(
        "CASE effect WHEN 'EXECUTED' THEN transfer_id IS NOT NULL"
        " WHEN 'RETURNED' THEN transfer_id IS NOT NULL"
        " WHEN 'DEMAND' THEN demand_id IS NOT NULL ELSE true END",
        name="statement_entry_effect_named",
    ),
    # The same entry in a second statement has no second effect.
    Index("statement_entry_once", "key", unique=True),
    Index("statement_entry_booked", "booked_on"),
    Index("statement_entry_of_transfer", "transfer_id"),
)

# What a person said of an entry that no transfer took when it was imported; the entry has the effect by now.
statement_entry_decision = Table(
    "statement_entry_decision",
    metadata,
    Column("statement_id", BigInteger, primary_key=True),
    Column("n", Integer, primary_key=True),
    _text("problem"),
    _text("effect"),
    # Another statement may tell of the same movement with the name of the transfer: it is known by this.
    Column("key", LargeBinary, unique=True),
    _text("reason"),
    _text("decided_by"),
    Column("decided_at", _instant, nullable=False, server_default=func.tillgate_now()),
    ForeignKeyConstraint(["statement_id", "n"], ["statement_entry.statement_id", "statement_entry.n"]),
    CheckConstraint(
        "effect IN ('EXECUTED', 'RETURNED', 'DEMAND', 'DISMISSED')",
        name="statement_entry_decision_effect_known",
    ),
    CheckConstraint(
        "reason <> '' AND decided_by <> '' AND (key IS NULL OR octet_length(key) = 32)",
        name="statement_entry_decision_whole",
    ),
)
