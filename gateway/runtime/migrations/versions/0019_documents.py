"""Forms of documents as data: versions that are added and never changed."""

from alembic import op

revision = "0019"
down_revision = "0018"

TABLE = """
    CREATE TABLE document_form (
      name TEXT NOT NULL,
      version INTEGER NOT NULL,
      body TEXT NOT NULL,
      body_sha256 BYTEA NOT NULL,
      added_by TEXT NOT NULL,
      added_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      PRIMARY KEY (name, version),
      CONSTRAINT document_form_named CHECK (name ~ '^[a-z][a-z0-9_-]{0,59}$'),
      CONSTRAINT document_form_signed CHECK (version > 0 AND body <> '' AND added_by <> ''),
      CONSTRAINT document_form_sha256 CHECK (body_sha256 = sha256(convert_to(body, 'UTF8')))
    )
    """

# What was printed by a version has to be printed by it again, years later.
ONLY_ADDED = (
    "CREATE TRIGGER document_form_kept_whole BEFORE UPDATE OR DELETE OR TRUNCATE ON document_form"
    " FOR EACH STATEMENT EXECUTE FUNCTION registry_refuse_change()"
)

GRANTS = "GRANT SELECT ON document_form TO tillgate_gateway, tillgate_reader"


def upgrade() -> None:
    """Create the table."""
    for statement in (TABLE, ONLY_ADDED, GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
    op.execute("DROP TABLE document_form")
