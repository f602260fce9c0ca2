"""Any version in full, and the difference of any two: what nodes and tills keep a copy by.

A difference applied to the full old version is the full new one, with its SHA-256.
"""

from collections.abc import AsyncGenerator, AsyncIterator, Collection, Sequence
from contextlib import aclosing
from datetime import datetime

import asyncpg
from msgspec import Struct

from gateway.goods.reference.catalogue_lines import entry_pages
from gateway.goods.reference.contents import Entry, changes
from gateway.goods.reference.drafts import lines_of_version
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import Kind, State
from gateway.goods.reference.versions import ReferenceVersion, named, published, versions_of


async def readable(connection: asyncpg.Connection, kind: Kind, version: str) -> ReferenceVersion:
    """A version whose content is there. Raises ListError UNKNOWN_VERSION, DISCARDED."""
    one = named(await versions_of(connection, kind), kind, version)
    if one.state is State.DISCARDED:
        raise ListError(ListCode.DISCARDED, kind=kind, version=version)
    return one


class Shelf(Struct, frozen=True):
    """What is published of a kind, at an instant of the database, in the order of coming into force."""

    kind: Kind
    now: datetime
    begun: tuple[ReferenceVersion, ...]
    announced: tuple[ReferenceVersion, ...]

    @property
    def in_force(self) -> ReferenceVersion | None:
        """The one that decides at that instant, if any does yet."""
        return self.begun[-1] if self.begun else None

    @property
    def in_force_and_later(self) -> tuple[ReferenceVersion, ...]:
        """All that are not superseded."""
        return (*self.begun[-1:], *self.announced)

    def named(self, version: str) -> ReferenceVersion:
        """The version of that name, superseded or not; of an empty name the one in force.

        Raises ListError UNKNOWN_VERSION.
        """
        if version:
            return named((*self.begun, *self.announced), self.kind, version)
        if self.in_force is None:
            raise ListError(ListCode.UNKNOWN_VERSION, kind=self.kind, version=version)
        return self.in_force


async def shelves(connection: asyncpg.Connection, kinds: Collection[Kind]) -> list[Shelf]:
    """What is published of each kind, each kind once, in the order of `Kind`."""
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    every = await versions_of(connection)
    return [_shelf(kind, now, [one for one in every if one.kind is kind]) for kind in Kind if kind in kinds]


def _shelf(kind: Kind, now: datetime, versions: list[ReferenceVersion]) -> Shelf:
    dated = published(versions)
    begun = tuple(one for at, one in dated if at <= now)
    return Shelf(kind, now, begun, tuple(one for at, one in dated if at > now))


async def pages_of(
    connection: asyncpg.Connection, new: ReferenceVersion, old: ReferenceVersion | None = None
) -> AsyncGenerator[Sequence[Entry], None]:
    """Every line of a version, or what makes it of the old one, sorted by key; `line` None: the key is gone.

    Close it if you leave it early. A catalogue is that of one moment, and no transaction is held meanwhile.
    """
    if new.kind is not Kind.CATALOGUE:
        after = await lines_of_version(connection, new)
        yield list(changes(await lines_of_version(connection, old) if old else {}, after))
        return
    async with aclosing(entry_pages(connection, new.number, old.number if old else None)) as pages:
        async for page in pages:
            yield page


async def rows_of(connection: asyncpg.Connection, kind: Kind, version: str) -> AsyncIterator[Entry]:
    """Every line of a version, a draft too, sorted by key. Raises what `readable` raises."""
    new = await readable(connection, kind, version)
    async with aclosing(pages_of(connection, new)) as pages:
        async for page in pages:
            for entry in page:
                yield entry


async def changes_between(
    connection: asyncpg.Connection, kind: Kind, from_version: str, to_version: str
) -> AsyncIterator[Entry]:
    """What makes one version of the other, drafts too. Raises what `readable` raises."""
    old = await readable(connection, kind, from_version)
    new = await readable(connection, kind, to_version)
    async with aclosing(pages_of(connection, new, old)) as pages:
        async for page in pages:
            for entry in page:
                yield entry
