"""tillgate users: who works here. The first user is made from the command line, and all others too."""

import json
from collections.abc import Callable, Sequence

import click
from rich.table import Table

from gateway.cli.people_support import actor, signed, with_people
from gateway.cli.support import console
from gateway.cli.users_changing import changed
from gateway.people import persons as people
from gateway.people.changing import PersonAction, PersonChange
from gateway.people.persons import Person
from gateway.people.roles import Role


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


_reason_option = click.option(
    "--reason", default="", help="Why; needed where it is proposed, since the person may sign."
)


@click.group("users")
def users_group() -> None:
    """Persons of the department and of merchants: add, invite, roles, disable. docs/people.md tells more."""


@users_group.command("add")
@click.argument("login")
@click.option("--name", "full_name", required=True, help="Their full name.")
@_roles_options
@_reason_option
@signed(may_be_first=True)
def add_command(
    login: str, full_name: str, roles: Sequence[Role], merchant_ids: Sequence[int], reason: str, by: str
) -> None:
    """Add a person and print their invitation, with which they set password and second factor."""
    change = PersonChange(PersonAction.ADD, login, full_name, tuple(roles), tuple(merchant_ids))
    _change(change, by, reason)


@users_group.command("invite")
@click.argument("login")
@_reason_option
@signed(may_be_first=True)
def invite_command(login: str, reason: str, by: str) -> None:
    """Invite a person anew: until they join, with another password and second factor, they can't sign in."""
    _change(PersonChange(PersonAction.INVITE, login), by, reason)


@users_group.command("reset-totp")
@click.argument("login")
@_reason_option
@signed(may_be_first=True)
def reset_totp_command(login: str, reason: str, by: str) -> None:
    """The same for a person who has lost their authenticator, recorded as such."""
    _change(PersonChange(PersonAction.RESET_TOTP, login), by, reason)


@users_group.command("roles")
@click.argument("login")
@_roles_options
@_reason_option
@signed(may_be_first=True)
def roles_command(
    login: str, roles: Sequence[Role], merchant_ids: Sequence[int], reason: str, by: str
) -> None:
    """Give a person exactly these roles. Their sessions end."""
    change = PersonChange(PersonAction.ROLES, login, roles=tuple(roles), merchants=tuple(merchant_ids))
    _change(change, by, reason)


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


def _change(change: PersonChange, by: str, reason: str) -> None:
    click.echo(with_people(lambda connection, settings: changed(connection, settings, change, by, reason)))


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
