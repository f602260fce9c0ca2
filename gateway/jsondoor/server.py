"""The JSON door itself: one HTTPS port that asks every client for its certificate."""

import asyncio
import ssl
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import structlog
from aiohttp import web

from gateway.domain.reasons import Reason
from gateway.jsondoor.problems import HttpFault, HttpFaultError, fault_response, refusal_response
from gateway.jsondoor.service import FINGERPRINT, JsonService
from gateway.ledger.answers import CommandError
from gateway.registry.secret_files import create_secret
from gateway.rpc.server import TlsIdentity

LINGER_S: Final = 2.0
"""How long the rest of a refused body is read and thrown away, so that its sender gets to see the answer."""

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class JsonDoorSettings:
    """Where the door listens, and how long it waits for its clients.

    `idle_s` bounds the time until a request's head is there, on a new connection too;
    `reuse_port` is for several workers behind one port, as at the gRPC door.
    """

    host: str
    port: int
    message_bytes: int = 1_048_576
    idle_s: float = 60.0
    handshake_s: float = 10.0
    reuse_port: bool = False


def tls_context(identity: TlsIdentity) -> ssl.SSLContext:
    """TLS 1.2 or newer, each client with a certificate of the CA; raises ssl.SSLError if files do not fit."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
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


class _Connection(web.RequestHandler):
    """One client's connection."""

    __slots__ = ("fingerprint",)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        certificate = transport.get_extra_info("ssl_object").getpeercert(binary_form=True)
        self.fingerprint = sha256(certificate).digest()
        super().connection_made(transport)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,  # noqa: ARG002 it may repeat what the client sent
    ) -> web.StreamResponse:
        """What is not HTTP gets a problem as well, and the connection ends."""
        if request.writer.output_size > 0:
            raise ConnectionError("an answer has begun that cannot be finished")
        if status < 500:
            response = fault_response(HttpFaultError(HttpFault.HTTP_MALFORMED), "ru")
        else:
            _log.error("a response failed", exc_info=exc)
            response = refusal_response(CommandError(Reason.UNAVAILABLE), "ru")
        response.force_close()
        return response


class _Server(web.Server):
    def __init__(self, service: JsonService, settings: JsonDoorSettings) -> None:
        super().__init__(service.handle, request_factory=self._request)
        self._settings = settings

    def __call__(self) -> web.RequestHandler:
        return _Connection(
            self,
            loop=self._loop,
            keepalive_timeout=self._settings.idle_s,
            lingering_time=LINGER_S,
            access_log=cast(Any, None),
            # A small body may not become a large one.
            auto_decompress=False,
        )

    def _request(
        self, message: Any, payload: Any, protocol: web.RequestHandler, writer: Any, task: asyncio.Task[None]
    ) -> web.BaseRequest:
        size = self._settings.message_bytes
        request = web.BaseRequest(message, payload, protocol, writer, task, self._loop, client_max_size=size)
        request[FINGERPRINT] = cast(_Connection, protocol).fingerprint
        return request


class JsonDoor:
    """An HTTPS server for tills. Made, started and drained inside one event loop."""

    def __init__(self, service: JsonService, identity: TlsIdentity, settings: JsonDoorSettings) -> None:
        self._service = service
        self._identity = identity
        self._settings = settings
        self._http: _Server | None = None
        self._listener: asyncio.Server | None = None

    async def start(self) -> int:
        """Listen, and return the port (chosen by the system if it was 0).

        Raises OSError if the port is taken or, as ssl.SSLError, the certificates do not fit.
        """
        settings = self._settings
        http = _Server(self._service, settings)
        self._listener = await asyncio.get_running_loop().create_server(
            http,
            settings.host,
            settings.port,
            ssl=tls_context(self._identity),
            ssl_handshake_timeout=settings.handshake_s,
            reuse_port=settings.reuse_port or None,
        )
        self._http = http
        port: int = self._listener.sockets[0].getsockname()[1]
        _log.info("the JSON door is open", host=settings.host, port=port)
        return port

    async def drain(self, grace_s: float) -> None:
        """Take nothing new, and let what is in flight finish within `grace_s`."""
        if self._http is None or self._listener is None:
            return
        self._listener.close()
        self._http.pre_shutdown()
        await self._http.shutdown(grace_s)
        self._http = self._listener = None
        _log.info("the JSON door is closed")
