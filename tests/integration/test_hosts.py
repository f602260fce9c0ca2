"""Of several database hosts the one that works is found, and remembered."""

import asyncio
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.embedded import EmbeddedPostgres


@asynccontextmanager
async def silent_host(visits: list[None]) -> AsyncIterator[str]:
    """The socket directory of a host that takes connections and never says a word."""

    async def say_nothing(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        visits.append(None)
        await reader.read()
        writer.close()

    with tempfile.TemporaryDirectory() as folder:
        server = await asyncio.start_unix_server(say_nothing, Path(folder) / ".s.PGSQL.5432")
        async with server:
            yield folder


async def test_a_host_that_says_nothing_is_passed_over_and_asked_first_no_more(
    postgres: EmbeddedPostgres,
) -> None:
    """A host that lost its power looks so; the next connection goes straight to the one that worked."""
    visits: list[None] = []
    good = postgres.url().partition("?host=")[2]
    async with silent_host(visits) as silent:
        url = postgres.url().replace(good, f"{silent},{good}&port=5432,5432")
        engine = make_engine(f"{url}&target_session_attrs=read-write", pool_size=0)
        for _ in range(2):
            async with driver_connection(engine) as connection:
                assert "off" == await connection.fetchval("SHOW transaction_read_only")
        await engine.dispose()
    assert 1 == len(visits)


async def test_when_no_host_will_do_each_is_named_with_its_reason(postgres: EmbeddedPostgres) -> None:
    """An operator sees at once which of them is away and which one only reads."""
    good = postgres.url().partition("?host=")[2]
    url = postgres.url().replace(good, f"/nowhere,{good}&port=5432,5432&target_session_attrs=standby")
    engine = make_engine(url, pool_size=0)
    with pytest.raises(ConnectionError, match=rf"no host can be used: /nowhere: .*; {good}: .*standby"):
        async with driver_connection(engine):
            pass
    await engine.dispose()
