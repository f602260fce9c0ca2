"""Slow, silent and vanishing clients of the JSON door: none keeps it for long, and nobody else notices."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import orjson
import pytest
import pytest_asyncio
import structlog
from google.protobuf.json_format import MessageToDict

from gateway.jsondoor.paths import OPENAPI_PATH, PATHS
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests import wire_kit as till
from tests.crash.processes import eventually
from tests.door_kit import Door, door_on
from tests.json_client import JsonClient, connect, head
from tests.openapi_kit import schema_of
from tillgate.v1 import purchase_pb2 as wire

pytestmark = pytest.mark.asyncio(loop_scope="module")

AUTHORIZE = PATHS["Authorize"]
DESCRIPTION = head(OPENAPI_PATH, method="GET")


@dataclass(frozen=True)
class Scene:
    """A gateway that waits for nobody for more than a second."""

    door: Door

    @asynccontextmanager
    async def connection(self) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
        """A connection of the first till."""
        reader, writer = await connect(self.door.fixture.terminals[0].folder, self.door.gateway.json_port)
        yield reader, writer
        writer.transport.abort()

    async def assert_open(self) -> None:
        """Fails if the door does not serve a till, or has lost a point."""
        client = JsonClient(self.door.fixture.terminals[0].folder, self.door.gateway.json_port)
        said = await client.post("GetBalance", {"card": MessageToDict(await self.door.card(500_00))})
        assert ["50000"] == [item["available_kopecks"] for item in said.body["certificates"]]
        await client.close()


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    make_database: Callable[[], str],
) -> AsyncIterator[Scene]:
    """One gateway for all tests here."""
    folder, url = tmp_path_factory.mktemp("door"), postgres.url(make_database())
    async with door_on(folder, url, valkey.url, json_idle_timeout_s=1, json_arrival_timeout_s=1) as door:
        yield Scene(door)


async def dripping(data: bytes, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
    """What is answered while bytes are sent one by one, until the door hangs up."""
    answer = asyncio.create_task(reader.read())
    for byte in data:
        writer.write(bytes([byte]))
        done, _ = await asyncio.wait({answer}, timeout=0.05)
        if done:
            break
    return await answer


@pytest.mark.parametrize("drips", [False, True])
async def test_a_body_that_does_not_come_in_time_is_refused(scene: Scene, drips: bool) -> None:
    """408 and the end of the connection, however much still trickles in; the request id is free."""
    request = till.authorize(card=await scene.door.card(500_00))
    body = orjson.dumps(MessageToDict(request))
    async with scene.connection() as (reader, writer):
        writer.write(head(AUTHORIZE, "Accept-Language: en", length=len(body)) + body[:9])
        answer = await dripping(body[9:-1] if drips else b"", reader, writer)
    status, _, problem = answer.partition(b"\r\n\r\n")
    assert status.startswith(b"HTTP/1.1 408 Request Timeout\r\n")
    assert b"\r\nConnection: close" in status
    said = orjson.loads(problem)
    schema_of("Problem").validate(said)
    assert ("BODY_TIMEOUT", "The body did not arrive in time.") == (said["reason"], said["detail"])
    assert wire.DECISION_APPROVED == (await scene.door.till().outcome(request)).decision


@pytest.mark.parametrize("drips", [False, True])
async def test_a_head_that_does_not_come_in_time_ends_the_connection(scene: Scene, drips: bool) -> None:
    """Without a word: there is no request yet that could be answered."""
    async with scene.connection() as (reader, writer):
        writer.write(b"POST / HTTP/1.1\r\nX: ")
        assert b"" == await dripping(b"x" * 10_000 if drips else b"", reader, writer)
    await scene.assert_open()


async def test_a_connection_that_is_idle_after_an_answer_ends(scene: Scene) -> None:
    """Whoever comes back later connects again."""
    async with scene.connection() as (reader, writer):
        writer.write(DESCRIPTION)
        answers = (await reader.read()).split(b"HTTP/1.1 ")[1:]
    assert [b"200"] == [answer[:3] for answer in answers]
    assert b"Connection: close" not in answers[0]


async def test_whoever_connects_and_says_nothing_of_tls_is_let_go(scene: Scene) -> None:
    """A handshake has its time too."""
    reader, writer = await asyncio.open_connection("localhost", scene.door.gateway.json_port)
    assert b"" == await reader.read()
    writer.close()
    await scene.assert_open()


async def test_a_client_that_reads_no_answers_is_cut_off(scene: Scene) -> None:
    """What it asks for beyond what the line holds is not even taken up, so it fills nobody's memory."""
    asked = 2_000
    async with scene.connection() as (reader, writer):
        with structlog.testing.capture_logs() as logs:
            writer.write(DESCRIPTION * asked)

            def is_cut_off() -> bool:
                return any(line["event"].startswith("a client that does not read") for line in logs)

            await eventually(is_cut_off, "the door hangs up")
            await scene.assert_open()
        with pytest.raises((ConnectionError, asyncio.IncompleteReadError)):
            await reader.readexactly(asked * 90_000)
    assert sum(line["event"] == "request" for line in logs) < asked / 2


@pytest.mark.parametrize("part", ["body", "answer"])
async def test_a_client_that_hangs_up_is_no_error_of_ours(
    scene: Scene, caplog: pytest.LogCaptureFixture, part: str
) -> None:
    """In the middle of its body or of its answers: what never arrived is noted as CANCELLED, that is all."""
    with structlog.testing.capture_logs() as logs, caplog.at_level(logging.INFO):
        async with scene.connection() as (reader, writer):
            if part == "body":
                writer.write(head(AUTHORIZE, "Expect: 100-continue", length=99))
                await reader.readuntil(b"\r\n\r\n")
            else:
                writer.write(DESCRIPTION * 200)
                await reader.readexactly(100_000)
        await scene.assert_open()
        codes = ["CANCELLED"] if part == "body" else []

        def are_noted() -> bool:
            noted = [line["code"] for line in logs if line["event"] == "request" and line["code"] != "OK"]
            return codes == noted

        await eventually(are_noted, "the hang-up is noted")
    assert [] == [line for line in logs if line["log_level"] in ("warning", "error", "critical")]
    assert [] == [record for record in caplog.records if record.levelno >= logging.WARNING]
