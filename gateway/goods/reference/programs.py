"""What a new document of programs must keep: certificates live under the version they were issued under."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final, cast

import asyncpg

from gateway.domain.policy import moscow_date
from gateway.goods.meaning import nominals, program
from gateway.goods.reference.contents import parsed
from gateway.goods.reference.errors import ListCode, ListError
from gateway.goods.reference.kinds import Kind
from gateway.goods.reference.versions import ReferenceVersion
from gateway.goods.rows import Programs, Row

_BODIES: Final = (
    "SELECT body::text FROM reference_version WHERE kind = 'programs' AND version = ANY ($1::text[])"
)


async def check_programs(
    connection: asyncpg.Connection,
    content: Row,
    published: Sequence[tuple[datetime, ReferenceVersion]],
    now: datetime,
) -> None:
    """Raise ListError PROGRAM_CHANGED unless every published (code, version) is there as it was.

    NOMINAL_CHANGED likewise for the nominals of days that have begun: a certificate issued on such a day was
    checked against them.
    """
    names = [one.version for _, one in published]
    stored = await connection.fetch(_BODIES, names)
    known = [cast(Programs, parsed(Kind.PROGRAMS, row["body"])) for row in stored]
    _check_kept(cast(Programs, content), known)
    _check_nominals(cast(Programs, content), known, now)


def _check_kept(content: Programs, known: Sequence[Programs]) -> None:
    kept = {(row.code, row.version): program(row) for row in content.program}
    wrong = {
        f"{row.code}-{row.version}"
        for one in known
        for row in one.program
        if kept.get((row.code, row.version)) != program(row)
    }
    if wrong:
        raise ListError(ListCode.PROGRAM_CHANGED, programs=", ".join(sorted(wrong)))


def _check_nominals(content: Programs, known: Sequence[Programs], now: datetime) -> None:
    today = moscow_date(now)
    kept = set(nominals(content.nominal))
    days = {(row.goods_class, row.effective_from) for one in known for row in one.nominal}
    begun = {day for day in days if day[1] <= today}
    was = {
        nominal
        for one in known
        for nominal in nominals(one.nominal)
        if (nominal.goods_class, nominal.effective_from) in begun
    }
    now_there = {n for n in kept if (n.goods_class, n.effective_from) in begun}
    wrong = {f"{n.goods_class} {n.effective_from} {n.nominal_kopecks / 100:.2f}" for n in was ^ now_there}
    if wrong:
        raise ListError(ListCode.NOMINAL_CHANGED, nominals=", ".join(sorted(wrong)))
