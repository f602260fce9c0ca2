"""The tables of goods that people decide. Alembic holds their history; the rules stand here as constraints.

Triggers keep ranges of time as they are until they are ended ahead, and count up `goods_epoch`.
"""

from typing import Any, Final

from sqlalchemy import (
    JSON,
    BigInteger,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    literal_column,
    text,
)
from sqlalchemy.dialects.postgresql import ExcludeConstraint

from gateway.domain.category import OKPD2_FORM

metadata = MetaData()

_instant = DateTime(timezone=True)

# One integer for each subject, so that ranges of time exclude each other without an extension: two subjects
# of one hash, one chance in 10^19 for a pair, would be refused, never mixed up.
_SUBJECT: Final = "hashtextextended(kind || ':' || merchant_id || ':' || key, 0)"
_PREFIX: Final = "hashtextextended(merchant_id || ':' || prefix, 0)"
_OF_ONE_MERCHANT: Final = "(kind = 'in_store') = (merchant_id > 0) AND merchant_id >= 0"


def _one_at_a_time(key: str, name: str) -> ExcludeConstraint:
    return ExcludeConstraint(
        (literal_column(f"int8range({key}, {key}, '[]')"), "&&"),
        (literal_column("tstzrange(since, until)"), "&&"),
        name=name,
        using="gist",
    )


def _id() -> Column[Any]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


goods_rule = Table(
    "goods_rule",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    # 0 but for codes that mean something for one merchant alone.
    Column("merchant_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("okpd2", Text, nullable=False),
    Column("since", _instant, nullable=False),
    Column("until", _instant),
    Column("act", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("made_at", _instant, nullable=False),
    Column("ended_by", Text),
    CheckConstraint("kind IN ('gtin', 'in_store', 'name')", name="goods_rule_kind_known"),
    CheckConstraint(_OF_ONE_MERCHANT, name="goods_rule_of_one_merchant"),
    CheckConstraint("key <> '' AND (kind <> 'gtin' OR key ~ '^[0-9]{14}$')", name="goods_rule_key"),
    CheckConstraint(f"okpd2 ~ '^{OKPD2_FORM.pattern}$'", name="goods_rule_okpd2"),
    CheckConstraint("act <> '' AND made_by <> ''", name="goods_rule_signed"),
    CheckConstraint("since >= made_at + '00:00:05'::interval", name="goods_rule_forward_only"),
    CheckConstraint("until > since AND (until IS NULL) = (ended_by IS NULL)", name="goods_rule_range"),
    _one_at_a_time(_SUBJECT, "goods_rule_one_at_a_time"),
)

goods_template = Table(
    "goods_template",
    metadata,
    _id(),
    Column("merchant_id", BigInteger, nullable=False),
    Column("prefix", Text, nullable=False),
    Column("pattern", Text, nullable=False),
    Column("variable", Text),
    Column("decimals", SmallInteger, nullable=False),
    Column("since", _instant, nullable=False),
    Column("until", _instant),
    Column("made_by", Text, nullable=False),
    Column("made_at", _instant, nullable=False),
    Column("ended_by", Text),
    CheckConstraint("variable IN ('weight', 'count', 'price')", name="goods_template_variable_known"),
    CheckConstraint("made_by <> ''", name="goods_template_signed"),
    CheckConstraint("since >= made_at + '00:00:05'::interval", name="goods_template_forward_only"),
    CheckConstraint("until > since AND (until IS NULL) = (ended_by IS NULL)", name="goods_template_range"),
    _one_at_a_time(_PREFIX, "goods_template_one_at_a_time"),
)

goods_case = Table(
    "goods_case",
    metadata,
    _id(),
    Column("kind", Text, nullable=False),
    Column("merchant_id", BigInteger, nullable=False),
    Column("key", Text, nullable=False),
    Column("review", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="OPEN"),
    Column("line_count", BigInteger, nullable=False),
    Column("amount_kopecks", BigInteger, nullable=False),
    Column("first_seen", _instant, nullable=False),
    Column("last_seen", _instant, nullable=False),
    Column("examples", JSON, nullable=False),
    Column("settled_by", Text),
    Column("settled_at", _instant),
    # The act of a confirmation, or why there is nothing to decide.
    Column("because", Text),
    Column("rule_id", BigInteger, ForeignKey("goods_rule.id")),
    # Lines decided before, though collected later, are still of this case.
    Column("takes_until", _instant),
    CheckConstraint("kind IN ('gtin', 'in_store', 'name')", name="goods_case_kind_known"),
    CheckConstraint(_OF_ONE_MERCHANT, name="goods_case_of_one_merchant"),
    CheckConstraint("review IN ('unknown', 'contradiction', 'doubt')", name="goods_case_review_known"),
    CheckConstraint("state IN ('OPEN', 'CONFIRMED', 'DISMISSED')", name="goods_case_state_known"),
    CheckConstraint(
        "line_count > 0 AND amount_kopecks >= 0 AND first_seen <= last_seen", name="goods_case_counted"
    ),
    CheckConstraint(
        "num_nonnulls(settled_by, settled_at, because) = CASE state WHEN 'OPEN' THEN 0 ELSE 3 END "
        "AND num_nonnulls(rule_id, takes_until) = CASE state WHEN 'CONFIRMED' THEN 2 ELSE 0 END",
        name="goods_case_settled_whole",
    ),
    Index(
        "goods_case_one_open",
        "kind",
        "merchant_id",
        "key",
        "review",
        unique=True,
        postgresql_where=text("state = 'OPEN'"),
    ),
    Index("goods_case_subject", "kind", "merchant_id", "key", "review", "id"),
)

goods_case_merchant = Table(
    "goods_case_merchant",
    metadata,
    Column("case_id", BigInteger, ForeignKey("goods_case.id"), primary_key=True, autoincrement=False),
    Column("merchant_id", BigInteger, primary_key=True, autoincrement=False),
    Column("line_count", BigInteger, nullable=False),
    Column("amount_kopecks", BigInteger, nullable=False),
    Index("goods_case_merchant_merchant", "merchant_id", "case_id"),
)

goods_declared = Table(
    "goods_declared",
    metadata,
    Column("merchant_id", BigInteger, primary_key=True, autoincrement=False),
    Column("day", Date, primary_key=True),
    Column("declared_count", BigInteger, nullable=False),
    Column("checked_count", BigInteger, nullable=False),
    Column("differing_count", BigInteger, nullable=False),
    Column("differing_kopecks", BigInteger, nullable=False),
    CheckConstraint(
        "0 <= differing_count AND differing_count <= checked_count AND checked_count <= declared_count",
        name="goods_declared_parts",
    ),
)

# Up to which purchase everything is counted.
goods_collection = Table(
    "goods_collection",
    metadata,
    Column("id", SmallInteger, primary_key=True, server_default="1"),
    Column("collected_to", Uuid, nullable=False),
    Column("collected_at", _instant, nullable=False),
    CheckConstraint("id = 1", name="goods_collection_single"),
)

goods_submission = Table(
    "goods_submission",
    metadata,
    _id(),
    Column("merchant_id", BigInteger, nullable=False),
    Column("kind", Text, nullable=False),
    Column("key", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("okpd2", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="SUBMITTED"),
    Column("submitted_at", _instant, nullable=False, server_default=func.tillgate_now()),
    Column("rule_id", BigInteger, ForeignKey("goods_rule.id")),
    Column("because", Text),
    Column("decided_by", Text),
    Column("decided_at", _instant),
    UniqueConstraint("merchant_id", "kind", "key", "name", "okpd2", name="goods_submission_once"),
    CheckConstraint("kind IN ('gtin', 'in_store')", name="goods_submission_kind_known"),
    CheckConstraint("state IN ('SUBMITTED', 'CONFIRMED', 'REFUSED')", name="goods_submission_state_known"),
    CheckConstraint("merchant_id > 0 AND key <> '' AND name <> ''", name="goods_submission_said"),
    CheckConstraint(
        "num_nonnulls(decided_by, decided_at) = CASE state WHEN 'SUBMITTED' THEN 0 ELSE 2 END "
        "AND (rule_id IS NOT NULL) = (state = 'CONFIRMED') AND (because IS NOT NULL) = (state = 'REFUSED')",
        name="goods_submission_decided_whole",
    ),
    Index(
        "goods_submission_waiting", "kind", "key", "merchant_id", postgresql_where=text("state = 'SUBMITTED'")
    ),
    Index("goods_submission_listed", "merchant_id", "id"),
)
