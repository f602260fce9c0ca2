"""Enrolment on a database of a test's own: its process, codes, and clients that enrol."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any, TypeVar

import grpc
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import (
    SECP256R1,
    EllipticCurvePrivateKey,
    generate_private_key,
)
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding
from cryptography.x509.oid import NameOID
from google.rpc.error_details_pb2 import ErrorInfo
from google.rpc.status_pb2 import Status
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.record.words import Actor
from gateway.registry.keys.building import key_pem, pem
from gateway.registry.keys.operating import CODE_VALIDITY, issue_code
from gateway.registry.keys.owners import Owner
from gateway.rpc.enrollment.applications import Applications
from gateway.runtime.database import make_engine
from gateway.runtime.enrollment import EnrollmentGateway
from gateway.runtime.keys import authority
from gateway.runtime.settings import Settings
from loadtests.serving import free_port
from merchant_sdk.enrollment import EnrollmentClient
from tillgate.v1 import enrollment_service_pb2 as wire
from tillgate.v1 import enrollment_service_pb2_grpc as stubs

Result = TypeVar("Result")

OPERATOR = Actor.person("operator")


@dataclass(frozen=True)
class Enrollment:
    """A running enrolment; `engine` is the owner's of its database."""

    settings: Settings
    engine: AsyncEngine
    endpoint: str
    ca_pem: bytes

    async def code(self, owner: Owner, validity: timedelta = CODE_VALIDITY) -> str:
        """A new code for a client."""
        issued = await self.change(lambda connection: issue_code(connection, owner, "operator", validity))
        text: str = issued.code.text
        return text

    async def change(self, work: Callable[[AsyncConnection], Awaitable[Any]]) -> Any:
        """Do something as the owner of the tables."""
        async with self.engine.begin() as connection:
            return await work(connection)

    async def with_client(self, work: Callable[[EnrollmentClient], Result], **options: Any) -> Result:
        """Do something as a client, in a thread: the SDK's enrolment is synchronous."""

        def connected() -> Result:
            with EnrollmentClient(self.endpoint, ca_pem=self.ca_pem, **options) as client:
                return work(client)

        return await asyncio.to_thread(connected)

    @asynccontextmanager
    async def stub(self) -> AsyncIterator[Any]:
        """The bare service, for requests that no SDK would make."""
        credentials = grpc.ssl_channel_credentials(self.ca_pem)
        options = [("grpc.use_local_subchannel_pool", 1)]
        async with grpc.aio.secure_channel(self.endpoint, credentials, options) as channel:
            yield stubs.EnrollmentServiceStub(channel)


def enrollment_settings(settings: Settings) -> Settings:
    """The same settings, with a free port for enrolment and its own role."""
    url = make_url(settings.database_url).set(username="tillgate_enrollment")
    return settings.model_copy(
        update={
            "enrollment_port": free_port(),
            "database_enrollment_url": url.render_as_string(hide_password=False),
        }
    )


@asynccontextmanager
async def enrollment_on(
    settings: Settings, applications: Applications | None = None
) -> AsyncIterator[Enrollment]:
    """A running enrolment beside what runs on these settings."""
    settings = enrollment_settings(settings)
    gateway = await EnrollmentGateway.start(settings, applications)
    engine = make_engine(settings.database_migrator_url, pool_size=2)
    try:
        endpoint = f"localhost:{settings.enrollment_port}"
        yield Enrollment(settings, engine, endpoint, authority(settings).root_pem)
    finally:
        await engine.dispose()
        await gateway.drain()


def new_key() -> EllipticCurvePrivateKey:
    """A key as a till makes one."""
    return generate_private_key(SECP256R1())


def request_of(key: Any, name: str = "till") -> bytes:
    """A certificate request, DER."""
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    request = x509.CertificateSigningRequestBuilder().subject_name(subject).sign(key, SHA256())
    return request.public_bytes(Encoding.DER)


def leaf_of(granted: wire.Enrollment) -> x509.Certificate:
    """The certificate that was granted."""
    return x509.load_der_x509_certificate(granted.certificate_chain[0])


def keep(granted: wire.Enrollment, key: EllipticCurvePrivateKey, folder: Path) -> Path:
    """Write what a till needs to connect: cert.pem, key.pem, ca.pem."""
    folder.mkdir()
    chain = [x509.load_der_x509_certificate(one) for one in granted.certificate_chain]
    roots = [x509.load_der_x509_certificate(one) for one in granted.roots]
    (folder / "cert.pem").write_bytes(b"".join(map(pem, chain)))
    (folder / "ca.pem").write_bytes(b"".join(map(pem, roots)))
    (folder / "key.pem").write_bytes(key_pem(key))
    return folder


def reason_of(error: grpc.aio.AioRpcError) -> str:
    """The reason that an error names."""
    for key, value in error.trailing_metadata() or ():
        if key == "grpc-status-details-bin" and isinstance(value, bytes):
            info = ErrorInfo()
            for detail in Status.FromString(value).details:
                if detail.Unpack(info):
                    return info.reason
    return ""
