"""The table of objections: what a merchant has against a decision, and what the department answers."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    MetaData,
    Table,
    Text,
    func,
)
from sqlalchemy.dialects.postgresql import ARRAY

metadata = MetaData()

claim_objection = Table(
    "claim_objection",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("claim_id", BigInteger, ForeignKey("claim.id"), nullable=False),
    # Numbers of refused lines; none means the whole decision.
    Column("line_numbers", ARRAY(Integer), nullable=False),
    Column("text", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", DateTime(timezone=True), nullable=False, server_default=func.tillgate_now()),
    Column("answer_by", Date, nullable=False),
    Column("state", Text, nullable=False, server_default="OPEN"),
    Column("answer", Text, nullable=False, server_default=""),
    Column("answered_by", Text, nullable=False, server_default=""),
    Column("answered_at", DateTime(timezone=True)),
    CheckConstraint("state IN ('OPEN', 'UPHELD', 'DISMISSED')", name="claim_objection_state_known"),
    CheckConstraint("text <> '' AND made_by <> ''", name="claim_objection_signed"),
    CheckConstraint(
        "(state = 'OPEN') = (answered_at IS NULL) AND (state = 'OPEN') = (answer = '')"
        " AND (state = 'OPEN') = (answered_by = '')",
        name="claim_objection_answered_whole",
    ),
    Index("claim_objection_claim", "claim_id", "id"),
)
