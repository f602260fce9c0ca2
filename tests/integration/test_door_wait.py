"""A door that is too slow, on the wire: it knocks at itself, and sends calls away by name."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import grpc
import pytest
from google.protobuf.message import Message
from google.rpc.error_details_pb2 import ErrorInfo, LocalizedMessage, RetryInfo
from google.rpc.status_pb2 import Status
from prometheus_client import REGISTRY

from gateway.rpc.accounting import Accounting, ServiceLimits
from gateway.rpc.door_wait import BUSY_CALLS, DoorWait
from gateway.rpc.errors import DETAILS_KEY
from gateway.rpc.identity import Identity
from gateway.rpc.methods import PurchaseMethods
from gateway.rpc.service import SERVICE_NAME, PurchaseService
from tests import wire_kit as till
from tests.builders import BOOK
from tests.unit.test_rpc_identity import SNAPSHOT
from tests.unit.test_rpc_service import Ledger, NothingToRead
from tests.wire_kit import RULES

MessageT = TypeVar("MessageT", bound=Message)


@asynccontextmanager
async def server_of(folder: Path, *handlers: grpc.GenericRpcHandler) -> AsyncIterator[str]:
    """A gRPC server on a Unix socket; its address."""
    server = grpc.aio.server()
    server.add_generic_rpc_handlers(handlers)
    address = f"unix:{folder / 'door'}"
    server.add_insecure_port(address)
    await server.start()
    yield address
    await server.stop(None)


def service_over(ledger: Ledger, turns_away: Callable[[], bool]) -> grpc.GenericRpcHandler:
    """PurchaseService as a server is given it."""
    identity = Identity(lambda: SNAPSHOT)
    methods = PurchaseMethods(ledger, NothingToRead(), identity, RULES, lambda _: BOOK)
    return PurchaseService(methods, identity, Accounting(ServiceLimits())).handler(turns_away)


def detail(error: grpc.aio.AioRpcError, into: MessageT) -> MessageT:
    """The detail of this type that an error carries."""
    trailing: Any = error.trailing_metadata()
    status = Status.FromString(dict(trailing)[DETAILS_KEY])
    assert any(packed.Unpack(into) for packed in status.details)
    return into


@pytest.mark.parametrize(("language", "named"), [("ru", "Шлюз"), ("en", "gateway")])
async def test_a_call_that_is_sent_away_is_told_by_name_when_to_come_back(
    tmp_path: Path, language: str, named: str
) -> None:
    """RESOURCE_EXHAUSTED with its reason and RetryInfo; the ledger never hears of it."""
    ledger = Ledger()
    async with (
        server_of(tmp_path, service_over(ledger, lambda: True)) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        authorize: Any = channel.unary_unary(f"/{SERVICE_NAME}/Authorize")
        with pytest.raises(grpc.aio.AioRpcError) as caught:
            await authorize(till.authorize().SerializeToString(), metadata=(("accept-language", language),))
    assert grpc.StatusCode.RESOURCE_EXHAUSTED == caught.value.code()
    assert "OVERLOADED" == detail(caught.value, ErrorInfo()).reason
    assert 0 < detail(caught.value, RetryInfo()).retry_delay.ToTimedelta().total_seconds() <= 1
    assert [] == ledger.commands
    assert named in detail(caught.value, LocalizedMessage()).message


async def test_what_is_sent_away_is_no_longer_in_flight_and_is_counted(tmp_path: Path) -> None:
    """Many at once, all of them by name."""
    labels = {"method": "Void", "code": "RESOURCE_EXHAUSTED", "decision": "", "reason": "OVERLOADED"}
    before = REGISTRY.get_sample_value("tillgate_rpc_requests_total", labels) or 0.0
    async with (
        server_of(tmp_path, service_over(Ledger(), lambda: True)) as address,
        grpc.aio.insecure_channel(address) as channel,
    ):
        void: Any = channel.unary_unary(f"/{SERVICE_NAME}/Void")
        results: list[Any] = await asyncio.gather(
            *(void(b"\xff" * 4_000) for _ in range(100)), return_exceptions=True
        )
    assert {grpc.StatusCode.RESOURCE_EXHAUSTED} == {result.code() for result in results}
    assert before + 100 == REGISTRY.get_sample_value("tillgate_rpc_requests_total", labels)
    assert 0 == REGISTRY.get_sample_value("tillgate_rpc_in_flight")


async def test_a_door_hears_its_own_knocks(tmp_path: Path) -> None:
    """They go the way of every call, behind whatever lies there unfetched."""
    wait = DoorWait(timedelta(seconds=60))
    heard = asyncio.Event()

    class Listening(grpc.GenericRpcHandler):
        def service(self, handler_call_details: grpc.HandlerCallDetails) -> None:
            wait.service(handler_call_details)
            heard.set()

    for _ in range(BUSY_CALLS):
        assert not wait.turns_away()
    async with server_of(tmp_path, Listening()) as address, wait.knocking(address):
        await heard.wait()
        assert 0 < (REGISTRY.get_sample_value("tillgate_rpc_door_wait_seconds") or 0)
        assert not wait.turns_away()
