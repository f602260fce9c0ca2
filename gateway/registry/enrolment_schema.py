"""Tables of enrolment, beside those that the snapshot is made of: what stands here is news to no till.

`registry_history`, `merchant_account`, `agreement_addendum` and the BIC directory are only added to, and an
application keeps what was said in it; triggers of the migration refuse all else, also to their owner.
"""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Date,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    SmallInteger,
    Table,
    Text,
    UniqueConstraint,
    Uuid,
    func,
    text,
)
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, ExcludeConstraint

from gateway.registry.schema import agreement, merchant, terminal

metadata = MetaData()

_instant = DateTime(timezone=True)


def _id() -> Column[int]:
    return Column("id", BigInteger, Identity(always=True), primary_key=True)


def _now(name: str) -> Column[object]:
    return Column(name, _instant, nullable=False, server_default=func.tillgate_now())


application = Table(
    "application",
    metadata,
    _id(),
    # The applicant's own key: who repeats a call gets the same receipt. Nobody else can guess it.
    Column("request_id", Uuid, nullable=False, unique=True),
    Column("inn", Text, nullable=False),
    Column("name", Text, nullable=False),
    Column("body", JSONB, nullable=False),
    Column("body_sha256", LargeBinary, nullable=False),
    Column("state", Text, nullable=False, server_default="SUBMITTED"),
    _now("submitted_at"),
    _now("changed_at"),
    # What the applicant is told: the reason of a refusal.
    Column("reason", Text, nullable=False, server_default=""),
    Column("merchant_id", ForeignKey(merchant.c.id)),
    CheckConstraint("inn ~ '^[0-9]{10}([0-9]{2})?$'", name="application_inn_digits"),
    CheckConstraint("octet_length(body_sha256) = 32", name="application_body_sha256"),
    CheckConstraint(
        "state IN ('SUBMITTED', 'UNDER_REVIEW', 'REGISTERED', 'REFUSED')", name="application_state_known"
    ),
    CheckConstraint(
        "(state = 'REGISTERED') = (merchant_id IS NOT NULL) AND (state = 'REFUSED') = (reason <> '')",
        name="application_decided_whole",
    ),
    Index(
        "application_one_open",
        "inn",
        unique=True,
        postgresql_where=text("state IN ('SUBMITTED', 'UNDER_REVIEW')"),
    ),
)

registry_history = Table(
    "registry_history",
    metadata,
    _id(),
    Column("subject", Text, nullable=False),
    Column("subject_id", BigInteger, nullable=False),
    Column("step", Text, nullable=False),
    Column("from_state", Text, nullable=False),
    Column("to_state", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("made_by", Text, nullable=False),
    Column("approved_by", Text, nullable=False, server_default=""),
    _now("made_at"),
    CheckConstraint(
        "subject IN ('application', 'merchant', 'account', 'agreement', 'outlet', 'terminal')",
        name="registry_history_subject_known",
    ),
    CheckConstraint("step <> '' AND made_by <> ''", name="registry_history_signed"),
    CheckConstraint("approved_by <> made_by", name="registry_history_four_eyes"),
    Index("registry_history_subject", "subject", "subject_id", "id"),
)

merchant_profile = Table(
    "merchant_profile",
    metadata,
    Column("merchant_id", ForeignKey(merchant.c.id), primary_key=True),
    Column("kind", Text, nullable=False),
    Column("full_name", Text, nullable=False),
    Column("kpp", Text, nullable=False),
    Column("ogrn", Text, nullable=False),
    Column("legal_address", Text, nullable=False),
    Column("postal_address", Text, nullable=False),
    Column("signatory", JSONB, nullable=False),
    Column("contact", JSONB, nullable=False),
    Column("registered_on", Date, nullable=False),
    Column("is_taken_over", Boolean, nullable=False),
    Column("successor_of", ForeignKey(merchant.c.id)),
    CheckConstraint("kind IN ('ENTITY', 'ENTREPRENEUR')", name="merchant_profile_kind_known"),
    CheckConstraint(
        "(kind = 'ENTITY') = (kpp <> '') AND length(ogrn) = CASE kind WHEN 'ENTITY' THEN 13 ELSE 15 END",
        name="merchant_profile_numbers_of_kind",
    ),
    CheckConstraint("successor_of <> merchant_id", name="merchant_profile_successor_of_another"),
)

merchant_account = Table(
    "merchant_account",
    metadata,
    _id(),
    Column("merchant_id", ForeignKey(merchant.c.id), nullable=False),
    Column("bic", Text, nullable=False),
    Column("account", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="PROPOSED"),
    Column("reason", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    _now("proposed_at"),
    Column("decided_by", Text),
    Column("decided_at", _instant),
    CheckConstraint("bic ~ '^[0-9]{9}$' AND account ~ '^[0-9]{20}$'", name="merchant_account_digits"),
    CheckConstraint("state IN ('PROPOSED', 'CONFIRMED', 'REJECTED')", name="merchant_account_state_known"),
    CheckConstraint(
        "num_nonnulls(decided_by, decided_at) = CASE state WHEN 'PROPOSED' THEN 0 ELSE 2 END",
        name="merchant_account_decided_whole",
    ),
    CheckConstraint("state <> 'CONFIRMED' OR decided_by <> proposed_by", name="merchant_account_four_eyes"),
    Index(
        "merchant_account_one_proposed",
        "merchant_id",
        unique=True,
        postgresql_where=text("state = 'PROPOSED'"),
    ),
    Index("merchant_account_current", "merchant_id", "decided_at"),
)

agreement_addendum = Table(
    "agreement_addendum",
    metadata,
    _id(),
    Column("agreement_id", ForeignKey(agreement.c.id), nullable=False),
    Column("number", Text, nullable=False),
    Column("signed_on", Date, nullable=False),
    # What it changed, each with the value before and after.
    Column("changes", JSONB, nullable=False),
    Column("made_by", Text, nullable=False),
    _now("made_at"),
    CheckConstraint("number <> '' AND made_by <> ''", name="agreement_addendum_signed"),
    UniqueConstraint("agreement_id", "number"),
)

ceiling_signal = Table(
    "ceiling_signal",
    metadata,
    Column("agreement_id", ForeignKey(agreement.c.id), primary_key=True),
    Column("ceiling_kopecks", BigInteger, primary_key=True),
    Column("percent", SmallInteger, primary_key=True),
    Column("used_kopecks", BigInteger, nullable=False),
    _now("signalled_at"),
    CheckConstraint("ceiling_kopecks > 0 AND percent > 0", name="ceiling_signal_positive"),
)

# When ceilings were counted last: of many nodes one counts, and no more often than it must.
ceiling_count = Table(
    "ceiling_count",
    metadata,
    Column("id", SmallInteger, primary_key=True, server_default="1"),
    Column("counted_at", _instant, nullable=False),
    CheckConstraint("id = 1", name="ceiling_count_single"),
)

terminal_fiscal = Table(
    "terminal_fiscal",
    metadata,
    _id(),
    Column("terminal_id", ForeignKey(terminal.c.id), nullable=False),
    Column("kkt_number", Text, nullable=False),
    Column("drive_number", Text, nullable=False),
    Column("days", DATERANGE, nullable=False),
    CheckConstraint(
        "kkt_number ~ '^[0-9]{16}$' AND drive_number ~ '^[0-9]{16}$'", name="terminal_fiscal_digits"
    ),
    CheckConstraint("NOT isempty(days) AND NOT lower_inf(days)", name="terminal_fiscal_has_first_day"),
    # A terminal has one till and one drive at a time, and each of them stands at one terminal at a time.
    ExcludeConstraint(
        (text("int8range(terminal_id, terminal_id, '[]')"), "&&"),
        ("days", "&&"),
        name="terminal_fiscal_one_at_a_time",
    ),
    ExcludeConstraint(
        (text("program_code_range(kkt_number, kkt_number, '[]')"), "&&"),
        ("days", "&&"),
        name="terminal_fiscal_till_at_one_terminal",
    ),
    ExcludeConstraint(
        (text("program_code_range(drive_number, drive_number, '[]')"), "&&"),
        ("days", "&&"),
        name="terminal_fiscal_drive_at_one_terminal",
    ),
    # Settlement asks whose the numbers of a receipt are.
    Index("terminal_fiscal_drive", "drive_number"),
    Index("terminal_fiscal_till", "kkt_number"),
)

bic_directory = Table(
    "bic_directory",
    metadata,
    _id(),
    Column("business_day", Date, nullable=False),
    Column("day_version", SmallInteger, nullable=False),
    Column("entry_count", Integer, nullable=False),
    Column("content_sha256", LargeBinary, nullable=False),
    Column("imported_by", Text, nullable=False),
    _now("imported_at"),
    CheckConstraint("entry_count > 0 AND imported_by <> ''", name="bic_directory_whole"),
    UniqueConstraint("business_day", "day_version"),
)

bic_entry = Table(
    "bic_entry",
    metadata,
    Column("directory_id", ForeignKey("bic_directory.id"), primary_key=True),
    Column("bic", Text, primary_key=True),
    Column("name", Text, nullable=False),
    Column("region", Text, nullable=False),
    Column("locality", Text, nullable=False),
    Column("participant_type", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("since", Date, nullable=False),
    Column("until", Date),
    # The account of the bank at the Bank of Russia, or the single account of the Treasury; "" for none.
    Column("correspondent_account", Text, nullable=False),
    Column("restrictions", JSONB, nullable=False),
    Column("accounts", JSONB, nullable=False),
    CheckConstraint("bic ~ '^[0-9]{9}$'", name="bic_entry_digits"),
)
