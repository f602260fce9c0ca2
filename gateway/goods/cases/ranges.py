"""What is confirmed holds from an instant to an instant: how a range begins and ends, ahead of every node."""

from datetime import datetime, timedelta
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.goods.cases.errors import CaseCode, CaseError
from gateway.goods.cases.noting import note
from gateway.goods.reference.publishing import LEAD_LEAST
from gateway.record.words import Action, SubjectKind

LOCK_CLASS: Final = 0x676F_6F64
"""The advisory lock by which those who decide, and whoever collects, take turns."""


async def take_turn(connection: asyncpg.Connection) -> datetime:
    """Wait until nobody else decides or collects, for the rest of the transaction; returns the time."""
    await connection.execute("SELECT pg_advisory_xact_lock($1)", LOCK_CLASS)
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    return now


def begins_at(now: datetime, lead: timedelta) -> datetime:
    """From when something that is confirmed now can hold: when every node has heard of it."""
    return now + max(lead, LEAD_LEAST)


def signed(**said: str) -> tuple[str, ...]:
    """What people said of their decision, trimmed; raises CaseError UNSIGNED that names what is empty."""
    trimmed = {name: text.strip() for name, text in said.items()}
    for name, text in trimmed.items():
        if not text:
            raise CaseError(CaseCode.UNSIGNED, what=name)
    return tuple(trimmed.values())


class Ranges(Struct, frozen=True):
    """A table of ranges: how one is found and ended, and what is said where that cannot be."""

    kind: SubjectKind
    find: str
    end: str
    unknown: CaseCode
    ended: CaseCode
    not_begun: CaseCode

    async def end_at(
        self, connection: asyncpg.Connection, range_id: int, since: datetime, until: datetime, by: str
    ) -> None:
        """End an open range. One that would be empty is none: whoever just began it waits a moment."""
        if until <= since:
            raise CaseError(self.not_begun, id=range_id, since=since.isoformat())
        await connection.execute(self.end, range_id, until, by)

    async def end_by_id(
        self, connection: asyncpg.Connection, range_id: int, *, by: str, lead: timedelta
    ) -> datetime:
        """End a range without another one; returns from when it no longer holds.

        Raises CaseError UNSIGNED, and what the table says of one unknown, ended or not begun.
        """
        async with connection.transaction():
            now = await take_turn(connection)
            (by,) = signed(by=by)
            row = await connection.fetchrow(self.find, range_id)
            if row is None:
                raise CaseError(self.unknown, id=range_id)
            if row["until"] is not None:
                raise CaseError(self.ended, id=range_id)
            until = begins_at(now, lead)
            await self.end_at(connection, range_id, row["since"], until, by)
            await note(connection, Action.GOODS_ENDED, self.kind, range_id, by, until=until.isoformat())
        return until
