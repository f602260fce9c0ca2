"""Deciding: a case or a submission is confirmed by a rule, or dismissed or refused with a reason.

A rule settles every open case and every waiting submission on the same goods at once. Whoever comes second is
told who came first.
"""

from typing import Final

import asyncpg

from gateway.goods.cases.errors import CaseCode, CaseError
from gateway.goods.cases.noting import note
from gateway.goods.cases.ranges import signed, take_turn
from gateway.goods.cases.rules import Confirmation, Rule, make_rule
from gateway.goods.cases.subjects import Subject, SubjectKind
from gateway.record import words
from gateway.record.words import Action

_CASE: Final = "SELECT kind, merchant_id, key, state, settled_by AS by FROM goods_case WHERE id = $1"

_SUBMISSION: Final = """
SELECT kind, CASE kind WHEN 'in_store' THEN merchant_id ELSE 0 END AS merchant_id, key, state,
  decided_by AS by
FROM goods_submission WHERE id = $1 FOR UPDATE"""

_CONFIRM_CASES: Final = """
UPDATE goods_case SET state = 'CONFIRMED', settled_by = $4, settled_at = $5, because = $6, rule_id = $7,
  takes_until = $8
WHERE kind = $1 AND merchant_id = $2 AND key = $3 AND state = 'OPEN'"""

_CONFIRM_SUBMISSIONS: Final = """
UPDATE goods_submission SET state = 'CONFIRMED', decided_by = $4, decided_at = $5, rule_id = $6
WHERE kind = $1 AND ($2 = 0 OR merchant_id = $2) AND key = $3 AND state = 'SUBMITTED'"""

_DISMISS: Final = """
UPDATE goods_case SET state = 'DISMISSED', settled_by = $2, settled_at = $3, because = $4 WHERE id = $1"""

_REFUSE: Final = """
UPDATE goods_submission SET state = 'REFUSED', decided_by = $2, decided_at = $3, because = $4 WHERE id = $1"""


async def confirm_case(connection: asyncpg.Connection, case_id: int, said: Confirmation) -> Rule:
    """Confirm what the goods of a case are.

    Raises CaseError CASE_UNKNOWN, CASE_SETTLED and what `make_rule` raises; nothing is kept then.
    """
    async with connection.transaction():
        await take_turn(connection)
        subject = await _open_case(connection, case_id)
        return await _confirm(connection, subject, said)


async def dismiss_case(connection: asyncpg.Connection, case_id: int, *, by: str, because: str) -> None:
    """Say that there is nothing to decide: the case goes on counting, and no other is opened.

    Raises CaseError CASE_UNKNOWN, CASE_SETTLED, UNSIGNED.
    """
    async with connection.transaction():
        now = await take_turn(connection)
        by, because = signed(by=by, because=because)
        await _open_case(connection, case_id)
        await connection.execute(_DISMISS, case_id, by, now, because)
        await note(
            connection, Action.GOODS_DISMISSED, words.SubjectKind.GOODS_CASE, case_id, by, because=because
        )


async def accept_submission(connection: asyncpg.Connection, submission_id: int, said: Confirmation) -> Rule:
    """Confirm what submitted goods are, be it what the merchant declared or not.

    Raises CaseError SUBMISSION_UNKNOWN, SUBMISSION_DECIDED and what `make_rule` raises.
    """
    async with connection.transaction():
        await take_turn(connection)
        subject = await _waiting_submission(connection, submission_id)
        return await _confirm(connection, subject, said)


async def refuse_submission(
    connection: asyncpg.Connection, submission_id: int, *, by: str, because: str
) -> None:
    """Refuse one submission; its merchant reads why. Raises CaseError like `accept_submission`."""
    async with connection.transaction():
        now = await take_turn(connection)
        by, because = signed(by=by, because=because)
        await _waiting_submission(connection, submission_id)
        await connection.execute(_REFUSE, submission_id, by, now, because)
        submission = words.SubjectKind.GOODS_SUBMISSION
        await note(connection, Action.GOODS_DISMISSED, submission, submission_id, by, because=because)


async def _confirm(connection: asyncpg.Connection, subject: Subject, said: Confirmation) -> Rule:
    rule = await make_rule(connection, subject, said)
    key = (subject.kind, subject.merchant_id, subject.key)
    await connection.execute(_CONFIRM_CASES, *key, rule.made_by, rule.made_at, rule.act, rule.id, rule.since)
    await connection.execute(_CONFIRM_SUBMISSIONS, *key, rule.made_by, rule.made_at, rule.id)
    await note(
        connection, Action.GOODS_CONFIRMED, words.SubjectKind.GOODS_RULE, rule.id, rule.made_by,
        goods=subject.kind.value, key=subject.key, okpd2=rule.okpd2, act=rule.act,
    )  # fmt: skip
    return rule


async def _open_case(connection: asyncpg.Connection, case_id: int) -> Subject:
    row = await connection.fetchrow(_CASE, case_id)
    if row is None:
        raise CaseError(CaseCode.CASE_UNKNOWN, case_id=case_id)
    if row["state"] != "OPEN":
        raise CaseError(CaseCode.CASE_SETTLED, case_id=case_id, by=row["by"], state=row["state"])
    return _subject(row)


async def _waiting_submission(connection: asyncpg.Connection, submission_id: int) -> Subject:
    row = await connection.fetchrow(_SUBMISSION, submission_id)
    if row is None:
        raise CaseError(CaseCode.SUBMISSION_UNKNOWN, submission_id=submission_id)
    if row["state"] != "SUBMITTED":
        raise CaseError(
            CaseCode.SUBMISSION_DECIDED, submission_id=submission_id, by=row["by"], state=row["state"]
        )
    return _subject(row)


def _subject(row: asyncpg.Record) -> Subject:
    return Subject(SubjectKind(row["kind"]), row["merchant_id"], row["key"])
