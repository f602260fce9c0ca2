"""The tables of persons, their sessions, and proposals. The rules stand here as constraints."""

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    DateTime,
    ForeignKey,
    Identity,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
    func,
    text,
)

metadata = MetaData()

_instant = DateTime(timezone=True)


def _now(name: str) -> Column[object]:
    return Column(name, _instant, nullable=False, server_default=func.tillgate_now())


person = Table(
    "person",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    # Never given to another person, since the audit log names people by it.
    Column("login", Text, nullable=False, unique=True),
    Column("full_name", Text, nullable=False),
    Column("state", Text, nullable=False, server_default="INVITED"),
    Column("password_hash", Text),
    # Sealed with the key of people's secrets, which is in no database.
    Column("totp_sealed", LargeBinary),
    # The last time step of which a code was taken: neither it nor an older one is taken again.
    Column("totp_step", BigInteger),
    _now("created_at"),
    CheckConstraint("login ~ '^[a-z][a-z0-9._-]{1,31}$'", name="person_login"),
    CheckConstraint("full_name <> ''", name="person_named"),
    CheckConstraint("state IN ('INVITED', 'ACTIVE', 'DISABLED')", name="person_state_known"),
    CheckConstraint(
        "state <> 'ACTIVE' OR num_nonnulls(password_hash, totp_sealed) = 2", name="person_active_has_both"
    ),
)

person_role = Table(
    "person_role",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("role", Text, primary_key=True),
    CheckConstraint(
        "role IN ('OPERATOR', 'APPROVER', 'AUDITOR', 'MERCHANT_MANAGER')", name="person_role_known"
    ),
)

# Merchants that a person manages; counts only beside the role.
person_merchant = Table(
    "person_merchant",
    metadata,
    Column("person_id", ForeignKey("person.id"), primary_key=True),
    Column("merchant_id", BigInteger, primary_key=True),
)

person_invitation = Table(
    "person_invitation",
    metadata,
    # SHA-256 of what the person was given.
    Column("token_hash", LargeBinary, primary_key=True),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    # Made when the person first opens it: shown until the first code of it is confirmed.
    Column("totp_sealed", LargeBinary, nullable=False),
    Column("made_by", Text, nullable=False),
    _now("made_at"),
    Column("expires_at", _instant, nullable=False),
    Column("used_at", _instant),
    CheckConstraint("octet_length(token_hash) = 32", name="person_invitation_sha256"),
    Index("person_invitation_one_open", "person_id", unique=True, postgresql_where=text("used_at IS NULL")),
)

person_session = Table(
    "person_session",
    metadata,
    # SHA-256 of the cookie's token.
    Column("token_hash", LargeBinary, primary_key=True),
    Column("person_id", ForeignKey("person.id"), nullable=False),
    # PASSWORD: the second factor is still to come, and nothing else may be done.
    Column("stage", Text, nullable=False),
    Column("address", Text, nullable=False),
    _now("begun_at"),
    Column("seen_at", _instant, nullable=False, server_default=func.tillgate_now()),
    Column("ended_at", _instant),
    CheckConstraint("octet_length(token_hash) = 32", name="person_session_sha256"),
    CheckConstraint("stage IN ('PASSWORD', 'FULL')", name="person_session_stage_known"),
    Index("person_session_of_person", "person_id", postgresql_where=text("ended_at IS NULL")),
)

# Attempts to sign in, by login as it was typed and by network address; also of logins that nobody has.
sign_in_attempts = Table(
    "sign_in_attempts",
    metadata,
    Column("kind", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("count", Integer, nullable=False),
    Column("since", _instant, nullable=False),
    Column("locked_until", _instant),
    CheckConstraint("kind IN ('LOGIN', 'ADDRESS') AND count >= 0", name="sign_in_attempts_counted"),
)

proposal = Table(
    "proposal",
    metadata,
    Column("id", BigInteger, Identity(always=True), primary_key=True),
    Column("kind", Text, nullable=False),
    # Canonical JSON, of which the SHA-256 is: what is approved is what is executed, byte by byte.
    Column("payload", Text, nullable=False),
    Column("payload_sha256", LargeBinary, nullable=False),
    Column("reason", Text, nullable=False),
    Column("proposed_by", Text, nullable=False),
    _now("proposed_at"),
    Column("expires_at", _instant, nullable=False),
    Column("state", Text, nullable=False, server_default="PROPOSED"),
    Column("decided_by", Text),
    Column("decided_at", _instant),
    Column("because", Text),
    Column("executed_by", Text),
    Column("begun_at", _instant),
    Column("executed_at", _instant),
    Column("result", Text),
    CheckConstraint(
        "kind IN ('PUBLISH_LIST', 'ISSUE_CERTIFICATES', 'REGISTER_MERCHANT', 'CHANGE_ACCOUNT', 'CORRECT',"
        " 'APPROVE_CLAIM', 'CHANGE_PERSON')",
        name="proposal_kind_known",
    ),
    CheckConstraint(
        "state IN ('PROPOSED', 'APPROVED', 'REFUSED', 'WITHDRAWN', 'EXECUTING', 'EXECUTED')",
        name="proposal_state_known",
    ),
    CheckConstraint("payload_sha256 = sha256(convert_to(payload, 'UTF8'))", name="proposal_payload_hashed"),
    CheckConstraint("reason <> '' AND proposed_by <> '' AND expires_at > proposed_at", name="proposal_whole"),
    CheckConstraint("decided_by <> proposed_by", name="proposal_four_eyes"),
    CheckConstraint(
        "num_nonnulls(decided_by, decided_at, because)"
        " = CASE WHEN state = 'PROPOSED' THEN 0 WHEN state = 'WITHDRAWN' AND decided_by IS NULL THEN 0"
        " ELSE 3 END",
        name="proposal_decided_whole",
    ),
    CheckConstraint(
        "num_nonnulls(executed_by, begun_at) = CASE WHEN state IN ('EXECUTING', 'EXECUTED') THEN 2 ELSE 0 END"
        " AND num_nonnulls(executed_at, result) = CASE state WHEN 'EXECUTED' THEN 2 ELSE 0 END",
        name="proposal_executed_whole",
    ),
    Index("proposal_waiting", "id", postgresql_where=text("state IN ('PROPOSED', 'APPROVED', 'EXECUTING')")),
)
