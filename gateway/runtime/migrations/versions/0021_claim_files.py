"""Sealed documents of claims, in parts, so that every node of the gateway can give them out."""

from alembic import op

revision = "0021"
down_revision = "0020"

TABLES = (
    """
    CREATE TABLE claim_file (
      claim_id BIGINT NOT NULL REFERENCES claim (id),
      document TEXT NOT NULL,
      file_name TEXT NOT NULL,
      total_bytes BIGINT NOT NULL,
      sha256 BYTEA NOT NULL,
      stored_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      PRIMARY KEY (claim_id, document),
      CONSTRAINT claim_file_document_known CHECK (document IN ('CLAIM_PDF', 'REGISTER_XLSX', 'REGISTER_CSV', 'JSON')),
      CONSTRAINT claim_file_whole CHECK (total_bytes > 0 AND octet_length(sha256) = 32 AND file_name <> '')
    )
    """,
    """
    CREATE TABLE claim_file_part (
      claim_id BIGINT NOT NULL,
      document TEXT NOT NULL,
      n INTEGER NOT NULL,
      content BYTEA NOT NULL,
      PRIMARY KEY (claim_id, document, n),
      FOREIGN KEY (claim_id, document) REFERENCES claim_file (claim_id, document),
      CONSTRAINT claim_file_part_size CHECK (octet_length(content) BETWEEN 1 AND 1048576)
    )
    """,
    # PDF and XLSX are packed already, and JSON is read once.
    "ALTER TABLE claim_file_part ALTER COLUMN content SET STORAGE EXTERNAL",
)

GRANTS = (
    "GRANT SELECT ON claim_file, claim_file_part TO tillgate_gateway, tillgate_reader",
    # The head office signs and objects at the tills' door; all else about claims is done elsewhere.
    "GRANT INSERT ON claim_signature, claim_objection TO tillgate_gateway",
    # No more than what a row lock asks for.
    "GRANT UPDATE (changed_at) ON claim TO tillgate_gateway",
)


def upgrade() -> None:
    """Create the shelf."""
    for statement in (*TABLES, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
    op.execute("REVOKE UPDATE (changed_at) ON claim FROM tillgate_gateway")
    op.execute("REVOKE INSERT ON claim_signature, claim_objection FROM tillgate_gateway")
    op.execute("DROP TABLE claim_file_part, claim_file")
