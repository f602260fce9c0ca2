"""Enrolment may record that an application was submitted."""

from alembic import op

revision = "0022"
down_revision = "0021"
branch_labels = None
depends_on = None

_TRIGGER = """
CREATE TRIGGER audit_entry_of_enrollment BEFORE INSERT ON audit_entry FOR EACH ROW
  WHEN (current_user = 'tillgate_enrollment'
    AND (NEW.actor_kind = 'PERSON' OR NEW.action NOT IN ({actions})))
  EXECUTE FUNCTION audit_refuse_words()
"""


def upgrade() -> None:
    """One more action that the process of enrolment may record."""
    _replace("'key.issued', 'key.renewed', 'application.submitted'")


def downgrade() -> None:
    """Keys alone again."""
    _replace("'key.issued', 'key.renewed'")


def _replace(actions: str) -> None:
    op.execute("DROP TRIGGER audit_entry_of_enrollment ON audit_entry")
    op.execute(_TRIGGER.format(actions=actions))
