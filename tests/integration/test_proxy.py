"""TLS that ends at a proxy: who knows the secret is believed, and nobody else gets anything."""

from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import grpc
import orjson
import pytest
import pytest_asyncio
from grpc.aio import Metadata

from gateway.jsondoor.paths import PATHS
from gateway.registry.pki import fingerprint_of
from gateway.registry.secret_files import SecretFileError, create_secret
from gateway.rpc.proxy import FINGERPRINT_HEADER, SECRET_HEADER, TrustedProxy
from gateway.runtime.settings import SettingsError, load_settings
from tests import wire_kit
from tests.door_kit import Door, door_on
from tests.keys_kit import reason_of
from tillgate.v1 import purchase_service_pb2 as service

SECRET = "0123456789abcdef0123456789abcdef"
Headers = tuple[tuple[str, str], ...]


@pytest_asyncio.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway behind a proxy."""
    create_secret(tmp_path / "secret", SECRET.encode())
    async with door_on(
        tmp_path, database_url, redis_url, tls_proxy_token_file=tmp_path / "secret"
    ) as running:
        yield running


def fingerprint(door: Door) -> str:
    """What a proxy would say of the first terminal."""
    return fingerprint_of((door.fixture.terminals[0].folder / "cert.pem").read_bytes()).hex()


async def by_grpc(door: Door, headers: Headers) -> str:
    """The reason of a refusal, or ""."""
    async with grpc.aio.insecure_channel(f"127.0.0.1:{door.gateway.grpc_port}") as channel:
        call: grpc.aio.UnaryUnaryMultiCallable[service.GetBalanceRequest, bytes] = channel.unary_unary(
            "/tillgate.v1.PurchaseService/GetBalance",
            request_serializer=service.GetBalanceRequest.SerializeToString,
        )
        try:
            await call(service.GetBalanceRequest(card=wire_kit.card()), metadata=Metadata(*headers))
        except grpc.aio.AioRpcError as error:
            return reason_of(error)
    return ""


async def by_json(door: Door, headers: Headers) -> str:
    """The same over HTTP."""
    from multidict import CIMultiDict

    named = CIMultiDict([*headers, ("Content-Type", "application/json")])
    body = orjson.dumps({"card": {"number": wire_kit.card().number}})
    async with (
        aiohttp.ClientSession() as session,
        session.post(
            f"http://127.0.0.1:{door.gateway.json_port}{PATHS['GetBalance']}", data=body, headers=named
        ) as response,
    ):
        said = orjson.loads(await response.read())
        return "" if response.status == 200 else str(said["reason"])


async def test_the_proxy_says_who_is_behind_it(door: Door) -> None:
    """At both doors, in either case of letters."""
    for text in (fingerprint(door), fingerprint(door).upper()):
        headers = ((SECRET_HEADER, SECRET), (FINGERPRINT_HEADER, text))
        assert ("", "") == (await by_grpc(door, headers), await by_json(door, headers))


async def test_nobody_else_is_believed(door: Door) -> None:
    """Without the secret, with another, with two, with a fingerprint that is none or that nobody has."""
    good = fingerprint(door)
    for headers in (
        (),
        ((FINGERPRINT_HEADER, good),),
        ((SECRET_HEADER, SECRET[:-1] + "0"), (FINGERPRINT_HEADER, good)),
        ((SECRET_HEADER, ""), (FINGERPRINT_HEADER, good)),
        ((SECRET_HEADER, SECRET), (SECRET_HEADER, SECRET), (FINGERPRINT_HEADER, good)),
        ((SECRET_HEADER, SECRET),),
        ((SECRET_HEADER, SECRET), (FINGERPRINT_HEADER, good[:-1])),
        ((SECRET_HEADER, SECRET), (FINGERPRINT_HEADER, good), (FINGERPRINT_HEADER, "0" * 64)),
        ((SECRET_HEADER, SECRET), (FINGERPRINT_HEADER, "0" * 64)),
    ):
        said = (await by_grpc(door, headers), await by_json(door, headers))
        assert ("CLIENT_UNKNOWN", "CLIENT_UNKNOWN") == said, headers


@pytest.mark.parametrize("name", ["GRPC_HOST", "JSON_HOST"])
@pytest.mark.parametrize("host", ["0.0.0.0", "::", "10.0.0.7", "gateway.example"])  # noqa: S104 what is refused
def test_a_door_that_believes_a_proxy_is_never_public(name: str, host: str) -> None:
    """Whoever reached it could be whom he likes."""
    environment = {f"TILLGATE_{name}": host, "TILLGATE_TLS_PROXY_TOKEN_FILE": "/run/secret"}
    with pytest.raises(SettingsError, match=f"TILLGATE_{name}: must be a loopback"):
        load_settings(environment)


def test_a_proxy_is_off_by_default() -> None:
    """Nobody is believed by accident."""
    assert load_settings({}).tls_proxy_token_file is None


def test_a_secret_that_can_be_guessed_or_read_is_refused(tmp_path: Path) -> None:
    """Too short, or open to others."""
    create_secret(tmp_path / "short", b"secret")
    with pytest.raises(SecretFileError, match="32"):
        TrustedProxy.load(tmp_path / "short")
    (tmp_path / "open").write_text(SECRET)
    (tmp_path / "open").chmod(0o644)
    with pytest.raises(SecretFileError, match="chmod"):
        TrustedProxy.load(tmp_path / "open")
    assert SECRET not in repr(TrustedProxy(SECRET.encode()))
