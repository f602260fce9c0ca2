"""Tables of documents: forms, which are templates as data, and the shelf of what was sealed.

A version of a form is never changed; a newer one follows it.
"""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
)

from settlement.claims.schema import claim

metadata = MetaData()

document_form = Table(
    "document_form",
    metadata,
    Column("name", Text, primary_key=True),
    Column("version", Integer, primary_key=True, autoincrement=False),
    # The text of a Typst document; it gets its data as `sys.inputs.data` and reads nothing else.
    Column("body", Text, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("added_by", Text, nullable=False),
    Column("added_at", DateTime(timezone=True), nullable=False, server_default=func.tillgate_now()),
    CheckConstraint("name ~ '^[a-z][a-z0-9_-]{0,59}$'", name="document_form_named"),
    CheckConstraint("version > 0 AND body <> '' AND added_by <> ''", name="document_form_signed"),
    CheckConstraint("body_sha256 = sha256(convert_to(body, 'UTF8'))", name="document_form_sha256"),
)

claim_file = Table(
    "claim_file",
    metadata,
    Column("claim_id", BigInteger, ForeignKey(claim.c.id), primary_key=True),
    Column("document", Text, primary_key=True),
    Column("file_name", Text, nullable=False),
    Column("total_bytes", BigInteger, nullable=False),
    Column("sha256", LargeBinary, nullable=False),
    Column("stored_at", DateTime(timezone=True), nullable=False, server_default=func.tillgate_now()),
    CheckConstraint(
        "document IN ('CLAIM_PDF', 'REGISTER_XLSX', 'REGISTER_CSV', 'JSON')", name="claim_file_document_known"
    ),
    CheckConstraint(
        "total_bytes > 0 AND octet_length(sha256) = 32 AND file_name <> ''", name="claim_file_whole"
    ),
)

claim_file_part = Table(
    "claim_file_part",
    metadata,
    Column("claim_id", BigInteger, primary_key=True),
    Column("document", Text, primary_key=True),
    Column("n", Integer, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    ForeignKeyConstraint(["claim_id", "document"], ["claim_file.claim_id", "claim_file.document"]),
    CheckConstraint("octet_length(content) BETWEEN 1 AND 1048576", name="claim_file_part_size"),
)
