"""Who may sign is changed by two persons: one more kind of proposal."""

from alembic import op

revision = "0024"
down_revision = "0022"
branch_labels = None
depends_on = None

_BEFORE = (
    "'PUBLISH_LIST', 'ISSUE_CERTIFICATES', 'REGISTER_MERCHANT', 'CHANGE_ACCOUNT', 'CORRECT', 'APPROVE_CLAIM'"
)


def upgrade() -> None:
    """With changes of persons."""
    _replace(f"{_BEFORE}, 'CHANGE_PERSON'")


def downgrade() -> None:
    """Without them; refused by the database while there is one."""
    _replace(_BEFORE)


def _replace(kinds: str) -> None:
    op.execute("ALTER TABLE proposal DROP CONSTRAINT proposal_kind_known")
    op.execute(f"ALTER TABLE proposal ADD CONSTRAINT proposal_kind_known CHECK (kind IN ({kinds}))")
