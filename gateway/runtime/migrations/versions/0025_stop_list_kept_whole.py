"""The stop list's books are not emptied either: TRUNCATE is refused as UPDATE and DELETE are."""

from alembic import op

revision = "0025"
down_revision = "0022"

TRIGGERS = tuple(
    f"CREATE TRIGGER {table}_kept_whole BEFORE TRUNCATE ON {table}"
    " FOR EACH STATEMENT EXECUTE FUNCTION stop_list_refuse_change()"
    for table in ("stop_entry", "stop_list_version")
)


def upgrade() -> None:
    """Create the triggers."""
    for trigger in TRIGGERS:
        op.execute(trigger)


def downgrade() -> None:
    """Drop them."""
    for table in ("stop_entry", "stop_list_version"):
        op.execute(f"DROP TRIGGER {table}_kept_whole ON {table}")
