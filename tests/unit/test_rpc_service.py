"""The shell around the methods: what gRPC gets when something is wrong before, behind, or with us."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NoReturn
from uuid import UUID

import grpc
import pytest
import structlog
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status

from gateway.domain.commands import Authorize, CloseShift, Command, PurchaseRef
from gateway.domain.outcome import Outcome
from gateway.ledger.answers import SealedAnswer, StoredAnswer
from gateway.ledger.reader import Balance, FoundPurchase, OperationRow, Quote
from gateway.rpc.accounting import Accounting, ServiceLimits
from gateway.rpc.identity import Identity
from gateway.rpc.methods import PurchaseMethods
from gateway.rpc.server import DoorSettings
from gateway.rpc.service import SERVICE_NAME, PurchaseService
from merchant_sdk.configuration import Configurations
from tests import wire_kit as till
from tests.builders import BOOK
from tests.unit.test_rpc_identity import SNAPSHOT, STRANGER, TILL, Peer
from tests.wire_kit import RULES
from tillgate.v1 import purchase_service_pb2 as service

ANSWER = StoredAnswer(SealedAnswer(b"payload", b"signature", "key"), is_replay=False, outcome=Outcome())


@dataclass
class Ledger:
    """Approves whatever it is given, once it is let; keeps what it was told."""

    commands: list[tuple[Command | CloseShift, float | None]] = field(default_factory=list)
    arrived: asyncio.Semaphore = field(default_factory=lambda: asyncio.Semaphore(0))
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    fault: Exception | None = None

    async def enqueue(
        self, read: Callable[[], Command | CloseShift], *, deadline: float | None = None
    ) -> StoredAnswer:
        """The committer's interface."""
        self.commands.append((read(), deadline))
        self.arrived.release()
        await self.may_answer.wait()
        if self.fault is not None:
            raise self.fault
        return ANSWER

    async def close_shift(self, command: CloseShift) -> StoredAnswer:
        """The committer's interface."""
        return await self.enqueue(lambda: command)


class NothingToRead:
    """A reader of an empty ledger."""

    async def quote(self, command: Authorize) -> Quote:
        """Not asked here."""
        raise NotImplementedError

    async def get_purchase(self, merchant_id: int, ref: PurchaseRef) -> FoundPurchase | None:
        """There is none."""
        return None

    async def balance(self, card_token: bytes) -> Balance:
        """Not asked here."""
        raise NotImplementedError

    async def list_operations(
        self,
        merchant_id: int,
        terminal_ids: list[int],
        *,
        after: tuple[datetime, UUID] | None,
        decided_from: datetime,
        limit: int,
    ) -> list[OperationRow]:
        """There are none."""
        return []


class AbortedError(Exception):
    """What gRPC raises to end a call with an error."""

    def __init__(self, code: grpc.StatusCode, reason: str) -> None:
        super().__init__(code, reason)
        self.code = code
        self.reason = reason


@dataclass
class Context:
    """A call as gRPC shows it to a handler."""

    der: bytes = TILL
    remaining_s: float | None = None

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        return Peer(self.der).auth_context()

    def time_remaining(self) -> float | None:
        return self.remaining_s

    def invocation_metadata(self) -> None:
        return None

    async def abort(self, code: grpc.StatusCode, _: str, trailing: tuple[tuple[str, bytes], ...]) -> NoReturn:
        info = ErrorInfo()
        Status.FromString(trailing[0][1]).details[0].Unpack(info)
        raise AbortedError(code, info.reason)


Send = Callable[[str, bytes, Context], Awaitable[bytes]]


@pytest.fixture
async def ledger() -> Ledger:
    """One that answers at once."""
    made = Ledger()
    made.may_answer.set()
    return made


@pytest.fixture
def send(ledger: Ledger) -> Send:
    """Hands bytes to the handler of a method, as gRPC does; two calls may be served at once."""
    identity = Identity(lambda: SNAPSHOT)
    methods = PurchaseMethods(ledger, NothingToRead(), identity, RULES, lambda _: BOOK)
    accounting = Accounting(ServiceLimits(message_bytes=10_000, in_flight=2))
    handler = PurchaseService(methods, identity, accounting).handler(lambda: False)

    async def send_bytes(method: str, body: bytes, context: Context) -> bytes:
        @dataclass
        class Details:
            method: str
            invocation_metadata: tuple[()] = ()

        found: Any = handler.service(Details(f"/{SERVICE_NAME}/{method}"))  # type: ignore[arg-type]
        assert (found.request_deserializer, found.response_serializer) == (None, None)
        answer: bytes = await found.unary_unary(body, context)
        return answer

    return send_bytes


async def refused(sending: Awaitable[bytes]) -> tuple[grpc.StatusCode, str]:
    """Code and reason of the error that a call ends with."""
    with pytest.raises(AbortedError) as caught:
        await sending
    return caught.value.code, caught.value.reason


async def test_a_fault_of_ours_is_unavailable_and_logged(send: Send, ledger: Ledger) -> None:
    """The till may send the same id again; what broke is for the operator's eyes."""
    ledger.fault = ZeroDivisionError("inside")
    with structlog.testing.capture_logs() as logs:
        error = await refused(send("Authorize", till.authorize().SerializeToString(), Context()))
    assert (grpc.StatusCode.UNAVAILABLE, "UNAVAILABLE") == error
    [fault] = [line for line in logs if line["log_level"] == "error"]
    assert (ledger.fault, "Authorize") == (fault["exc_info"], fault["method"])


async def test_more_calls_than_may_be_served_at_once_are_turned_away(send: Send, ledger: Ledger) -> None:
    """Before anything is read of them; later there is room again."""
    ledger.may_answer.clear()
    body = till.authorize().SerializeToString()
    served = [asyncio.ensure_future(send("Authorize", body, Context())) for _ in range(2)]
    for _ in served:
        await ledger.arrived.acquire()
    assert (grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED") == await refused(
        send("Authorize", b"\xff", Context())
    )
    ledger.may_answer.set()
    expected = service.AuthorizeResponse(
        answer={"signed_payload": b"payload", "signature": b"signature", "key_id": "key"}
    )
    answers = [*await asyncio.gather(*served), await send("Authorize", body, Context())]
    assert [expected] * 3 == [service.AuthorizeResponse.FromString(answer) for answer in answers]


async def test_a_cancelled_call_makes_room_for_another(send: Send, ledger: Ledger) -> None:
    """Whoever hangs up is no longer counted as served."""
    body = till.authorize().SerializeToString()
    ledger.may_answer.clear()
    for _ in range(3):
        call = asyncio.ensure_future(send("Authorize", body, Context()))
        await ledger.arrived.acquire()
        call.cancel()
        with pytest.raises(asyncio.CancelledError):
            await call
    ledger.may_answer.set()
    assert await send("Authorize", body, Context())


async def test_the_tills_deadline_reaches_the_ledger_as_loop_time(send: Send, ledger: Ledger) -> None:
    """Without one the command waits as long as it takes."""
    loop = asyncio.get_running_loop()
    earliest = loop.time() + 5
    await send("Authorize", till.authorize().SerializeToString(), Context(remaining_s=5))
    await send("Authorize", till.authorize().SerializeToString(), Context())
    (_, deadline), (_, none) = ledger.commands
    assert deadline is not None
    assert earliest <= deadline <= loop.time() + 5
    assert none is None


@pytest.mark.parametrize(
    ("body", "der", "terminal_id", "reason"),
    [
        (b"\xff" * 10_001, STRANGER, 0, "MESSAGE_TOO_LARGE"),
        (b"\xff", STRANGER, 0, "MESSAGE_MALFORMED"),
        (None, STRANGER, 999, "CLIENT_UNKNOWN"),
        (None, TILL, 999, "TERMINAL_NOT_YOURS"),
        (None, TILL, 0, "FIELD_MISSING"),
    ],
)
async def test_of_several_reasons_the_lowest_is_answered(
    send: Send, body: bytes | None, der: bytes, terminal_id: int, reason: str
) -> None:
    """Size, form, client, terminal, fields: the order of the table."""
    empty = service.VoidRequest(header={"terminal_id": terminal_id}).SerializeToString()
    _, answered = await refused(send("Void", empty if body is None else body, Context(der)))
    assert reason == answered


async def test_a_purchase_that_is_not_there_is_not_found(send: Send) -> None:
    """An error and no answer: it may still arrive."""
    asked = service.GetPurchaseRequest(purchase=till.by_request(till.new_request_id()))
    assert (grpc.StatusCode.NOT_FOUND, "NOT_FOUND") == await refused(
        send("GetPurchase", asked.SerializeToString(), Context())
    )


def test_every_method_of_the_service_is_served() -> None:
    """What the wire promises is in the table."""
    identity = Identity(lambda: SNAPSHOT)
    methods = PurchaseMethods(Ledger(), NothingToRead(), identity, RULES, lambda _: BOOK)
    promised = service.DESCRIPTOR.services_by_name["PurchaseService"].methods
    assert {method.name: method.input_type.full_name for method in promised} == {
        name: method.request.DESCRIPTOR.full_name for name, method in methods.table.items()
    } | {"Exchange": service.ExchangeRequest.DESCRIPTOR.full_name}


@pytest.mark.parametrize("preset", [Configurations.Counter.v1(), Configurations.BackOffice.v1()])
def test_the_door_suffers_the_keepalive_of_every_preset_of_the_sdk(preset: Any) -> None:
    """A client that pings more often than the server allows is cut off."""
    assert DoorSettings("localhost", 0).min_ping_interval_s < preset.keepalive_interval_s
