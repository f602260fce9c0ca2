"""Enrolment as operators run it: a process of its own, with an encrypted issuing key and its own role."""

import asyncio
import os
import signal
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import grpc
import pytest
from grpc_health.v1 import health_pb2

from gateway.registry.keys.authorities import RootAuthority
from gateway.registry.keys.building import pem
from gateway.registry.keys.operating import issue_code
from gateway.registry.keys.owners import Owner
from gateway.registry.secret_files import create_secret
from gateway.runtime.database import make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from loadtests.serving import free_port
from merchant_sdk.enrollment import EnrollmentClient, enroll
from merchant_sdk.enrollment_files import CredentialsFolder
from tests.registry_kit import shop_on

NOW = datetime.now(UTC)
PASSPHRASE = b"the issuing passphrase"


@pytest.fixture
def environment(
    postgres: EmbeddedPostgres, database_name: str, redis_url: str, tmp_path: Path
) -> dict[str, str]:
    """Settings as of a production node: authorities in folders, and the passphrase in a file of its own."""
    root = RootAuthority.create(tmp_path / "root", b"the root's passphrase", NOW, "Root")
    root.certify_issuing(tmp_path / "issuing", PASSPHRASE, NOW)
    create_secret(tmp_path / "passphrase", PASSPHRASE + b"\n")
    server = root.issue_server(["localhost"], NOW)
    create_secret(tmp_path / "key.pem", server.key_pem)
    (tmp_path / "cert.pem").write_bytes(server.chain_pem)
    (tmp_path / "ca.pem").write_bytes(pem(root.certificate))
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TILLGATE_")}
    return kept | {
        "TILLGATE_DATA_DIR": str(tmp_path / "data"),
        "TILLGATE_DATABASE_URL": postgres.url(database_name, "tillgate_gateway"),
        "TILLGATE_DATABASE_MIGRATOR_URL": postgres.url(database_name),
        "TILLGATE_DATABASE_READER_URL": postgres.url(database_name, "tillgate_reader"),
        "TILLGATE_DATABASE_ENROLLMENT_URL": postgres.url(database_name, "tillgate_enrollment"),
        "TILLGATE_REDIS_URL": redis_url,
        "TILLGATE_ENROLLMENT_PORT": str(free_port()),
        "TILLGATE_ISSUING_DIR": str(tmp_path / "issuing"),
        "TILLGATE_ISSUING_PASSPHRASE_FILE": str(tmp_path / "passphrase"),
        "TILLGATE_TLS_CA_FILE": str(tmp_path / "ca.pem"),
        "TILLGATE_TLS_CERT_FILE": str(tmp_path / "cert.pem"),
        "TILLGATE_TLS_KEY_FILE": str(tmp_path / "key.pem"),
    }


def started(environment: dict[str, str], log: Path) -> "subprocess.Popen[bytes]":
    """The process."""
    with log.open("wb") as file:
        return subprocess.Popen(
            [sys.executable, "-P", "-m", "gateway.cli", "serve-enrollment"],
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


async def test_a_till_enrols_at_a_process_of_its_own(
    environment: dict[str, str], database_url: str, tmp_path: Path
) -> None:
    """It says that it is well, certifies by the encrypted key, and ends in order; no other CA is made."""
    process = started(environment, tmp_path / "log")
    endpoint = f"localhost:{environment['TILLGATE_ENROLLMENT_PORT']}"
    ca_pem = (tmp_path / "ca.pem").read_bytes()
    try:
        async with shop_on(database_url) as shop:
            engine = make_engine(database_url, pool_size=1)
            async with engine.begin() as connection:
                issued = await issue_code(connection, Owner(terminal_id=shop.terminal_id), "Первый")
            await engine.dispose()
        async with grpc.aio.secure_channel(endpoint, grpc.ssl_channel_credentials(ca_pem)) as channel:
            check: grpc.aio.UnaryUnaryMultiCallable[bytes, bytes] = channel.unary_unary(
                "/grpc.health.v1.Health/Check"
            )
            said = health_pb2.HealthCheckResponse.FromString(
                await check(b"", wait_for_ready=True, timeout=60)
            )
            assert health_pb2.HealthCheckResponse.SERVING == said.status

        def join() -> None:
            with EnrollmentClient(endpoint, ca_pem=ca_pem) as client:
                enroll(client, tmp_path / "till", issued.code.text)

        await asyncio.to_thread(join)
        place = CredentialsFolder(tmp_path / "till")
        assert "clients" in place.certificate().issuer.rfc4514_string()
        assert shop.terminal_id == place.description()["terminal_id"]
        process.send_signal(signal.SIGTERM)
        assert 0 == await asyncio.to_thread(process.wait, 30), (tmp_path / "log").read_text()
        assert not (tmp_path / "data" / "keys" / "pki").exists()
        assert issued.code.secret not in (tmp_path / "log").read_text()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"TILLGATE_ISSUING_PASSPHRASE_FILE": ""}, "TILLGATE_ISSUING_PASSPHRASE_FILE"),
        ({"TILLGATE_DATABASE_ENROLLMENT_URL": ""}, "TILLGATE_DATABASE_ENROLLMENT_URL"),
        ({"TILLGATE_ISSUING_DIR": "/nowhere"}, "/nowhere"),
    ],
)
def test_what_is_missing_is_named_and_nothing_is_served(
    environment: dict[str, str], tmp_path: Path, changes: dict[str, str], named: str
) -> None:
    """In one line, and not with a CA that it made for itself."""
    process = started(environment | changes, tmp_path / "log")
    assert process.wait(60) != 0
    said = (tmp_path / "log").read_text()
    assert named in said
    assert "Traceback" not in said
