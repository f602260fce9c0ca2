"""What tests of cards share: a ring, a desk at the stop list, and cards as an importer reads them."""

from dataclasses import dataclass

import asyncpg
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from gateway.domain.card_tokens import tokens_of
from gateway.registry.cards import CardTokenKeys, ring_token
from gateway.registry.signing import OutcomeSigner
from gateway.registry.stop_list.changing import Changed, Origin, ReadCard, Stop, StopListDesk
from gateway.registry.stop_list.keys import StopListKeys

SIGNER = OutcomeSigner("outcome-1", Ed25519PrivateKey.generate())
STOP_KEYS = StopListKeys(b"s" * 32)
OLD = CardTokenKeys("card-old", b"o" * 32)
NEW = CardTokenKeys("card-new", b"n" * 32, (OLD,))


def number(n: int) -> str:
    """A card number of the tests' own BIN."""
    return f"9643100{n:012}"


@dataclass(frozen=True)
class Desk:
    """A desk at the stop list on one connection."""

    connection: asyncpg.Connection
    keys: CardTokenKeys = OLD
    stop_keys: StopListKeys = STOP_KEYS

    @property
    def desk(self) -> StopListDesk:
        """The desk itself."""
        return StopListDesk(self.stop_keys, SIGNER, self.keys.key_id)

    def card(self, n: int, series: str = "") -> ReadCard:
        """A card as it is read from a file."""
        return ReadCard(tokens_of(ring_token(number(n), series, self.keys)), number(n), series)

    async def stop(self, *cards: int, origin: Origin = Origin.LIST) -> Changed:
        """Stop cards."""
        stops = [Stop(self.card(n), "lost") for n in cards]
        return await self.desk.change(self.connection, by="desk", origin=origin, stops=stops)

    async def lift(self, *cards: int, origin: Origin = Origin.LIST) -> Changed:
        """Free cards."""
        lifts = [self.card(n) for n in cards]
        return await self.desk.change(self.connection, by="desk", origin=origin, lifts=lifts)

    async def replace(self, *cards: int, confirmed: int = 0) -> Changed:
        """Take a full list."""
        stops = [Stop(self.card(n), "list") for n in cards]
        return await self.desk.replace(self.connection, by="desk", stops=stops, lifts_confirmed=confirmed)

    async def bind(self, n: int, account_id: int, series: str = "") -> None:
        """Bind a card to an account, as the issuer does."""
        await self.connection.execute(
            "INSERT INTO card (token, account_id, token_key_id) VALUES ($1, $2, $3)",
            self.card(n, series).tokens[0],
            account_id,
            self.keys.key_id,
        )

    async def stopped(self) -> set[bytes]:
        """The tokens of all cards that may not be served."""
        rows = await self.connection.fetch("SELECT token FROM card WHERE stopped_at IS NOT NULL")
        return {row["token"] for row in rows}
