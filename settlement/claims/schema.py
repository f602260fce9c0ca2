"""Tables of claims. Alembic holds their history; the rules stand here as constraints."""

from typing import Final

from sqlalchemy import (
    ARRAY,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB, ExcludeConstraint

from settlement.claims.model import LineKind, LineVerdict, Treatment
from settlement.claims.states import ClaimState

metadata = MetaData()

_instant = DateTime(timezone=True)

# Tables of the registry, which settlement reads and never describes.
_AGREEMENT: Final = "agreement.id"
_MERCHANT: Final = "merchant.id"


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _changed_at(name: str) -> Column[object]:
    return Column(name, _instant, nullable=False, server_default=func.tillgate_now())


def _one_of(column: str, *values: str) -> str:
    known = ", ".join(f"'{value}'" for value in values)
    return f"{column} IN ({known})"


claim = Table(
    "claim",
    metadata,
    _id(),
    Column("agreement_id", BigInteger, ForeignKey(_AGREEMENT), nullable=False),
    Column("merchant_id", BigInteger, ForeignKey(_MERCHANT), nullable=False),
    Column("first_day", Date, nullable=False),
    Column("last_day", Date, nullable=False),
    Column("correction_number", SmallInteger, nullable=False),
    Column("supersedes_id", ForeignKey("claim.id")),
    Column("state", Text, nullable=False),
    Column("built_at", _instant, nullable=False),
    Column("lines_sha256", LargeBinary, nullable=False),
    Column("line_count", Integer, nullable=False),
    Column("sale_kopecks", BigInteger, nullable=False),
    Column("returned_kopecks", BigInteger, nullable=False),
    Column("carried_kopecks", BigInteger, nullable=False),
    Column("over_limit_kopecks", BigInteger, nullable=False),
    Column("unmatched_kopecks", BigInteger, nullable=False),
    Column("sample_seed", LargeBinary),
    Column("approved_kopecks", BigInteger),
    Column("paid_kopecks", BigInteger, nullable=False, server_default="0"),
    Column("filed_at", _instant),
    _changed_at("changed_at"),
    CheckConstraint("first_day <= last_day", name="claim_period"),
    CheckConstraint(
        "correction_number >= 0 AND (correction_number > 0) = (supersedes_id IS NOT NULL)",
        name="claim_correction",
    ),
    CheckConstraint(_one_of("state", *ClaimState), name="claim_state_known"),
    CheckConstraint(
        "line_count >= 0 AND sale_kopecks >= 0 AND returned_kopecks >= 0"
        " AND paid_kopecks BETWEEN 0 AND coalesce(approved_kopecks, 0)",
        name="claim_sums",
    ),
    CheckConstraint(
        "(filed_at IS NULL) = (state IN ('DRAFT', 'DISCARDED'))"
        " AND (filed_at IS NULL OR sale_kopecks > returned_kopecks)",
        name="claim_filed",
    ),
    CheckConstraint("octet_length(lines_sha256) = 32", name="claim_sha256"),
    # An agreement has one claim for a day, whichever periods it had.
    ExcludeConstraint(
        (text("int8range(agreement_id, agreement_id, '[]')"), "&&"),
        (text("daterange(first_day, last_day, '[]')"), "&&"),
        name="claim_days_once",
        where=text("state NOT IN ('DRAFT', 'DISCARDED', 'SUPERSEDED')"),
    ),
    Index(
        "claim_one_draft", "agreement_id", "first_day", unique=True, postgresql_where=text("state = 'DRAFT'")
    ),
    Index(
        "claim_correction_once",
        "agreement_id",
        "first_day",
        "correction_number",
        unique=True,
        postgresql_where=text("state NOT IN ('DRAFT', 'DISCARDED')"),
    ),
    Index("claim_state", "state", "last_day"),
)

claim_line = Table(
    "claim_line",
    metadata,
    Column("claim_id", BigInteger, ForeignKey("claim.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("operation_id", Uuid, nullable=False),
    Column("program_code", Text, nullable=False),
    Column("purchase_id", Uuid, nullable=False),
    Column("kind", Text, nullable=False),
    Column("sale_date", Date, nullable=False),
    Column("decided_at", _instant, nullable=False),
    Column("outlet_id", BigInteger, nullable=False),
    Column("terminal_id", BigInteger, nullable=False),
    Column("amount_kopecks", BigInteger, nullable=False),
    Column("treatment", Text, nullable=False),
    Column("mismatches", ARRAY(Text), nullable=False, server_default="{}"),
    Column("evidence", SmallInteger, nullable=False),
    Column("receipt_drive_number", Text),
    Column("receipt_document_number", BigInteger),
    Column("is_earlier", Boolean, nullable=False),
    Column("is_live", Boolean, nullable=False, server_default="false"),
    Column("verdict", Text),
    Column("verdict_reason", Text, nullable=False, server_default=""),
    CheckConstraint(_one_of("kind", *LineKind), name="claim_line_kind_known"),
    CheckConstraint(
        "CASE kind WHEN 'SALE' THEN amount_kopecks > 0 ELSE amount_kopecks < 0 END", name="claim_line_sign"
    ),
    CheckConstraint(_one_of("treatment", *Treatment), name="claim_line_treatment_known"),
    CheckConstraint(_one_of("verdict", *LineVerdict), name="claim_line_verdict_known"),
    CheckConstraint(
        "NOT is_live OR treatment IN ('INCLUDED', 'OVER_LIMIT')",
        name="claim_line_live",
    ),
    # Truth 9: a captured kopeck stands in at most one live line.
    Index("claim_line_once", "operation_id", "program_code", unique=True, postgresql_where=text("is_live")),
    # Where an operation stands: its lines in all claims, live or not.
    Index("claim_line_operation", "operation_id", "program_code"),
    # Few lines are refused; what a limit still leaves is counted by claims, less these.
    Index(
        "claim_line_refused",
        "claim_id",
        postgresql_where=text("verdict IN ('REFUSED', 'REFUSED_FOR_GOOD')"),
    ),
)

# What a claim asks of each budget year: the year of the sale, whose limit its lines use.
claim_year = Table(
    "claim_year",
    metadata,
    Column("claim_id", BigInteger, ForeignKey("claim.id"), primary_key=True),
    Column("budget_year", SmallInteger, primary_key=True),
    Column("kbk", Text, nullable=False),
    Column("net_kopecks", BigInteger, nullable=False),
    Index("claim_year_of_budget", "budget_year", "kbk"),
)

# Agreement, merchant and account as the registry had them at filing (`settlement.claims.model.FiledAs`): only
# the department reads it, as it does names of signatories and accounts.
claim_filed_as = Table(
    "claim_filed_as",
    metadata,
    Column("claim_id", BigInteger, ForeignKey("claim.id"), primary_key=True),
    Column("facts", JSONB, nullable=False),
)

claim_history = Table(
    "claim_history",
    metadata,
    Column("claim_id", BigInteger, ForeignKey("claim.id"), primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("step", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("approved_by", Text, nullable=False, server_default=""),
    # What was approved of the claim after the step; later decisions do not change it.
    Column("approved_kopecks", BigInteger),
    _changed_at("made_at"),
    CheckConstraint("step <> '' AND made_by <> ''", name="claim_history_signed"),
    CheckConstraint("approved_by <> made_by", name="claim_history_four_eyes"),
)

# Only added to: the newest row of a budget year and КБК holds.
budget_limit = Table(
    "budget_limit",
    metadata,
    _id(),
    Column("budget_year", SmallInteger, nullable=False),
    Column("kbk", Text, nullable=False),
    Column("limit_kopecks", BigInteger, nullable=False),
    Column("act_number", Text, nullable=False),
    Column("act_date", Date, nullable=False),
    Column("set_by", Text, nullable=False),
    _changed_at("set_at"),
    CheckConstraint("limit_kopecks >= 0 AND act_number <> '' AND set_by <> ''", name="budget_limit_said"),
    Index("budget_limit_newest", "budget_year", "kbk", "id"),
)

return_demand = Table(
    "return_demand",
    metadata,
    _id(),
    Column("agreement_id", BigInteger, ForeignKey(_AGREEMENT), nullable=False),
    Column("operation_id", Uuid, nullable=False),
    Column("program_code", Text, nullable=False),
    Column("amount_kopecks", BigInteger, nullable=False),
    Column("state", Text, nullable=False, server_default="DEMANDED"),
    Column("reason", Text, nullable=False),
    Column("revenue_kbk", Text, nullable=False),
    Column("purpose", Text, nullable=False),
    Column("demanded_on", Date, nullable=False),
    Column("due_on", Date, nullable=False),
    Column("returned_kopecks", BigInteger, nullable=False, server_default="0"),
    Column("offset_claim_id", ForeignKey("claim.id")),
    _changed_at("changed_at"),
    UniqueConstraint("operation_id", "program_code"),
    CheckConstraint(
        "state IN ('DEMANDED', 'RETURNED', 'OFFSET', 'IN_COURT')", name="return_demand_state_known"
    ),
    CheckConstraint(
        "amount_kopecks > 0 AND returned_kopecks BETWEEN 0 AND amount_kopecks", name="return_demand_sums"
    ),
)
