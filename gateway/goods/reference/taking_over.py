"""Takes over what was in force before lists were kept here: files become published versions as they are."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.domain.policy import day_start
from gateway.goods.loader import ListFiles
from gateway.goods.reference.contents import body_of, lines_of, sha256_of
from gateway.goods.reference.drafts import Counts, insert_draft
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import Kind, State
from gateway.goods.reference.publishing import NoticeRules, check_lead
from gateway.goods.reference.versions import ReferenceVersion, named, take_turn, versions_of
from gateway.goods.rows import Classes, Programs, Row, Rules
from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record

TAKEN_OVER: Final = (Kind.PROHIBITED, Kind.CLASSES, Kind.PROGRAMS)
"""The kinds of which there are files to take over, in the order in which turns are taken."""

_PUBLISH: Final = """
UPDATE reference_version SET state = 'PUBLISHED', act_text = $3, address = $4, announced_at = $5,
  published_by = $6, published_at = $7, effective_from = $8
WHERE kind = $1 AND version = $2"""


class _Taken(Struct, frozen=True):
    kind: Kind
    version: str
    content: Row
    effective_from: datetime
    act: str


async def take_over(
    connection: asyncpg.Connection,
    files: ListFiles,
    *,
    address: str,
    by: str,
    rules: NoticeRules,
    kinds: Iterable[Kind] = TAKEN_OVER,
) -> list[ReferenceVersion]:
    """Publish every version of a folder with its own first day and act; all of them or none.

    Classes and programs say no day of their own: they hold from the first day that the folder names.
    `address` says where it all comes from. What is still to begin has been announced elsewhere, and needs
    the lead of the nodes alone. Raises ListError KIND_NOT_EMPTY and EFFECTIVE_TOO_SOON.
    """
    wanted = sorted(set(kinds), key=TAKEN_OVER.index)
    taken = [one for one in _versions(files) if one.kind in wanted]
    async with connection.transaction():
        for kind in wanted:
            now = await take_turn(connection, kind)
            if any(one.state is not State.DISCARDED for one in await versions_of(connection, kind)):
                raise ListError(ListCode.KIND_NOT_EMPTY, kind=kind)
        for one in taken:
            if one.effective_from > now:
                check_lead(one.effective_from, rules, now)
            await _insert(connection, one, address, by, now)
        for one in taken:
            await record(
                connection,
                actor=Actor.person(by),
                action=Action.LIST_PUBLISHED,
                subject=Subject(SubjectKind.LIST_VERSION, f"{one.kind}/{one.version}"),
                details={"taken_over": True, "address": address, "act": one.act},
            )
        return [named(await versions_of(connection, one.kind), one.kind, one.version) for one in taken]


def _versions(files: ListFiles) -> Iterator[_Taken]:
    for row in files.prohibited:
        begins = day_start(row.effective_from)
        yield _Taken(Kind.PROHIBITED, row.version, Rules(rule=row.rule), begins, row.act)
    days = [row.effective_from for row in files.prohibited]
    first = day_start(min(days + [row.effective_from for row in files.nominals.nominal]))
    act = files.prohibited[0].act
    classes = Classes(classes=files.classes.classes)
    yield _Taken(Kind.CLASSES, files.classes.version, classes, first, act)
    programs = Programs(program=list(files.programs), nominal=files.nominals.nominal)
    yield _Taken(Kind.PROGRAMS, "1", programs, first, act)


async def _insert(connection: asyncpg.Connection, one: _Taken, address: str, by: str, now: datetime) -> None:
    lines = lines_of(one.content)
    versions = await versions_of(connection, one.kind)
    summary = {"counts": Counts(len(lines), len(lines)), "problems": {}}
    await insert_draft(
        connection,
        one.kind,
        one.version,
        versions,
        body_of(one.content),
        sha256_of(lines.values()),
        by,
        summary,
    )
    announced_at = min(one.effective_from, now)
    await connection.execute(
        _PUBLISH, one.kind, one.version, one.act, address, announced_at, by, now, one.effective_from
    )
