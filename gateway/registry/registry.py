"""The registry as a running gateway holds it: one snapshot, exchanged whole, never behind a decision."""

from typing import Self

from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.domain.policy import Standing
from gateway.following import Followed
from gateway.registry.reading import read_epoch, read_snapshot
from gateway.registry.snapshot import RegistrySnapshot


class Registry(Followed[RegistrySnapshot]):
    """Holds the newest snapshot read so far: a suspension or a revoked key is known within a second."""

    def __init__(self, engine: AsyncEngine, snapshot: RegistrySnapshot) -> None:
        super().__init__("registry", snapshot)
        self._engine = engine

    @classmethod
    async def load(cls, engine: AsyncEngine) -> Self:
        """Read the registry for the first time; raises SQLAlchemy's and socket errors."""
        return cls(engine, await read_snapshot(engine))

    @property
    def snapshot(self) -> RegistrySnapshot:
        """The newest snapshot; a later one replaces it, and never changes it."""
        return self._held

    def standing_of(self, terminal_id: int) -> Standing | None:
        """The standing of a terminal in the newest snapshot."""
        return self._held.standing_of(terminal_id)

    async def _read(self) -> RegistrySnapshot:
        return await read_snapshot(self._engine)

    async def _read_epoch(self) -> int:
        async with self._engine.connect() as connection:
            return await read_epoch(connection)
