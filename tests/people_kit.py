"""What the tests of people share: an office with persons of every role, its clock, and a browser."""

import re
from collections.abc import AsyncIterator, Awaitable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from html import unescape
from typing import Any, Final
from urllib.parse import urlencode

import aiohttp
import asyncpg
import pytest
from argon2 import PasswordHasher
from sqlalchemy.ext.asyncio import AsyncEngine
from yarl import URL

from gateway.people.approvals import Proposal, ProposalKind, propose
from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.passwords import Passwords
from gateway.people.persons import add_person, invite, person_by_login
from gateway.people.roles import Role, Signatory
from gateway.people.second_factor import SealingKey, code_at
from gateway.people.sessions import SessionLimits
from gateway.people.signing_in import SignIn
from gateway.record.words import Actor
from gateway.runtime.database import driver_connection, make_engine
from gateway.web.people.app import PeopleDoor, make_people_app
from gateway.web.people.desk import Desk

LIGHT: Final = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
"""Argon2 as it is, with little work."""
FOUNDER: Final = Actor.person("founder")
PASSWORD: Final = "верная-лошадь-батарея"
HERE: Final = "192.0.2.7"

_CSRF: Final = re.compile(r'name="csrf" value="([0-9a-f]+)"')


@dataclass
class Member:
    """A person with what only they know."""

    login: str
    secret: bytes
    password: str = PASSWORD


@dataclass
class Office:
    """The people's rooms on a database of a test. `connect` is the door's role, `owner` owns the tables."""

    engine: AsyncEngine
    owner: AsyncEngine
    sealing: SealingKey
    sign_in: SignIn
    ahead: timedelta = field(default_factory=timedelta)

    @asynccontextmanager
    async def owned(self) -> AsyncIterator[asyncpg.Connection]:
        """A connection of the owner's role."""
        async with driver_connection(self.owner) as connection:
            yield connection

    async def sql(self, statement: str, *values: Any) -> Any:
        """Run one statement as the owner; the first value of its first row."""
        async with self.owned() as connection:
            return await connection.fetchval(statement, *values)

    async def pass_time(self, seconds: float) -> None:
        """Put the database's clock on."""
        self.ahead += timedelta(seconds=seconds)
        await self.sql(
            "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
            f" AS $$SELECT clock_timestamp() + interval '{self.ahead.total_seconds()} seconds'$$"
        )

    async def now(self) -> datetime:
        """The database's time."""
        now: datetime = await self.sql("SELECT tillgate_now()")
        return now

    async def invited(self, login: str, *roles: Role, merchant_ids: tuple[int, ...] = ()) -> str:
        """A new person's invitation."""
        async with self.owned() as connection:
            await add_person(
                connection,
                login=login,
                full_name=f"Имя {login}",
                roles=roles,
                merchant_ids=merchant_ids,
                by=FOUNDER,
            )
            return await invite(connection, login, sealing=self.sealing, by=FOUNDER)

    async def member(self, login: str, *roles: Role, merchant_ids: tuple[int, ...] = ()) -> Member:
        """A new person who has joined."""
        code = await self.invited(login, *roles, merchant_ids=merchant_ids)
        secret = (await self.sign_in.invitation_of(code, HERE)).totp_secret
        await self.sign_in.join(code, PASSWORD, code_at(secret, await self.now()), HERE)
        return Member(login, secret)

    async def code(self, member: Member) -> str:
        """A code that was not taken yet: a minute has passed."""
        await self.pass_time(60)
        return code_at(member.secret, await self.now())

    async def session(self, member: Member) -> str:
        """The token of a session that is signed in."""
        token = await self.sign_in.by_password(member.login, member.password, HERE)
        return await self.sign_in.by_code(token, await self.code(member), HERE)

    async def signatory(self, member: Member) -> Signatory:
        """The person as one who signs."""
        async with self.owned() as connection:
            return (await person_by_login(connection, member.login)).signatory

    async def proposed(
        self, by: Signatory, payload: Mapping[str, Any] | None = None, **more: Any
    ) -> Proposal:
        """A proposal of a correction."""
        async with self.owned() as connection, connection.transaction():
            return await propose(
                connection, kind=ProposalKind.CORRECT, payload=payload or {"amount_kopecks": 100}, by=by,
                reason="ошибка ввода", **more,
            )  # fmt: skip

    async def actions(self) -> list[str]:
        """What the audit log has, in order."""
        async with self.owned() as connection:
            return [
                row["action"] for row in await connection.fetch("SELECT action FROM audit_entry ORDER BY id")
            ]


@asynccontextmanager
async def office_on(database_url: str, limits: SessionLimits | None = None) -> AsyncIterator[Office]:
    """An office on a migrated database."""
    owner = make_engine(database_url)
    engine = make_engine(database_url.replace("postgres@", "tillgate_people@"))
    sealing = SealingKey(bytes(range(32)))
    sign_in = SignIn(partial(driver_connection, engine), Passwords(LIGHT), sealing, limits or SessionLimits())
    try:
        yield Office(engine, owner, sealing, sign_in)
    finally:
        await engine.dispose()
        await owner.dispose()


@dataclass
class Answered:
    """What the door answered."""

    status: int
    text: str
    headers: Mapping[str, str]

    @property
    def csrf(self) -> str:
        """The token of the first form."""
        found = _CSRF.search(self.text)
        assert found, self.text
        return found[1]

    @property
    def words(self) -> str:
        """The text without its markup."""
        return unescape(re.sub(r"<[^>]+>", " ", self.text))


class Browser:
    """A browser at the door: keeps cookies, sends the origin with its forms, follows nothing by itself."""

    def __init__(self, address: str) -> None:
        self.address = address
        self._session = aiohttp.ClientSession(cookie_jar=aiohttp.CookieJar(unsafe=True))

    @property
    def cookies(self) -> dict[str, str]:
        """Its cookies of the door."""
        return {
            name: cookie.value
            for name, cookie in self._session.cookie_jar.filter_cookies(URL(self.address)).items()
        }

    def set_cookie(self, name: str, value: str) -> None:
        """Plant a cookie."""
        self._session.cookie_jar.update_cookies({name: value}, URL(self.address))

    async def get(self, path: str, params: Mapping[str, str] | None = None) -> Answered:
        """Open a page."""
        return await self._ask("GET", f"{path}?{urlencode(params)}" if params else path)

    async def post(self, path: str, *, origin: str | None = "", **fields: str) -> Answered:
        """Send a form; `origin` "" is the door's own, None is none."""
        headers = {} if origin is None else {"Origin": origin or self.address}
        return await self._ask("POST", path, data=fields, headers=headers)

    async def sign_in(self, office: Office, member: Member) -> None:
        """Sign somebody in."""
        assert 303 == (await self.post("/login", login=member.login, password=member.password)).status
        form = await self.get("/login/code")
        done = await self.post("/login/code", csrf=form.csrf, code=await office.code(member))
        assert (303, "/") == (done.status, done.headers["Location"])

    async def close(self) -> None:
        """Close it."""
        await self._session.close()

    async def _ask(self, method: str, path: str, **more: Any) -> Answered:
        url = URL(self.address + path, encoded=True)
        async with self._session.request(method, url, allow_redirects=False, **more) as response:
            return Answered(response.status, await response.text(), response.headers)


@asynccontextmanager
async def door_of(office: Office, **more: Any) -> AsyncIterator[str]:
    """The door of an office, open on a loopback port; gives its address."""
    desk = Desk(office.sign_in, partial(driver_connection, office.engine), **more)
    door = PeopleDoor(make_people_app(desk), None)
    try:
        yield f"http://127.0.0.1:{await door.listen('127.0.0.1', 0)}"
    finally:
        await door.stop()


async def refused(attempt: Awaitable[object]) -> PeopleCode:
    """What an attempt is refused with."""
    with pytest.raises(PeopleError) as error:
        await attempt
    assert isinstance(error.value.code, PeopleCode)
    return error.value.code
