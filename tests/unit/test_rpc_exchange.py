"""A stream's bounds, seen from inside: a client that never fetches its answers cannot make anything grow."""

import asyncio
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

import pytest

from gateway.rpc.accounting import Accounting, ServiceLimits
from gateway.rpc.exchange import Exchange
from gateway.rpc.identity import Identity
from gateway.rpc.methods import PurchaseMethods
from tests import wire_kit as till
from tests.builders import BOOK
from tests.unit.test_rpc_identity import SNAPSHOT, TILL, Peer
from tests.unit.test_rpc_service import Ledger, NothingToRead
from tests.wire_kit import RULES
from tillgate.v1 import purchase_service_pb2 as service

LIMIT = 4


@dataclass
class Context:
    """A stream whose client sends for ever, bursts of three, and fetches as many answers as it is let."""

    may_write: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    sent: int = 0
    written: list[bytes] = field(default_factory=list)

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        return Peer(TILL).auth_context()

    def invocation_metadata(self) -> None:
        return None

    async def send_initial_metadata(self, _: object) -> None:
        """Nobody looks."""

    async def read(self) -> bytes:
        burst = service.ExchangeRequest()
        for _ in range(3):
            self.sent += 1
            burst.messages.add(message_id=self.sent, authorize=till.authorize())
        return burst.SerializeToString()

    async def write(self, body: bytes) -> None:
        await self.may_write.acquire()
        self.written.append(body)


@pytest.fixture
async def ledger() -> Ledger:
    """One that answers at once."""
    made = Ledger()
    made.may_answer.set()
    return made


async def settled(seen: Callable[[], object]) -> None:
    """Return once nothing changes any more, however often others have their turn."""
    before, quiet = seen(), 0
    while quiet < 100:
        await asyncio.sleep(0)
        quiet = quiet + 1 if seen() == before else 0
        before = seen()


async def test_a_client_that_does_not_read_is_not_read_from(ledger: Ledger) -> None:
    """Four messages are taken, then none, until one burst of answers is fetched: then as many again."""
    identity, context = Identity(lambda: SNAPSHOT), Context()
    methods = PurchaseMethods(ledger, NothingToRead(), identity, RULES, lambda _: BOOK)
    exchange = Exchange(methods, identity, Accounting(ServiceLimits(exchange_in_flight=LIMIT)))
    serving = asyncio.create_task(exchange.handle(None, context))  # type: ignore[arg-type]
    await settled(lambda: len(ledger.commands))
    assert (LIMIT, 6, []) == (len(ledger.commands), context.sent, context.written)
    context.may_write.release()
    await settled(lambda: (len(ledger.commands), len(context.written)))
    fetched = len(service.ExchangeResponse.FromString(context.written[0]).answers)
    assert LIMIT + fetched == len(ledger.commands)
    exchange.drain()
    for _ in range(LIMIT):
        context.may_write.release()
    await serving
    answered = [
        a.message_id for body in context.written for a in service.ExchangeResponse.FromString(body).answers
    ]
    assert list(range(1, len(ledger.commands) + 1)) == sorted(answered)
