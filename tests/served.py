"""A running gateway, of one process or several, on a database that a test may look into and write to."""

import asyncio
import itertools
import re
from collections import Counter
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import asyncpg

from gateway.domain.outcome import Outcome
from gateway.goods.loader import load_list_book
from gateway.ledger.answers import StoredAnswer
from gateway.ledger.reader import LedgerReader
from gateway.registry.cards import card_token
from gateway.registry.identity import ensure_client
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from gateway.runtime.keys import authority, load_keys
from gateway.runtime.settings import load_settings
from gateway.runtime.settings_source import variable
from tests.crash.harness import settings_on
from tests.crash.processes import PATIENCE_S, GatewayProcess
from tests.crash.tills import Line
from tests.door_ledger import DoorLedger, number_of
from tests.ledger_kit import REGISTERED, Kit, Ledger, NoRegistry
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

KIT_TERMINALS: Final = (11, 12)

_STRANGER: Final = service.GetBalanceRequest(card=wire.Card(number="999999999")).SerializeToString()
_SAMPLE: Final = re.compile(r'(?P<name>\w+)\{worker="(?P<worker>\d+)"(?P<labels>.*)\} (?P<value>\S+)')
_PROGRAMS: Final = """
INSERT INTO agreement_program (agreement_id, program_code, merchant_id, in_force)
  SELECT id, 'food', merchant_id, in_force FROM agreement"""


class Served:
    """The gateway with its keys, and a key for each terminal that is admitted. Start it as a context.

    `more` are settings of its own, as variables.
    """

    def __init__(
        self,
        postgres: EmbeddedPostgres,
        database: str,
        redis_url: str,
        folder: Path,
        *,
        workers: int,
        **more: str,
    ) -> None:
        self.database_url = postgres.url(database)
        self.workers = workers
        variables = settings_on(postgres, database, redis_url, folder / "data")
        settings = load_settings(variables)
        self._card_keys = load_keys(settings).card_tokens
        self._authority = authority(settings)
        self._clients = folder / "clients"
        self.gateway = GatewayProcess(variables | more, folder / "gateway.log", workers=workers)

    async def admit(self, connection: asyncpg.Connection, *terminal_ids: int) -> None:
        """Give registered terminals keys of their own."""
        for terminal_id in terminal_ids:
            subject = f"terminal-{terminal_id}"
            fingerprint = ensure_client(
                self._clients / str(terminal_id), self._authority, subject, datetime.now(UTC)
            )
            await connection.execute(
                "INSERT INTO client_key (fingerprint, terminal_id) VALUES ($1, $2)", fingerprint, terminal_id
            )

    def token_of(self, card: bytes) -> bytes:
        """The token that the doors make of the card that `door_ledger` shows for some bytes."""
        return card_token(number_of(card), "", self._card_keys)

    def line(self, transport: str, terminal_id: int) -> Line:
        """A new connection of a terminal; with several workers the kernel chooses who serves it."""
        return Line(self._clients / str(terminal_id), self.gateway.door(transport))

    async def line_to(self, worker: int, transport: str, terminal_id: int) -> Line:
        """A new connection to the worker of that number, counted from 0, while nobody else asks anything."""
        while True:
            line = self.line(transport, terminal_id)
            before = await self._balances()
            await line.transport.carry("GetBalance", _STRANGER, PATIENCE_S)
            if self.workers == 1:
                return line
            [asked] = await self._balances() - before
            if asked == await self._name_of(worker):
                return line
            await line.close()

    async def _balances(self) -> Counter[str]:
        """How many balances each worker was asked for; how a stream ends that was closed is counted late."""
        return await self._samples("tillgate_rpc_requests_total", 'method="GetBalance"')

    async def _name_of(self, worker: int) -> str:
        return sorted(await self._samples("tillgate_rpc_in_flight"))[worker]

    async def _samples(self, metric: str, label: str = "") -> Counter[str]:
        """A metric's sum of each worker, where it has the label."""
        _, page = await self.gateway.get("/metrics")
        sums: Counter[str] = Counter()
        for found in map(_SAMPLE.fullmatch, page.splitlines()):
            if found is not None and found["name"] == metric and label in found["labels"]:
                sums[found["worker"]] += int(float(found["value"]))
        return sums


@dataclass
class DoorKit(Kit):
    """A kit whose ledgers are tills at a gateway; each asks the next of its workers."""

    served: Served = field(kw_only=True)
    transport: str = field(kw_only=True)
    _turns: "itertools.count[int]" = field(default_factory=itertools.count)
    _connecting: asyncio.Lock = field(default_factory=asyncio.Lock)

    async def ledger(self) -> Ledger:
        """One more connection of each till."""
        worker = next(self._turns) % self.served.workers

        async def line_of(terminal_id: int) -> Line:
            async with self._connecting:
                return await self.served.line_to(worker, self.transport, terminal_id)

        reader = LedgerReader(self.connect, self.rules, NoRegistry())
        made = DoorLedger(line_of, await self.committer(), reader)
        self._stopping.append(made)
        return made

    async def issue(self, ledger: Ledger, holder_ref: str, **changes: Any) -> Outcome:
        """As of any kit; the lists that are shipped write their codes small."""
        code = changes.get("program_code", "FOOD").lower()
        return await super().issue(ledger, holder_ref, **changes | {"program_code": code})

    def reason_in(self, answer: StoredAnswer) -> int:
        """The number of the reason that a stored answer tells; 0 if it approves."""
        return wire.SignedOutcome.FromString(answer.sealed.signed_payload).reason

    async def are_all(self, waiting: int, commands: int) -> bool:
        """Workers meet in the database; in one process some wait for the writing of others."""
        if self.served.workers > 1:
            return waiting == commands
        # A stream is in flight itself, besides its messages.
        made = [ledger for ledger in self._stopping if isinstance(ledger, DoorLedger)]
        streams = sum(ledger.connections for ledger in made) if self.transport == "exchange" else 0
        in_flight = await self.served.gateway.metric("tillgate_rpc_in_flight")
        return waiting > 0 and commands + streams == in_flight

    def token_of(self, card: bytes) -> bytes:
        """The token that the doors make of the card."""
        return self.served.token_of(card)


@contextmanager
def served_to_kits(
    postgres: EmbeddedPostgres, database: str, redis_url: str, folder: Path, *, workers: int
) -> Iterator[Served]:
    """A gateway in whose registry are the merchants of every kit, with keys for the first one's tills."""
    # What a test keeps waiting waits on, however slow the machine.
    patient = {variable("decision_max_age_s"): "60"}
    served = Served(postgres, database, redis_url, folder, workers=workers, **patient)

    async def register() -> None:
        engine = make_engine(served.database_url, pool_size=1)
        async with driver_connection(engine) as connection:
            await connection.execute(f"{REGISTERED}; {_PROGRAMS}")
            await served.admit(connection, *KIT_TERMINALS)
        await engine.dispose()

    asyncio.run(register())
    with served.gateway as gateway:
        gateway.start()
        gateway.wait_until_ready()
        yield served


@asynccontextmanager
async def door_kit_at(served: Served, transport: str) -> AsyncIterator[Kit]:
    """A kit at one of the gateway's doors."""
    engine = make_engine(served.database_url, pool_size=16)
    kit = DoorKit(engine, lists=load_list_book(), served=served, transport=transport)
    try:
        yield kit
    finally:
        await asyncio.wait_for(kit.stop(), PATIENCE_S)
        await engine.dispose()
