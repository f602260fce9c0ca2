"""What an operator of the gateway does during the demo's day: stops cards, shuts out merchant and till."""

import asyncio
import shlex
import subprocess
from types import TracebackType
from typing import Final, Self

from gateway.registry import admin
from gateway.registry.cards import card_token
from gateway.runtime.database import make_engine
from gateway.runtime.keys import load_card_keys
from loadtests.demo.register import CLERK
from loadtests.demo.world import DemoError, World, tillgate
from merchant_sdk import Card

_REASON: Final = "the demo shows how it ends"


class Operator:
    """Changes the registry of the running gateway: cards as the database's owner, the rest by commands."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._keys = load_card_keys(world.settings)
        self._engine = make_engine(world.settings.database_migrator_url, pool_size=2)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._engine.dispose()

    async def stop_card(self, card: Card) -> None:
        """Put a card on the stop list; the gateway's next decision knows it."""
        token = card_token(card.number, card.series, self._keys)
        await admin.stop_card(self._engine, token, "reported lost", by=CLERK)

    async def suspend_merchant(self, merchant_id: int) -> None:
        """Let a merchant authorize nothing more from now on; raises DemoError."""
        await self._command("merchants", "suspend", str(merchant_id), "--by", CLERK, "--reason", _REASON)

    async def revoke_terminal(self, terminal_id: int) -> None:
        """Shut out a till: its key opens no door any more; raises DemoError."""
        await self._command("pki", "revoke", "--terminal", str(terminal_id), "--reason", _REASON)

    async def _command(self, *arguments: str) -> None:
        self._world.say(f"$ tillgate {shlex.join(arguments)}")
        process = await asyncio.create_subprocess_exec(
            *tillgate(*arguments),
            env=self._world.environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        said, _ = await process.communicate()
        if process.returncode:
            raise DemoError(f"tillgate {' '.join(arguments[:3])} failed:\n{said.decode(errors='replace')}")
