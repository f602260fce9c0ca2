"""Versions as the database has them: who imported, rehearsed and published what, and from when it holds."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any, Final

import asyncpg
from msgspec import Struct, json

from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import OPEN, Kind, Standing, State

LOCK_CLASS: Final = 0x6C69_7374
"""The first half of the advisory locks by which operators take turns, one for each kind."""


class Approval(Struct, frozen=True):
    """Who agreed that a version comes into force without the notice, and when that was recorded."""

    by: str
    at: datetime


class ReferenceVersion(Struct, frozen=True):
    """A version of a list without its content.

    `act` is the publishing act in one text; its parts are not known of what was taken over.
    """

    kind: Kind
    version: str
    number: int
    state: State
    entry_count: int
    content_sha256: str
    imported_by: str
    imported_at: datetime
    import_summary: dict[str, Any]
    rehearsed_by: str | None = None
    rehearsed_at: datetime | None = None
    rehearsal: dict[str, Any] | None = None
    act: str | None = None
    act_body: str | None = None
    act_number: str | None = None
    act_date: date | None = None
    address: str | None = None
    announced_at: datetime | None = None
    published_by: str | None = None
    published_at: datetime | None = None
    effective_from: datetime | None = None
    is_urgent: bool = False
    approvals: tuple[Approval, ...] = ()
    discarded_by: str | None = None
    discarded_at: datetime | None = None

    @property
    def is_open(self) -> bool:
        """True for a draft, rehearsed or not."""
        return self.state in OPEN


ACT: Final = (
    "coalesce(act_text, act_body || ' от ' || to_char(act_date, 'DD.MM.YYYY') || ' № ' || act_number)"
)
"""The act of a published version in one text."""

_SELECT: Final = f"""
SELECT kind, version, number, state, entry_count, encode(content_sha256, 'hex') AS content_sha256,
  imported_by, imported_at, import_summary::text, rehearsed_by, rehearsed_at, rehearsal::text,
  {ACT} AS act, act_body, act_number, act_date,
  address, announced_at, published_by, published_at, effective_from, is_urgent, approvals::text,
  discarded_by, discarded_at
FROM reference_version WHERE ($1::text IS NULL OR kind = $1) ORDER BY kind, number"""


async def versions_of(connection: asyncpg.Connection, kind: Kind | None = None) -> list[ReferenceVersion]:
    """Every version of a kind, or of all kinds, in the order of their import."""
    return [_version(row) for row in await connection.fetch(_SELECT, kind)]


def _version(row: asyncpg.Record) -> ReferenceVersion:
    fields = dict(row)
    fields["kind"], fields["state"] = Kind(row["kind"]), State(row["state"])
    fields["import_summary"] = json.decode(row["import_summary"])
    fields["rehearsal"] = json.decode(row["rehearsal"]) if row["rehearsal"] else None
    fields["approvals"] = json.decode(row["approvals"] or "[]", type=tuple[Approval, ...])
    return ReferenceVersion(**fields)


def named(versions: Iterable[ReferenceVersion], kind: Kind, version: str) -> ReferenceVersion:
    """The version of that name; raises ListError UNKNOWN_VERSION."""
    for one in versions:
        if one.version == version:
            return one
    raise ListError(ListCode.UNKNOWN_VERSION, kind=kind, version=version)


def published(versions: Iterable[ReferenceVersion]) -> list[tuple[datetime, ReferenceVersion]]:
    """The published ones with the instant from which they hold, the first first."""
    dated = [(one.effective_from, one) for one in versions if one.state is State.PUBLISHED]
    return sorted((at, one) for at, one in dated if at is not None)


def last_published(versions: Iterable[ReferenceVersion]) -> ReferenceVersion | None:
    """The published version that comes into force last, which may be still to come."""
    found = published(versions)
    return found[-1][1] if found else None


def standing(one: ReferenceVersion, same_kind: Sequence[ReferenceVersion], now: datetime) -> Standing:
    """What a version is at an instant. Of the published ones that have begun the latest is in force."""
    if one.state is not State.PUBLISHED:
        return Standing(one.state)
    begun = [(at, other.version) for at, other in published(same_kind) if at <= now]
    if one.effective_from is not None and one.effective_from > now:
        return Standing.ANNOUNCED
    return Standing.IN_FORCE if begun[-1][1] == one.version else Standing.SUPERSEDED


async def take_turn(connection: asyncpg.Connection, kind: Kind) -> datetime:
    """Wait until no other operator works on a kind, for the rest of the transaction; returns the time."""
    await connection.execute("SELECT pg_advisory_xact_lock($1, $2)", LOCK_CLASS, list(Kind).index(kind))
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    return now
