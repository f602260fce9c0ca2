"""Certificates in order of their end: where the sweep finds those that time has lapsed."""

from alembic import op

revision = "0003"
down_revision = "0002"


def upgrade() -> None:
    """Create the index.

    It covers every certificate, not those with points available alone: an index that looks at a balance
    would take part in every hold and capture, and cost them their heap-only updates.
    """
    op.execute("CREATE INDEX certificate_valid_until ON certificate (valid_until, id)")


def downgrade() -> None:
    """Drop the index; the sweep then reads the whole table."""
    op.execute("DROP INDEX certificate_valid_until")
