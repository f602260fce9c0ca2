"""The sweep: books what time has done to idle accounts, for reports and whoever else reads the columns.

Time decides, not this (design section 2.7): every command first passes time on its own account, so
no decision depends on whether the sweep ran. It goes through the committer like everything else.
"""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import asyncpg
import structlog

from gateway.domain.commands import Expire
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError, StoredAnswer
from gateway.ledger.committer import Connect
from gateway.ledger.ids import uuid7

log = structlog.get_logger(__name__)

_LOCK_KEY: Final = 0x7177_6565
"""Advisory lock of the sweep: two nodes sweeping at once would only decline each other's commands."""

_HOLDS = """
SELECT DISTINCT account_id FROM purchase
WHERE state = 'AUTHORIZED' AND hold_expires_at <= $1 AND account_id > $2
ORDER BY account_id LIMIT $3"""

_LAPSES = """
SELECT account_id, valid_until, id FROM certificate
WHERE valid_until <= $1 AND (valid_until, id) > ($2, $3) AND available_kopecks > 0
ORDER BY valid_until, id LIMIT $4"""

_BEGINNING: Final = (datetime(1970, 1, 1, tzinfo=UTC), UUID(int=0))


@dataclass
class Sweeper:
    """Finds accounts that time has changed, in pages, and submits an Expire for each.

    `page` accounts are in the committer's queue at once, `pages_max` pages in one run; the next run
    goes on where the last one ended. It gives way to live load: a full queue ends the run.
    """

    connect: Connect
    submit: Callable[[Expire], Awaitable[StoredAnswer]]
    page: int = 256
    pages_max: int = 100
    _held_after: int = 0
    _lapsed_after: tuple[datetime, UUID] = _BEGINNING

    async def run_once(self) -> int:
        """Sweep once; returns the number of accounts that had something to book.

        0 at once if another node is sweeping. Raises what the database raises.
        """
        async with self.connect() as connection:
            if not await connection.fetchval("SELECT pg_try_advisory_lock($1)", _LOCK_KEY):
                return 0
            # After an error the connection is thrown away, and the lock with it.
            booked = await self._sweep(connection)
            await connection.execute("SELECT pg_advisory_unlock($1)", _LOCK_KEY)
            return booked

    async def _sweep(self, connection: asyncpg.Connection) -> int:
        now: datetime = await connection.fetchval("SELECT tillgate_now()")
        booked = 0
        try:
            async for count in self._release(connection, now):
                booked += count
            async for count in self._lapse(connection, now):
                booked += count
        except CommandError as error:
            log.info("the sweep gives way", reason=error.reason.name)
        if booked:
            log.info("swept", accounts=booked)
        return booked

    async def _release(self, connection: asyncpg.Connection, now: datetime) -> AsyncIterator[int]:
        """Accounts with expired holds, round and round in the order of their ids."""
        for _ in range(self.pages_max):
            rows = await connection.fetch(_HOLDS, now, self._held_after, self.page)
            yield await self._expire(now, [row["account_id"] for row in rows])
            if len(rows) < self.page:
                self._held_after = 0
                return
            self._held_after = rows[-1]["account_id"]

    async def _lapse(self, connection: asyncpg.Connection, now: datetime) -> AsyncIterator[int]:
        """Accounts with certificates past their last day, each looked at once.

        Nothing makes points available on a certificate that is over, so none needs a second look.
        """
        for _ in range(self.pages_max):
            rows = await connection.fetch(_LAPSES, now, *self._lapsed_after, self.page)
            yield await self._expire(now, list(dict.fromkeys(row["account_id"] for row in rows)))
            if len(rows) < self.page:
                self._lapsed_after = (now, UUID(int=0))
                return
            self._lapsed_after = (rows[-1]["valid_until"], rows[-1]["id"])

    async def _expire(self, now: datetime, account_ids: Sequence[int]) -> int:
        """Submit an Expire for each; raises CommandError(OVERLOADED) when live load fills the queue."""
        commands = [Expire(uuid7(now), account_id) for account_id in account_ids]
        answers = await asyncio.gather(*map(self.submit, commands), return_exceptions=True)
        booked = 0
        for command, answer in zip(commands, answers, strict=True):
            if isinstance(answer, CommandError) and answer.reason is not Reason.OVERLOADED:
                # A single account must not stop the others; time passes on it with its next command.
                log.error("could not sweep an account", account_id=command.account_id, error=str(answer))
            elif isinstance(answer, BaseException):
                raise answer
            elif answer.outcome is not None and answer.outcome.is_approved:
                booked += 1
        return booked
