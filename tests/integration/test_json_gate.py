"""The gate before the JSON door: floods of one address end before they cost anything, and hurt no other."""

import asyncio
import ssl
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from gateway.jsondoor.gate import Gate, GateLimits, address_of, listeners_at
from gateway.jsondoor.server import tls_context
from gateway.registry.pki import IssuingAuthority
from gateway.rpc.server import TlsIdentity
from tests.crash.processes import eventually
from tests.json_client import client_context

FLOODER, HONEST = "127.0.0.2", "127.0.0.3"


class Echo(asyncio.Protocol):
    """Says what it hears, over a connection that the gate counts."""

    def __init__(self, left: object) -> None:
        self._left = left

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        assert isinstance(self.transport, asyncio.WriteTransport)
        self.transport.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        assert callable(self._left)
        self._left()


@dataclass(frozen=True)
class Place:
    """A gate of our authority, and who comes to it."""

    identity: TlsIdentity
    honest: ssl.SSLContext
    stranger: ssl.SSLContext

    @asynccontextmanager
    async def gate(self, limits: GateLimits) -> AsyncIterator[int]:
        """Its port."""
        gate = Gate(Echo, tls_context(self.identity), 5, limits)
        listeners = await listeners_at("127.0.0.1", 0, reuse_port=False)
        gate.open(listeners)
        try:
            yield listeners[0].getsockname()[1]
        finally:
            await gate.close()

    async def is_heard(self, port: int, context: ssl.SSLContext, address: str) -> bool:
        """Whether somebody gets an answer over a connection of its own."""
        try:
            async with connection(port, context, address) as (reader, writer):
                writer.write(b"?")
                return b"?" == await reader.read(1)
        except OSError:
            return False


@asynccontextmanager
async def connection(
    port: int, context: ssl.SSLContext | None, address: str
) -> AsyncIterator[tuple[asyncio.StreamReader, asyncio.StreamWriter]]:
    """A connection from one of this machine's addresses."""
    name = "localhost" if context else None
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", port, ssl=context, server_hostname=name, local_addr=(address, 0)
    )
    try:
        yield reader, writer
    finally:
        writer.transport.abort()
        with suppress(OSError):
            await writer.wait_closed()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    """Two authorities, of which the gate knows one."""
    folder, now = tmp_path_factory.mktemp("keys"), datetime.now(UTC)
    ours = IssuingAuthority.create(folder / "ours", now)
    other = IssuingAuthority.create(folder / "other", now)
    served = ours.issue_server(["localhost"], now)
    contexts = []
    for name, authority in (("honest", ours), ("stranger", other)):
        issued, at = authority.issue_client("terminal-1", now), folder / name
        at.mkdir()
        for file, content in (
            ("cert.pem", issued.chain_pem),
            ("key.pem", issued.key_pem),
            ("ca.pem", ours.root_pem),
        ):
            (at / file).write_bytes(content)
        contexts.append(client_context(Path(at)))
    return Place(TlsIdentity(ours.root_pem, served.chain_pem, served.key_pem), *contexts)


async def test_an_address_whose_handshakes_fail_is_hung_up_on_and_others_are_not(place: Place) -> None:
    """Even one that holds a good key is not heard from there, until the failures are forgiven."""
    limits = GateLimits(failures_per_s=2.0)
    async with place.gate(limits) as port:
        assert await place.is_heard(port, place.honest, FLOODER)
        said = await asyncio.gather(*(place.is_heard(port, place.stranger, FLOODER) for _ in range(15)))
        assert not any(said)
        assert not await place.is_heard(port, place.honest, FLOODER)
        assert await place.is_heard(port, place.honest, HONEST)

        async def is_forgiven() -> bool:
            return await place.is_heard(port, place.honest, FLOODER)

        await eventually(is_forgiven, "the failures are forgiven")


async def test_handshakes_under_way_are_counted_by_address(place: Place) -> None:
    """Whoever says nothing takes its own places and nobody else's, and gives them back."""
    limits = GateLimits(handshakes=3)
    async with place.gate(limits) as port:
        async with AsyncExitStack() as stack:
            silent = [await stack.enter_async_context(connection(port, None, FLOODER)) for _ in range(3)]
            assert await place.is_heard(port, place.honest, HONEST)
            async with connection(port, None, FLOODER) as (reader, _):
                assert b"" == await reader.read()
            assert not silent[0][0].at_eof()

        async def is_heard_again() -> bool:
            return await place.is_heard(port, place.honest, FLOODER)

        await eventually(is_heard_again, "the places are free")


async def test_connections_that_stand_are_counted_by_address(place: Place) -> None:
    """One that ends makes room for the next."""
    limits = GateLimits(connections=2)
    async with place.gate(limits) as port, connection(port, place.honest, FLOODER):
        async with connection(port, place.honest, FLOODER):
            assert not await place.is_heard(port, place.honest, FLOODER)
            assert await place.is_heard(port, place.honest, HONEST)

        async def has_room() -> bool:
            return await place.is_heard(port, place.honest, FLOODER)

        await eventually(has_room, "there is room")


@pytest.mark.parametrize(
    ("peer", "counted"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ("2001:db8:1:2:ffff::1", "2001:db8:1:2::"),
        ("fe80::1%eth0", "fe80::"),
    ],
)
def test_addresses_of_one_customer_are_one(peer: str, counted: str) -> None:
    """Of IPv6 everybody has 2^64."""
    assert counted == address_of(peer)
