"""Publication: from then on a version stays as it is, and time alone decides when it holds.

The rules are asked in the order of `_check`; the database repeats them as constraints.
"""

import json
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.domain.commands import Act
from gateway.goods.reference.contents import parsed
from gateway.goods.reference.drafts import require_open
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import BY_LAW, ONE_AFTER_ANOTHER, Kind, State
from gateway.goods.reference.programs import check_programs
from gateway.goods.reference.versions import ReferenceVersion, named, published, take_turn, versions_of
from gateway.workdays import Earliest, earliest_after_notice

LEAD_LEAST: Final = timedelta(seconds=5)
"""A decision is never older than two seconds, and nodes look for news twice a second."""

_PUBLISH: Final = """
UPDATE reference_version SET state = 'PUBLISHED', act_body = $3, act_number = $4, act_date = $5, address = $6,
  announced_at = $7, published_by = $8, published_at = $9, effective_from = $10, is_urgent = $11,
  approvals = $12
WHERE kind = $1 AND version = $2"""

_BODY: Final = "SELECT body::text FROM reference_version WHERE kind = $1 AND version = $2"


class NoticeRules(Struct, frozen=True):
    """How long before a version holds it has to be known: to the nodes, and to those who sell."""

    lead: timedelta
    list_working_days: int
    catalogue_working_days: int

    def working_days(self, kind: Kind) -> int:
        """The notice of a kind."""
        return self.list_working_days if kind in BY_LAW else self.catalogue_working_days


class Publication(Struct, frozen=True):
    """What an operator says of a publication: by which act, where and when it was made known, from when.

    `approvers` make it urgent: two people who agree that it holds before the notice has ended.
    """

    act: Act
    address: str
    announced_at: datetime
    effective_from: datetime
    by: str
    is_urgent: bool = False
    approvers: tuple[str, ...] = ()


class Published(Struct, frozen=True):
    """A publication as it was recorded.

    `estimated_years` are those in which the notice was counted without the government's act on days off;
    `later` are published versions that will replace this one, and know nothing of it.
    """

    kind: Kind
    version: str
    effective_from: datetime
    published_at: datetime
    estimated_years: tuple[int, ...]
    later: tuple[str, ...]


async def publish(
    connection: asyncpg.Connection, kind: Kind, version: str, said: Publication, rules: NoticeRules
) -> Published:
    """Publish a rehearsed draft, or the very first version of a kind. Raises ListError; see `_check`."""
    async with connection.transaction():
        now = await take_turn(connection, kind)
        versions = await versions_of(connection, kind)
        one = require_open(named(versions, kind, version))
        before = published(versions)
        earliest = _check(one, before, said, rules, now)
        if kind is Kind.PROGRAMS:
            body = await connection.fetchval(_BODY, kind, version)
            await check_programs(connection, parsed(kind, body), before, now)
        approvals = [{"by": by.strip(), "at": now.isoformat()} for by in said.approvers]
        await connection.execute(
            _PUBLISH, kind, version, said.act.body, said.act.number, said.act.date, said.address,
            said.announced_at, said.by, now, said.effective_from, said.is_urgent,
            json.dumps(approvals, ensure_ascii=False) if said.is_urgent else None,
        )  # fmt: skip
    later = tuple(other.version for at, other in before if at > said.effective_from)
    estimated = () if said.is_urgent else earliest.estimated_years
    return Published(kind, version, said.effective_from, now, estimated, later)


def _check(
    one: ReferenceVersion,
    before: Sequence[tuple[datetime, ReferenceVersion]],
    said: Publication,
    rules: NoticeRules,
    now: datetime,
) -> Earliest:
    if before and one.state is not State.REHEARSED:
        raise ListError(ListCode.NOT_REHEARSED, kind=one.kind, version=one.version)
    if not said.act.body.strip() or not said.act.number.strip():
        raise ListError(ListCode.ACT_MISSING)
    if not said.address.strip():
        raise ListError(ListCode.ADDRESS_MISSING)
    if said.announced_at > now:
        raise ListError(ListCode.PUBLISHED_IN_FUTURE, announced_at=said.announced_at.isoformat())
    earliest = _check_notice(one, said, rules, now)
    check_order(one.kind, said.effective_from, before)
    return earliest


def _check_notice(one: ReferenceVersion, said: Publication, rules: NoticeRules, now: datetime) -> Earliest:
    effective_from = said.effective_from.isoformat()
    if said.effective_from < said.announced_at:
        announced_at = said.announced_at.isoformat()
        raise ListError(
            ListCode.EFFECTIVE_BEFORE_PUBLICATION, effective_from=effective_from, announced_at=announced_at
        )
    check_lead(said.effective_from, rules, now)
    earliest = earliest_after_notice(said.announced_at, rules.working_days(one.kind))
    if said.is_urgent:
        _check_approvers(one, said.approvers)
    elif said.effective_from < earliest.instant:
        raise ListError(
            ListCode.NOTICE_TOO_SHORT, effective_from=effective_from, earliest=earliest.instant.isoformat()
        )
    return earliest


def check_lead(effective_from: datetime, rules: NoticeRules, now: datetime) -> None:
    """Raise ListError EFFECTIVE_TOO_SOON if nodes could decide by the version before."""
    earliest = now + max(rules.lead, LEAD_LEAST)
    if effective_from < earliest:
        raise ListError(
            ListCode.EFFECTIVE_TOO_SOON,
            effective_from=effective_from.isoformat(),
            earliest=earliest.isoformat(),
        )


def check_order(
    kind: Kind, effective_from: datetime, before: Sequence[tuple[datetime, ReferenceVersion]]
) -> None:
    """Raise ListError OVERLAPPING_EFFECTIVE_DATE or EFFECTIVE_BEFORE_LAST."""
    for at, other in before:
        details = {"version": other.version, "effective_from": at.isoformat()}
        if at == effective_from:
            raise ListError(ListCode.OVERLAPPING_EFFECTIVE_DATE, **details)
        if at > effective_from and kind in ONE_AFTER_ANOTHER:
            raise ListError(ListCode.EFFECTIVE_BEFORE_LAST, **details)


def _check_approvers(one: ReferenceVersion, approvers: Sequence[str]) -> None:
    seen = {one.imported_by.strip().casefold()}
    for approver in approvers:
        folded = approver.strip().casefold()
        if folded in seen:
            raise ListError(ListCode.SAME_APPROVER, approver=approver)
        seen.add(folded)
    named_approvers = [approver for approver in approvers if approver.strip()]
    if len(named_approvers) < 2:
        raise ListError(ListCode.APPROVERS_MISSING, count=len(named_approvers))
