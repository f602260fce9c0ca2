"""The JSON door itself: one HTTPS port that asks every client for its certificate.

Where HMAC keys are in use it also takes clients that have none; behind a proxy that ends TLS it is HTTP.
"""

import asyncio
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import structlog

from gateway.jsondoor.connections import HttpServer
from gateway.jsondoor.gate import Gate, GateLimits, listeners_at
from gateway.jsondoor.service import JsonService
from gateway.registry.secret_files import create_secret
from gateway.rpc.server import TlsIdentity

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JsonDoorSettings:
    """Where the door listens, and how long it waits for its clients.

    `idle_timeout_s` bounds the time until a request's head is there, on a new connection too, and how long
    answers may lie unread; `needs_certificate` is off where HMAC keys are in use; `reuse_port` is for several
    workers behind one port, as at the gRPC door; `client_connections` is how many one client key may have
    (0: any); `gate` is what one address may take, where no proxy is before the door.
    """

    host: str
    port: int
    message_bytes: int = 1_048_576
    idle_timeout_s: float = 60.0
    handshake_timeout_s: float = 10.0
    reuse_port: bool = False
    needs_certificate: bool = True
    client_connections: int = 0
    gate: GateLimits = field(default_factory=GateLimits)


def tls_context(identity: TlsIdentity, *, needs_certificate: bool = True) -> ssl.SSLContext:
    """TLS 1.2 or newer, each client with a certificate of the CA, or with none where none is needed.

    Raises ssl.SSLError if files do not fit.
    """
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED if needs_certificate else ssl.CERT_OPTIONAL
    context.load_verify_locations(cadata=identity.client_ca.decode("ascii"))
    # A resumed session would not look at the client's certificate again, which may have ended meanwhile.
    context.num_tickets = 0
    context.options |= ssl.OP_NO_TICKET
    with TemporaryDirectory() as folder:
        # Python's ssl reads keys from files alone.
        pair = Path(folder) / "pair.pem"
        create_secret(pair, identity.private_key + b"\n" + identity.certificate_chain)
        context.load_cert_chain(pair)
    return context


class JsonDoor:
    """An HTTPS server for tills. Made, started and drained inside one event loop.

    Without an `identity` it speaks plainly, which is for a proxy before it.
    """

    def __init__(
        self, service: JsonService, identity: TlsIdentity | None, settings: JsonDoorSettings
    ) -> None:
        self._service = service
        self._identity = identity
        self._settings = settings
        self._http: HttpServer | None = None
        self._listener: asyncio.Server | None = None
        self._gate: Gate | None = None

    async def start(self) -> int:
        """Listen, and return the port (chosen by the system if it was 0).

        Raises OSError if the port is taken or, as ssl.SSLError, the certificates do not fit.
        """
        settings = self._settings
        http = HttpServer(
            self._service,
            message_bytes=settings.message_bytes,
            idle_s=settings.idle_timeout_s,
            client_connections=settings.client_connections,
        )
        if self._identity is None:
            self._listener = await asyncio.get_running_loop().create_server(
                http, settings.host, settings.port, reuse_port=settings.reuse_port or None
            )
            port: int = self._listener.sockets[0].getsockname()[1]
        else:
            tls = tls_context(self._identity, needs_certificate=settings.needs_certificate)
            listeners = await listeners_at(settings.host, settings.port, reuse_port=settings.reuse_port)
            self._gate = Gate(http, tls, settings.handshake_timeout_s, settings.gate)
            self._gate.open(listeners)
            port = listeners[0].getsockname()[1]
        self._http = http
        _log.info("the JSON door is open", host=settings.host, port=port)
        return port

    def give_notice(self) -> None:
        """Go on serving, but keep no connection beyond its next answer."""
        if self._http is not None:
            self._http.give_notice()

    async def drain(self, grace_s: float) -> None:
        """Take no new connection, and let what has begun to arrive be answered within `grace_s`."""
        if self._http is None:
            return
        if self._listener is not None:
            self._listener.close()
        if self._gate is not None:
            await self._gate.close()
        await self._http.drain(grace_s)
        self._http = self._listener = self._gate = None
        _log.info("the JSON door is closed")
