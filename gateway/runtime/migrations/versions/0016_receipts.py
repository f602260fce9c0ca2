"""Receipts as evidence, what a checker outside said of them, and whose a till's numbers are."""

from alembic import op

revision = "0016"
down_revision = "0015"

TABLES = (
    """
    CREATE TABLE receipt_evidence (
      fiscal_drive_number TEXT NOT NULL,
      fiscal_document_number BIGINT NOT NULL,
      fiscal_sign BIGINT NOT NULL,
      kind TEXT NOT NULL,
      format_version SMALLINT,
      seller_inn TEXT NOT NULL,
      kkt_registration_number TEXT NOT NULL,
      issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
      total_kopecks BIGINT NOT NULL,
      lines JSONB NOT NULL,
      line_sums JSONB NOT NULL,
      tag_sums JSONB NOT NULL,
      level SMALLINT NOT NULL,
      is_contested BOOLEAN DEFAULT 'false' NOT NULL,
      source_name TEXT NOT NULL,
      source_row INTEGER NOT NULL,
      source_sha256 BYTEA NOT NULL,
      imported_by TEXT NOT NULL,
      imported_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      PRIMARY KEY (fiscal_drive_number, fiscal_document_number),
      CONSTRAINT receipt_evidence_kind_known CHECK (kind IN ('SALE', 'RETURN', 'CORRECTION_SALE', 'CORRECTION_RETURN')),
      CONSTRAINT receipt_evidence_level_known CHECK (level IN (1, 2)),
      CONSTRAINT receipt_evidence_total CHECK (total_kopecks >= 0),
      CONSTRAINT receipt_evidence_source CHECK (octet_length(source_sha256) = 32 AND imported_by <> '')
    )
    """,
    "CREATE INDEX receipt_evidence_till ON receipt_evidence (kkt_registration_number, total_kopecks, issued_at)",
    "CREATE INDEX receipt_evidence_seller ON receipt_evidence (seller_inn, issued_at)",
    """
    CREATE TABLE receipt_check (
      fiscal_drive_number TEXT NOT NULL,
      fiscal_document_number BIGINT NOT NULL,
      verdict TEXT NOT NULL,
      told TEXT NOT NULL,
      checker TEXT NOT NULL,
      checked_by TEXT NOT NULL,
      checked_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      PRIMARY KEY (fiscal_drive_number, fiscal_document_number),
      CONSTRAINT receipt_check_verdict_known CHECK (verdict IN ('CONFIRMED', 'NOT_FOUND', 'DIFFERS')),
      CONSTRAINT receipt_check_signed CHECK (checker <> '' AND checked_by <> '')
    )
    """,
    "CREATE INDEX terminal_fiscal_drive ON terminal_fiscal (drive_number)",
    "CREATE INDEX terminal_fiscal_till ON terminal_fiscal (kkt_number)",
)

GRANTS = ("GRANT SELECT ON receipt_evidence, receipt_check TO tillgate_gateway, tillgate_reader",)


def upgrade() -> None:
    """Create what matching stands on."""
    for statement in (*TABLES, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
    op.execute("DROP INDEX terminal_fiscal_drive, terminal_fiscal_till")
    op.execute("DROP TABLE receipt_check, receipt_evidence")
