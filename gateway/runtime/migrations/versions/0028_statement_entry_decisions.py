"""What persons say of entries of statements that were set aside; what each decision on a claim approved."""

from alembic import op

revision = "0028"
down_revision = "0027"

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


# Of decisions that were taken back before, nobody knows any more what they approved.
APPROVED = """
UPDATE claim_history AS h SET approved_kopecks = c.approved_kopecks FROM claim AS c
WHERE c.id = h.claim_id AND h.step IN ('APPROVE', 'APPROVE_IN_PART', 'REFUSE') AND NOT EXISTS (
  SELECT FROM claim_history AS later WHERE later.claim_id = h.claim_id AND later.n > h.n AND later.step = 'REOPEN')
"""


def upgrade() -> None:
    """An entry that was set aside can be applied or dismissed; the history of claims has its sums."""
    _allow(f"{EFFECTS}, 'DISMISSED'")
    op.execute(TABLE)
    op.execute("ALTER TABLE claim_history ADD COLUMN approved_kopecks BIGINT")
    op.execute(APPROVED)
    op.execute("GRANT SELECT ON statement_entry_decision TO tillgate_gateway, tillgate_reader")


def downgrade() -> None:
    """No more; fails while an entry is dismissed."""
    op.execute("ALTER TABLE claim_history DROP COLUMN approved_kopecks")
    op.execute("DROP TABLE statement_entry_decision")
    _allow(EFFECTS)


def _allow(effects: str) -> None:
    op.execute("ALTER TABLE statement_entry DROP CONSTRAINT statement_entry_effect_known")
    op.execute(
        "ALTER TABLE statement_entry ADD CONSTRAINT statement_entry_effect_known"
        f" CHECK (effect IN ({effects}))"
    )
