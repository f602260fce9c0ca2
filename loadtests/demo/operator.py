"""What an operator of the gateway does during the demo's day: stops cards, suspends a merchant."""

from types import TracebackType
from typing import Final, Self

from gateway.registry import admin, merchants
from gateway.registry.cards import card_token
from gateway.runtime.database import make_engine
from gateway.runtime.keys import load_card_keys
from gateway.runtime.settings import Settings
from merchant_sdk import Card

BY: Final = "operator"


class Operator:
    """Changes the registry of the running gateway, as the database's owner."""

    def __init__(self, settings: Settings) -> None:
        self._keys = load_card_keys(settings)
        self._engine = make_engine(settings.database_migrator_url, pool_size=2)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._engine.dispose()

    async def stop_card(self, card: Card) -> None:
        """Put a card on the stop list; the gateway's next decision knows it."""
        token = card_token(card.number, card.series, self._keys)
        await admin.stop_card(self._engine, token, "reported lost", by=BY)

    async def suspend_merchant(self, merchant_id: int) -> None:
        """Let a merchant authorize nothing more from now on."""
        async with self._engine.begin() as connection:
            await merchants.suspend(connection, merchant_id, by=BY, reason="the demo shows how it ends")
