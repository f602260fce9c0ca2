"""The committer: every command on money goes through here, in batches, on one connection.

A batch is what queued while the last one committed; there is no timer. read → decide → seal →
write → answer; whoever lost its account to another writer is read and decided again.
"""

import asyncio
import contextlib
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

import asyncpg
import structlog

from gateway.domain.basket import Basket
from gateway.domain.commands import Authorize, CloseShift, Command
from gateway.domain.outcome import Outcome
from gateway.domain.reasons import Reason
from gateway.ledger.admission import Admission, Asked
from gateway.ledger.answers import CommandError, Seal, SealedAnswer, StoredAnswer
from gateway.ledger.deciding import Decision, Plan, Rules, decide_batch
from gateway.ledger.reading import Wanted, origin_of, read, read_answers
from gateway.ledger.shifts import close_shift
from gateway.ledger.waiting import Limits, Member, ReadCommand, Waiting, look_at
from gateway.ledger.watchers import EpochWatcher, GoodsWatcher, NeverBehind, Observer
from gateway.ledger.writing import Sealed, write

log = structlog.get_logger(__name__)

Connection: TypeAlias = asyncpg.Connection
Connect = Callable[[], AbstractAsyncContextManager[Connection]]

CONNECTION_LOST = (
    asyncpg.PostgresConnectionError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # a call that meets the end of its connection finds it in an odd state
    OSError,
    TimeoutError,
)
SERVER_STOPPING = (
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)


@dataclass
class Committer:
    """Decides and stores commands; the only writer of money.

    `connect` opens an own database connection, and is asked again when one is lost.
    """

    connect: Connect
    rules: Rules
    seal: Seal
    registry: EpochWatcher
    observer: Observer
    limits: Limits = field(default_factory=Limits)
    goods: GoodsWatcher = field(default_factory=NeverBehind)
    admission: Admission = field(default_factory=Admission)
    _queue: Waiting = field(init=False)
    _wake: asyncio.Event = field(default_factory=asyncio.Event)
    _task: asyncio.Task[None] | None = None
    _is_closing: bool = False

    def __post_init__(self) -> None:
        self._queue = Waiting(self.limits)

    async def submit(self, command: Command | CloseShift, *, deadline: float | None = None) -> StoredAnswer:
        """Decide a command, durably, and return its one stored answer; see `enqueue`.

        A caller that is cancelled leaves the command to be decided all the same.
        """
        if isinstance(command, CloseShift):
            return await asyncio.shield(self.close_shift(command))
        return await asyncio.shield(self.enqueue(lambda: command, deadline=deadline))

    def enqueue(self, read: ReadCommand, *, deadline: float | None = None) -> asyncio.Future[StoredAnswer]:
        """Take on what `read` gives when its turn has come; its one stored answer comes with the future.

        So does what `read` raises, or a CommandError. `deadline` (loop time) only bounds the wait before the
        command starts. Raises CommandError if nothing can be taken on. Whoever cancels the future withdraws
        a command that has not started.
        """
        self._check_open()
        member = self._queue.join(read, deadline)
        self._wake.set()
        return member.answer

    def close_shift(self, command: CloseShift) -> asyncio.Future[StoredAnswer]:
        """Close a shift, apart from the batches; otherwise as `enqueue`."""
        self._check_open()
        closing = asyncio.create_task(self._close_shift(command), name="close-shift")
        closing.add_done_callback(look_at)
        return closing

    def notice_flood(self) -> None:
        """Told by a door that it turned somebody away: for a moment batches wait longer for their members."""
        self._queue.notice_flood()

    def _check_open(self) -> None:
        if self._is_closing:
            raise CommandError(Reason.UNAVAILABLE)

    async def start(self) -> None:
        """Begin to work on the queue."""
        self._task = asyncio.create_task(self._run(), name="committer")

    async def stop(self) -> None:
        """Finish what is queued, then end; without a database, let go of what is queued."""
        self._is_closing = True
        self._wake.set()
        if self._task is not None:
            await self._task
            self._task = None

    @property
    def queued(self) -> int:
        """Commands that wait to be taken into a batch."""
        return len(self._queue)

    async def _run(self) -> None:
        async with contextlib.AsyncExitStack() as stack:
            connection: Connection | None = None
            trouble = ""
            while self._queue or not self._is_closing:
                batch: list[Member] = []
                try:
                    batch = await self._next_batch()
                    if not batch:
                        continue
                    if connection is None:
                        connection = await stack.enter_async_context(self.connect())
                    await self._commit(connection, batch)
                    trouble = ""
                except (*CONNECTION_LOST, *SERVER_STOPPING) as error:
                    if trouble != repr(error):  # once, however often it is tried again
                        trouble = repr(error)
                        log.warning("database connection lost", error=trouble, members=len(batch))
                    # Whatever was sent may have been committed: the members go back to the head of the
                    # queue, and their next round begins by reading their outcomes.
                    self._queue.put_back(batch)
                    if self._is_closing and connection is None:
                        self._give_up()
                        continue
                    connection = None
                    with contextlib.suppress(Exception):
                        # Told of the error, it is thrown away: a silent one would not even say goodbye.
                        await stack.__aexit__(type(error), error, error.__traceback__)
                    await asyncio.sleep(self.limits.reconnect_pause_s)
                except Exception:
                    log.exception("a batch failed", members=len(batch))
                    _fail(batch, CommandError(Reason.UNAVAILABLE))
                    await asyncio.sleep(self.limits.reconnect_pause_s)  # whatever it is, it may come again

    async def _next_batch(self) -> list[Member]:
        """Whose turn it is; nobody, if all hung up or came too late, or if the committer is to stop."""
        while True:
            if self._queue:
                await self._queue.let_arrive()
            batch = self._queue.take()
            if batch or self._queue or self._is_closing:
                return batch
            self._wake.clear()
            await self._wake.wait()

    def _give_up(self) -> None:
        """A process that is told to stop does not wait for a database that is away."""
        log.error("stopped without a database", members=len(self._queue))
        _fail(self._queue.give_up(), CommandError(Reason.UNAVAILABLE))

    async def _commit(self, connection: Connection, batch: list[Member]) -> None:
        asked = self.admission.ask(member.command for member in batch)
        # Before the reading, which must not grow old meanwhile.
        await self.goods.judge_ahead(member.command for member in batch)
        pending = batch
        while pending:
            together = [m for m in pending if m.losses < self.limits.losses_before_alone]
            alone = [[m] for m in pending if m.losses >= self.limits.losses_before_alone]
            pending = []
            for group in ([together] if together else []) + alone:
                pending += await self._isolated_round(connection, group, asked)
            asked = None  # what is tried again was counted
            for member in [m for m in pending if m.losses >= self.limits.losses_max]:
                log.error("a command lost its account to others too often", losses=member.losses)
                member.refuse(CommandError(Reason.UNAVAILABLE))
                pending.remove(member)

    async def _isolated_round(
        self, connection: Connection, group: list[Member], asked: Asked = None
    ) -> list[Member]:
        """One round; if the database refuses the statement, its members are tried apart."""
        try:
            return await self._round(connection, group, asked)
        except (*CONNECTION_LOST, *SERVER_STOPPING):
            raise
        except Exception as error:
            if len(group) > 1:
                return [lost for member in group for lost in await self._isolated_round(connection, [member])]
            return self._refused(group[0], error)

    @staticmethod
    def _refused(member: Member, error: Exception) -> list[Member]:
        """What becomes of a member that fails alone: it is tried again, or told so."""
        if isinstance(error, asyncpg.UniqueViolationError | asyncpg.TransactionRollbackError):
            member.losses += 1
            return [member]  # someone else was first: the next reading sees the winner
        kind = type(member.command).__name__
        if isinstance(error, asyncpg.LockNotAvailableError):
            log.warning("somebody else keeps an account locked", kind=kind)
        elif isinstance(error, asyncpg.PostgresError):
            log.exception("the database refused a command", kind=kind)
        else:
            log.exception("a command could not be decided", kind=kind)
        _fail([member], CommandError(Reason.UNAVAILABLE))
        return []

    async def _round(self, connection: Connection, group: list[Member], asked: Asked) -> list[Member]:
        """read → decide → seal → write → answer; returns the members that lost their account."""
        loop = asyncio.get_running_loop()
        started = loop.time()
        wanted = Wanted()
        for member in group:
            wanted.add(member.command)
        snapshot = await read(connection, wanted)
        await self.registry.refresh_if_behind(snapshot.registry_epoch)
        await self.goods.refresh_if_behind(snapshot.goods_epoch)
        commands = [member.command for member in group]
        errors = await self.admission.refused(connection, commands, snapshot, asked)
        if errors:
            _fail_each(group, errors)
            group = [member for member in group if id(member.command) not in errors]
            commands = [member.command for member in group]
        plan = decide_batch(commands, snapshot, self.rules)
        await self.admission.check_guesses(connection, plan)
        sealed = [self._sealed(decision) for decision in plan.decisions]
        won = await self._write(connection, plan, sealed) if sealed else set()
        replays = await read_answers(connection, plan.replays)
        lost = self._answer(group, plan, sealed, won, replays)
        self.observer.batch_done(len(group), len(lost), loop.time() - started)
        return lost

    async def _write(self, connection: Connection, plan: Plan, sealed: list[Sealed]) -> set[int]:
        """Write a batch; while the database does, many who wait are read and judged.

        Few are cheaper together with those who come meanwhile.
        """
        writing = write(connection, plan, sealed, self.limits.max_age)
        if 2 * len(self._queue) < self.limits.batch:
            return await writing
        ahead = asyncio.create_task(self._look_ahead(), name="look-ahead")
        try:
            return await writing
        finally:
            ahead.cancel()

    async def _look_ahead(self) -> None:
        commands: list[Command] = []
        while read := self._queue.read_ahead():
            commands += read
            await asyncio.sleep(0)
        await self.goods.judge_ahead(commands)

    def _sealed(self, decision: Decision) -> Sealed:
        certificates = decision.decided.account.certificates if decision.decided else {}
        answer = self.seal(decision.command, decision.outcome, certificates, decision.decided_at)
        if decision.entombs is None:
            return Sealed(decision, answer)
        absent = Authorize(decision.entombs, origin_of(decision.command), b"", Basket(()))
        tombstone = self.seal(absent, Outcome(Reason.VOIDED_BEFORE_ARRIVAL), {}, decision.decided_at)
        return Sealed(decision, answer, tombstone)

    def _answer(
        self,
        group: list[Member],
        plan: Plan,
        sealed: Iterable[Sealed],
        won: set[int],
        replays: dict[tuple[int, UUID], SealedAnswer],
    ) -> list[Member]:
        member_of = {id(member.command): member for member in group}
        lost = []
        for item in sealed:
            decision = item.decision
            member = member_of[id(decision.command)]
            if decision.account_id is None or decision.account_id in won:
                _resolve(member, StoredAnswer(item.answer, is_replay=False, outcome=decision.outcome))
                self.observer.decided(decision.command, decision.outcome)
            else:
                member.losses += 1
                lost.append(member)
        for command, stored in plan.replays:
            answer = replays[stored.merchant_id, stored.request_id]
            _resolve(member_of[id(command)], StoredAnswer(answer, is_replay=True))
        for command, error in plan.errors:
            _fail([member_of[id(command)]], error)
        return lost

    async def _close_shift(self, command: CloseShift) -> StoredAnswer:
        try:
            async with self.connect() as connection:
                answer = await close_shift(connection, command, self.seal)
        except (*CONNECTION_LOST, *SERVER_STOPPING) as error:
            raise CommandError(Reason.UNAVAILABLE) from error
        if answer.outcome is not None:
            self.observer.decided(command, answer.outcome)
        return answer


def _resolve(member: Member, answer: StoredAnswer) -> None:
    if not member.answer.done():
        member.answer.set_result(answer)


def _fail_each(members: Iterable[Member], errors: Mapping[int, CommandError]) -> None:
    for member in members:
        if id(member.command) in errors:
            _fail([member], errors[id(member.command)])


def _fail(members: Iterable[Member], error: CommandError) -> None:
    for member in members:
        if not member.answer.done():
            member.refuse(error)
