"""Whether a database is fit to carry the ledger: what an operator should know before a till does."""

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Final

import asyncpg
from alembic.script import ScriptDirectory

from gateway.ledger.partitions import missing_partitions, stray_rows
from gateway.runtime.database import alembic_config

VERSION_MIN: Final = 15
CLOCK_OFFSET_MAX: Final = timedelta(seconds=1)
APPEND_ONLY: Final = ("entry", "outcome", "refund", "receipt", "closed_shift", "review_case", "audit_entry")
PUBLISHED: Final = ("reference_version", "reference_file", "catalogue_item", "goods_epoch")
BY_COLUMN: Final = ("card_account", "certificate", "purchase")
DURABLE: Final = {"fsync": "on", "full_page_writes": "on", "synchronous_commit": "on"}


@dataclass(frozen=True, slots=True)
class Answer:
    """One check: its name, whether all is right, and what was found."""

    name: str
    is_right: bool
    found: str


async def check_database(connection: asyncpg.Connection) -> list[Answer]:
    """Every check, on a connection of the role that owns the tables. Raises what the database raises."""
    number: str = await connection.fetchval("SHOW server_version_num")
    version: str = await connection.fetchval("SHOW server_version")
    answers = [
        Answer(f"PostgreSQL {VERSION_MIN} or newer", int(number) // 10_000 >= VERSION_MIN, version),
        await _schema(connection),
    ]
    if not answers[-1].is_right:
        # The other checks ask for tables that may not be there.
        return answers
    missing = await missing_partitions(connection)
    strays = await stray_rows(connection)
    return [
        *answers,
        Answer("partitions of this month and the next", not missing, ", ".join(missing) or "there"),
        Answer("DEFAULT partitions are empty", not any(strays.values()), str(strays)),
        await _durability(connection),
        await _rights(connection),
        await _clock(connection),
    ]


async def _schema(connection: asyncpg.Connection) -> Answer:
    head = ScriptDirectory.from_config(alembic_config("")).get_current_head()
    current = None
    if await connection.fetchval("SELECT to_regclass('alembic_version') IS NOT NULL"):
        current = await connection.fetchval("SELECT version_num FROM alembic_version")
    return Answer("schema is the newest", current == head, f"{current}, the newest is {head}")


async def _durability(connection: asyncpg.Connection) -> Answer:
    """Stronger settings of synchronous_commit than `on` are right too."""
    found = {name: await connection.fetchval("SELECT current_setting($1)", name) for name in DURABLE}
    stronger = {"remote_apply": "on"}
    is_right = {name: stronger.get(value, value) for name, value in found.items()} == DURABLE
    return Answer("an answer survives a power failure", is_right, str(found))


async def _rights(connection: asyncpg.Connection) -> Answer:
    """Of the tables of `BY_COLUMN` the gateway may update some columns, and no whole row."""
    rows = await connection.fetch(
        "SELECT t FROM unnest($1::text[]) AS t"
        " WHERE has_table_privilege('tillgate_gateway', t, 'UPDATE, DELETE, TRUNCATE')",
        [*APPEND_ONLY, *BY_COLUMN, *PUBLISHED],
    )
    changeable = [row["t"] for row in rows]
    return Answer("the gateway cannot change what was decided", not changeable, str(changeable or "no"))


async def _clock(connection: asyncpg.Connection) -> Answer:
    """Money time is the database's clock; the local one serves deadlines only."""
    before = datetime.now(UTC)
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    after = datetime.now(UTC)
    offset = max(before - now, now - after, timedelta())
    return Answer("its clock agrees with the local one", offset < CLOCK_OFFSET_MAX, f"off by {offset}")
