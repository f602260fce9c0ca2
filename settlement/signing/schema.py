"""Tables of seals and signatures; triggers keep both for ever, but for what is answered of a signature."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    LargeBinary,
    MetaData,
    Table,
    Text,
    UniqueConstraint,
    func,
)
from sqlalchemy.dialects.postgresql import JSONB

metadata = MetaData()

_instant = DateTime(timezone=True)

claim_seal = Table(
    "claim_seal",
    metadata,
    Column("claim_id", BigInteger, ForeignKey("claim.id"), primary_key=True, autoincrement=False),
    # What is signed: lines of text, which name the claim, its sums, its lines and its documents.
    Column("statement", Text, nullable=False),
    Column("signature", LargeBinary, nullable=False),
    Column("key_id", Text, nullable=False),
    Column("sealed_by", Text, nullable=False),
    Column("sealed_at", _instant, nullable=False, server_default=func.tillgate_now()),
    CheckConstraint(
        "octet_length(signature) = 64 AND key_id <> '' AND sealed_by <> ''", name="claim_seal_signed"
    ),
)

claim_signature = Table(
    "claim_signature",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("claim_id", BigInteger, ForeignKey("claim_seal.claim_id"), nullable=False),
    Column("form", Text, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("content", LargeBinary, nullable=False),
    Column("content_sha256", LargeBinary, nullable=False),
    # The power of attorney that came with it.
    Column("authority", LargeBinary),
    # What was read of certificate and power of attorney: numbers and days, no names.
    Column("facts", JSONB, nullable=False),
    Column("handed_in_by", Text, nullable=False),
    Column("handed_in_at", _instant, nullable=False, server_default=func.tillgate_now()),
    Column("answer", Text, nullable=False, server_default="UNVERIFIED"),
    Column("detail", Text, nullable=False, server_default=""),
    Column("answered_by", Text, nullable=False, server_default=""),
    Column("answered_at", _instant),
    UniqueConstraint("claim_id", "content_sha256"),
    CheckConstraint("form IN ('QUALIFIED', 'PAPER')", name="claim_signature_form_known"),
    CheckConstraint("answer IN ('UNVERIFIED', 'VALID', 'INVALID')", name="claim_signature_answer_known"),
    CheckConstraint(
        "(answer = 'UNVERIFIED') = (answered_at IS NULL) AND (answered_at IS NULL) = (answered_by = '')",
        name="claim_signature_answered_whole",
    ),
    CheckConstraint(
        "content_sha256 = sha256(content) AND handed_in_by <> ''", name="claim_signature_content"
    ),
)
