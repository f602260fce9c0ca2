"""The process of enrolment: it alone holds the issuing key, and it serves no till's money.

It listens on a port of its own, without certificates of clients, and works as a database role that sees no
card, purchase or sum.
"""

import asyncio
import signal
import time
from datetime import timedelta
from typing import Final, Self

import structlog
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.record.words import Actor
from gateway.registry.keys.enrolling import Enroller
from gateway.registry.keys.operating import publish_outcome_key
from gateway.registry.keys.outcome_keys import OutcomeKey, published_keys
from gateway.rpc import access_log
from gateway.rpc.accounting import Accounting, ServiceLimits
from gateway.rpc.enrollment.applications import Applications
from gateway.rpc.enrollment.methods import EnrollmentMethods, Told
from gateway.rpc.enrollment.rates import Rates
from gateway.rpc.enrollment.service import EnrollmentService
from gateway.rpc.server import DoorSettings, OpenTls, TillDoor
from gateway.runtime.applications import RegistryApplications
from gateway.runtime.database import make_engine
from gateway.runtime.errors import StartError
from gateway.runtime.keys import load_issuing, load_signer, load_tls
from gateway.runtime.logging import line_writer
from gateway.runtime.settings import Profile, Settings
from gateway.runtime.settings_source import variable

log = structlog.get_logger(__name__)

MESSAGE_BYTES: Final = 512 * 1024
"""An application names up to 2,000 outlets; nothing else comes near."""
TRANSPORT_BYTES: Final = 1024 * 1024
IN_FLIGHT: Final = 64
CONNECTION_AGE_S: Final = 300
"""Who enrols is done in seconds; who only stays makes room for others."""
HANDSHAKE_S: Final = 10
STREAMS: Final = 100


class EnrollmentGateway:
    """A running enrolment. Made, started and drained inside one event loop."""

    def __init__(self, settings: Settings, engine: AsyncEngine, applications: Applications) -> None:
        self._settings = settings
        self._engine = engine
        issuing, roots_pem = load_issuing(settings)
        tls = load_tls(settings)
        methods = EnrollmentMethods(
            Enroller(engine, issuing.certify_client),
            applications,
            self._keys,
            Told(
                roots_pem,
                endpoint=f"{settings.public_host}:{settings.grpc_port}",
                json_endpoint=f"{settings.public_host}:{settings.json_port}",
                enrollment_endpoint=f"{settings.public_host}:{settings.enrollment_port}",
            ),
        )
        accounting = Accounting(
            ServiceLimits(message_bytes=MESSAGE_BYTES, in_flight=IN_FLIGHT), line_writer(access_log.LOGGER)
        )
        self._door = TillDoor(
            [EnrollmentService(methods, accounting, Rates(time.monotonic))],
            OpenTls(tls.client_ca, tls.certificate_chain, tls.private_key),
            DoorSettings(
                settings.enrollment_host,
                settings.enrollment_port,
                streams_per_connection=STREAMS,
                handshake_timeout_s=HANDSHAKE_S,
                connection_age_s=CONNECTION_AGE_S,
                transport_bytes=TRANSPORT_BYTES,
                wait_limit=timedelta(milliseconds=settings.door_wait_ms),
            ),
            lambda: None,
        )

    @classmethod
    async def start(cls, settings: Settings, applications: Applications | None = None) -> Self:
        """Start serving; raises StartError and SecretFileError."""
        if not settings.database_enrollment_url:
            raise StartError(f"{variable('database_enrollment_url')}: name the database")
        engine = make_engine(
            settings.database_enrollment_url, pool_size=4, silence_s=settings.database_silence_s
        )
        try:
            if settings.profile is Profile.DEVELOPMENT:
                await _publish_own_key(settings)
            gateway = cls(settings, engine, applications or RegistryApplications(engine))
            await gateway._keys()
            try:
                await gateway._door.start()
            except RuntimeError as error:
                where = f"{settings.enrollment_host}:{settings.enrollment_port}"
                said = f"cannot listen on {where}: it is taken, or certificate and key do not fit"
                raise StartError(f"{variable('enrollment_port')}: {said}") from error
        except (SQLAlchemyError, OSError) as error:
            await engine.dispose()
            said = str(getattr(error, "orig", error)).partition("\n")[0]
            name = variable("database_enrollment_url")
            raise StartError(f"{name}: the database cannot be used: {said}") from error
        except BaseException:
            await engine.dispose()
            raise
        return gateway

    async def drain(self) -> None:
        """Finish what is in flight, and stop."""
        await self._door.drain(self._settings.drain_timeout_s)
        await self._engine.dispose()

    async def _keys(self) -> list[OutcomeKey]:
        async with self._engine.connect() as connection:
            return await published_keys(connection)


async def serve_enrollment(settings: Settings, applications: Applications | None = None) -> None:
    """Run enrolment until SIGTERM or SIGINT; raises what `EnrollmentGateway.start` raises."""
    stopping = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        asyncio.get_running_loop().add_signal_handler(number, stopping.set)
    gateway = await EnrollmentGateway.start(settings, applications)
    log.info("clients may enrol")
    await stopping.wait()
    await gateway.drain()


async def _publish_own_key(settings: Settings) -> None:
    """In development nobody else does it."""
    signer = load_signer(settings)
    engine = make_engine(settings.database_migrator_url, pool_size=1)
    try:
        async with engine.begin() as connection:
            if not await published_keys(connection):
                await publish_outcome_key(
                    connection, signer.key_id, signer.public_key, by=Actor.system("enrollment")
                )
    finally:
        await engine.dispose()
