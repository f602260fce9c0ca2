"""The bench's client counts what comes back, and also what does not."""

import asyncio

import aiohttp

from loadtests.bench.baskets import Cards
from loadtests.bench.client import Client, ClientConfig
from loadtests.bench.transports import JsonCalls


async def _say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read()
    writer.close()


async def test_json_calls_without_an_answer_count_as_refused() -> None:
    """The load goes on to its end, as it does over gRPC."""
    host = await asyncio.start_server(_say_nothing, "127.0.0.1", 0)
    port = host.sockets[0].getsockname()[1]
    config = ClientConfig("json", port, "", 1, Cards(1, 10))
    timeout = aiohttp.ClientTimeout(total=0.05)
    async with host, aiohttp.ClientSession(timeout=timeout) as session:
        client = Client(config, JsonCalls(session, f"http://127.0.0.1:{port}/"))
        result = await client.open(seconds=0.2, rate=100)
    assert [] == result["latencies_us"]
    assert ["TimeoutError"] == list(result["refused"])
