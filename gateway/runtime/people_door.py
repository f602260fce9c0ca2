"""The people's door as a process of its own.

What people cost (a password takes tenths of a second of a core) and what they might break is kept apart from
the tills, and the door's role in the database has no right on what is theirs.
"""

import asyncio
import signal
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

import asyncpg
import structlog
from sqlalchemy import make_url
from sqlalchemy.exc import SQLAlchemyError

from gateway.registry.secret_files import read_secret
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.errors import StartError
from gateway.runtime.people import sign_in_of
from gateway.runtime.settings import DATABASE_NAMES, Profile, Settings
from gateway.runtime.settings_source import variable
from gateway.runtime.settings_types import is_loopback
from gateway.web.people.app import PeopleDoor, make_people_app
from gateway.web.people.desk import Desk

log = structlog.get_logger(__name__)


@asynccontextmanager
async def people_door(settings: Settings, port: int | None = None) -> AsyncIterator[int]:
    """The open door; gives its port. Raises StartError and SecretFileError."""
    tls = _tls(settings)
    is_behind_proxy = bool(settings.people_origin) and tls is None
    _refuse_plain(settings, tls, is_behind_proxy)
    if not settings.database_people_url:
        raise StartError(f"{variable('database_people_url')}: name the database of the people's door")
    _refuse_shared_role(settings)
    engine = make_engine(settings.database_people_url, silence_s=settings.database_silence_s)
    desk = Desk(
        sign_in_of(settings, engine),
        partial(driver_connection, engine),
        settings.people_origin,
        is_secure=tls is not None or bool(settings.people_origin),
        is_behind_proxy=is_behind_proxy,
    )
    door = PeopleDoor(make_people_app(desk), tls)
    try:
        await _check(desk)
        try:
            taken = await door.listen(settings.people_host, settings.people_port if port is None else port)
        except OSError as error:
            raise StartError(f"{variable('people_port')}: {error}") from error
        log.info("the people's door is open", host=settings.people_host, port=taken, tls=tls is not None)
        yield taken
    finally:
        await door.stop()
        await engine.dispose()


async def serve_people(settings: Settings) -> None:
    """Run the door until SIGTERM or SIGINT. Raises what `people_door` raises."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    async with people_door(settings):
        await stopping.wait()


async def _check(desk: Desk) -> None:
    """Refuse to open without the database: nobody could sign in."""
    try:
        async with desk.connect() as connection:
            await connection.fetchval("SELECT count(*) FROM person WHERE false")
    except (SQLAlchemyError, asyncpg.PostgresError, OSError) as error:
        said = str(getattr(error, "orig", error)).partition("\n")[0]
        raise StartError(f"{variable('database_people_url')}: the database cannot be used: {said}") from error


def _refuse_shared_role(settings: Settings) -> None:
    """In production the door's role is nobody else's: it must not have their rights."""
    others = {make_url(getattr(settings, name)).username for name in DATABASE_NAMES}
    if settings.profile is Profile.PRODUCTION and make_url(settings.database_people_url).username in others:
        raise StartError(
            f"{variable('database_people_url')}: the production profile wants a role of its own for it"
        )


def _tls(settings: Settings) -> ssl.SSLContext | None:
    chain, key = settings.people_tls_cert_file, settings.people_tls_key_file
    if chain is None and key is None:
        return None
    if chain is None or key is None:
        raise StartError(f"{variable('people_tls_cert_file')}: give certificate and key, or neither")
    read_secret(key)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(chain, key)
    except (OSError, ssl.SSLError) as error:
        raise StartError(f"{variable('people_tls_cert_file')}: {error}") from error
    return context


def _refuse_plain(settings: Settings, tls: ssl.SSLContext | None, is_behind_proxy: bool) -> None:
    """Passwords and cookies go over TLS, but on the machine itself and in development."""
    if tls is not None or is_behind_proxy:
        return
    name = variable("people_tls_cert_file")
    if settings.profile is Profile.PRODUCTION:
        raise StartError(f"{name}: the production profile wants TLS here, or {variable('people_origin')}")
    if not is_loopback(settings.people_host):
        raise StartError(f"{name}: plain HTTP is for a loopback address, not for {settings.people_host}")
