"""Attacks on the doors below any message: old TLS, ended and strange certificates, floods, and silence."""

import asyncio
import ssl
import warnings
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import grpc
import pytest
import pytest_asyncio
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.x509 import load_pem_x509_certificate
from grpc_health.v1 import health_pb2

from gateway.registry.keys.operating import register_certificate
from gateway.registry.keys.owners import Owner
from gateway.registry.pki import LEAF_VALIDITY, Issued, IssuingAuthority
from gateway.rpc.server import DoorSettings, OpenTls, TillDoor
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from gateway.runtime.keys import authority
from tests import wire_kit
from tests.door_kit import Door, door_on
from tests.json_client import client_context
from tests.keys_kit import OPERATOR, Enrollment, enrollment_on
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

pytestmark = pytest.mark.asyncio(loop_scope="module")

FLOOD = 60
NOW = datetime.now(UTC)


@dataclass(frozen=True)
class Scene:
    """A gateway with enrolment beside it, and a card."""

    door: Door
    enrollment: Enrollment
    card: wire.Card

    @property
    def ports(self) -> dict[str, int]:
        """Every port that speaks TLS."""
        gateway = self.door.gateway
        return {
            "grpc": gateway.grpc_port,
            "json": gateway.json_port,
            "enrollment": self.enrollment.settings.enrollment_port,
        }

    @property
    def honest(self) -> Path:
        """The keys of a till that is admitted."""
        return self.door.fixture.terminals[0].folder


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def scene(
    tmp_path_factory: pytest.TempPathFactory,
    postgres: EmbeddedPostgres,
    valkey: EmbeddedValkey,
    make_database: Callable[[], str],
) -> AsyncIterator[Scene]:
    """One for all tests here."""
    url = postgres.url(make_database())
    async with (
        door_on(tmp_path_factory.mktemp("door"), url, valkey.url) as door,
        enrollment_on(door.settings) as enrollment,
    ):
        yield Scene(door, enrollment, await door.card(500_00))


def folder_of(path: Path, issued: Issued, root_pem: bytes) -> Path:
    """A directory with cert.pem, key.pem and ca.pem."""
    path.mkdir(exist_ok=True)
    (path / "cert.pem").write_bytes(issued.chain_pem)
    (path / "key.pem").write_bytes(issued.key_pem)
    (path / "ca.pem").write_bytes(root_pem)
    return path


async def talks(port: int, context: ssl.SSLContext) -> str:
    """The version of TLS that a port agrees to, if it goes on listening after the handshake; else why not."""
    try:
        reader, writer = await asyncio.open_connection("localhost", port, ssl=context)
    except (ssl.SSLError, ConnectionError) as error:
        return type(error).__name__
    version = str(writer.get_extra_info("ssl_object").version())
    try:
        # With TLS 1.3 a client learns only now that its certificate was refused.
        writer.write(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\4\0\0\0\0\0")
        if not await asyncio.wait_for(reader.read(1), 10):
            return "hung up"
    except (ssl.SSLError, ConnectionError) as error:
        return type(error).__name__
    finally:
        writer.transport.abort()
    return version


async def hang_up(writer: asyncio.StreamWriter) -> None:
    """Leave, whatever the other side thinks of it."""
    writer.close()
    with suppress(ConnectionError):
        await writer.wait_closed()


def context_of(folder: Path, highest: ssl.TLSVersion, lowest: ssl.TLSVersion) -> ssl.SSLContext:
    """A client that speaks these versions, with ciphers as old as they are."""
    context = client_context(folder)
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.set_alpn_protocols(["h2", "http/1.1"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        context.minimum_version, context.maximum_version = lowest, highest
    return context


@pytest.mark.parametrize("name", ["grpc", "json", "enrollment"])
async def test_no_port_speaks_a_tls_older_than_1_2(scene: Scene, name: str) -> None:
    """1.0 and 1.1 are refused; the same client with 1.2 or 1.3 is heard, so it is the version that counts."""
    versions = ssl.TLSVersion
    port = scene.ports[name]
    for old in (versions.TLSv1, versions.TLSv1_1):
        said = await talks(port, context_of(scene.honest, old, versions.TLSv1))
        assert said in ("SSLError", "ConnectionResetError"), said
    for new, told in ((versions.TLSv1_2, "TLSv1.2"), (versions.TLSv1_3, "TLSv1.3")):
        assert told == await talks(port, context_of(scene.honest, new, versions.TLSv1))


@pytest.mark.parametrize("name", ["grpc", "json"])
async def test_an_expired_certificate_does_not_get_in_though_the_registry_has_it(
    scene: Scene, tmp_path: Path, name: str
) -> None:
    """TLS itself refuses it; the same client with a good one is heard."""
    made = authority(scene.door.settings)
    for begun, heard in ((NOW - LEAF_VALIDITY - timedelta(days=1), False), (NOW, True)):
        issued = made.issue_client("terminal-1", begun)
        certificate = load_pem_x509_certificate(issued.chain_pem)
        async with scene.door.ledger.engine.begin() as connection:
            owner = Owner(terminal_id=scene.door.fixture.terminals[0].terminal_ids[0])
            await register_certificate(
                connection, owner, certificate.fingerprint(SHA256()), NOW + LEAF_VALIDITY, by=OPERATOR
            )
        folder = folder_of(tmp_path / str(heard), issued, made.root_pem)
        context = context_of(folder, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2)
        assert heard == (await talks(scene.ports[name], context)).startswith("TLS")


async def test_a_flood_of_bad_certificates_keeps_no_honest_till_out(scene: Scene, tmp_path: Path) -> None:
    """Strangers' handshakes end before any message, and tills buy meanwhile."""
    stranger = IssuingAuthority.create(tmp_path / "stranger", NOW)
    ours = authority(scene.door.settings).root_pem
    folder = folder_of(tmp_path / "flood", stranger.issue_client("terminal-1", NOW), ours)
    context = context_of(folder, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2)
    flood = [
        asyncio.create_task(talks(scene.ports[name], context))
        for name in ("grpc", "json")
        for _ in range(FLOOD)
    ]
    tills = [scene.door.till(client) for client in scene.door.fixture.terminals]
    asked = 0
    while not all(task.done() for task in flood):
        answers = await asyncio.gather(
            *(till.call(service.GetBalanceRequest(card=scene.card)) for till in tills)
        )
        asked += len(answers)
    assert not any(said.startswith("TLS") for said in await asyncio.gather(*flood))
    assert asked > 0


@pytest.mark.parametrize("name", ["grpc", "json", "enrollment"])
async def test_many_who_say_nothing_keep_nobody_out(scene: Scene, name: str) -> None:
    """Connections without a handshake, or with half of one, take no place of an honest client's."""
    async with AsyncExitStack() as stack:
        for number in range(FLOOD):
            _, writer = await asyncio.open_connection("localhost", scene.ports[name])
            stack.push_async_callback(hang_up, writer)
            if number % 2:
                # A record that announces a greeting of 512 bytes, and its beginning.
                writer.write(b"\x16\x03\x01\x02\x00\x01\x00")
        if name == "enrollment":
            keys = await scene.enrollment.with_client(lambda client: client.outcome_keys())
            assert keys
        else:
            context = context_of(scene.honest, ssl.TLSVersion.TLSv1_3, ssl.TLSVersion.TLSv1_2)
            assert "TLSv1.3" == await talks(scene.ports[name], context)
            await scene.door.till().call(wire_kit.quote(card=scene.card))


def open_tls(scene: Scene) -> OpenTls:
    """TLS of a door for a test."""
    issued = authority(scene.door.settings).issue_server(["localhost"], NOW)
    return OpenTls(b"", issued.chain_pem, issued.key_pem)


async def door_with(scene: Scene, stack: AsyncExitStack, **settings: Any) -> int:
    """The port of a bare gRPC door with settings of its own."""
    door = TillDoor([], open_tls(scene), DoorSettings("127.0.0.1", 0, **settings), lambda: None)
    port = await door.start()
    stack.push_async_callback(door.drain, 0)
    return port


async def channel_to(scene: Scene, stack: AsyncExitStack, port: int) -> grpc.aio.Channel:
    """A connection of its own to such a door."""
    credentials = grpc.ssl_channel_credentials(authority(scene.door.settings).root_pem)
    options = [("grpc.use_local_subchannel_pool", 1)]
    channel = await stack.enter_async_context(
        grpc.aio.secure_channel(f"localhost:{port}", credentials, options)
    )
    await channel.channel_ready()
    return channel


async def test_whoever_does_not_finish_its_handshake_is_hung_up_on(scene: Scene) -> None:
    """gRPC ignores options that it does not know; this one it does."""
    async with AsyncExitStack() as stack:
        port = await door_with(scene, stack, handshake_timeout_s=1)
        reader, writer = await asyncio.open_connection("localhost", port)
        stack.push_async_callback(hang_up, writer)
        writer.write(b"\x16\x03\x01\x02\x00\x01\x00")
        assert b"" == await reader.read()


async def test_a_connection_of_enrolment_does_not_last_for_ever(scene: Scene) -> None:
    """Whoever only stays makes room for others."""
    async with AsyncExitStack() as stack:
        port = await door_with(scene, stack, connection_age_s=1)
        channel = await channel_to(scene, stack, port)
        await channel.wait_for_state_change(grpc.ChannelConnectivity.READY)
        assert grpc.ChannelConnectivity.READY is not channel.get_state()


async def test_a_connection_without_calls_is_hung_up_on_and_a_stream_is_a_call(scene: Scene) -> None:
    """Nobody keeps places by doing nothing, and whoever waits for news at a stream goes on waiting."""
    async with AsyncExitStack() as stack:
        port = await door_with(scene, stack, connection_idle_s=1)
        idle, waiting = [await channel_to(scene, stack, port) for _ in range(2)]
        watch = waiting.unary_stream(
            "/grpc.health.v1.Health/Watch",
            request_serializer=health_pb2.HealthCheckRequest.SerializeToString,
            response_deserializer=health_pb2.HealthCheckResponse.FromString,
        )
        news = watch(health_pb2.HealthCheckRequest())
        assert health_pb2.HealthCheckResponse(status="SERVING") == await news.read()
        await idle.wait_for_state_change(grpc.ChannelConnectivity.READY)
        assert grpc.ChannelConnectivity.READY is not idle.get_state()
        assert grpc.ChannelConnectivity.READY is waiting.get_state()
        assert not news.done()
