"""tillgate users: who works here. The first user is made from the command line, and all others too."""

import json
from collections.abc import Callable, Sequence

import asyncpg
import click
from rich.table import Table

from gateway.cli.people_support import actor, signed, with_people
from gateway.cli.support import console
from gateway.people import persons as people
from gateway.people.persons import Person
from gateway.people.roles import Role
from gateway.runtime.people import load_sealing_key
from gateway.runtime.settings import Settings


def _roles_options(command: Callable[..., None]) -> Callable[..., None]:
    for option in (
        click.option("--merchant", "merchant_ids", type=int, multiple=True, help="A merchant they manage."),
        click.option(
            "--role", "roles", required=True, multiple=True, type=click.Choice(Role, case_sensitive=False),
            help="What they are; may be given several times.",
        ),
    ):  # fmt: skip
        command = option(command)
    return command


@click.group("users")
def users_group() -> None:
    """Persons of the department and of merchants: add, invite, roles, disable. docs/people.md tells more."""


@users_group.command("add")
@click.argument("login")
@click.option("--name", "full_name", required=True, help="Their full name.")
@_roles_options
@signed(may_be_first=True)
def add_command(
    login: str, full_name: str, roles: Sequence[Role], merchant_ids: Sequence[int], by: str
) -> None:
    """Add a person and print their invitation, with which they set password and second factor."""

    async def work(connection: asyncpg.Connection, settings: Settings) -> str:
        sealing = load_sealing_key(settings)
        async with connection.transaction():
            await people.add_person(
                connection,
                login=login,
                full_name=full_name,
                roles=roles,
                merchant_ids=merchant_ids,
                by=actor(by),
            )
            return await people.invite(connection, login, sealing=sealing, by=actor(by))

    _print_invitation(login, with_people(work))


@users_group.command("invite")
@click.argument("login")
@signed(may_be_first=True)
def invite_command(login: str, by: str) -> None:
    """Invite a person anew: until they join, with another password and second factor, they can't sign in."""
    _invite(login, by, resets_totp=False)


@users_group.command("reset-totp")
@click.argument("login")
@signed(may_be_first=True)
def reset_totp_command(login: str, by: str) -> None:
    """The same for a person who has lost their authenticator, recorded as such."""
    _invite(login, by, resets_totp=True)


@users_group.command("roles")
@click.argument("login")
@_roles_options
@signed(may_be_first=True)
def roles_command(login: str, roles: Sequence[Role], merchant_ids: Sequence[int], by: str) -> None:
    """Give a person exactly these roles. Their sessions end."""
    person = with_people(
        lambda connection, _: people.set_roles(
            connection, login, roles=roles, merchant_ids=merchant_ids, by=actor(by)
        )
    )
    click.echo(f"{person.login}: {_shown_roles(person)}")


@users_group.command("disable")
@click.argument("login")
@click.option("--reason", required=True, help="Why.")
@signed(may_be_first=True)
def disable_command(login: str, reason: str, by: str) -> None:
    """Let a person do nothing any more, from this instant."""
    with_people(lambda connection, _: people.disable(connection, login, by=actor(by), reason=reason))
    click.echo(f"{login} is disabled")


@users_group.command("unlock")
@click.argument("login")
@signed(may_be_first=True)
def unlock_command(login: str, by: str) -> None:
    """Forget the failed attempts of a person."""
    with_people(lambda connection, _: people.unlock(connection, login, by=actor(by)))
    click.echo(f"{login} may try again")


@users_group.command("list")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def list_command(as_json: bool) -> None:
    """Everybody, with roles and state."""
    found = with_people(lambda connection, _: people.persons(connection))
    if as_json:
        click.echo(json.dumps([_as_json(person) for person in found], ensure_ascii=False, indent=1))
        return
    table = Table("login", "name", "state", "roles", title="Users")
    for person in found:
        table.add_row(person.login, person.full_name, person.state, _shown_roles(person))
    console().print(table)


def _invite(login: str, by: str, *, resets_totp: bool) -> None:
    async def work(connection: asyncpg.Connection, settings: Settings) -> str:
        sealing = load_sealing_key(settings)
        return await people.invite(connection, login, sealing=sealing, by=actor(by), resets_totp=resets_totp)

    _print_invitation(login, with_people(work))


def _print_invitation(login: str, code: str) -> None:
    hours = int(people.INVITATION_LIFETIME.total_seconds()) // 3600
    click.echo(f"invitation of {login}, for {hours} hours, once: {code}")


def _shown_roles(person: Person) -> str:
    roles = ", ".join(sorted(person.roles))
    merchants = ", ".join(map(str, sorted(person.merchant_ids)))
    return f"{roles} of {merchants}" if merchants else roles


def _as_json(person: Person) -> dict[str, object]:
    return {
        "login": person.login,
        "full_name": person.full_name,
        "state": person.state,
        "created_at": person.created_at.isoformat(),
        "roles": sorted(person.roles),
        "merchants": sorted(person.merchant_ids),
    }
