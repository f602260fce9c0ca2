"""The tables of reference data. Alembic holds their history; the rules stand here as constraints.

`goods_epoch` says whether what a node has read is behind: a trigger counts it up in the transaction that
publishes. Other triggers keep what is published as it is, whoever writes.
"""

from sqlalchemy import (
    JSON,
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKeyConstraint,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import ARRAY, JSONB

metadata = MetaData()

_instant = DateTime(timezone=True)

reference_version = Table(
    "reference_version",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    # Counts the versions of a kind in the order of their import.
    Column("number", Integer, nullable=False),
    Column("state", Text, nullable=False, server_default="DRAFT"),
    # The content of all kinds but the catalogue, as canonical JSON; kept as the text that was written.
    Column("body", JSON),
    Column("entry_count", BigInteger, nullable=False),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("imported_by", Text, nullable=False),
    Column("imported_at", _instant, nullable=False, server_default=func.tillgate_now()),
    Column("import_summary", JSONB, nullable=False),
    Column("rehearsed_by", Text),
    Column("rehearsed_at", _instant),
    Column("rehearsal", JSONB),
    # Of what was in force before this system: its act as the file names it, in one text.
    Column("act_text", Text),
    Column("act_body", Text),
    Column("act_number", Text),
    Column("act_date", Date),
    Column("address", Text),
    Column("announced_at", _instant),
    Column("published_by", Text),
    Column("published_at", _instant),
    Column("effective_from", _instant),
    Column("is_urgent", Boolean, nullable=False, server_default="false"),
    Column("approvals", JSONB),
    Column("discarded_by", Text),
    Column("discarded_at", _instant),
    UniqueConstraint("kind", "number"),
    UniqueConstraint("kind", "effective_from", name="reference_one_from_an_instant"),
    CheckConstraint(
        "kind IN ('prohibited', 'classes', 'programs', 'okpd2', 'catalogue', 'names')",
        name="reference_kind_known",
    ),
    CheckConstraint(
        "state IN ('DRAFT', 'REHEARSED', 'PUBLISHED', 'DISCARDED')", name="reference_state_known"
    ),
    CheckConstraint("version <> '' AND number > 0", name="reference_version_named"),
    CheckConstraint("octet_length(content_sha256) = 32", name="reference_sha256"),
    CheckConstraint("(kind = 'catalogue') = (body IS NULL)", name="reference_body_of_small_kinds"),
    CheckConstraint(
        "num_nonnulls(rehearsed_by, rehearsed_at, rehearsal) IN (0, 3) "
        "AND (state <> 'REHEARSED' OR rehearsed_at IS NOT NULL)",
        name="reference_rehearsal_whole",
    ),
    CheckConstraint(
        "num_nonnulls(address, announced_at, published_by, published_at, effective_from) "
        "= CASE state WHEN 'PUBLISHED' THEN 5 ELSE 0 END",
        name="reference_publication_whole",
    ),
    CheckConstraint(
        "num_nonnulls(act_body, act_number, act_date) "
        "= CASE WHEN state = 'PUBLISHED' AND act_text IS NULL THEN 3 ELSE 0 END "
        "AND (state = 'PUBLISHED' OR act_text IS NULL)",
        name="reference_act_whole",
    ),
    CheckConstraint("effective_from >= announced_at", name="reference_in_force_after_publication"),
    CheckConstraint(
        "effective_from >= published_at + '00:00:05'::interval OR act_text IS NOT NULL",
        name="reference_in_force_after_nodes_know",
    ),
    CheckConstraint(
        "is_urgent = (approvals IS NOT NULL) AND (NOT is_urgent OR jsonb_array_length(approvals) >= 2)",
        name="reference_urgent_is_approved",
    ),
    CheckConstraint(
        "num_nonnulls(discarded_by, discarded_at) = CASE state WHEN 'DISCARDED' THEN 2 ELSE 0 END",
        name="reference_discard_whole",
    ),
    Index(
        "reference_one_catalogue_draft",
        "kind",
        unique=True,
        postgresql_where=text("kind = 'catalogue' AND state IN ('DRAFT', 'REHEARSED')"),
    ),
)

reference_file = Table(
    "reference_file",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("version", Text, primary_key=True),
    Column("path", Text, primary_key=True),
    Column("part", Integer, primary_key=True),
    Column("data", LargeBinary, nullable=False),
    ForeignKeyConstraint(["kind", "version"], ["reference_version.kind", "reference_version.version"]),
    CheckConstraint("part >= 0 AND octet_length(data) BETWEEN 1 AND 1048576", name="reference_file_part"),
)

# An item is in the versions from number `since` up to, and without, number `until`.
catalogue_item = Table(
    "catalogue_item",
    metadata,
    Column("gtin", BigInteger, primary_key=True),
    Column("since", Integer, primary_key=True),
    Column("until", Integer),
    Column("okpd2", ARRAY(Text), nullable=False),
    Column("name", Text, nullable=False),
    CheckConstraint("gtin BETWEEN 1 AND 99999999999999", name="catalogue_item_gtin"),
    CheckConstraint("since > 0 AND until > since", name="catalogue_item_versions"),
)

# Rows of the file that is being imported, in no version yet: emptied by each import, lost with the server.
catalogue_staging = Table(
    "catalogue_staging",
    metadata,
    Column("gtin", BigInteger, nullable=False),
    Column("line", Integer, nullable=False),
    Column("okpd2", Text(collation="C"), nullable=False),
    Column("name", Text, nullable=False),
    prefixes=["UNLOGGED"],
)

goods_epoch = Table(
    "goods_epoch",
    metadata,
    Column("id", SmallInteger, primary_key=True, server_default="1"),
    Column("epoch", BigInteger, nullable=False),
    CheckConstraint("id = 1", name="goods_epoch_single"),
)
