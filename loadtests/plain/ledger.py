"""The plain ledger: every command is a transaction of its own, on a connection of a pool."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

import asyncpg
import structlog
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as NoConnectionError
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.domain.basket import Basket
from gateway.domain.commands import Authorize, CloseShift, Command
from gateway.domain.outcome import Outcome
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError, Seal, SealedAnswer, StoredAnswer
from gateway.ledger.committer import CONNECTION_LOST, SERVER_STOPPING
from gateway.ledger.deciding import Decision, Rules, decide_batch
from gateway.ledger.reading import origin_of
from gateway.ledger.shifts import close_shift
from gateway.ledger.watchers import EpochWatcher, GoodsWatcher, NeverBehind, Observer
from gateway.runtime.database import driver_connection
from loadtests.plain.reading import StaleLockError, load
from loadtests.plain.writing import write

log = structlog.get_logger(__name__)

ATTEMPTS_MAX: Final = 50
RETRY_PAUSE_S: Final = 0.05
WON_BY_ANOTHER: Final = (StaleLockError, asyncpg.UniqueViolationError, asyncpg.TransactionRollbackError)


@dataclass
class PlainLedger:
    """Decides and stores commands, each in one transaction that locks the account first.

    `queue_limit` bounds the commands under way, with and without a connection.
    """

    engine: AsyncEngine
    rules: Rules
    seal: Seal
    registry: EpochWatcher
    observer: Observer
    queue_limit: int = 2_000
    goods: GoodsWatcher = field(default_factory=NeverBehind)
    _running: set["asyncio.Task[StoredAnswer]"] = field(default_factory=set)
    _is_closing: bool = False

    async def submit(self, command: Command | CloseShift, *, deadline: float | None = None) -> StoredAnswer:
        """Decide a command, durably, and return its one stored answer; see `enqueue`.

        A caller that is cancelled leaves the command to be decided all the same.
        """
        return await asyncio.shield(self._begin(command, deadline))

    def enqueue(
        self, read: Callable[[], Command], *, deadline: float | None = None
    ) -> "asyncio.Future[StoredAnswer]":
        """Read a command and take it on; its one stored answer, or a CommandError, comes with the future.

        `deadline` (loop time) only bounds the wait for a connection. Raises CommandError if the command
        cannot be taken, and what `read` raises.
        """
        return self._begin(read(), deadline)

    def close_shift(self, command: CloseShift) -> "asyncio.Future[StoredAnswer]":
        """Close a shift; otherwise as `enqueue`."""
        return self._begin(command, None)

    def _begin(self, command: Command | CloseShift, deadline: float | None) -> "asyncio.Future[StoredAnswer]":
        if self._is_closing:
            raise CommandError(Reason.UNAVAILABLE)
        if len(self._running) >= self.queue_limit:
            raise CommandError(Reason.OVERLOADED, retry_after_s=0.2)
        task = asyncio.create_task(self._settle(command, deadline))
        self._running.add(task)
        task.add_done_callback(self._settled)
        return task

    def notice_flood(self) -> None:
        """Nothing waits here for others that would go with it."""

    async def stop(self) -> None:
        """Finish what is under way, then let go of the database."""
        self._is_closing = True
        if self._running:
            await asyncio.wait(self._running)
        await self.engine.dispose()

    def _settled(self, task: "asyncio.Task[StoredAnswer]") -> None:
        self._running.discard(task)
        if not task.cancelled():
            task.exception()  # whoever hung up does not look at it

    async def _settle(self, command: Command | CloseShift, deadline: float | None) -> StoredAnswer:
        """Try until the command is decided; each attempt begins by reading whether it was already."""
        for _ in range(ATTEMPTS_MAX):
            try:
                if isinstance(command, CloseShift):
                    return await self._close_shift(command)
                return await self._decide(command, deadline)
            except CommandError:
                raise
            except NoConnectionError as error:
                raise CommandError(Reason.OVERLOADED, retry_after_s=0.2) from error
            except Exception as error:
                await self._pause_or_give_up(command, error)
            deadline = None  # what was sent may have been committed
        raise CommandError(Reason.UNAVAILABLE)

    async def _pause_or_give_up(self, command: Command | CloseShift, error: Exception) -> None:
        """Return if the command may be tried again; raises CommandError if that is of no use."""
        cause = error.orig.__cause__ if isinstance(error, DBAPIError) and error.orig else error
        if isinstance(cause, WON_BY_ANOTHER):
            return  # the next reading sees the winner
        if isinstance(cause, (*CONNECTION_LOST, *SERVER_STOPPING)) and not self._is_closing:
            await asyncio.sleep(RETRY_PAUSE_S)
            return
        log.error("a command could not be decided", kind=type(command).__name__, error=repr(cause))
        raise CommandError(Reason.UNAVAILABLE) from error

    async def _decide(self, command: Command, deadline: float | None) -> StoredAnswer:
        loop = asyncio.get_running_loop()
        async with self.engine.connect() as connection, connection.begin():
            started = loop.time()
            if deadline is not None and deadline <= started:
                raise CommandError(Reason.EXPIRED_IN_QUEUE)
            await self.goods.judge_ahead((command,))
            loaded = await load(connection, command)
            await self.registry.refresh_if_behind(loaded.snapshot.registry_epoch)
            await self.goods.refresh_if_behind(loaded.snapshot.goods_epoch)
            plan = decide_batch((command,), loaded.snapshot, self.rules)
            for _, error in plan.errors:
                raise error
            if loaded.answer is not None:
                return StoredAnswer(loaded.answer, is_replay=True)
            [decision] = plan.decisions
            answer, tombstone = self._sealed(decision)
            before = plan.accounts.get(decision.account_id) if decision.account_id is not None else None
            await write(connection, before, decision, answer, tombstone)
        self.observer.batch_done(1, 0, loop.time() - started)
        self.observer.decided(command, decision.outcome)
        return StoredAnswer(answer, is_replay=False, outcome=decision.outcome)

    def _sealed(self, decision: Decision) -> tuple[SealedAnswer, SealedAnswer | None]:
        certificates = decision.decided.account.certificates if decision.decided else {}
        answer = self.seal(decision.command, decision.outcome, certificates, decision.decided_at)
        if decision.entombs is None:
            return answer, None
        absent = Authorize(decision.entombs, origin_of(decision.command), b"", Basket(()))
        return answer, self.seal(absent, Outcome(Reason.VOIDED_BEFORE_ARRIVAL), {}, decision.decided_at)

    async def _close_shift(self, command: CloseShift) -> StoredAnswer:
        async with driver_connection(self.engine) as connection:
            answer = await close_shift(connection, command, self.seal)
        if answer.outcome is not None:
            self.observer.decided(command, answer.outcome)
        return answer
