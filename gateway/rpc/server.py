"""The door itself: one gRPC port with mutual TLS, health and reflection."""

from collections.abc import Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import timedelta
from tempfile import TemporaryDirectory
from typing import Final, Protocol, cast

import grpc
import structlog
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from gateway.rpc.door_wait import DoorWait
from gateway.rpc.newcomers import Newcomers

TRANSPORT_MESSAGE_BYTES: Final = 16 * 1024 * 1024
"""What gRPC itself refuses, without details; the service's own limit lies far below and answers by name."""

CONNECTION_GRACE_S: Final = 20

MAX_UNFETCHED_CALLS: Final = 256
"""Of calls beyond it gRPC itself cancels some, beyond twice as many all: the last resort of a process that
has no time even to send them away by name."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class DoorSettings:
    """Where the door listens, and how it treats connections.

    Nothing is read of a message beyond `transport_bytes`, and no connection grows older than
    `connection_age_s` (0: as old as it likes), but for what it has in flight then. One that has had nothing
    in flight for `connection_idle_s` is hung up on, whatever it pings.

    `min_ping_interval_s` must lie below the keepalive of every client, or they are cut off.
    `reuse_port` is for several workers behind one port: two servers then share it silently.
    `wait_limit` is how long calls may wait to be looked at before some of them are sent away.
    """

    host: str
    port: int
    min_ping_interval_s: int = 10
    keepalive_interval_s: int = 60
    keepalive_timeout_s: int = 20
    streams_per_connection: int = 1_024
    handshake_timeout_s: int = 20
    connection_age_s: int = 0
    connection_idle_s: int = 1_800
    transport_bytes: int = TRANSPORT_MESSAGE_BYTES
    reuse_port: bool = False
    wait_limit: timedelta = timedelta(milliseconds=100)


@dataclass(frozen=True, slots=True)
class TlsIdentity:
    """PEM texts: the CA of the clients, the door's certificate chain and its private key."""

    client_ca: bytes
    certificate_chain: bytes
    private_key: bytes = field(repr=False)

    def credentials(self, begins: Callable[[], None] | None = None) -> grpc.ServerCredentials:
        """Server credentials that ask every client for its certificate.

        `begins` is called as each handshake begins, in a thread of gRPC's.
        """
        return self._credentials(begins, self.client_ca)

    def _credentials(
        self, begins: Callable[[], None] | None, client_ca: bytes | None
    ) -> grpc.ServerCredentials:
        pair, asks = [(self.private_key, self.certificate_chain)], client_ca is not None
        if begins is None:
            return grpc.ssl_server_credentials(pair, client_ca, asks)
        same = grpc.ssl_server_certificate_configuration(pair, client_ca)

        # gRPC asks for newer certificates before each handshake: the one moment at which it tells of it.
        def newer_certificates() -> grpc.ServerCertificateConfiguration:
            begins()
            # None, which the stubs do not know, for no newer ones.
            return cast(grpc.ServerCertificateConfiguration, None)

        return grpc.dynamic_ssl_server_credentials(same, newer_certificates, asks)


@dataclass(frozen=True, slots=True)
class OpenTls(TlsIdentity):
    """The same for a port that serves clients without a certificate too; none of theirs is looked at."""

    def credentials(self, begins: Callable[[], None] | None = None) -> grpc.ServerCredentials:
        """Server credentials that ask no client for a certificate."""
        return self._credentials(begins, None)


class Service(Protocol):
    """What the door serves under a name of the wire."""

    name: str

    def handler(self, turns_away: Callable[[], bool]) -> grpc.GenericRpcHandler:
        """What the server is given; calls are sent away whenever `turns_away` says so."""

    def drain(self) -> None:
        """End streams as soon as they can be ended well."""


class TillDoor:
    """A gRPC server for tills. Made, started and drained inside one event loop.

    Without an `identity` it speaks plainly, which is for a proxy before it. `notice_flood` is told of each
    call that is turned away. `newcomers` bounds the handshakes, if there is one.
    """

    def __init__(
        self,
        services: Sequence[Service],
        identity: TlsIdentity | None,
        settings: DoorSettings,
        notice_flood: Callable[[], None],
        newcomers: Newcomers | None = None,
    ) -> None:
        self._services = services
        self._identity = identity
        self._settings = settings
        self._health = health.aio.HealthServicer()
        self._server: grpc.aio.Server | None = None
        self._wait = DoorWait(settings.wait_limit)
        self._notice_flood = notice_flood
        self._newcomers = newcomers
        self._stack = AsyncExitStack()

    async def start(self) -> int:
        """Listen, and return the port (chosen by the system if it was 0).

        Raises RuntimeError if the port is taken or the certificates do not fit.
        """
        server = grpc.aio.server(options=connection_options(self._settings))
        handlers = (service.handler(self._turns_away) for service in self._services)
        server.add_generic_rpc_handlers((*handlers, self._wait))
        health_pb2_grpc.add_HealthServicer_to_server(self._health, server)
        names = (*(service.name for service in self._services), health.SERVICE_NAME)
        reflection.enable_server_reflection((*names, reflection.SERVICE_NAME), server)
        address = f"{self._settings.host}:{self._settings.port}"
        if self._identity is None:
            port = server.add_insecure_port(address)
        else:
            begins = self._newcomers.begins if self._newcomers else None
            port = server.add_secure_port(address, self._identity.credentials(begins))
        # Only this user gets there, and without a certificate nobody is served anyway.
        folder = self._stack.enter_context(TemporaryDirectory(prefix="tillgate-door-"))
        knocked_at = f"unix:{folder}/door"
        server.add_insecure_port(knocked_at)
        await server.start()
        self._server = server
        await self._stack.enter_async_context(self._wait.knocking(knocked_at))
        if self._newcomers is not None and self._identity is not None:
            self._newcomers.watch(port)
            self._stack.push_async_callback(self._newcomers.stop)
        for name in (*names, ""):
            await self._health.set(name, health_pb2.HealthCheckResponse.SERVING)
        _log.info("the door is open", host=self._settings.host, port=port)
        return port

    def _turns_away(self) -> bool:
        if not self._wait.turns_away():
            return False
        self._notice_flood()
        return True

    async def give_notice(self) -> None:
        """Say NOT_SERVING from now on, and go on serving."""
        await self._health.enter_graceful_shutdown()

    async def drain(self, grace_s: float) -> None:
        """Say NOT_SERVING, take nothing new, and let what is in flight finish within `grace_s`."""
        if self._server is None:
            return
        await self.give_notice()
        for service in self._services:
            service.drain()
        await self._server.stop(grace_s)
        await self._stack.aclose()
        self._server = None
        _log.info("the door is closed")


def connection_options(settings: DoorSettings) -> list[tuple[str, int]]:
    """How gRPC is to treat connections; it ignores in silence what it does not know by name."""
    ages = [
        ("grpc.max_connection_age_ms", settings.connection_age_s * 1000),
        ("grpc.max_connection_age_grace_ms", CONNECTION_GRACE_S * 1000),
    ]
    return [
        *(ages if settings.connection_age_s else ()),
        ("grpc.max_connection_idle_ms", settings.connection_idle_s * 1000),
        ("grpc.server_handshake_timeout_ms", settings.handshake_timeout_s * 1000),
        ("grpc.so_reuseport", int(settings.reuse_port)),
        ("grpc.max_receive_message_length", settings.transport_bytes),
        ("grpc.server.max_pending_requests", MAX_UNFETCHED_CALLS),
        ("grpc.server.max_pending_requests_hard_limit", 2 * MAX_UNFETCHED_CALLS),
        ("grpc.max_concurrent_streams", settings.streams_per_connection),
        # Without it a ping more often than every five minutes is too often.
        ("grpc.http2.min_ping_interval_without_data_ms", settings.min_ping_interval_s * 1000),
        ("grpc.keepalive_permit_without_calls", 1),
        ("grpc.keepalive_time_ms", settings.keepalive_interval_s * 1000),
        ("grpc.keepalive_timeout_ms", settings.keepalive_timeout_s * 1000),
    ]
