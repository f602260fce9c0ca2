"""Any version in full, and the difference of any two: what nodes and tills keep a copy by.

A difference applied to the full old version is the full new one, with its SHA-256.
"""

from collections.abc import AsyncIterator

import asyncpg

from gateway.goods.reference.catalogue_lines import item_changes, items_of
from gateway.goods.reference.contents import Entry, changes
from gateway.goods.reference.drafts import lines_of_version
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import Kind, State
from gateway.goods.reference.versions import ReferenceVersion, named, versions_of


async def readable(connection: asyncpg.Connection, kind: Kind, version: str) -> ReferenceVersion:
    """A version whose content is there. Raises ListError UNKNOWN_VERSION, DISCARDED."""
    one = named(await versions_of(connection, kind), kind, version)
    if one.state is State.DISCARDED:
        raise ListError(ListCode.DISCARDED, kind=kind, version=version)
    return one


async def rows_of(connection: asyncpg.Connection, kind: Kind, version: str) -> AsyncIterator[Entry]:
    """Every line of a version, sorted by key. Raises what `readable` raises."""
    one = await readable(connection, kind, version)
    if kind is Kind.CATALOGUE:
        async for item in items_of(connection, one.number):
            yield Entry(item.gtin14, item.line)
        return
    for key, line in (await lines_of_version(connection, one)).items():
        yield Entry(key, line)


async def changes_between(
    connection: asyncpg.Connection, kind: Kind, from_version: str, to_version: str
) -> AsyncIterator[Entry]:
    """What makes one version of the other, sorted by key: new lines, and keys that are gone (line None).

    Raises what `readable` raises.
    """
    old = await readable(connection, kind, from_version)
    new = await readable(connection, kind, to_version)
    if kind is Kind.CATALOGUE:
        async for change in item_changes(connection, old.number, new.number):
            yield Entry(change.gtin14, change.item.line if change.item else None)
        return
    for entry in changes(await lines_of_version(connection, old), await lines_of_version(connection, new)):
        yield entry
