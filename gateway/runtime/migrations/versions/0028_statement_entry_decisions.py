"""What persons say of entries of statements that were set aside."""

from alembic import op

revision = "0028"
down_revision = "0022"

EFFECTS = "'EXECUTED', 'RETURNED', 'DEMAND', 'OTHER', 'SET_ASIDE'"

TABLE = """
CREATE TABLE statement_entry_decision (
  statement_id BIGINT NOT NULL,
  n INTEGER NOT NULL,
  problem TEXT NOT NULL,
  effect TEXT NOT NULL,
  key BYTEA UNIQUE,
  reason TEXT NOT NULL,
  decided_by TEXT NOT NULL,
  decided_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
  PRIMARY KEY (statement_id, n),
  FOREIGN KEY (statement_id, n) REFERENCES statement_entry (statement_id, n),
  CONSTRAINT statement_entry_decision_effect_known CHECK (effect IN ('EXECUTED', 'RETURNED', 'DEMAND', 'DISMISSED')),
  CONSTRAINT statement_entry_decision_whole CHECK (reason <> '' AND decided_by <> '' AND (key IS NULL OR octet_length(key) = 32))
)
"""


def upgrade() -> None:
    """An entry that was set aside can be applied or dismissed."""
    _allow(f"{EFFECTS}, 'DISMISSED'")
    op.execute(TABLE)
    op.execute("GRANT SELECT ON statement_entry_decision TO tillgate_gateway, tillgate_reader")


def downgrade() -> None:
    """No more; fails while an entry is dismissed."""
    op.execute("DROP TABLE statement_entry_decision")
    _allow(EFFECTS)


def _allow(effects: str) -> None:
    op.execute("ALTER TABLE statement_entry DROP CONSTRAINT statement_entry_effect_known")
    op.execute(
        "ALTER TABLE statement_entry ADD CONSTRAINT statement_entry_effect_known"
        f" CHECK (effect IN ({effects}))"
    )
