"""Answers that nobody waits for, too much at once, and a graceful stop: no command is half done."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from pathlib import Path

import aiohttp
import grpc
import pytest
import pytest_asyncio
from grpc_health.v1 import health_pb2

from tests import wire_kit as till
from tests.door_kit import Door, Refused, Till, door_on
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service
from tillgate.v1 import reason_pb2


@pytest_asyncio.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway that this test may stop; its queue has room for two."""
    async with door_on(tmp_path, database_url, redis_url, queue_limit=2) as running:
        yield running


async def found(client: Till, request_id: str) -> wire.Purchase | None:
    """The purchase of a request, if it is there."""
    try:
        answer = await client.call(service.GetPurchaseRequest(purchase=till.by_request(request_id)))
    except Refused as error:
        if error.reason != "NOT_FOUND":
            raise
        return None
    purchase: wire.Purchase = answer.purchase
    return purchase


async def test_a_command_whose_till_hung_up_is_decided_whole(door: Door) -> None:
    """It was in the database's hands: the till that comes back finds the hold, once."""
    client, card = door.till(), await door.card(500_00)
    request = till.authorize(till.line(1, 60_00), card=card)
    async with door.stalled(card):
        call = client.begin("Authorize", request.SerializeToString())
        await door.until_waiting()
        call.cancel()
        assert grpc.StatusCode.CANCELLED == await call.code()
    while (purchase := await found(client, request.header.request_id)) is None:
        pass
    assert (wire.PURCHASE_STATE_AUTHORIZED, 60_00) == (purchase.state, purchase.certificate_kopecks)
    outcome = await client.outcome(request)
    assert (purchase.purchase_id, 440_00) == (
        outcome.purchase.purchase_id,
        outcome.purchase.certificates[0].available_kopecks,
    )


async def test_a_command_whose_deadline_passed_in_the_queue_never_happens(door: Door) -> None:
    """It leaves its request id free: the same id may be sent again, and is then decided."""
    client, card = door.till(), await door.card(500_00)
    request = till.authorize(till.line(1, 60_00), card=card)
    async with door.stalled(card):
        first = client.begin("Authorize", till.authorize(till.line(1, 10_00), card=card).SerializeToString())
        await door.until_waiting()
        with pytest.raises(Refused) as caught:
            await client.call(request, timeout_s=0.2)
        assert grpc.StatusCode.DEADLINE_EXCEEDED == caught.value.code
    await first
    assert await found(client, request.header.request_id) is None
    assert 430_00 == (await client.outcome(request)).purchase.certificates[0].available_kopecks


async def test_beyond_its_queue_the_door_asks_to_come_back_later(door: Door) -> None:
    """RESOURCE_EXHAUSTED with the pause to make; what was turned away left nothing, and is taken later."""
    client, card = door.till(), await door.card(500_00)
    requests = [till.authorize(till.line(1, 10_00), card=card) for _ in range(4)]
    async with door.stalled(card):
        calls = [client.begin("Authorize", requests[0].SerializeToString())]
        await door.until_waiting()
        calls += [client.begin("Authorize", request.SerializeToString()) for request in requests[1:]]
        turned_away = await first_error(calls[1:])
        assert grpc.StatusCode.RESOURCE_EXHAUSTED == turned_away.code()
    answers = await asyncio.gather(*calls, return_exceptions=True)
    assert 3 == sum(isinstance(answer, bytes) for answer in answers)
    outcomes = [await client.outcome(request) for request in requests]
    assert {wire.DECISION_APPROVED} == {outcome.decision for outcome in outcomes}
    balance = await client.call(service.GetBalanceRequest(card=card))
    assert 460_00 == balance.certificates[0].available_kopecks


async def first_error(calls: list["grpc.aio.UnaryUnaryCall[bytes, bytes]"]) -> grpc.aio.AioRpcError:
    """The error of the first call that fails."""
    for done in asyncio.as_completed([asyncio.ensure_future(_error_of(call)) for call in calls]):
        error = await done
        if error is not None:
            return error
    raise AssertionError("every call was taken")


async def _error_of(call: "grpc.aio.UnaryUnaryCall[bytes, bytes]") -> grpc.aio.AioRpcError | None:
    try:
        await call
    except grpc.aio.AioRpcError as error:
        return error
    return None


async def test_a_stopping_gateway_turns_red_and_finishes_what_it_has_begun(door: Door) -> None:
    """Readiness and health say so first; the purchase in flight is answered, a new one is not taken."""
    client, card = door.till(), await door.card(500_00)
    request = till.authorize(till.line(1, 60_00), card=card)
    ready_url = f"http://127.0.0.1:{door.gateway.http_port}/readyz"
    async with AsyncExitStack() as stack, aiohttp.ClientSession() as http:
        await stack.enter_async_context(door.stalled(card))
        watch = watch_health(client)
        assert health_pb2.HealthCheckResponse.SERVING == await next_status(watch)
        call = client.begin("Authorize", request.SerializeToString())
        await door.until_waiting()
        stopping = asyncio.create_task(door.gateway.drain())
        assert health_pb2.HealthCheckResponse.NOT_SERVING == await next_status(watch)
        async with http.get(ready_url) as answer:
            assert (503, "the gateway is stopping") == (
                answer.status,
                (await answer.json())["checks"]["draining"],
            )
        await stack.aclose()
        outcome = wire.SignedOutcome.FromString(
            service.AuthorizeResponse.FromString(await call).answer.signed_payload
        )
        assert (wire.DECISION_APPROVED, reason_pb2.REASON_UNSPECIFIED) == (outcome.decision, outcome.reason)
        watch.cancel()
        await stopping
    with pytest.raises(Refused) as caught:
        await client.call(till.quote(card=card))
    assert grpc.StatusCode.UNAVAILABLE == caught.value.code


def watch_health(client: Till) -> "grpc.aio.UnaryStreamCall[bytes, bytes]":
    """Ask to be told of every change of the gateway's health."""
    watch: grpc.aio.UnaryStreamMultiCallable[bytes, bytes]
    watch = client.channel.unary_stream("/grpc.health.v1.Health/Watch")
    return watch(health_pb2.HealthCheckRequest().SerializeToString())


async def next_status(watch: "grpc.aio.UnaryStreamCall[bytes, bytes]") -> int:
    """The next thing that is told."""
    body = await watch.read()
    assert isinstance(body, bytes)
    return health_pb2.HealthCheckResponse.FromString(body).status
