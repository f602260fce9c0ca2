"""What commands about people share: who works, who signs in, and errors told as answers."""

import getpass
import os
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from functools import wraps
from typing import Any, TypeVar, cast

import asyncpg
import click
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.cli.support import with_connection, with_settings
from gateway.people.errors import PeopleError
from gateway.people.persons import persons
from gateway.people.roles import Permission, Signatory
from gateway.record.words import Action, Actor, Subject
from gateway.record.writing import record
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.people import sign_in_of
from gateway.runtime.settings import Settings, load_settings

Result = TypeVar("Result")
Command = TypeVar("Command", bound=Callable[..., object])

TERMINAL = "command line"
"""The address of attempts to sign in that come from a command."""


def with_people(
    work: Callable[[asyncpg.Connection, Settings], Awaitable[Result]], *, reads_only: bool = False
) -> Result:
    """Do a piece of work as the role that owns the tables, or as the one that only reads.

    What the rules refuse ends with exit code 1.
    """

    def connected(settings: Settings) -> Result:
        url = settings.database_reader_url if reads_only else settings.database_migrator_url
        return with_connection(url, lambda connection: work(connection, settings))

    with told_refusals():
        return with_settings(connected)


@contextmanager
def told_refusals() -> Iterator[None]:
    """Whatever is refused about persons and proposals is told in one line, with exit code 1."""
    try:
        yield
    except PeopleError as error:
        raise click.ClickException(str(error)) from error


@asynccontextmanager
async def owners_connection(settings: Settings) -> AsyncIterator[asyncpg.Connection]:
    """One connection of the role that owns the tables, beside whatever else a command works on."""
    engine = make_engine(settings.database_migrator_url, pool_size=0)
    try:
        async with driver_connection(engine) as connection:
            yield connection
    finally:
        await engine.dispose()


def by_option(command: Command) -> Command:
    """`--by WHO`: who does it; a user's login where four eyes are enforced."""
    return click.option(
        "--by", default=getpass.getuser, help="Who does it.  [default: the user of the system]"
    )(command)


def actor(by: str) -> Actor:
    """Whom the audit log names for a command that is not signed: a name in one form."""
    return Actor.person(Signatory.named(by).login)


def signed(
    *, required: bool = False, permission: Permission = Permission.EXECUTE, may_be_first: bool = False
) -> Callable[[Command], Command]:
    """`--by WHO`: where four eyes are enforced a user who signs in and has the permission.

    With `may_be_first` nobody signs in while there is nobody who could.
    """

    def decorate(inner: Command) -> Command:
        @click.option(
            "--by",
            required=required,
            default=None if required else getpass.getuser,
            help="Who does it." if required else "Who does it.  [default: the user of the system]",
        )
        @wraps(inner)
        def outer(*positional: Any, by: str, **named: Any) -> object:
            login = signed_login(by, permission, may_be_first=may_be_first)
            return inner(*positional, by=login, **named)

        return cast(Command, outer)

    return decorate


def signed_login(by: str, permission: Permission = Permission.EXECUTE, *, may_be_first: bool = False) -> str:
    """The login of whoever signs in and has the permission; the name itself where nobody signs in."""
    if not load_settings(os.environ).enforces_four_eyes:
        return by

    async def work(connection: asyncpg.Connection, settings: Settings) -> str:
        if may_be_first and not any(
            one.state == "ACTIVE" and one.may(permission) for one in await persons(connection)
        ):
            return by
        who = await signatory(settings, by)
        who.require(permission)
        return who.login

    return with_people(work)


async def noted(
    engine: AsyncEngine,
    action: Action,
    subject: Subject,
    details: dict[str, Any],
    *,
    by: Signatory,
    approved_by: str | None = None,
) -> None:
    """Write one entry of the audit log, in a transaction of its own."""
    async with driver_connection(engine) as connection, connection.transaction():
        await record(
            connection,
            actor=Actor.person(by.login),
            action=action,
            subject=subject,
            details=details,
            approved_by=approved_by,
        )


async def signatory(settings: Settings, by: str) -> Signatory:
    """Who signs a command: a user who brings password and code, or in development whoever is named.

    Raises PeopleError.
    """
    if not settings.enforces_four_eyes:
        return Signatory.named(by)
    password = click.prompt(f"password of {by}", hide_input=True, err=True)
    code = click.prompt("code of the authenticator", hide_input=True, err=True)
    engine = make_engine(settings.database_migrator_url, pool_size=0)
    try:
        person = await sign_in_of(settings, engine).at_once(by, password, code, TERMINAL)
    finally:
        await engine.dispose()
    return person.signatory
