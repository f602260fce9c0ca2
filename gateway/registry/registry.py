"""The registry as a running gateway holds it: one snapshot, exchanged whole, never behind a decision."""

import asyncio
import math
from typing import Self

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.domain.policy import Standing
from gateway.registry.reading import read_epoch, read_snapshot
from gateway.registry.snapshot import RegistrySnapshot

log = structlog.get_logger(__name__)

FOLLOW_INTERVAL_S = 0.5
"""Every node knows of a suspension or a revoked key within a second, so it hears twice in one."""


class RegistryBehindError(Exception):
    """The registry changed and could not be read again: what it said before may decide nothing."""


class Registry:
    """Holds the newest snapshot read so far.

    A money command reads the database's epoch with its batch and calls `refresh_if_behind` before it decides.
    `follow` asks where no money command has come by.
    """

    def __init__(self, engine: AsyncEngine, snapshot: RegistrySnapshot) -> None:
        self._engine = engine
        self._snapshot = snapshot
        self._reloading: asyncio.Task[None] | None = None
        self._heard_at_s = -math.inf

    @classmethod
    async def load(cls, engine: AsyncEngine) -> Self:
        """Read the registry for the first time; raises SQLAlchemy's and socket errors."""
        return cls(engine, await read_snapshot(engine))

    @property
    def snapshot(self) -> RegistrySnapshot:
        """The newest snapshot; a later one replaces it, and never changes it."""
        return self._snapshot

    def standing_of(self, terminal_id: int) -> Standing | None:
        """The standing of a terminal in the newest snapshot."""
        return self._snapshot.standing_of(terminal_id)

    async def refresh_if_behind(self, epoch: int) -> None:
        """Return once the snapshot is at least as new as `epoch`; raises RegistryBehindError if that fails.

        Callers that wait at the same time share one reading. A caller that is cancelled leaves the reading
        to the others: a database call is never cut off in its middle.
        """
        while self._snapshot.epoch < epoch:
            is_own = self._reloading is None
            if self._reloading is None:
                self._reloading = asyncio.create_task(self._reload(), name="registry-reload")
                self._reloading.add_done_callback(self._reloaded)
            try:
                await asyncio.shield(self._reloading)
            except (SQLAlchemyError, OSError) as error:
                raise RegistryBehindError(f"epoch {epoch} could not be read") from error
            # A reading that began before the change may miss it; one that began after must have it.
            if is_own and self._snapshot.epoch < epoch:
                raise RegistryBehindError(f"the database has epoch {self._snapshot.epoch}, not {epoch}")
        self._heard_at_s = asyncio.get_running_loop().time()

    async def follow(self, interval_s: float = FOLLOW_INTERVAL_S) -> None:
        """Keep the snapshot new until cancelled; what fails is logged and tried again."""
        is_failing = False
        loop = asyncio.get_running_loop()
        while True:
            if (left_s := self._heard_at_s + interval_s - loop.time()) > 0:
                await asyncio.sleep(left_s)
                continue
            try:
                async with self._engine.connect() as connection:
                    epoch = await read_epoch(connection)
                await self.refresh_if_behind(epoch)
                is_failing = False
            except (SQLAlchemyError, OSError, RegistryBehindError) as error:
                if not is_failing:
                    log.warning("the registry cannot be followed", error=str(error))
                is_failing = True
                await asyncio.sleep(interval_s)

    async def _reload(self) -> None:
        loaded = await read_snapshot(self._engine)
        if loaded.epoch > self._snapshot.epoch:
            self._snapshot = loaded

    def _reloaded(self, task: asyncio.Task[None]) -> None:
        self._reloading = None
        if not task.cancelled():
            # Looked at here, so that a failure for which nobody waits any more is not reported as lost.
            task.exception()
