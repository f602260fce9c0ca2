"""The people's door as a process opens it: over TLS, behind a proxy or on loopback, and not otherwise."""

import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path

import aiohttp
import pytest

from gateway.people.persons import add_person, invite
from gateway.people.roles import Role
from gateway.people.second_factor import code_at
from gateway.registry.pki import IssuingAuthority
from gateway.registry.secret_files import SecretFileError, create_secret
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from gateway.runtime.errors import StartError
from gateway.runtime.people import create_sealing_key, load_sealing_key, sign_in_of
from gateway.runtime.people_door import people_door
from gateway.runtime.settings import Profile, Settings, load_settings
from tests.people_kit import FOUNDER, HERE, PASSWORD, Browser

EVERYWHERE = "0.0.0.0"  # noqa: S104 to be refused, or behind a proxy


@pytest.fixture
def variables(postgres: EmbeddedPostgres, database_name: str, tmp_path: Path) -> dict[str, str]:
    """Settings of a development door."""
    return {
        "TILLGATE_DATABASE_URL": postgres.url(database_name, "tillgate_gateway"),
        "TILLGATE_DATABASE_MIGRATOR_URL": postgres.url(database_name),
        "TILLGATE_DATABASE_READER_URL": postgres.url(database_name, "tillgate_reader"),
        "TILLGATE_DATABASE_PEOPLE_URL": postgres.url(database_name, "tillgate_people"),
        "TILLGATE_DATA_DIR": str(tmp_path / "data"),
    }


@pytest.fixture
def tls_files(tmp_path: Path) -> tuple[Path, Path]:
    """A server's certificate and key."""
    issued = IssuingAuthority.create(tmp_path / "pki", datetime.now(UTC)).issue_server(
        ["localhost", "127.0.0.1"], datetime.now(UTC)
    )
    chain, key = tmp_path / "chain.pem", tmp_path / "key.pem"
    chain.write_bytes(issued.chain_pem)
    create_secret(key, issued.key_pem)
    return chain, key


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[str]:
    """The door on a free port; gives host and port."""
    async with people_door(settings, port=0) as port:
        yield f"127.0.0.1:{port}"


async def refusal(settings: Settings) -> str:
    """Why it does not open."""
    with pytest.raises(StartError) as error:
        await opened(settings).__aenter__()
    return str(error.value)


async def test_it_opens_on_loopback_and_signs_in_with_the_keys_of_its_settings(
    variables: dict[str, str],
) -> None:
    """With argon2 as it is in production; a second start reads the same sealing key."""
    settings = load_settings(variables)
    owner = make_engine(settings.database_migrator_url, pool_size=1)
    async with driver_connection(owner) as connection:
        sealing = load_sealing_key(settings)
        await add_person(connection, login="first", full_name="И", roles=[Role.AUDITOR], by=FOUNDER)
        invitation = await invite(connection, "first", sealing=sealing, by=FOUNDER)
        sign_in = sign_in_of(settings, owner)
        secret = (await sign_in.invitation_of(invitation, HERE)).totp_secret
        now = await connection.fetchval("SELECT tillgate_now()")
        await sign_in.join(invitation, PASSWORD, code_at(secret, now), HERE)
        assert "$argon2id$v=19$m=65536,t=3,p=4$" in await connection.fetchval(
            "SELECT password_hash FROM person"
        )
    await owner.dispose()
    async with opened(settings) as where:
        browser = Browser(f"http://{where}")
        assert 200 == (await browser.get("/login")).status
        assert 303 == (await browser.post("/login", login="first", password=PASSWORD)).status
        assert "session" in browser.cookies
        await browser.close()


async def test_over_tls_old_versions_are_refused(
    variables: dict[str, str], tls_files: tuple[Path, Path]
) -> None:
    """1.2 at the least; plain HTTP gets nothing; cookies are Secure."""
    chain, key = tls_files
    files = {"TILLGATE_PEOPLE_TLS_CERT_FILE": str(chain), "TILLGATE_PEOPLE_TLS_KEY_FILE": str(key)}
    context = ssl.create_default_context(cafile=str(chain.parent / "pki" / "root.pem"))
    async with opened(load_settings(variables | files)) as where, aiohttp.ClientSession() as session:
        async with session.get(f"https://{where}/login", ssl=context) as answer:
            assert 200 == answer.status
            assert "Strict-Transport-Security" in answer.headers
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"http://{where}/login")
        old = ssl.create_default_context(cafile=str(chain.parent / "pki" / "root.pem"))
        old.set_ciphers("ALL:@SECLEVEL=0")
        with pytest.warns(DeprecationWarning, match="TLSv1_1"):
            old.minimum_version = old.maximum_version = ssl.TLSVersion.TLSv1_1
        with pytest.raises(aiohttp.ClientError):
            await session.get(f"https://{where}/login", ssl=old)


async def test_behind_a_proxy_attempts_are_counted_by_the_address_that_it_adds(
    variables: dict[str, str],
) -> None:
    """The last one: what came before, the client may have made up."""
    origin = "https://desk.example.org"
    settings = load_settings(
        variables | {"TILLGATE_PEOPLE_ORIGIN": origin, "TILLGATE_PEOPLE_HOST": EVERYWHERE}
    )
    async with opened(settings) as where, aiohttp.ClientSession() as session:
        headers = {"Origin": origin, "X-Forwarded-For": "203.0.113.1, 203.0.113.77"}
        form = {"login": "nobody", "password": "x"}
        async with session.post(f"http://{where}/login", data=form, headers=headers) as answer:
            assert 403 == answer.status
    owner = make_engine(settings.database_migrator_url, pool_size=1)
    async with driver_connection(owner) as connection:
        found = await connection.fetch("SELECT key FROM sign_in_attempts WHERE kind = 'ADDRESS'")
    await owner.dispose()
    assert ["203.0.113.77"] == [row["key"] for row in found]


async def test_it_does_not_open_where_passwords_could_be_read(
    variables: dict[str, str], tls_files: tuple[Path, Path]
) -> None:
    """Plain HTTP beyond loopback, half of a certificate, a key that others may read."""
    chain, key = tls_files
    cert = {"TILLGATE_PEOPLE_TLS_CERT_FILE": str(chain)}
    assert "plain HTTP is for a loopback address" in await refusal(
        load_settings(variables | {"TILLGATE_PEOPLE_HOST": EVERYWHERE})
    )
    assert "give certificate and key" in await refusal(load_settings(variables | cert))
    key.chmod(0o644)
    with pytest.raises(SecretFileError):
        await opened(
            load_settings(variables | cert | {"TILLGATE_PEOPLE_TLS_KEY_FILE": str(key)})
        ).__aenter__()


async def test_production_wants_tls_and_a_role_of_its_own(
    variables: dict[str, str], tls_files: tuple[Path, Path]
) -> None:
    """Also on loopback; the owner's role would have every right."""
    settings = load_settings(variables).model_copy(update={"profile": Profile.PRODUCTION})
    assert "wants TLS" in await refusal(settings)
    chain, key = tls_files
    owned: dict[str, object] = {"people_tls_cert_file": chain, "people_tls_key_file": key}
    owned["database_people_url"] = settings.database_migrator_url
    assert "a role of its own" in await refusal(settings.model_copy(update=owned))


async def test_it_does_not_open_without_its_database_or_port(variables: dict[str, str]) -> None:
    """The setting is named."""
    assert "TILLGATE_DATABASE_PEOPLE_URL" in await refusal(
        load_settings(variables | {"TILLGATE_DATABASE_PEOPLE_URL": ""})
    )
    gone = variables["TILLGATE_DATABASE_PEOPLE_URL"].replace("test_", "gone_")
    assert "cannot be used" in await refusal(
        load_settings(variables | {"TILLGATE_DATABASE_PEOPLE_URL": gone})
    )
    settings = load_settings(variables)
    async with people_door(settings, port=0) as port:
        with pytest.raises(StartError, match="TILLGATE_PEOPLE_PORT"):
            await people_door(settings, port=port).__aenter__()


def test_production_makes_no_key_and_always_wants_two_persons(
    variables: dict[str, str], tmp_path: Path
) -> None:
    """A key file that others may read, or of another length, is refused as well."""
    settings = load_settings(variables)
    assert not settings.enforces_four_eyes
    production = settings.model_copy(update={"profile": Profile.PRODUCTION})
    assert production.enforces_four_eyes
    with pytest.raises(StartError, match="TILLGATE_PEOPLE_KEY_FILE"):
        load_sealing_key(production)
    path = tmp_path / "people_key.json"
    create_sealing_key(path)
    named = production.model_copy(update={"people_key_file": path})
    assert load_sealing_key(named).key == load_sealing_key(named).key
    path.chmod(0o640)
    with pytest.raises(SecretFileError):
        load_sealing_key(named)
    path.unlink()
    create_secret(path, b'{"key_base64": "AAAA"}')
    with pytest.raises(SecretFileError, match="32 bytes"):
        load_sealing_key(named)


@pytest.mark.parametrize(
    "origin", ["http://desk.example.org", "https://desk.example.org/", "desk", "https://a b"]
)
def test_an_origin_is_one(variables: dict[str, str], origin: str) -> None:
    """As browsers send it."""
    with pytest.raises(Exception, match="TILLGATE_PEOPLE_ORIGIN"):
        load_settings(variables | {"TILLGATE_PEOPLE_ORIGIN": origin})
