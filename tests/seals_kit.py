"""What tests of day seals share: a day with outcomes, its seal, its verification, and tampering."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from gateway.domain.policy import day_end, moscow_date
from gateway.ledger.seals.making import MadeSeal, seal_due_days
from gateway.ledger.seals.verifying import Verified, verify_seals
from gateway.registry.signing import OutcomeSigner
from tests.ledger_kit import Kit, authorize, line, must

TODAY = moscow_date(datetime.now(UTC))
VICTIM = "merchant_id = 1 AND terminal_id = 12"
"""The one outcome that is tampered with."""


async def sell(kit: Kit, *terminals: int) -> None:
    """A hold at each of these terminals, and a decline that belongs to no account."""
    committer = await kit.committer()
    card = await kit.card(committer, 500_00)
    for terminal_id in terminals:
        must(await committer.submit(authorize(card, line(1, 10_00), terminal_id=terminal_id)))
    must(await committer.submit(authorize(b"nobody", line(1, 10_00))))


async def at(kit: Kit, instant: datetime) -> None:
    """Let it be this instant for the database."""
    await kit.shift_clock(instant - datetime.now(UTC))


async def sealed(kit: Kit, connection: asyncpg.Connection, signer: OutcomeSigner) -> list[MadeSeal]:
    """Today and tomorrow, sealed the day after."""
    await at(kit, day_end(TODAY) + timedelta(days=1, hours=1))
    return await seal_due_days(connection, signer)


async def verified(connection: asyncpg.Connection, signer: OutcomeSigner, **how: Any) -> Verified:
    """What verification finds, as the reader does it."""
    await connection.execute("SET SESSION AUTHORIZATION tillgate_reader")
    try:
        return await verify_seals(connection, {signer.key_id: signer.public_key}, **how)
    finally:
        await connection.execute("RESET SESSION AUTHORIZATION")


async def days(connection: asyncpg.Connection) -> list[date]:
    """Which days are sealed."""
    return [row["day"] for row in await connection.fetch("SELECT day FROM day_seal ORDER BY day")]


async def tamper(connection: asyncpg.Connection, statement: str) -> None:
    """Change the database as one who owns the server and turns its triggers off."""
    async with connection.transaction():
        await connection.execute("SET LOCAL session_replication_role = replica")
        await connection.execute(statement)
