"""The demo's cable over real TCP: what it is told to lose is lost, and nothing else."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import suppress

import pytest
import pytest_asyncio

from loadtests.demo.lossy import Cable, Loss

ANSWER = b"a" * 1000
FRAME = b"f"


class Gateway:
    """Answers every line with a small frame and a long answer, and remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[bytes] = []
        self.was_asked = asyncio.Event()

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection."""
        while line := await reader.readline():
            self.asked.append(line)
            self.was_asked.set()
            writer.write(FRAME)
            await writer.drain()
            writer.write(ANSWER)
        writer.close()


@pytest.fixture
def gateway() -> Gateway:
    """What the cable leads to."""
    return Gateway()


@pytest_asyncio.fixture
async def cable(gateway: Gateway) -> AsyncIterator[Cable]:
    """A cable to the gateway."""
    server = await asyncio.start_server(gateway.serve, "127.0.0.1", 0)
    async with Cable("127.0.0.1", server.sockets[0].getsockname()[1]) as plugged:
        yield plugged
    server.close()


class Till:
    """A till's end of the cable: it connects when it has no connection."""

    def __init__(self, cable: Cable) -> None:
        self._cable = cable
        self._connection: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self) -> bytes:
        """Ask, and read until the answer is there or the connection is gone."""
        if self._connection is None:
            host, port = self._cable.endpoint.split(":")
            self._connection = await asyncio.open_connection(host, int(port))
        reader, writer = self._connection
        writer.write(b"question\n")
        try:
            return await reader.readexactly(len(FRAME + ANSWER))
        except (asyncio.IncompleteReadError, ConnectionResetError) as cut:
            await self.close()
            return cut.partial if isinstance(cut, asyncio.IncompleteReadError) else b""

    async def close(self) -> None:
        """Hang up."""
        if self._connection is not None:
            writer = self._connection[1]
            writer.close()
            with suppress(ConnectionError):
                await writer.wait_closed()
            self._connection = None


@pytest_asyncio.fixture
async def till(cable: Cable) -> AsyncIterator[Till]:
    """A till that has spoken with the gateway once."""
    till = Till(cable)
    assert FRAME + ANSWER == await till.ask()
    yield till
    await till.close()


async def test_a_cable_relays_what_it_is_not_told_to_lose(cable: Cable, till: Till, gateway: Gateway) -> None:
    """Questions and answers pass unchanged, again and again."""
    assert FRAME + ANSWER == await till.ask()
    assert [b"question\n"] * 2 == gateway.asked
    assert 0 == cable.troubles


async def test_a_lost_request_never_arrives(cable: Cable, till: Till, gateway: Gateway) -> None:
    """The connection is cut before the question passes; the next connection works."""
    with cable.losing(Loss.REQUEST):
        assert b"" == await till.ask()
    assert [b"question\n"] == gateway.asked
    assert 1 == cable.troubles
    assert FRAME + ANSWER == await till.ask()


async def test_a_lost_answer_was_asked_for(cable: Cable, till: Till, gateway: Gateway) -> None:
    """The gateway has heard the question; nothing of its answer comes back."""
    with cable.losing(Loss.ANSWER):
        assert b"" == await till.ask()
    assert [b"question\n"] * 2 == gateway.asked
    assert 1 == cable.troubles
    assert FRAME + ANSWER == await till.ask()


async def test_only_one_thing_is_lost(cable: Cable, till: Till) -> None:
    """The repeated question within the same context is answered."""
    with cable.losing(Loss.ANSWER):
        assert b"" == await till.ask()
        assert FRAME + ANSWER == await till.ask()


async def test_a_silent_line_brings_everything_when_it_speaks_again(
    cable: Cable, till: Till, gateway: Gateway
) -> None:
    """Questions pass while answers wait; the connection itself lives on."""
    gateway.was_asked.clear()
    with cable.silent():
        answer = asyncio.create_task(till.ask())
        await gateway.was_asked.wait()
        assert not answer.done()
    assert FRAME + ANSWER == await answer
