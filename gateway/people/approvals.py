"""Four eyes: one person proposes, another decides, and exactly what was approved is executed, once.

Each step is one row lock and one audit entry in the transaction of the caller, so that the step, its record
and, for what happens in this database, its effect commit together:

    async with connection.transaction():
        approved = await begin(connection, number, kind=ProposalKind.CHANGE_ACCOUNT, by=operator)
        ...  # do what approved.payload says, and nothing else
        await finish(connection, number, by=operator, result="...")

What happens elsewhere (the ledger's committer) begins in one transaction and finishes in another; it must be
idempotent by an id that stands in the payload, and begins again with `resumes=True` after a break.
"""

import json
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from enum import StrEnum, unique
from hashlib import sha256
from hmac import compare_digest
from typing import Any, Final

import asyncpg
from msgspec import Struct

from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.roles import Permission, Signatory
from gateway.record.connections import Connection, driver_in_transaction
from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import fitted, kept_text, record

LIFETIME: Final = timedelta(days=3)
PAYLOAD_MAX_BYTES: Final = 65_536


@unique
class ProposalKind(StrEnum):
    """What takes two persons; its texts are Russian and English."""

    PUBLISH_LIST = "PUBLISH_LIST"
    ISSUE_CERTIFICATES = "ISSUE_CERTIFICATES"
    REGISTER_MERCHANT = "REGISTER_MERCHANT"
    CHANGE_ACCOUNT = "CHANGE_ACCOUNT"
    CORRECT = "CORRECT"
    APPROVE_CLAIM = "APPROVE_CLAIM"
    CHANGE_PERSON = "CHANGE_PERSON"


KIND_TEXTS: Final[Mapping[ProposalKind, tuple[str, str]]] = {
    ProposalKind.PUBLISH_LIST: ("публикация перечня", "publication of a list"),
    ProposalKind.ISSUE_CERTIFICATES: ("зачисление по файлу", "bulk issue of certificates"),
    ProposalKind.REGISTER_MERCHANT: ("включение участника в реестр", "registration of a merchant"),
    ProposalKind.CHANGE_ACCOUNT: ("изменение счёта участника", "change of a merchant's account"),
    ProposalKind.CORRECT: ("исправление оператора", "operator's correction"),
    ProposalKind.APPROVE_CLAIM: ("утверждение расчёта", "approval of a claim"),
    ProposalKind.CHANGE_PERSON: ("изменение прав пользователя", "change of who may sign"),
}


@unique
class ProposalState(StrEnum):
    """Where a proposal stands. EXPIRED is stored nowhere: time decides it."""

    PROPOSED = "PROPOSED"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    WITHDRAWN = "WITHDRAWN"
    EXECUTING = "EXECUTING"
    EXECUTED = "EXECUTED"
    EXPIRED = "EXPIRED"


class Proposal(Struct, frozen=True):
    """A proposal as it stands at the instant it was read."""

    id: int
    kind: ProposalKind
    payload_text: str
    payload_sha256: bytes
    reason: str
    proposed_by: str
    proposed_at: datetime
    expires_at: datetime
    state: ProposalState
    decided_by: str | None = None
    decided_at: datetime | None = None
    because: str | None = None
    executed_by: str | None = None
    executed_at: datetime | None = None
    result: str | None = None

    @property
    def payload(self) -> dict[str, Any]:
        """What is to be done."""
        payload: dict[str, Any] = json.loads(self.payload_text)
        return payload


_COLUMNS: Final = """
  id, kind, payload AS payload_text, payload_sha256, reason, proposed_by, proposed_at, expires_at,
  CASE WHEN state IN ('PROPOSED', 'APPROVED') AND expires_at <= tillgate_now() THEN 'EXPIRED' ELSE state END
    AS state,
  decided_by, decided_at, because, executed_by, executed_at, result"""

_INSERT: Final = f"""
INSERT INTO proposal (kind, payload, payload_sha256, reason, proposed_by, proposed_at, expires_at)
SELECT $1, $2, $3, $4, $5, now.at, now.at + $6::interval FROM (SELECT tillgate_now() AS at) AS now
RETURNING {_COLUMNS}"""

_LOCKED: Final = f"SELECT {_COLUMNS} FROM proposal WHERE id = $1 FOR UPDATE"
_DECIDE: Final = """
UPDATE proposal SET state = $2, decided_by = $3, decided_at = tillgate_now(), because = $4 WHERE id = $1"""
_BEGIN: Final = """
UPDATE proposal SET state = 'EXECUTING', executed_by = $2, begun_at = tillgate_now() WHERE id = $1"""
_FINISH: Final = """
UPDATE proposal SET state = 'EXECUTED', executed_at = tillgate_now(), result = $2 WHERE id = $1"""

_LIST: Final = f"""
SELECT {_COLUMNS} FROM proposal
WHERE ($1::boolean IS FALSE OR state = 'EXECUTING'
    OR (state IN ('PROPOSED', 'APPROVED') AND expires_at > tillgate_now()))
  AND ($2::bigint IS NULL OR id < $2)
ORDER BY id DESC LIMIT $3"""


def payload_text(payload: Mapping[str, Any]) -> str:
    """The canonical JSON of a payload: sorted keys, no blanks, no fractions (sums in kopecks).

    Raises PeopleError PAYLOAD_UNFIT.
    """
    try:
        fitting = fitted(payload)
    except ValueError as error:
        raise PeopleError(PeopleCode.PAYLOAD_UNFIT, why=str(error)) from None
    if fitting != json.loads(json.dumps(dict(payload))):
        raise PeopleError(PeopleCode.PAYLOAD_UNFIT, why="a text is too long or holds what looks like a card")
    text = json.dumps(fitting, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    if len(text.encode()) > PAYLOAD_MAX_BYTES:
        raise PeopleError(PeopleCode.PAYLOAD_UNFIT, why=f"more than {PAYLOAD_MAX_BYTES} bytes")
    return text


async def propose(
    connection: Connection,
    *,
    kind: ProposalKind,
    payload: Mapping[str, Any],
    by: Signatory,
    reason: str,
    lifetime: timedelta = LIFETIME,
) -> Proposal:
    """Make a proposal, which another person has `lifetime` to decide and somebody to execute.

    Raises PeopleError NOT_PERMITTED, REASON_MISSING, PAYLOAD_UNFIT.
    """
    by.require(Permission.PROPOSE)
    reason = kept_text(reason.strip())
    if not reason:
        raise PeopleError(PeopleCode.REASON_MISSING)
    text = payload_text(payload)
    digest = sha256(text.encode()).digest()
    driver = await driver_in_transaction(connection)
    row = await driver.fetchrow(_INSERT, kind, text, digest, reason, by.login, lifetime)
    made = _proposal(row)
    await _record(connection, Action.PROPOSED, made, by, {"reason": made.reason})
    return made


async def approve(
    connection: Connection, number: int, *, by: Signatory, payload_sha256: bytes, because: str = ""
) -> Proposal:
    """Approve what another person proposed; the SHA-256 is that of the payload which was looked at.

    Raises PeopleError NOT_PERMITTED, UNKNOWN_PROPOSAL, SAME_PERSON, NOT_WAITING, EXPIRED, PAYLOAD_CHANGED.
    """
    driver, found = await _to_decide(connection, number, by)
    if not compare_digest(found.payload_sha256, payload_sha256):
        raise PeopleError(PeopleCode.PAYLOAD_CHANGED, number=number)
    because = kept_text(because.strip())
    await driver.execute(_DECIDE, number, ProposalState.APPROVED, by.login, because)
    await _record(connection, Action.PROPOSAL_APPROVED, found, by, {"because": because})
    return await _locked(driver, number)


async def refuse(connection: Connection, number: int, *, by: Signatory, because: str) -> Proposal:
    """Refuse what another person proposed, for a reason.

    Raises PeopleError REASON_MISSING and those of `approve`.
    """
    because = kept_text(because.strip())
    if not because:
        raise PeopleError(PeopleCode.REASON_MISSING)
    driver, found = await _to_decide(connection, number, by)
    await driver.execute(_DECIDE, number, ProposalState.REFUSED, by.login, because)
    await _record(connection, Action.PROPOSAL_REFUSED, found, by, {"because": because})
    return await _locked(driver, number)


async def withdraw(connection: Connection, number: int, *, by: Signatory) -> Proposal:
    """Take back one's own proposal, or one's approval of another's, before it is executed.

    Raises PeopleError UNKNOWN_PROPOSAL, NOT_THE_PROPOSER, NOT_WAITING.
    """
    driver = await driver_in_transaction(connection)
    found = await _locked(driver, number)
    if by.login not in (found.proposed_by, found.decided_by):
        raise PeopleError(PeopleCode.NOT_THE_PROPOSER, number=number)
    if found.state not in (ProposalState.PROPOSED, ProposalState.APPROVED):
        raise PeopleError(PeopleCode.NOT_WAITING, number=number, state=found.state.value)
    await driver.execute("UPDATE proposal SET state = 'WITHDRAWN' WHERE id = $1", number)
    await _record(connection, Action.PROPOSAL_WITHDRAWN, found, by, {})
    return await _locked(driver, number)


async def begin(
    connection: Connection, number: int, *, kind: ProposalKind, by: Signatory, resumes: bool = False
) -> Proposal:
    """Take an approved proposal to execute it: nobody else can any more.

    `resumes` takes up what was begun and not finished: for kinds whose effect is idempotent.
    Raises PeopleError NOT_PERMITTED, UNKNOWN_PROPOSAL, OTHER_KIND, NOT_APPROVED, EXPIRED.
    """
    by.require(Permission.EXECUTE)
    driver = await driver_in_transaction(connection)
    found = await _locked(driver, number)
    if found.kind is not kind:
        raise PeopleError(PeopleCode.OTHER_KIND, number=number, kind=found.kind.value)
    _refuse_expired(found)
    if resumes and found.state is ProposalState.EXECUTING:
        return found
    if found.state is not ProposalState.APPROVED:
        raise PeopleError(PeopleCode.NOT_APPROVED, number=number, state=found.state.value)
    await driver.execute(_BEGIN, number, by.login)
    if resumes:
        # What begins and ends in one transaction is recorded once, at its end.
        await _record(connection, Action.PROPOSAL_BEGUN, found, by, {}, approved_by=found.decided_by)
    return await _locked(driver, number)


async def finish(connection: Connection, number: int, *, by: Signatory, result: str) -> Proposal:
    """Record that what was begun is done, and what came of it. Raises PeopleError NOT_APPROVED."""
    driver = await driver_in_transaction(connection)
    found = await _locked(driver, number)
    if found.state is not ProposalState.EXECUTING:
        raise PeopleError(PeopleCode.NOT_APPROVED, number=number, state=found.state.value)
    result = kept_text(result)
    await driver.execute(_FINISH, number, result)
    details = {"result": result, "executed_by": found.executed_by}
    await _record(connection, Action.PROPOSAL_EXECUTED, found, by, details, approved_by=found.decided_by)
    return await _locked(driver, number)


async def proposals(
    connection: asyncpg.Connection, *, open_only: bool, before: int | None = None, limit: int = 100
) -> list[Proposal]:
    """Proposals, the newest first; `open_only` those that wait for a decision or their execution."""
    return [_proposal(row) for row in await connection.fetch(_LIST, open_only, before, limit)]


async def proposal_of(connection: asyncpg.Connection, number: int) -> Proposal:
    """One proposal; raises PeopleError UNKNOWN_PROPOSAL."""
    query = f"SELECT {_COLUMNS} FROM proposal WHERE id = $1"
    row = await connection.fetchrow(query, number)
    if row is None:
        raise PeopleError(PeopleCode.UNKNOWN_PROPOSAL, number=number)
    return _proposal(row)


async def _to_decide(
    connection: Connection, number: int, by: Signatory
) -> tuple[asyncpg.Connection, Proposal]:
    by.require(Permission.DECIDE)
    driver = await driver_in_transaction(connection)
    found = await _locked(driver, number)
    _refuse_expired(found)
    if found.state is not ProposalState.PROPOSED:
        raise PeopleError(PeopleCode.NOT_WAITING, number=number, state=found.state.value)
    if found.proposed_by == by.login:
        raise PeopleError(PeopleCode.SAME_PERSON, login=by.login)
    return driver, found


def _refuse_expired(found: Proposal) -> None:
    if found.state is ProposalState.EXPIRED:
        at = found.expires_at.astimezone(UTC).isoformat(timespec="minutes")
        raise PeopleError(PeopleCode.EXPIRED, number=found.id, at=at)


async def _locked(driver: asyncpg.Connection, number: int) -> Proposal:
    row = await driver.fetchrow(_LOCKED, number)
    if row is None:
        raise PeopleError(PeopleCode.UNKNOWN_PROPOSAL, number=number)
    return _proposal(row)


def _proposal(row: Mapping[str, Any]) -> Proposal:
    fields = {**row, "kind": ProposalKind(row["kind"]), "state": ProposalState(row["state"])}
    return Proposal(**fields)


async def _record(
    connection: Connection,
    action: Action,
    of: Proposal,
    by: Signatory,
    details: Mapping[str, Any],
    approved_by: str | None = None,
) -> None:
    await record(
        connection,
        actor=Actor.person(by.login),
        action=action,
        subject=Subject(SubjectKind.PROPOSAL, str(of.id)),
        details={
            "kind": of.kind.value,
            "payload_sha256": of.payload_sha256.hex(),
            "proposed_by": of.proposed_by,
            **details,
        },
        approved_by=approved_by,
    )
