"""Reads everything that is published at one instant of the database, future versions included."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Generic, TypeVar, cast

from msgspec import Struct
from sqlalchemy import Text, case, func, literal_column, null, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.domain.category import ClassMap, Program, ProhibitedList, PublishedNominal
from gateway.goods.meaning import class_map, nominals, program, prohibited_list
from gateway.goods.reference.contents import parsed
from gateway.goods.reference.kinds import BY_LAW, Kind, State
from gateway.goods.reference.schema import goods_epoch, reference_version
from gateway.goods.reference.versions import ACT
from gateway.goods.rows import Classes, Programs, Rules

Content = TypeVar("Content")


class Dated(Struct, Generic[Content], frozen=True):
    """A content and the instant from which it holds."""

    version: str
    effective_from: datetime
    content: Content


class ProgramBook(Struct, frozen=True):
    """Every program by (code, version), and the nominal values of every class."""

    programs: Mapping[tuple[str, int], Program]
    nominals: tuple[PublishedNominal, ...]


class StoredVersion(Struct, frozen=True):
    """A version whose content is too large for a snapshot; `number` finds it among the catalogue's items."""

    version: str
    number: int
    effective_from: datetime
    content_sha256: str
    entry_count: int


@dataclass(frozen=True)
class ReferenceSnapshot:
    """Every published version as of `epoch`, those of a kind in the order in which they come into force."""

    epoch: int
    prohibited: tuple[ProhibitedList, ...] = field(repr=False)
    classes: tuple[Dated[ClassMap], ...] = field(repr=False)
    programs: tuple[Dated[ProgramBook], ...] = field(repr=False)
    okpd2: tuple[StoredVersion, ...]
    catalogue: tuple[StoredVersion, ...]
    names: tuple[StoredVersion, ...]


_TABLE = reference_version.c
_PUBLISHED = (
    select(
        _TABLE.kind,
        _TABLE.version,
        _TABLE.number,
        _TABLE.effective_from,
        _TABLE.entry_count,
        func.encode(_TABLE.content_sha256, "hex").label("content_sha256"),
        literal_column(ACT).label("act"),
        case((_TABLE.kind.in_(BY_LAW), _TABLE.body.cast(Text)), else_=null()).label("body"),
    )
    .where(_TABLE.state == State.PUBLISHED)
    .order_by(_TABLE.kind, _TABLE.effective_from)
)


async def read_epoch(connection: AsyncConnection) -> int:
    """The epoch of the last committed publication."""
    epoch: int = (await connection.execute(select(goods_epoch.c.epoch))).scalar_one()
    return epoch


async def read_reference(engine: AsyncEngine) -> ReferenceSnapshot:
    """Everything published, consistent in itself; raises SQLAlchemy's and socket errors.

    A body that no longer fits its model raises pydantic's ValidationError: half a snapshot decides wrongly.
    """
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        epoch = await read_epoch(connection)
        rows = (await connection.execute(_PUBLISHED)).all()
    of_kind: dict[str, list[Any]] = defaultdict(list)
    for row in rows:
        of_kind[row.kind].append(row)
    return ReferenceSnapshot(
        epoch=epoch,
        prohibited=tuple(map(_prohibited, of_kind[Kind.PROHIBITED])),
        classes=tuple(map(_classes, of_kind[Kind.CLASSES])),
        programs=tuple(map(_programs, of_kind[Kind.PROGRAMS])),
        okpd2=_stored(of_kind[Kind.OKPD2]),
        catalogue=_stored(of_kind[Kind.CATALOGUE]),
        names=_stored(of_kind[Kind.NAMES]),
    )


def _prohibited(row: Any) -> ProhibitedList:
    rules = cast(Rules, parsed(Kind.PROHIBITED, row.body))
    return prohibited_list(rules, version=row.version, effective_from=row.effective_from, act=row.act)


def _classes(row: Any) -> Dated[ClassMap]:
    found = class_map(cast(Classes, parsed(Kind.CLASSES, row.body)), version=row.version)
    return Dated(row.version, row.effective_from, found)


def _programs(row: Any) -> Dated[ProgramBook]:
    rows = cast(Programs, parsed(Kind.PROGRAMS, row.body))
    programs = {(one.code, one.version): program(one) for one in rows.program}
    return Dated(row.version, row.effective_from, ProgramBook(programs, tuple(nominals(rows.nominal))))


def _stored(rows: Iterable[Any]) -> tuple[StoredVersion, ...]:
    return tuple(
        StoredVersion(row.version, row.number, row.effective_from, row.content_sha256, row.entry_count)
        for row in rows
    )
