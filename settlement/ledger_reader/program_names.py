"""What people call programs."""

from datetime import datetime
from typing import Final

import asyncpg

# A list has all versions of a program that there were, and what is published later begins later.
_PROGRAMS: Final = """
SELECT DISTINCT ON (code) p ->> 'code' AS code, p ->> 'name_ru' AS name
FROM (
  SELECT body FROM reference_version
  WHERE kind = 'programs' AND state = 'PUBLISHED' AND effective_from <= $1 AND published_at <= $1
  ORDER BY effective_from DESC LIMIT 1) AS list, json_array_elements(list.body -> 'program') AS p
ORDER BY code, (p ->> 'version')::integer DESC"""


async def program_names(connection: asyncpg.Connection, as_of: datetime) -> dict[str, str]:
    """Russian names by code, of the newest versions in the list that was in force at an instant."""
    return {row["code"]: row["name"] for row in await connection.fetch(_PROGRAMS, as_of)}
