"""Names of ОКПД2 codes, from the published table."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Final

import asyncpg

from gateway.domain.category import prefixes_longest_first
from gateway.goods.reference.reading import StoredVersion

_TITLES: Final = """
SELECT key, value FROM reference_version v, json_each_text(v.body -> 'names')
WHERE v.kind = 'okpd2' AND v.version = $1 AND key = ANY($2)"""


async def titles_of(
    connection: asyncpg.Connection,
    tables: Sequence[StoredVersion],
    instant: datetime,
    codes: Iterable[str],
) -> Mapping[str, str]:
    """What the table in force at an instant calls codes; one that it lacks is called as the next above it.

    Codes of which nothing is known are left out. Raises what the database raises.
    """
    begun = [one for one in tables if one.effective_from <= instant]
    if not begun:
        return {}
    above = {code: prefixes_longest_first(code) for code in codes}
    wanted = sorted({prefix for prefixes in above.values() for prefix in prefixes})
    table = max(begun, key=lambda one: one.effective_from)
    found = dict(await connection.fetch(_TITLES, table.version, wanted))
    named = {code: [found[one] for one in prefixes if one in found] for code, prefixes in above.items()}
    return {code: titles[0] for code, titles in named.items() if titles}
