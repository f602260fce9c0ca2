"""What a process holds of the database in memory: one state, exchanged whole, never behind a decision."""

import asyncio
import math
from abc import ABC, abstractmethod
from typing import Generic, Protocol, TypeVar

import asyncpg
import structlog
from sqlalchemy.exc import SQLAlchemyError

log = structlog.get_logger(__name__)

FOLLOW_INTERVAL_S = 0.5
"""Every node knows of a change within a second, so it hears twice in one."""

UNREADABLE = (SQLAlchemyError, asyncpg.PostgresError, asyncpg.InterfaceError, OSError, ValueError)
"""What a reading may end in: a database that is away or slow, or content that no longer fits its model."""


class BehindError(Exception):
    """The database changed and could not be read again: what was read before may decide nothing."""


class State(Protocol):
    """What was read at one instant; `epoch` is the database's count of changes then."""

    @property
    def epoch(self) -> int: ...


Held = TypeVar("Held", bound=State)


class Followed(ABC, Generic[Held]):
    """Holds the newest state read so far; `name` is what logs call it.

    A money command reads the database's epoch with its batch and calls `refresh_if_behind` before it decides.
    `follow` asks where no money command has come by.
    """

    def __init__(self, name: str, held: Held) -> None:
        self._name = name
        self._held = held
        self._reloading: asyncio.Task[None] | None = None
        self._heard_at_s = -math.inf

    @abstractmethod
    async def _read(self) -> Held:
        """Everything anew, consistent in itself; raises one of UNREADABLE."""

    @abstractmethod
    async def _read_epoch(self) -> int:
        """The epoch alone; raises as `_read`."""

    def _replaced(self) -> None:
        """Called after `self._held` was exchanged for a newer state."""

    async def refresh_if_behind(self, epoch: int) -> None:
        """Return once the state is at least as new as `epoch`; raises BehindError if that fails.

        Callers that wait at the same time share one reading. A caller that is cancelled leaves the reading
        to the others: a database call is never cut off in its middle.
        """
        while self._held.epoch < epoch:
            is_own = self._reloading is None
            if self._reloading is None:
                self._reloading = asyncio.create_task(self._reload(), name=f"{self._name}-reload")
                self._reloading.add_done_callback(self._reloaded)
            try:
                await asyncio.shield(self._reloading)
            except UNREADABLE as error:
                raise BehindError(f"epoch {epoch} of {self._name} could not be read") from error
            # A reading that began before the change may miss it; one that began after must have it.
            if is_own and self._held.epoch < epoch:
                raise BehindError(f"the database has epoch {self._held.epoch} of {self._name}, not {epoch}")
        self._heard_at_s = asyncio.get_running_loop().time()

    async def follow(self, interval_s: float = FOLLOW_INTERVAL_S) -> None:
        """Keep the state new until cancelled; what fails is logged and tried again."""
        is_failing = False
        loop = asyncio.get_running_loop()
        while True:
            if (left_s := self._heard_at_s + interval_s - loop.time()) > 0:
                await asyncio.sleep(left_s)
                continue
            try:
                await self.refresh_if_behind(await self._read_epoch())
                is_failing = False
            except (*UNREADABLE, BehindError) as error:
                if not is_failing:
                    log.warning(f"the {self._name} cannot be followed", error=str(error))
                is_failing = True
                await asyncio.sleep(interval_s)

    async def _reload(self) -> None:
        loaded = await self._read()
        if loaded.epoch > self._held.epoch:
            self._held = loaded
            self._replaced()

    def _reloaded(self, task: asyncio.Task[None]) -> None:
        self._reloading = None
        if not task.cancelled():
            # Looked at here, so that a failure for which nobody waits any more is not reported as lost.
            task.exception()
