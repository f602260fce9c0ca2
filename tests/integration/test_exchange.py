"""The stream itself: order, refusals, bounds and end. The door's behaviour tests run over it too."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from google.protobuf.message import Message
from grpc_health.v1 import health_pb2

from gateway.registry.pki import fingerprint_of
from tests import registry_changes
from tests import wire_kit as till
from tests.door_kit import Door, Refused, Till, door_on
from tests.transports import TRANSPORTS, end_of, next_burst, open_stream, refusal_in, refused
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

FIELDS = {
    service.AuthorizeRequest: "authorize",
    service.GetBalanceRequest: "get_balance",
}


@pytest_asyncio.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway that this test may stop; its queue has room for two, its streams for eight messages."""
    async with door_on(tmp_path, database_url, redis_url, queue_limit=4, exchange_in_flight=8) as running:
        yield running


@dataclass
class Line:
    """A stream of a till, message by message."""

    stream: Any
    _ready: list[service.ExchangeAnswer] = field(default_factory=list)

    @classmethod
    def of(cls, client: Till) -> "Line":
        """A new one."""
        return cls(open_stream(client.channel))

    async def send(self, *messages: service.ExchangeMessage) -> None:
        """Send messages in one burst."""
        await self.stream.write(service.ExchangeRequest(messages=messages).SerializeToString())

    async def answer(self) -> service.ExchangeAnswer:
        """The next answer."""
        while not self._ready:
            burst = await next_burst(self.stream)
            assert burst is not None, await self.stream.details()
            self._ready += burst
        return self._ready.pop(0)

    async def refusal(self) -> Refused:
        """What the stream ended with."""
        assert await next_burst(self.stream) is None
        return refused(await end_of(self.stream))


def number(message_id: int, request: Message, **fields: Any) -> service.ExchangeMessage:
    """A request as a message of a stream."""
    message = service.ExchangeMessage(message_id=message_id, **fields)
    getattr(message, FIELDS[type(request)]).CopyFrom(request)
    return message


def outcome(answer: service.ExchangeAnswer) -> wire.SignedOutcome:
    """The outcome of an Authorize."""
    return wire.SignedOutcome.FromString(answer.authorize.answer.signed_payload)


async def test_what_is_ready_is_answered_before_what_came_first(door: Door) -> None:
    """A purchase waits for its account; a balance that was asked for after it does not wait."""
    client, card = door.till(), await door.card(500_00)
    line = Line.of(client)
    async with door.stalled(card):
        await line.send(number(1, till.authorize(till.line(1, 60_00), card=card)))
        await door.until_waiting()
        await line.send(number(2, service.GetBalanceRequest(card=card)))
        assert (2, 1) == ((answer := await line.answer()).message_id, len(answer.get_balance.certificates))
    purchase = await line.answer()
    assert (1, wire.DECISION_APPROVED) == (purchase.message_id, outcome(purchase).decision)


async def test_a_refused_message_is_answered_and_the_stream_goes_on(door: Door) -> None:
    """Its error has the details of a single call's, in the language that the message asks for."""
    client, card = door.till(), await door.card(500_00)
    line = Line.of(client)
    wrong = till.authorize(till.line(3, okpd2="1071"), card=card)
    await line.send(
        number(1, wrong, language="en"),
        number(2, wrong),
        number(3, till.authorize(card=card)),
    )
    answers = {answer.message_id: answer for answer in [await line.answer() for _ in range(3)]}
    english, russian = refusal_in(answers[1].error), refusal_in(answers[2].error)
    assert ("OKPD2_INVALID", "basket.lines[0].okpd2", "3") == (
        english.reason,
        english.field,
        english.line_number,
    )
    assert ("en", "ru") == (english.locale, russian.locale)
    assert wire.DECISION_APPROVED == outcome(answers[3]).decision


async def test_a_message_that_names_itself_wrongly_is_refused(door: Door) -> None:
    """No number, a number that still waits for its answer, no request, a time below nothing."""
    client, card = door.till(), await door.card(500_00)
    line = Line.of(client)
    balance = service.GetBalanceRequest(card=card)
    async with door.stalled(card):
        await line.send(number(1, till.authorize(till.line(1, 60_00), card=card)))
        await door.until_waiting()
        for message, field in (
            (number(0, balance), "message_id"),
            (number(1, balance), "message_id"),
            (service.ExchangeMessage(message_id=2), "request"),
            (number(3, balance, timeout_ms=-1), "timeout_ms"),
        ):
            await line.send(message)
            answer = await line.answer()
            assert (message.message_id, field) == (answer.message_id, refusal_in(answer.error).field)
    assert (1, wire.DECISION_APPROVED) == (
        (answer := await line.answer()).message_id,
        outcome(answer).decision,
    )
    await line.send(number(1, balance))
    assert 1 == len((await line.answer()).get_balance.certificates)


async def test_a_command_whose_time_passed_in_the_queue_is_told_so_and_never_happens(door: Door) -> None:
    """Its request id stays free."""
    client, card = door.till(), await door.card(500_00)
    line, late = Line.of(client), till.authorize(till.line(1, 60_00), card=card)
    async with door.stalled(card):
        await line.send(number(1, till.authorize(till.line(1, 10_00), card=card)))
        await door.until_waiting()
        await line.send(number(2, late, timeout_ms=1))
        # What is asked later is answered later: by then the message before it has waited too long.
        await line.send(number(3, service.GetBalanceRequest(card=card)))
        assert 3 == (await line.answer()).message_id
    answers = {answer.message_id: answer for answer in (await line.answer(), await line.answer())}
    assert "EXPIRED_IN_QUEUE" == refusal_in(answers[2].error).reason
    await line.send(number(4, late))
    assert 430_00 == outcome(await line.answer()).purchase.certificates[0].available_kopecks


async def test_bytes_that_are_no_burst_end_the_stream(door: Door) -> None:
    """By name; nothing can be answered when nothing can be read."""
    line = Line.of(door.till())
    await line.stream.write(b"\xff")
    error = await line.refusal()
    assert (grpc.StatusCode.INVALID_ARGUMENT, "MESSAGE_MALFORMED") == (error.code, error.reason)


async def test_a_revoked_key_ends_its_stream_though_nothing_is_sent(door: Door) -> None:
    """And no other till's."""
    client, colleague = door.till(), door.till(door.tills_of(0)[1])
    line, other = Line.of(client), Line.of(colleague)
    balance = service.GetBalanceRequest(card=await door.card(500_00))
    for each in (line, other):
        await each.send(number(1, balance))
        await each.answer()
    fingerprint = fingerprint_of((client.client.folder / "cert.pem").read_bytes())
    await registry_changes.revoke_key(door.ledger.engine, fingerprint, "lost")
    error = await line.refusal()
    assert (grpc.StatusCode.UNAUTHENTICATED, "CLIENT_REVOKED") == (error.code, error.reason)
    await other.send(number(2, balance))
    assert 2 == (await other.answer()).message_id


async def test_a_concentrator_speaks_for_many_tills_on_one_stream(door: Door) -> None:
    """Each command names its terminal and is authorised by itself."""
    chain, card = door.till(door.fixture.concentrator), await door.card(500_00)
    line, foreign = Line.of(chain), door.tills_of(1)[0].terminal_ids[0]
    terminals = [*chain.client.terminal_ids, foreign]
    await line.send(
        *(
            number(n, till.authorize(till.line(1, 10_00), card=card, header=till.header(terminal_id=id_)))
            for n, id_ in enumerate(terminals, 1)
        )
    )
    answers = {answer.message_id: answer for answer in [await line.answer() for _ in terminals]}
    assert list(chain.client.terminal_ids) == [outcome(answers[n]).terminal_id for n in (1, 2)]
    assert "TERMINAL_NOT_YOURS" == refusal_in(answers[3].error).reason


async def test_a_stream_that_hangs_up_leaves_its_command_to_be_decided(door: Door) -> None:
    """The same id over another stream gets the one outcome."""
    client, card = door.till(), await door.card(500_00)
    line, request = Line.of(client), till.authorize(till.line(1, 60_00), card=card)
    async with door.stalled(card):
        await line.send(number(1, request))
        await door.until_waiting()
        line.stream.cancel()
    again = Line.of(client)
    await again.send(number(1, request))
    first = outcome(await again.answer())
    assert 440_00 == first.purchase.certificates[0].available_kopecks
    balance = await client.call(service.GetBalanceRequest(card=card))
    assert (440_00, 60_00) == (
        balance.certificates[0].available_kopecks,
        balance.certificates[0].held_kopecks,
    )


async def test_a_client_that_says_no_more_gets_its_last_answers(door: Door) -> None:
    """Then the stream ends well."""
    client, card = door.till(), await door.card(500_00)
    line = Line.of(client)
    await line.send(*(number(n, service.GetBalanceRequest(card=card)) for n in range(1, 31)))
    await line.stream.done_writing()
    assert set(range(1, 31)) == {(await line.answer()).message_id for _ in range(30)}
    assert grpc.StatusCode.OK == (await line.refusal()).code


async def test_a_slow_reader_gets_everything_in_the_end(door: Door) -> None:
    """More than the stream may hold is sent before anything is fetched; all of it is answered, once."""
    client, card = door.till(), await door.card(500_00)
    line, count = Line.of(client), 2_000
    balance = service.GetBalanceRequest(card=card)

    async def send_all() -> None:
        for first in range(0, count, 50):
            await line.send(*(number(first + n, balance) for n in range(1, 51)))
        await line.stream.done_writing()

    sending = asyncio.create_task(send_all())
    answers = [(await line.answer()).message_id for _ in range(count)]
    await sending
    assert list(range(1, count + 1)) == sorted(answers)


async def test_a_stopping_gateway_answers_what_it_has_read_and_ends_the_stream(door: Door) -> None:
    """Nothing is half done, and the stream ends well."""
    client, card = door.till(), await door.card(500_00)
    line = Line.of(client)
    watch: Any = client.channel.unary_stream("/grpc.health.v1.Health/Watch")
    health = watch(health_pb2.HealthCheckRequest().SerializeToString())
    await health.read()
    async with door.stalled(card):
        await line.send(number(1, till.authorize(till.line(1, 60_00), card=card)))
        await door.until_waiting()
        stopping = asyncio.create_task(door.gateway.stop())
        told = health_pb2.HealthCheckResponse.FromString(await health.read())
        assert health_pb2.HealthCheckResponse.NOT_SERVING == told.status
    assert wire.DECISION_APPROVED == outcome(await line.answer()).decision
    assert grpc.StatusCode.OK == (await line.refusal()).code
    health.cancel()
    await stopping


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_flood_is_turned_away_with_the_pause_to_make_and_the_rest_is_served(
    door: Door, transport: str
) -> None:
    """What was turned away left nothing, and is taken when it comes again."""
    door.transport = transport
    client, card = door.till(), await door.card(1_000_00)
    requests = [till.authorize(till.line(1, 10_00), card=card) for _ in range(40)]
    async with door.stalled(card):
        first = asyncio.create_task(client.outcome(requests[0]))
        await door.until_waiting()
        flood = [asyncio.create_task(client.outcome(request)) for request in requests[1:]]
        turned_away = await first_refused(flood)
    results = [await first, *await asyncio.gather(*flood, return_exceptions=True)]
    refusals = [result for result in results if isinstance(result, Refused)]
    assert {(grpc.StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED")} == {(r.code, r.reason) for r in refusals}
    assert turned_away.retry_after_s is not None
    served = [result for result in results if isinstance(result, wire.SignedOutcome)]
    assert (len(requests), {wire.DECISION_APPROVED}) == (
        len(served) + len(refusals),
        {result.decision for result in served},
    )
    for request in requests:
        assert wire.DECISION_APPROVED == (await client.outcome(request)).decision
    balance = await client.call(service.GetBalanceRequest(card=card))
    assert 600_00 == balance.certificates[0].available_kopecks


async def first_refused(calls: list["asyncio.Task[wire.SignedOutcome]"]) -> Refused:
    """The first of calls that is turned away."""
    pending = set(calls)
    while pending:
        done, pending = await asyncio.wait(pending, return_when=asyncio.FIRST_COMPLETED)
        for call in done:
            if isinstance(error := call.exception(), Refused):
                return error
    raise AssertionError("every call was taken")
