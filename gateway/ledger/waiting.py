"""The queue before the committer: who joins it, what waits its turn, and what makes the next batch.

What joins is not read yet: messages are parsed and validated one after the other, which costs a third less
than doing it between the callbacks of a server (ADR 0013): while the database writes the batch before, or
else when their batch is taken.
"""

import asyncio
import math
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import islice
from typing import Final
from uuid import UUID

from gateway.domain.commands import Command
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError, StoredAnswer
from gateway.ledger.reading import mentioned_ids, merchant_of

QUIET_TURNS = 3
"""From a socket to the queue a call takes about so many turns of the event loop."""
MANY = 6
"""A batch of so many says that more are on their way, in the sockets or at the tills that it answers."""
LATELY_S = 0.1
"""For so long it says so; and so long is a flood over when nobody more is turned away."""
AHEAD_AT_ONCE: Final = 16
"""So many are read ahead in one piece; then the database may have answered."""
AHEAD_FOR_S: Final = 0.25
"""For so long what was read ahead holds. Later it is read anew: a key may have been revoked meanwhile."""

ReadCommand = Callable[[], Command]
"""Reads what has arrived; raises what is to be said to the till instead of an outcome."""


@dataclass(frozen=True, slots=True)
class Limits:
    """Bounds of the queue and of a batch.

    Nobody joins a queue whose first has waited `queue_wait`, or in which the batches ahead would take as long
    as the last one did each: whoever was taken keeps a short wait. After a batch of many the next one waits
    for whoever comes within `gather_pause` of the one before, for `gather` at most; in a flood for all of it.
    """

    queue: int = 2_000
    batch: int = 128
    queue_wait: timedelta = timedelta(milliseconds=500)
    gather: timedelta = timedelta(milliseconds=20)
    gather_pause: timedelta = timedelta(milliseconds=1)
    max_age: timedelta = timedelta(seconds=2)
    losses_before_alone: int = 3
    losses_max: int = 50
    reconnect_pause_s: float = 0.05


@dataclass(slots=True, eq=False)
class Member:
    """A command with its future answer; `since` is the loop time at which it joined.

    `read` gives the command, until its turn has come; `read_at` is when it was read ahead. `ids` are the
    request ids that the command mentions, each with its merchant.
    """

    read: ReadCommand | None
    deadline: float | None
    answer: asyncio.Future[StoredAnswer]
    since: float
    losses: int = 0
    read_at: float = -math.inf
    command: Command = field(init=False)
    ids: list[tuple[int, UUID]] = field(init=False)

    def refuse(self, error: Exception) -> None:
        """Answer with an error; one that nobody waits for any more is not reported as lost."""
        self.answer.set_exception(error)
        self.answer.exception()


class Waiting:
    """Commands in the order in which they came."""

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._queue: deque[Member] = deque()
        self._taken_at: float | None = None
        self._many_at = -math.inf
        self._flooded_at = -math.inf
        self._batch_s = 0.0

    def __len__(self) -> int:
        return len(self._queue)

    def join(self, read: ReadCommand, deadline: float | None) -> Member:
        """A command at the end of the queue; raises CommandError(OVERLOADED) if nobody may join it now."""
        loop = asyncio.get_running_loop()
        now = loop.time()
        if len(self._queue) >= self._limits.queue or self._is_slow(now):
            raise CommandError(Reason.OVERLOADED, retry_after_s=0.2)
        member = Member(read, deadline, loop.create_future(), now)
        self._queue.append(member)
        return member

    def notice_flood(self) -> None:
        """Somebody was sent away at a door: processor time is scarce, and who passes comes alone."""
        self._flooded_at = asyncio.get_running_loop().time()

    async def let_arrive(self) -> None:
        """Let come what is on its way: a batch costs 2 to 3 ms of processor besides its members.

        First the event loop gets its turns while they bring more of what has reached this process. A lone
        command waits for no more than that, microseconds; there is no timer but after a batch of many, and in
        a flood, where batches of one would cost what could serve twice as many.
        """
        seen, quiet = 0, 0
        while quiet < QUIET_TURNS and len(self._queue) < self._limits.batch:
            quiet = quiet + 1 if len(self._queue) == seen else 0
            seen = len(self._queue)
            await asyncio.sleep(0)
        lately = asyncio.get_running_loop().time() - LATELY_S
        if lately < self._flooded_at:
            await self._gather(is_patient=True)
        elif lately < self._many_at:
            await self._gather(is_patient=False)

    async def _gather(self, *, is_patient: bool) -> None:
        loop = asyncio.get_running_loop()
        pause_s = self._limits.gather_pause.total_seconds()
        until, seen = loop.time() + self._limits.gather.total_seconds(), 0
        while len(self._queue) < self._limits.batch and loop.time() < until:
            if len(self._queue) == seen and not is_patient:
                break
            seen = len(self._queue)
            await asyncio.sleep(pause_s)

    def read_ahead(self) -> list[Command]:
        """Read AHEAD_AT_ONCE of those that will make the next batch if nobody goes: what was read now.

        Nothing, if fewer are left: they cost less together with others.
        """
        now = asyncio.get_running_loop().time()
        first = islice(self._queue, self._limits.batch)
        unread = list(islice((m for m in first if m.read_at == -math.inf), AHEAD_AT_ONCE))
        found: list[Command] = []
        for member in unread if len(unread) == AHEAD_AT_ONCE else ():
            member.read_at = now
            if member.read is not None and not member.answer.done() and _read(member, member.read):
                found.append(member.command)
        return found

    def take(self) -> list[Member]:
        """The next batch in arrival order; of two members that mention one request id the second waits."""
        batch: list[Member] = []
        mentioned: set[tuple[int, UUID]] = set()
        waiting: list[Member] = []
        now = asyncio.get_running_loop().time()
        if self._taken_at is not None:
            self._batch_s = now - self._taken_at
        while self._queue and len(batch) < self._limits.batch:
            member = self._queue.popleft()
            if member.answer.done():
                continue
            if member.deadline is not None and member.deadline <= now:
                member.refuse(self._too_late(member))
                continue
            if not _is_read(member, now):
                continue
            (batch if mentioned.isdisjoint(member.ids) else waiting).append(member)
            mentioned.update(member.ids)
        self._queue.extendleft(reversed(waiting))
        self._taken_at = now if batch else None
        if len(batch) >= MANY:
            self._many_at = now
        return batch

    def put_back(self, batch: Sequence[Member]) -> None:
        """Let members whose round failed be the first again.

        A database that is away for long takes nothing from how often they may lose to others afterwards.
        """
        for member in reversed(batch):
            if not member.answer.done():
                member.losses += member.losses < self._limits.losses_before_alone
                self._queue.appendleft(member)

    def give_up(self) -> list[Member]:
        """Empty the queue; those who waited in it."""
        members = list(self._queue)
        self._queue.clear()
        return members

    def _is_slow(self, now: float) -> bool:
        """Whether the first waited too long for its turn, or one that joined would.

        One that is tried again waits for the database, which says nothing of the load.
        """
        if not self._queue or self._queue[0].losses:
            return False
        ahead_s = len(self._queue) // self._limits.batch * self._batch_s
        return max(now - self._queue[0].since, ahead_s) > self._limits.queue_wait.total_seconds()

    @staticmethod
    def _too_late(member: Member) -> CommandError:
        """A member that was never started is free; one that was may have been committed."""
        return CommandError(Reason.UNAVAILABLE if member.losses else Reason.EXPIRED_IN_QUEUE)


def _is_read(member: Member, now: float) -> bool:
    """Whether a member whose turn it is can be read, or was a moment ago."""
    if member.read is not None:
        if now - member.read_at > AHEAD_FOR_S and not _read(member, member.read):
            return False
        member.read = None
    return True


def _read(member: Member, read: ReadCommand) -> bool:
    """Read a member; whoever sent what cannot be read is told so at once."""
    try:
        member.command = read()
        merchant_id = merchant_of(member.command)
        member.ids = [(merchant_id, request_id) for request_id in mentioned_ids(member.command)]
    except Exception as error:
        member.refuse(error)
        return False
    return True


def look_at(answer: asyncio.Future[StoredAnswer]) -> None:
    """Whoever hung up does not; an error that nobody looks at would be reported as a lost one."""
    if not answer.cancelled():
        answer.exception()
