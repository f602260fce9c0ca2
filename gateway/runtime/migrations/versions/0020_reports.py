"""Published weeks of demand, each once and for good; claim lines by their operation."""

from alembic import op

revision = "0020"
down_revision = "0019"

STATEMENTS = (
    """
    CREATE TABLE demand_week (
      first_day DATE NOT NULL,
      made_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      made_by TEXT NOT NULL,
      accounts_min SMALLINT NOT NULL,
      tables JSON NOT NULL,
      PRIMARY KEY (first_day),
      CONSTRAINT demand_week_monday CHECK (extract(isodow FROM first_day) = 1),
      CONSTRAINT demand_week_made CHECK (made_by <> '' AND accounts_min >= 3)
    )
    """,
    # A published week is never another one: the difference of two versions would tell on buyers.
    """
    CREATE FUNCTION demand_week_is_final() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN RAISE EXCEPTION 'a published week of demand is final' USING ERRCODE = 'restrict_violation'; END $$
    """,
    """
    CREATE TRIGGER demand_week_final BEFORE UPDATE OR DELETE ON demand_week
    FOR EACH ROW EXECUTE FUNCTION demand_week_is_final()
    """,
    # The feed asks where an operation stands, also of lines that are no longer live.
    "CREATE INDEX claim_line_operation ON claim_line (operation_id, program_code)",
    "GRANT SELECT ON demand_week TO tillgate_gateway, tillgate_reader",
)


def upgrade() -> None:
    """Create what reports stand on."""
    for statement in STATEMENTS:
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
    op.execute("DROP INDEX claim_line_operation")
    op.execute("DROP TABLE demand_week")
    op.execute("DROP FUNCTION demand_week_is_final")
