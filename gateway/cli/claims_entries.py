"""tillgate claims entries: what becomes of entries of statements that no transfer took."""

from typing import Any, Final

import asyncpg
import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.claims_support import with_claims
from gateway.cli.people_support import by_option, signatory
from gateway.cli.registry_support import json_option, print_json, reason_option, shown_day
from gateway.cli.support import console, shown_rubles
from gateway.people.roles import Permission
from gateway.record.words import Actor
from gateway.runtime.settings import Settings
from settlement.payouts.entries import (
    Decided,
    EntryName,
    StoredEntry,
    apply_entry,
    dismiss_entry,
    waiting_entries,
)

_NAME: Final = click.argument("name", metavar="ENTRY")


@click.group("entries")
def entries_group() -> None:
    """Entries of statements that no transfer took: named like 3-7, applied or dismissed by a person."""


@entries_group.command("list")
@click.option("--others", "with_others", is_flag=True, help="Those too in which nothing of ours was found.")
@json_option
def list_command(with_others: bool, as_json: bool) -> None:
    """Entries that nobody has decided about yet."""
    found = with_claims(
        lambda connection, _: waiting_entries(connection, with_others=with_others), reads_only=True
    )
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    table = Table("entry", "day", "what", "rubles", "problem", "transfer", "account", "of", "purpose")
    for one in found:
        table.add_row(
            str(one.name), shown_day(one.booked_on), one.direction, shown_rubles(one.amount_kopecks),
            one.problem, one.transfer, escape(one.counterparty_account), escape(one.counterparty_name),
            escape(one.purpose),
        )  # fmt: skip
    console().print(table)


def _as_json(one: StoredEntry) -> dict[str, Any]:
    fields = {name: getattr(one, name) for name in one.__struct_fields__}
    return fields | {"name": str(one.name)}


@entries_group.command("apply")
@_NAME
@click.option("--transfer", help="The transfer that it is of.")
@click.option("--demand", type=int, help="Or the return demand that the money is for.")
@reason_option
@by_option
def apply_command(name: str, transfer: str | None, demand: int | None, reason: str, by: str) -> None:
    """Let an entry have its effect: as money of this transfer, or for this demand.

    Who got the money or sent it is for you to know; sums and states are checked. It cannot be undone. The
    same once more changes nothing.
    """
    to = transfer if demand is None else demand
    if to is None or (transfer is not None and demand is not None):
        raise click.UsageError("name either --transfer or --demand")

    async def work(connection: asyncpg.Connection, settings: Settings) -> Decided:
        who = await _signed(settings, by)
        async with connection.transaction():
            return await apply_entry(connection, EntryName.of(name), to=to, by=who, reason=reason)

    _tell(name, with_claims(work))


@entries_group.command("dismiss")
@_NAME
@reason_option
@by_option
def dismiss_command(name: str, reason: str, by: str) -> None:
    """Say that an entry is nothing of ours, and no finding any more; the same once more changes nothing."""

    async def work(connection: asyncpg.Connection, settings: Settings) -> Decided:
        who = await _signed(settings, by)
        async with connection.transaction():
            return await dismiss_entry(connection, EntryName.of(name), by=who, reason=reason)

    _tell(name, with_claims(work))


async def _signed(settings: Settings, by: str) -> Actor:
    who = await signatory(settings, by)
    who.require(Permission.EXECUTE)
    return Actor.person(who.login)


def _tell(name: str, done: Decided) -> None:
    told = ": decided so already, nothing is changed" if done.is_known else ""
    click.echo(f"entry {name} is {done.effect}{told}")
