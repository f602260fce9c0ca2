"""tillgate bic import, show: the directory of banks of the Bank of Russia."""

from pathlib import Path

import click
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.cli.lists_support import by_option
from gateway.cli.registry_support import FILE, json_option, print_json, shown_day, with_registry
from gateway.registry.bic.directory import Bank, Directory, find_bank, import_directory, newest_directory
from gateway.registry.bic.file import read_bic_file
from gateway.runtime.settings import Settings


@click.group("bic")
def bic_group() -> None:
    """The directory of banks (ED807) against which accounts are checked. See docs/enrolment.md."""


@bic_group.command("import")
@click.argument("file", type=FILE)
@by_option()
def import_command(file: Path, by: str) -> None:
    """Import a full directory, ED807 as the Bank of Russia publishes it (unpacked).

    A file that cannot be used changes nothing; the same one again changes nothing either.
    """

    async def work(connection: AsyncConnection, _: Settings) -> Directory:
        return await import_directory(connection, read_bic_file(file), by=by)

    done = with_registry(work)
    said = f"{done.entry_count:,} participants" if done.is_new else "imported already, nothing is changed"
    click.echo(f"BIC directory of {shown_day(done.business_day)}, version {done.day_version}: {said}")


@bic_group.command("show")
@click.argument("bic")
@json_option
def show_command(bic: str, as_json: bool) -> None:
    """What the newest directory says of a BIK."""

    async def work(connection: AsyncConnection, _: Settings) -> Bank:
        bank = await find_bank(connection, bic)
        if bank is None:
            last = await newest_directory(connection)
            where = f"the directory of {last.business_day}" if last else "no directory is imported, it"
            raise click.ClickException(f"{where} has no BIK {bic}")
        return bank

    bank = with_registry(work, reads_only=True)
    if as_json:
        print_json(bank)
        return
    click.echo(f"{bank.bic}  {bank.name}, {bank.locality}")
    click.echo(f"correspondent account {bank.correspondent_account or 'none'}")
    click.echo(f"since {shown_day(bank.since)}" + (f" until {shown_day(bank.until)}" if bank.until else ""))
    for one in bank.restrictions_of_payments:
        click.echo(f"restriction {one.code} since {shown_day(one.since)}")
    click.echo(f"by the directory of {shown_day(bank.business_day)}")
