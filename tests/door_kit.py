"""A whole gateway on a database of its own, and tills that speak to it in bytes over mutual TLS."""

import asyncio
import itertools
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import grpc
from google.protobuf.message import Message

from gateway.domain.commands import Act, Issue
from gateway.goods.loader import load_list_book
from gateway.registry.admin import bind_cards
from gateway.registry.cards import card_token
from gateway.registry.fixtures import ClientFolder, Fixture, make_fixture
from gateway.registry.signing import public_key_set
from gateway.runtime.bootstrap import Gateway, LedgerParts, StartLedger, start_ledger
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.keys import authority, load_keys
from gateway.runtime.settings import Settings
from loadtests.cards import made_up_number
from tests.transports import RESPONSES, TRANSPORTS, Refused, Transport, Unary, Way, refused
from tillgate.v1 import purchase_pb2 as wire

__all__ = ["Door", "Refused", "Till", "door_on", "settings_for"]

AnyResponse = Any

ACT: Final = Act("Комиссия", "17", date(2026, 1, 15))
TIMEOUT_S: Final = 20.0


@dataclass(frozen=True)
class Till:
    """One client with its certificate, and the way in which its messages travel."""

    channel: grpc.aio.Channel
    client: ClientFolder
    transport: Transport

    @property
    def terminal_id(self) -> int:
        """The (first) terminal that it speaks for."""
        return self.client.terminal_ids[0]

    async def send(self, method: str, body: bytes) -> bytes:
        """Send bytes to a method, as a single call; raises Refused."""
        try:
            return await self.begin(method, body, timeout=TIMEOUT_S)
        except grpc.aio.AioRpcError as error:
            raise refused(error) from error

    def begin(self, method: str, body: bytes, **options: Any) -> "grpc.aio.UnaryUnaryCall[bytes, bytes]":
        """Begin a single call with bytes, and return it before it is answered."""
        return Unary(self.channel).begin(method, body, **options)

    async def call(
        self, request: Message, *, timeout_s: float = TIMEOUT_S, language: str = ""
    ) -> AnyResponse:
        """Send a request to the method of its type; raises Refused."""
        method = type(request).__name__.removesuffix("Request")
        answer = await self.transport.carry(method, request.SerializeToString(), timeout_s, language)
        return RESPONSES[method].FromString(answer)

    async def outcome(self, request: Message) -> wire.SignedOutcome:
        """The outcome that a command is answered with."""
        return wire.SignedOutcome.FromString((await self.call(request)).answer.signed_payload)


@dataclass
class Door:
    """A running gateway with two merchants of two tills each, and a server of the first one's chain."""

    settings: Settings
    gateway: Gateway
    ledger: LedgerParts
    fixture: Fixture
    transport: str = "unary"
    _tills: list[Till] = field(default_factory=list)
    _cards: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def till(self, client: ClientFolder | None = None) -> Till:
        """A till on a connection of its own: the first merchant's first, if none is named.

        Its messages travel by the door's `transport`.
        """
        client = client or self.fixture.terminals[0]
        files = (client.folder / name for name in ("ca.pem", "key.pem", "cert.pem"))
        credentials = grpc.ssl_channel_credentials(*(file.read_bytes() for file in files))
        options = [("grpc.use_local_subchannel_pool", 1), ("grpc.max_receive_message_length", -1)]
        channel = grpc.aio.secure_channel(f"localhost:{self.gateway.grpc_port}", credentials, options)
        way = Way(channel, client.folder, self.gateway.json_port)
        till = Till(channel, client, TRANSPORTS[self.transport](way))
        self._tills.append(till)
        return till

    def tills_of(self, merchant: int) -> list[ClientFolder]:
        """The terminals of the first (0) or second (1) merchant."""
        wanted = self.fixture.merchant_ids[merchant]
        return [client for client in self.fixture.terminals if client.merchant_id == wanted]

    async def card(self, *nominals_kopecks: int, program_code: str = "food") -> wire.Card:
        """A card whose account has one certificate for each nominal."""
        card = wire.Card(number=made_up_number(next(self._cards)), series="01")
        holder = f"holder-{uuid4()}"
        async with driver_connection(self.ledger.engine) as connection:
            account_id = await connection.fetchval(
                "INSERT INTO card_account (holder_ref, last_decided_at)"
                " VALUES ($1, tillgate_now()) RETURNING id",
                holder,
            )
        await bind_cards(self.ledger.engine, "test", [(self.token(card), account_id)])
        for nominal in nominals_kopecks:
            await self.issue(holder, nominal, program_code)
        return card

    def token(self, card: wire.Card) -> bytes:
        """The token that the door makes of a card."""
        return card_token(card.number, card.series, load_keys(self.settings).card_tokens)

    @asynccontextmanager
    async def stalled(self, card: wire.Card) -> AsyncIterator[None]:
        """Locks the card's account, so that what is decided on it cannot be written for now."""
        async with driver_connection(self.ledger.engine) as connection, connection.transaction():
            await connection.execute(
                "SELECT FROM card_account JOIN card ON account_id = id WHERE token = $1"
                " FOR UPDATE OF card_account",
                self.token(card),
            )
            yield

    async def until_waiting(self) -> None:
        """Return once a statement waits for a lock."""
        async with driver_connection(self.ledger.engine) as connection:
            while not await connection.fetchval(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            ):
                pass

    async def issue(self, holder_ref: str, nominal_kopecks: int, program_code: str) -> None:
        """Credit a certificate, valid for a month."""
        today = datetime.now(UTC).date()
        command = Issue(
            request_id=uuid4(),
            issue_ref=str(uuid4()),
            holder_ref=holder_ref,
            program_code=program_code,
            program_version=1,
            nominal_kopecks=nominal_kopecks,
            first_day=today - timedelta(days=1),
            last_day=today + timedelta(days=30),
            act=ACT,
            names_own_nominal=True,
        )
        answer = await self.ledger.committer.submit(command)
        assert answer.outcome is not None
        assert answer.outcome.is_approved

    async def dump(self, *tables: str) -> dict[str, list[str]]:
        """Every row of these tables, or of all of them, as JSON."""
        async with driver_connection(self.ledger.engine) as connection:
            names = tables or [
                row["relname"]
                for row in await connection.fetch(
                    "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p') AND NOT relispartition"
                    " AND relnamespace = 'public'::regnamespace ORDER BY relname"
                )
            ]
            return {
                name: [
                    row[0]
                    for row in await connection.fetch(f"SELECT to_jsonb(t)::text FROM {name} t ORDER BY 1")  # noqa: S608 names from the catalogue
                ]
                for name in names
            }

    async def close(self) -> None:
        """Hang up and stop everything."""
        for till in self._tills:
            await till.transport.close()
            await till.channel.close()
        await self.gateway.drain()
        await self.ledger.stop()


def settings_for(data_dir: Path, database_url: str, redis_url: str, **changes: Any) -> Settings:
    """Settings of a gateway on a database, on ports that the system chooses."""
    settings = Settings(
        data_dir=data_dir,
        database_url=database_url,
        database_migrator_url=database_url,
        database_reader_url=database_url,
        redis_url=redis_url,
        decision_max_age_s=60,  # what a test stalls stays stalled, however slow the machine
        queue_wait_ms=60_000,  # and a slow machine is no flood
        door_wait_ms=60_000,
        drain_timeout_s=5,
        listing_delay_s=0,
    )
    return settings.model_copy(update={"grpc_port": 0, "json_port": 0, "http_port": 0, **changes})


@asynccontextmanager
async def door_on(
    data_dir: Path,
    database_url: str,
    redis_url: str,
    *,
    start: StartLedger = start_ledger,
    **changes: Any,
) -> AsyncIterator[Door]:
    """A running gateway on a migrated, empty database; `start` makes the ledger behind its doors."""
    settings = settings_for(data_dir, database_url, redis_url, **changes)
    keys = load_keys(settings)
    engine = make_engine(database_url, pool_size=1)
    fixture = await make_fixture(
        engine,
        data_dir / "fixtures",
        authority=authority(settings),
        program_codes={code for code, _ in load_list_book().programs},
        outcome_keys=public_key_set([keys.signer]),
        outlets=1,
    )
    await engine.dispose()
    ledger = await start_ledger(settings, keys)
    door = Door(settings, await Gateway.start(settings, ledger=start), ledger, fixture)
    try:
        yield door
    finally:
        await asyncio.wait_for(door.close(), TIMEOUT_S)
