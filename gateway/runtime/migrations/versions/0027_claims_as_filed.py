"""Claims keep what was said of their parties as they were filed; no two have a day in common."""

from alembic import op

revision = "0027"
down_revision = "0025"

TABLES = (
    """
    CREATE TABLE claim_filed_as (
      claim_id BIGINT NOT NULL REFERENCES claim (id),
      facts JSONB NOT NULL,
      PRIMARY KEY (claim_id)
    )
    """,
    # New tables can be read by default; this one has accounts and names of signatories.
    "REVOKE SELECT ON claim_filed_as FROM tillgate_gateway, tillgate_reader",
    """
    ALTER TABLE claim ADD CONSTRAINT claim_days_once EXCLUDE USING gist (
      int8range(agreement_id, agreement_id, '[]') WITH &&, daterange(first_day, last_day, '[]') WITH &&
    ) WHERE (state NOT IN ('DRAFT', 'DISCARDED', 'SUPERSEDED'))
    """,
)


def upgrade() -> None:
    """Create both."""
    for statement in TABLES:
        op.execute(statement)


def downgrade() -> None:
    """Take them away again."""
    op.execute("ALTER TABLE claim DROP CONSTRAINT claim_days_once")
    op.execute("DROP TABLE claim_filed_as")
