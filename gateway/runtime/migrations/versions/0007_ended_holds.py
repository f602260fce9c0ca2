"""The index of live holds knows when they end: a sale looks for those that have ended, and reads no other."""

from alembic import op

revision = "0007"
down_revision = "0006"


def upgrade() -> None:
    """By account and end."""
    op.execute("DROP INDEX purchase_live_hold")
    op.execute(
        "CREATE INDEX purchase_live_hold ON purchase (account_id, hold_expires_at) WHERE state = 'AUTHORIZED'"
    )


def downgrade() -> None:
    """By account alone."""
    op.execute("DROP INDEX purchase_live_hold")
    op.execute("CREATE INDEX purchase_live_hold ON purchase (account_id) WHERE state = 'AUTHORIZED'")
