"""Tills under load: they send, sometimes don't wait, send again, undo, or leave a request unknown."""

import asyncio
import contextlib
import random
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import grpc
from google.protobuf.message import Message

from gateway.registry.fixtures import ClientFolder
from tests import wire_kit
from tests.crash.journal import Journal, Sent
from tests.crash.processes import PATIENCE_S, eventually
from tests.transports import TRANSPORTS, Refused, Way
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

# INTERNAL is what gRPC makes of a connection whose server dies amid a call; no gateway answers so.
UNKNOWN = ("CANCELLED", "DEADLINE_EXCEEDED", "INTERNAL", "UNAVAILABLE")
"""Errors that leave a till in doubt. Any other would say that the till has done something wrong."""
READS_MAX = 20
"""How often a balance is asked for: of a pool's connections each one may turn out to be dead."""

_BREAD, _NAPPIES, _BEER = "10.71.11.110", "17.22.12.120", "11.05.10.120"
_OPTIONS = [
    ("grpc.enable_retries", 0),
    # Each till has a connection of its own, and knocks again soon after it was cut.
    ("grpc.use_local_subchannel_pool", 1),
    ("grpc.initial_reconnect_backoff_ms", 50),
    ("grpc.min_reconnect_backoff_ms", 1_000),
    ("grpc.max_reconnect_backoff_ms", 200),
]

Raw = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]


@dataclass(frozen=True)
class Manner:
    """How tills behave.

    `at_once` buyers are served at each till at the same time, as by a concentrator; `hasty` is the share
    of requests that are given up after milliseconds; `resends` is how often an unknown one is repeated.
    """

    timeout_s: float = 8.0
    at_once: int = 2
    hasty: float = 0.0
    resends: int = 2


class Line:
    """A connection of a till to one door of a gateway, by its address: see `GatewayProcess.doors`."""

    def __init__(self, folder: Path, address: str) -> None:
        scheme, _, place = address.rpartition("://")
        ca, key, chain = ((folder / name).read_bytes() for name in ("ca.pem", "key.pem", "cert.pem"))
        credentials = grpc.ssl_channel_credentials(ca, key, chain)
        self.channel = grpc.aio.secure_channel(place, credentials, options=_OPTIONS)
        way = Way(self.channel, folder, int(place.rpartition(":")[2]), waits=True)
        self.transport = TRANSPORTS[scheme or "unary"](way)

    async def close(self) -> None:
        """Hang up."""
        await self.transport.close()
        await self.channel.close()


class Till:
    """One terminal with a connection to each door of each gateway; the first of them is asked first.

    One that `wanders` asks another one with each request.
    """

    def __init__(self, client: ClientFolder, addresses: Sequence[str], journal: Journal) -> None:
        self.terminal_id = client.terminal_ids[0]
        self.journal = journal
        self._lines = [Line(client.folder, address) for address in addresses]
        self._asked = 0
        self.wanders = False

    async def send(self, method: str, request: Message, timeout_s: float = PATIENCE_S) -> Sent:
        """Note a command, then send it once; its outcome may be unknown afterwards."""
        request_id: str = request.header.request_id  # type: ignore[attr-defined]
        sent = self.journal.write(method, request_id, self.terminal_id, request.SerializeToString())
        await self.deliver(sent, timeout_s)
        return sent

    async def deliver(self, sent: Sent, timeout_s: float = PATIENCE_S) -> bool:
        """Send the bytes under a request id (again); returns whether an answer came."""
        if self.wanders:
            self.turn()
        try:
            answer = await self._line.transport.carry(sent.method, sent.body, timeout_s)
        except Refused as error:
            code = error.code.name
            sent.errors.append(code if code in UNKNOWN else f"{code}: {error.reason} {error.text}")
            self.turn()
            return False
        self.journal.acknowledge(sent, answer)
        return True

    def turn(self) -> None:
        """Ask at the next door from now on."""
        self._asked = (self._asked + 1) % len(self._lines)

    async def balance(self, card: str) -> service.GetBalanceResponse:
        """What the card has."""
        request = service.GetBalanceRequest(card=wire.Card(number=card)).SerializeToString()
        for _ in range(READS_MAX):
            try:
                answer = await self._line.transport.carry("GetBalance", request, PATIENCE_S)
            except Refused as error:
                if error.code.name not in UNKNOWN:
                    raise
            else:
                return service.GetBalanceResponse.FromString(answer)
        raise AssertionError("no balance is to be had")

    async def close(self) -> None:
        """Let go of the connections."""
        await asyncio.gather(*(line.close() for line in self._lines))

    @property
    def channel(self) -> grpc.aio.Channel:
        """The connection to the gateway that is asked now."""
        return self._line.channel

    @property
    def _line(self) -> Line:
        return self._lines[self._asked]


def begin_sale(till: Till, card: str) -> asyncio.Task[Sent]:
    """A Sale on its way."""
    return asyncio.create_task(till.send("Sale", wire_kit.sale(card=wire.Card(number=card))))


@dataclass
class Shopper:
    """Goes shopping at one till until told to stop; what happens is a matter of its seeded chance."""

    till: Till
    cards: Sequence[str]
    chance: random.Random
    manner: Manner
    must_stop: Callable[[], bool]
    _left_hold: str = ""

    async def run(self) -> None:
        """One story after the other."""
        stories = (self._sale, self._purchase, self._purchase, self._hold)
        while not self.must_stop():
            await self.chance.choice(stories)()

    async def _sale(self) -> None:
        sale = wire_kit.sale(*self._goods(), card=self._card(), accept_partial=True)
        if not await self._told("Sale", sale):
            return
        await self._after_capture(sale.header.request_id, sale.basket)

    async def _purchase(self) -> None:
        request = wire_kit.authorize(*self._goods(), card=self._card(), accept_partial=True)
        request_id = request.header.request_id
        if not await self._told("Authorize", request):
            return
        if self.chance.random() < 0.2:
            await self._told("Void", wire_kit.void(request_id))
            return
        kept = request.basket.lines if self.chance.random() < 0.6 else request.basket.lines[:1]
        lines = [
            wire.CaptureLine(
                line_number=line.line_number,
                quantity_milli=line.quantity_milli,
                amount_kopecks=line.amount_kopecks,
            )
            for line in kept
        ]
        if await self._told("Capture", wire_kit.capture(request_id, *lines)):
            await self._after_capture(request_id, request.basket)

    async def _hold(self) -> None:
        """A hold that stays, but for the one that the next such story puts in its place."""
        request = wire_kit.authorize(
            *self._goods(), card=self._card(), accept_partial=True, replaces_request_id=self._left_hold
        )
        await self._told("Authorize", request)
        self._left_hold = request.header.request_id

    async def _after_capture(self, request_id: str, basket: wire.Basket) -> None:
        dice = self.chance.random()
        if dice < 0.2:
            await self._told("Void", wire_kit.void(request_id))
        elif dice < 0.5:
            one = wire.RefundLine(line_number=1, quantity_milli=1000)
            if await self._told("Refund", wire_kit.refund(request_id, one)) and dice < 0.35:
                await self._told("Refund", wire_kit.refund(request_id))

    async def _told(self, method: str, request: Message) -> bool:
        """Send a command; False if the till does not learn its outcome, and then goes on with others.

        It is sent again, or voided by the request id whatever has become of it, or left for later.
        """
        is_hasty = self.chance.random() < self.manner.hasty
        timeout_s = self.chance.uniform(0.001, 0.03) if is_hasty else self.manner.timeout_s
        sent = await self.till.send(method, request, timeout_s)
        for _ in range(self.manner.resends):
            if sent.is_acknowledged or self.must_stop() or self.chance.random() < 0.2:
                break
            await self._pause()
            await self.till.deliver(sent, self.manner.timeout_s)
        if sent.is_acknowledged:
            return True
        await self._pause()
        if method in ("Authorize", "Sale") and self.chance.random() < 0.5 and not self.must_stop():
            await self.till.send("Void", wire_kit.void(sent.request_id), self.manner.timeout_s)
        return False

    async def _pause(self) -> None:
        """As tills do before they repeat: not all at once, and not without end while nobody is there."""
        await asyncio.sleep(self.chance.uniform(0.05, 0.3))

    def _card(self) -> wire.Card:
        return wire.Card(number=self.chance.choice(self.cards))

    def _goods(self) -> list[wire.BasketLine]:
        codes = self.chance.choices((_BREAD, _NAPPIES, _BEER), (4, 2, 1), k=self.chance.randint(1, 3))
        lines = []
        for number, code in enumerate(codes, 1):
            pieces, price = self.chance.randint(1, 3), self.chance.randint(10_00, 90_00)
            line = wire_kit.line(number, pieces * price, code, quantity_milli=pieces * 1000)
            line.unit_price_kopecks = price
            lines.append(line)
        return lines


@dataclass
class Load:
    """Shoppers at all tills at once, until `stop`; how much they send meanwhile depends on the machine."""

    tills: Sequence[Till]
    journal: Journal
    _is_over: bool = False
    _tasks: list[asyncio.Task[None]] = field(default_factory=list)

    def start(self, cards: Sequence[str], seed: int, manner: Manner) -> None:
        """Send the shoppers off."""
        for number, till in enumerate(till for till in self.tills for _ in range(manner.at_once)):
            chance = random.Random(f"{seed}/{number}")
            shopper = Shopper(till, cards, chance, manner, lambda: self._is_over)
            self._tasks.append(asyncio.create_task(shopper.run(), name=f"till-{till.terminal_id}"))

    async def progress(self, answers: int) -> None:
        """Wait until so many further commands were acknowledged."""
        wanted = self.journal.acknowledged + answers
        await eventually(lambda: self.journal.acknowledged >= wanted or self._failed(), "tills get answers")

    async def stop(self) -> None:
        """Let every shopper finish the command at hand."""
        self._is_over = True
        await asyncio.gather(*self._tasks)

    def _failed(self) -> bool:
        for task in self._tasks:
            if task.done():
                task.result()
        return False


@contextlib.asynccontextmanager
async def tills_at(clients: Sequence[ClientFolder], *addresses: str) -> AsyncIterator[list[Till]]:
    """A till for every client, all with one journal; each begins at another of the doors."""
    journal = Journal()
    tills = [
        Till(client, [*addresses[n % len(addresses) :], *addresses[: n % len(addresses)]], journal)
        for n, client in enumerate(clients)
    ]
    try:
        yield tills
    finally:
        await asyncio.gather(*(till.close() for till in tills))


@contextlib.asynccontextmanager
async def shopping(
    tills: Sequence[Till],
    cards: Sequence[str],
    seed: int,
    manner: Manner | None = None,
) -> AsyncIterator[Load]:
    """Load while the context lasts; leaving it waits for what is under way."""
    load = Load(tills, tills[0].journal)
    load.start(cards, seed, manner or Manner())
    try:
        yield load
    finally:
        await load.stop()
