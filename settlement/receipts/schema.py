"""The tables of receipts as evidence. Alembic holds their history; the rules stand here as constraints."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    DateTime,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

_instant = DateTime(timezone=True)

# What a file said of a receipt. `seller_inn` and `kkt_registration_number` are "" of a QR string, which has
# neither. `is_contested`: another file said something else under the same (ФН, ФД).
receipt_evidence = Table(
    "receipt_evidence",
    metadata,
    Column("fiscal_drive_number", Text, primary_key=True),
    Column("fiscal_document_number", BigInteger, primary_key=True, autoincrement=False),
    Column("fiscal_sign", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    # Tag 1209: 1 is FFD 1.0, 2 is 1.05, 3 is 1.1, 4 is 1.2.
    Column("format_version", SmallInteger),
    Column("seller_inn", Text, nullable=False),
    Column("kkt_registration_number", Text, nullable=False),
    Column("issued_at", _instant, nullable=False),
    Column("total_kopecks", BigInteger, nullable=False),
    Column("lines", JSONB, nullable=False),
    # The lines' sums alone, in order: compared with those of a capture at once.
    Column("line_sums", JSONB, nullable=False),
    # Kopecks by tag: 1031, 1081, 1215, 1216, 1217.
    Column("tag_sums", JSONB, nullable=False),
    Column("level", SmallInteger, nullable=False),
    Column("is_contested", Boolean, nullable=False, server_default="false"),
    Column("source_name", Text, nullable=False),
    Column("source_row", Integer, nullable=False),
    Column("source_sha256", LargeBinary, nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("imported_at", _instant, nullable=False, server_default=func.tillgate_now()),
    CheckConstraint(
        "kind IN ('SALE', 'RETURN', 'CORRECTION_SALE', 'CORRECTION_RETURN')",
        name="receipt_evidence_kind_known",
    ),
    CheckConstraint("level IN (1, 2)", name="receipt_evidence_level_known"),
    CheckConstraint("total_kopecks >= 0", name="receipt_evidence_total"),
    CheckConstraint("octet_length(source_sha256) = 32 AND imported_by <> ''", name="receipt_evidence_source"),
    Index("receipt_evidence_till", "kkt_registration_number", "total_kopecks", "issued_at"),
    Index("receipt_evidence_seller", "seller_inn", "issued_at"),
)

# The latest word of a checker outside; the audit log has all of them.
receipt_check = Table(
    "receipt_check",
    metadata,
    Column("fiscal_drive_number", Text, primary_key=True),
    Column("fiscal_document_number", BigInteger, primary_key=True, autoincrement=False),
    Column("verdict", Text, nullable=False),
    Column("told", Text, nullable=False),
    Column("checker", Text, nullable=False),
    Column("checked_by", Text, nullable=False),
    Column("checked_at", _instant, nullable=False, server_default=func.tillgate_now()),
    CheckConstraint("verdict IN ('CONFIRMED', 'NOT_FOUND', 'DIFFERS')", name="receipt_check_verdict_known"),
    CheckConstraint("checker <> '' AND checked_by <> ''", name="receipt_check_signed"),
)
