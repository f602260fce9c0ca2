"""Confirmed goods: a rule says what they are from an instant on, and never for what was decided before."""

from datetime import datetime, timedelta
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.domain.category import OKPD2_FORM, ProhibitedList
from gateway.domain.judging import tells
from gateway.goods.cases.errors import CaseCode, CaseError
from gateway.goods.cases.ranges import Ranges, begins_at, signed, take_turn
from gateway.goods.cases.subjects import RULE_PREFIX, Subject, SubjectKind
from gateway.record import words

_INSERT: Final = """
INSERT INTO goods_rule (kind, merchant_id, key, okpd2, since, act, made_by, made_at)
VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id"""

_OPEN_ENDED: Final = """
SELECT id, since FROM goods_rule WHERE kind = $1 AND merchant_id = $2 AND key = $3 AND until IS NULL"""

RULE_RANGES: Final = Ranges(
    words.SubjectKind.GOODS_RULE,
    find="SELECT since, until FROM goods_rule WHERE id = $1",
    end="UPDATE goods_rule SET until = $2, ended_by = $3 WHERE id = $1",
    unknown=CaseCode.RULE_UNKNOWN,
    ended=CaseCode.RULE_ENDED,
    not_begun=CaseCode.RULE_NOT_BEGUN,
)

_OKPD2_IN_FORCE: Final = """
SELECT version, body -> 'names' ->> $2 IS NOT NULL AS has_code FROM reference_version
WHERE kind = 'okpd2' AND state = 'PUBLISHED' AND effective_from <= $1
ORDER BY effective_from DESC LIMIT 1"""

_RULES: Final = """
SELECT id, kind, merchant_id, key, okpd2, since, until, act, made_by, made_at, ended_by FROM goods_rule
WHERE $1::text IS NULL OR key = $1 ORDER BY id"""


class Rule(Struct, frozen=True):
    """What goods are, from `since` up to and without `until`, by which act, and who confirmed it when."""

    id: int
    subject: Subject
    okpd2: str
    since: datetime
    until: datetime | None
    act: str
    made_by: str
    made_at: datetime
    ended_by: str | None = None

    @property
    def name(self) -> str:
        """As evidence calls it."""
        return f"{RULE_PREFIX}{self.id}"


class Confirmation(Struct, frozen=True):
    """What somebody says goods are, and by which act. `prohibited` is the list in force.

    The rule holds as soon as every node knows: `lead`, or at least 5 s, from now.
    """

    okpd2: str
    act: str
    by: str
    prohibited: ProhibitedList
    lead: timedelta


async def make_rule(connection: asyncpg.Connection, subject: Subject, said: Confirmation) -> Rule:
    """Confirm what goods are; the rule that says otherwise so far ends where this one begins.

    The caller is in a transaction. Raises CaseError NOTHING_TO_NAME, UNSIGNED, OKPD2_MALFORMED,
    OKPD2_UNKNOWN, OKPD2_TOO_COARSE, RULE_NOT_BEGUN.
    """
    now = await take_turn(connection)
    if not subject.key:
        raise CaseError(CaseCode.NOTHING_TO_NAME)
    act, by = signed(act=said.act, by=said.by)
    await _check_okpd2(connection, said.okpd2, said.prohibited, now)
    since = begins_at(now, said.lead)
    key = (subject.kind, subject.merchant_id, subject.key)
    if earlier := await connection.fetchrow(_OPEN_ENDED, *key):
        await RULE_RANGES.end_at(connection, earlier["id"], earlier["since"], since, by)
    rule_id = await connection.fetchval(_INSERT, *key, said.okpd2, since, act, by, now)
    return Rule(rule_id, subject, said.okpd2, since, None, act, by, now)


async def rules_of(connection: asyncpg.Connection, key: str | None = None) -> list[Rule]:
    """Every rule, or those on one key, in the order in which they were made."""
    return [
        Rule(
            row["id"],
            Subject(SubjectKind(row["kind"]), row["merchant_id"], row["key"]),
            *(row[name] for name in ("okpd2", "since", "until", "act", "made_by", "made_at", "ended_by")),
        )
        for row in await connection.fetch(_RULES, key)
    ]


async def _check_okpd2(
    connection: asyncpg.Connection, okpd2: str, prohibited: ProhibitedList, now: datetime
) -> None:
    """Of the right form, in the classification if one is published, and fine enough to tell the verdict."""
    if not OKPD2_FORM.fullmatch(okpd2):
        raise CaseError(CaseCode.OKPD2_MALFORMED, okpd2=okpd2[:20])
    known = await connection.fetchrow(_OKPD2_IN_FORCE, now, okpd2)
    if known is not None and not known["has_code"]:
        raise CaseError(CaseCode.OKPD2_UNKNOWN, okpd2=okpd2, version=known["version"])
    if not tells(okpd2, prohibited):
        raise CaseError(CaseCode.OKPD2_TOO_COARSE, okpd2=okpd2)
