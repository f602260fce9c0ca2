"""The table of forms: templates of documents as data. A version is never changed, a newer one follows it."""

from sqlalchemy import CheckConstraint, Column, DateTime, Integer, LargeBinary, MetaData, Table, Text, func

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
