"""The gateway may change of an account, a certificate and a purchase what a command changes, and nothing else."""

from alembic import op

revision = "0004"
down_revision = "0003"

# What was decided once stays as it was decided: a purchase's basket, a certificate's nominal, whose it is.
CHANGING = {
    "card_account": "version, last_decided_at, is_blocked",
    "certificate": "available_kopecks, held_kopecks, spent_kopecks, lapsed_kopecks, restorable_kopecks, valid_until, state",
    "purchase": "state, closed_at, lapsed_from_hold, own_money, capture, captured_kopecks, sale_date,"
    " shift_number, shift_terminal_id, is_shift_closed",
}


def upgrade() -> None:
    """Grant UPDATE by column."""
    for table, columns in CHANGING.items():
        op.execute(f"REVOKE UPDATE ON {table} FROM tillgate_gateway")
        op.execute(f"GRANT UPDATE ({columns}) ON {table} TO tillgate_gateway")


def downgrade() -> None:
    """Grant UPDATE on whole rows, as before."""
    for table, columns in CHANGING.items():
        op.execute(f"REVOKE UPDATE ({columns}) ON {table} FROM tillgate_gateway")
        op.execute(f"GRANT UPDATE ON {table} TO tillgate_gateway")
