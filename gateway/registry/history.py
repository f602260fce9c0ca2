"""What happened to an entry of the register: who, when, why, and who approved it. Only ever added to.

Each step stands in the audit log too, written by the same transaction.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct
from sqlalchemy import insert, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.people.roles import Signatory
from gateway.record import words, writing
from gateway.record.words import Action, Actor, SubjectKind
from gateway.registry.enrolment_schema import merchant_account, registry_history


class Subject(StrEnum):
    """What a step was about; its id is that of the table of this name."""

    APPLICATION = "application"
    MERCHANT = "merchant"
    ACCOUNT = "account"
    AGREEMENT = "agreement"
    OUTLET = "outlet"
    TERMINAL = "terminal"


class Step(Struct, frozen=True):
    """One step; `approved_by` is "" where one person is enough."""

    step: str
    from_state: str
    to_state: str
    reason: str
    made_by: str
    approved_by: str
    made_at: datetime


_KINDS: Final[Mapping[Subject, tuple[SubjectKind, Action]]] = {
    Subject.APPLICATION: (SubjectKind.APPLICATION, Action.APPLICATION_DECIDED),
    Subject.MERCHANT: (SubjectKind.MERCHANT, Action.MERCHANT_CHANGED),
    Subject.ACCOUNT: (SubjectKind.MERCHANT, Action.ACCOUNT_CHANGED),
    Subject.AGREEMENT: (SubjectKind.AGREEMENT, Action.AGREEMENT_CHANGED),
    Subject.OUTLET: (SubjectKind.OUTLET, Action.OUTLET_CHANGED),
    Subject.TERMINAL: (SubjectKind.TERMINAL, Action.TERMINAL_CHANGED),
}
"""How the audit log calls what a step is about, and the step unless it has a word of its own."""

_ACTIONS: Final[Mapping[tuple[Subject, str], Action]] = {
    (Subject.MERCHANT, "register"): Action.MERCHANT_REGISTERED,
    (Subject.MERCHANT, "take-over"): Action.MERCHANT_REGISTERED,
    (Subject.MERCHANT, "suspend"): Action.MERCHANT_SUSPENDED,
    (Subject.MERCHANT, "resume"): Action.MERCHANT_RESUMED,
    (Subject.MERCHANT, "exclude"): Action.MERCHANT_EXCLUDED,
}


def person(by: str) -> Actor:
    """Whom the audit log names for somebody whom the register names: a login in one form."""
    return Actor.person(Signatory.named(by).login)


async def record(
    connection: AsyncConnection,
    subject: Subject,
    subject_id: int,
    step: str,
    states: tuple[str, str],
    *,
    by: str,
    reason: str = "",
    approved_by: str = "",
) -> None:
    """Add a step with the state before and after; in the transaction of what it tells, and at its end.

    Whoever records next waits until this transaction ends: a lock that is taken after it could be held by one
    of those.
    """
    statement = insert(registry_history).values(
        subject=subject,
        subject_id=subject_id,
        step=step,
        from_state=states[0],
        to_state=states[1],
        reason=reason,
        made_by=by,
        approved_by=approved_by,
    )
    await connection.execute(statement)
    kind, action = _KINDS[subject]
    details = {"step": step, "from": states[0], "to": states[1], "reason": reason}
    audit_id = subject_id
    if subject is Subject.ACCOUNT:
        audit_id, of_account = await _of_account(connection, subject_id)
        details |= of_account
    await writing.record(
        connection,
        actor=person(by),
        action=_ACTIONS.get((subject, step), action),
        subject=words.Subject(kind, str(audit_id)),
        details=details,
        approved_by=person(approved_by).id if approved_by else None,
    )


async def _of_account(connection: AsyncConnection, account_id: int) -> tuple[int, dict[str, Any]]:
    """The merchant that an account belongs to, and what a report of changes tells of it."""
    t = merchant_account.c
    statement = select(t.merchant_id, t.bic, t.account, t.proposed_by).where(t.id == account_id)
    row = (await connection.execute(statement)).one()
    details = {"account_id": account_id, "bic": row.bic, "account": row.account}
    return row.merchant_id, details | {"proposed_by": row.proposed_by}


async def history_of(connection: AsyncConnection, subject: Subject, subject_id: int) -> list[Step]:
    """Every step, the earliest first."""
    t = registry_history.c
    statement = (
        select(t.step, t.from_state, t.to_state, t.reason, t.made_by, t.approved_by, t.made_at)
        .where(t.subject == subject, t.subject_id == subject_id)
        .order_by(t.id)
    )
    return [Step(*row) for row in await connection.execute(statement)]
