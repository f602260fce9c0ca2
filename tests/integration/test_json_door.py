"""The JSON door's own ways: who gets in, what a till loses nothing by, slow clients, and a graceful stop."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import orjson
import pytest
import pytest_asyncio
import structlog
from google.protobuf.json_format import MessageToDict
from google.protobuf.message import Message

from gateway.jsondoor.paths import OPENAPI_PATH, PATHS
from gateway.registry.pki import Issued, IssuingAuthority, fingerprint_of
from gateway.runtime.bootstrap import Gateway
from gateway.runtime.errors import StartError
from gateway.runtime.keys import authority
from tests import registry_changes
from tests import wire_kit as till
from tests.door_kit import Door, Till, door_on
from tests.json_client import JsonClient, Said, connect, head
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

AUTHORIZE = PATHS["Authorize"]


@pytest_asyncio.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway that this test may stop; its tills use the JSON door, its queue has room for two."""
    async with door_on(tmp_path, database_url, redis_url, queue_limit=2) as running:
        running.transport = "json"
        yield running


@pytest_asyncio.fixture
async def client(door: Door) -> AsyncIterator[JsonClient]:
    """The first till's connection to the JSON door."""
    made = JsonClient(door.fixture.terminals[0].folder, door.gateway.json_port)
    yield made
    await made.close()


def keys_in(folder: Path, door: Door, issued: Issued) -> Path:
    """A folder as a client has it, with this key."""
    folder.mkdir()
    (folder / "ca.pem").write_bytes(authority(door.settings).root_pem)
    (folder / "cert.pem").write_bytes(issued.chain_pem)
    (folder / "key.pem").write_bytes(issued.key_pem)
    return folder


async def said_to(door: Door, keys: Path, request: Message) -> Said:
    """What the JSON door answers to this key."""
    sender = JsonClient(keys, door.gateway.json_port)
    try:
        return await sender.post(type(request).__name__.removesuffix("Request"), MessageToDict(request))
    finally:
        await sender.close()


async def test_nobody_gets_in_without_a_certificate(door: Door) -> None:
    """The handshake ends before any request; the port asks everyone."""
    folder = door.fixture.terminals[0].folder
    bare = JsonClient(folder, door.gateway.json_port, has_certificate=False)
    with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
        await bare.post("Quote", {})
    await bare.close()


async def test_a_certificate_of_another_authority_does_not_get_in(door: Door, tmp_path: Path) -> None:
    """Whatever it says of itself."""
    now = datetime.now(UTC)
    stranger = IssuingAuthority.create(tmp_path / "stranger", now).issue_client("terminal-1", now)
    with pytest.raises((aiohttp.ClientError, ssl.SSLError)):
        await said_to(door, keys_in(tmp_path / "client", door, stranger), till.quote())


async def test_a_certificate_that_is_not_registered_gets_a_problem(door: Door, tmp_path: Path) -> None:
    """401 CLIENT_UNKNOWN, with the challenge that HTTP wants, also of one that our own authority issued."""
    issued = authority(door.settings).issue_client("terminal-1", datetime.now(UTC))
    said = await said_to(door, keys_in(tmp_path / "client", door, issued), till.quote())
    assert (401, "urn:tillgate:reason:CLIENT_UNKNOWN") == (said.status, said.body["type"])
    assert said.headers["www-authenticate"].startswith("MutualTLS")


async def test_a_revoked_key_gets_nothing_on_a_connection_that_stands(door: Door, client: JsonClient) -> None:
    """401 CLIENT_REVOKED from the next request on; not even the description."""
    card = await door.card(500_00)
    assert 200 == (await client.post("GetBalance", {"card": MessageToDict(card)})).status
    fingerprint = fingerprint_of((door.fixture.terminals[0].folder / "cert.pem").read_bytes())
    await registry_changes.revoke_key(door.ledger.engine, fingerprint, "lost")
    # Whatever decides on money reads the registry's epoch first, so nobody has to wait for the next look.
    await door.till(door.tills_of(0)[1]).call(till.quote(card=card))
    for said in (
        await client.post("Authorize", MessageToDict(till.authorize(card=card))),
        await client.send("GET", OPENAPI_PATH, None),
    ):
        assert (401, "CLIENT_REVOKED") == (said.status, said.body["reason"])


async def test_a_replay_over_the_other_door_gets_the_same_bytes(door: Door, client: JsonClient) -> None:
    """One request id has one outcome, whichever door it came through; `signed_payload` is base64 of it."""
    request = till.authorize(card=await door.card(500_00))
    first = await client.post("Authorize", MessageToDict(request))
    door.transport = "unary"
    answer = (await door.till().call(request)).answer
    assert MessageToDict(answer, preserving_proto_field_name=True) == first.body["answer"]


async def test_the_access_log_is_that_of_the_other_door(door: Door, client: JsonClient) -> None:
    """Who and how, never what: no card, no goods; what HTTP gets wrong stands there too."""
    card = await door.card(500_00)
    with structlog.testing.capture_logs() as logs:
        await door.till().call(till.authorize(till.line(1, item_name="СЫР"), card=card))
        await client.post("Authorize", MessageToDict(till.authorize(till.line(1, okpd2="1071"), card=card)))
        await client.send("POST", "/nowhere", b"{}")
    lines = [line for line in logs if line["event"] == "request"]
    assert [
        ("Authorize", "OK", "APPROVED", ""),
        ("Authorize", "INVALID_ARGUMENT", "", "OKPD2_INVALID"),
        ("", "UNIMPLEMENTED", "", "PATH_UNKNOWN"),
    ] == [(line["method"], line["code"], line["decision"], line["reason"]) for line in lines]
    for secret in (card.number, "СЫР", "1071"):
        assert secret not in str(logs)


async def connection(door: Door) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    """The first till's, to send bytes over."""
    return await connect(door.fixture.terminals[0].folder, door.gateway.json_port)


def body_of(request: Message) -> bytes:
    """A request as it is sent."""
    return orjson.dumps(MessageToDict(request))


async def test_a_command_whose_till_hung_up_is_decided_whole(door: Door) -> None:
    """It was in the database's hands: the till that comes back finds its hold, once."""
    card = await door.card(500_00)
    request = till.authorize(till.line(1, 60_00), card=card)
    async with door.stalled(card):
        _, writer = await connection(door)
        body = body_of(request)
        writer.write(head(AUTHORIZE, length=len(body)) + body)
        await door.until_waiting()
        writer.transport.abort()
    outcome = await door.till().outcome(request)
    assert 440_00 == outcome.purchase.certificates[0].available_kopecks


async def test_a_command_whose_deadline_passed_in_the_queue_never_happens(
    door: Door, client: JsonClient
) -> None:
    """`Request-Timeout` is the till's deadline: 504, and the same id is free."""
    other, card = door.till(), await door.card(500_00)
    quote = till.quote(card=card)
    late = till.authorize(till.line(1, 60_00), card=card)
    await client.post("Quote", MessageToDict(quote))
    async with door.stalled(card):
        first = asyncio.create_task(other.call(till.authorize(till.line(1, 10_00), card=card)))
        await door.until_waiting()
        sent = asyncio.create_task(client.post("Authorize", MessageToDict(late), Request_Timeout="0.001"))
        # It goes out at once over a connection that stands, so it is in the queue when these have come back.
        for _ in range(3):
            await door.till().call(quote)
    await first
    said = await sent
    assert (504, "EXPIRED_IN_QUEUE") == (said.status, said.body["reason"])
    assert 430_00 == (await other.outcome(late)).purchase.certificates[0].available_kopecks


async def test_beyond_its_queue_the_door_says_when_to_come_back(door: Door, client: JsonClient) -> None:
    """429 with Retry-After; what was turned away is taken later."""
    card = await door.card(500_00)
    requests = [till.authorize(till.line(1, 10_00), card=card) for _ in range(4)]
    async with door.stalled(card):
        sent = [asyncio.create_task(client.post("Authorize", MessageToDict(requests[0])))]
        await door.until_waiting()
        sent += [asyncio.create_task(client.post("Authorize", MessageToDict(item))) for item in requests[1:]]
        done, _ = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
        refused = done.pop().result()
        assert (429, "OVERLOADED", "1") == (
            refused.status,
            refused.body["reason"],
            refused.headers["retry-after"],
        )
        assert 0 < refused.body["retry_after_s"] <= 1
    assert [200, 200, 200, 429] == sorted([(await task).status for task in sent])
    tills = door.till()
    outcomes = [await tills.outcome(request) for request in requests]
    assert {wire.DECISION_APPROVED} == {outcome.decision for outcome in outcomes}


async def test_a_stopping_gateway_finishes_what_it_has_begun(door: Door, client: JsonClient) -> None:
    """The purchase in flight is answered; an idle connection ends, a new one is not taken."""
    card = await door.card(500_00)
    idle, _ = await connection(door)
    async with door.stalled(card):
        sent = asyncio.create_task(client.post("Authorize", MessageToDict(till.authorize(card=card))))
        await door.until_waiting()
        stopping = asyncio.create_task(door.gateway.drain())
        assert b"" == await idle.read()
        with pytest.raises(ConnectionRefusedError):
            await connection(door)
        assert not stopping.done()
    assert 200 == (await sent).status
    await stopping


async def test_a_stopping_gateway_takes_the_rest_of_what_has_begun_to_arrive(door: Door) -> None:
    """A body that was on its way when the stop came is read, decided and answered, and nothing after it."""
    body = body_of(till.authorize(card=await door.card(500_00)))
    reader, writer = await connection(door)
    writer.write(head(AUTHORIZE, "Expect: 100-continue", length=len(body)))
    assert b"HTTP/1.1 100 Continue\r\n\r\n" == await reader.readuntil(b"\r\n\r\n")
    idle, _ = await connection(door)
    stopping = asyncio.create_task(door.gateway.drain())
    assert b"" == await idle.read()
    writer.write(body + head(AUTHORIZE, length=len(body)) + body)
    answer, *further = (await reader.read()).split(b"HTTP/1.1 ")[1:]
    assert ([], b"200 OK") == (further, answer.partition(b"\r\n")[0])
    assert b"\r\nConnection: close\r\n" in answer
    await stopping


async def test_a_port_that_is_taken_is_said_by_its_setting(door: Door) -> None:
    """And two gateways never share one by chance."""
    taken = door.settings.model_copy(update={"json_port": door.gateway.json_port})
    with pytest.raises(StartError, match="TILLGATE_JSON_PORT"):
        await Gateway.start(taken)


async def test_a_till_can_buy_while_another_client_sends_its_body_for_ever(door: Door) -> None:
    """It takes nobody's place."""
    card = await door.card(500_00)
    _, writer = await connection(door)
    writer.write(head(AUTHORIZE, length=1000) + b"{")
    await writer.drain()
    client: Till = door.till()
    assert wire.DECISION_APPROVED == (await client.outcome(till.authorize(card=card))).decision
    assert 1 == len((await client.call(service.GetBalanceRequest(card=card))).certificates)
    writer.close()
