"""tillgate seals: the signed roots of days: made, listed, verified against the ledger, and shown."""

import json
import sys
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from typing import Any

import asyncpg
import click
from rich.table import Table

from gateway.cli.progress import progress_bar
from gateway.cli.support import FAILED, console, keys_option, public_keys, with_connection, with_settings
from gateway.ledger.seals.making import DayNotQuietError, MadeSeal, last_due_day, seal_due_days
from gateway.ledger.seals.reading import DaySeal, MerchantPart, merchants_of, newest_seals, part_of, seal_of
from gateway.ledger.seals.verifying import Anchor, Difference, Verified, verify_seals
from gateway.runtime.keys import load_signer
from gateway.runtime.settings import Settings


class DayType(click.ParamType[date]):
    """A Moscow day."""

    name = "YYYY-MM-DD"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> date:
        """Read an ISO day."""
        try:
            return value if isinstance(value, date) else date.fromisoformat(str(value))
        except ValueError:
            self.fail("should be a day like 2026-11-23", param, ctx)


class AnchorType(click.ParamType[Anchor]):
    """A seal as it was noted: its day and its hash."""

    name = "DAY:HASH"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Anchor:
        """Read what `tillgate seals verify` printed."""
        day, _, digest = str(value).partition(":")
        try:
            anchor = Anchor(date.fromisoformat(day), bytes.fromhex(digest))
        except ValueError:
            anchor = Anchor(date.min, b"")
        if len(anchor.hash) != 32:
            self.fail("should be like 2026-11-23:9f86d08…, a day and 64 hex digits", param, ctx)
        return anchor


@click.group("seals")
def seals_group() -> None:
    """The signed roots of days. docs/seals.md tells more."""


@seals_group.command("make")
def make_command() -> None:
    """Seal the days that are due; a running gateway does it by itself. Exit code 1 if one must wait."""

    def make(settings: Settings) -> list[MadeSeal]:
        signer = load_signer(settings)
        return with_connection(
            settings.database_migrator_url,
            lambda connection: seal_due_days(connection, signer, progress=_tell_made),
        )

    try:
        made = with_settings(make)
    except DayNotQuietError as error:
        click.echo(f"later: {error}")
        sys.exit(FAILED)
    if not made:
        click.echo("no day is due, or another process seals it now")


def _tell_made(seal: MadeSeal) -> None:
    counts = f"{seal.outcome_count:,} outcomes of {seal.merchant_count:,} merchants"
    click.echo(f"sealed {seal.day}: {counts}, {seal.hash.hex()}")


@seals_group.command("list")
@click.option("--limit", default=31, show_default=True, type=click.IntRange(1, 100_000), help="How many.")
@click.option("--json", "as_json", is_flag=True, help="Print everything as JSON.")
def list_command(limit: int, as_json: bool) -> None:
    """The newest seals first."""

    async def read(connection: asyncpg.Connection) -> tuple[list[DaySeal], datetime]:
        return await newest_seals(connection, limit), await connection.fetchval("SELECT tillgate_now()")

    seals, now = with_settings(lambda settings: with_connection(settings.database_reader_url, read))
    if as_json:
        click.echo(json.dumps([_as_json(seal) for seal in seals], indent=1))
        return
    table = Table("day", "merchants", "outcomes", "hash", "signed by", title="Day seals")
    for seal in seals:
        counts = f"{seal.merchant_count:,}", f"{seal.outcome_count:,}"
        table.add_row(str(seal.day), *counts, seal.hash.hex(), seal.key_id)
    console().print(table, markup=False)
    due = last_due_day(now)
    if not seals or seals[0].day < due:
        click.echo(f"not sealed yet, and due: days until {due}")


@seals_group.command("verify")
@keys_option()
@click.option("--from", "first", type=DayType(), help="From this Moscow day on.")
@click.option("--to", "last", type=DayType(), help="Until this Moscow day, too.")
@click.option(
    "--anchor", "anchors", multiple=True, type=AnchorType(), help="A seal that was noted before, elsewhere."
)
def verify_command(
    keys_file: Path | None, first: date | None, last: date | None, anchors: tuple[Anchor, ...]
) -> None:
    """Recompute seals from the ledger in one snapshot, beside live load. Exit code 1 if one doesn't fit.

    Names of each such day the first merchant and outcome. Without --keys only seals of the present key are
    believed. Prints the last seal: note it where the owner of the database can't write, and bring it as
    --anchor next time; only then does it show if the end was cut off or the chain made anew.
    """
    given = public_keys(keys_file) if keys_file else None

    def verified(settings: Settings) -> Verified:
        keys = given or _present_key(settings)
        with progress_bar() as bar:
            task = bar.add_task("day seals", total=None, told="")
            return with_connection(
                settings.database_reader_url,
                lambda connection: verify_seals(
                    connection, keys, first=first, last=last, anchors=anchors,
                    progress=lambda day: bar.update(task, told=str(day)),
                ),
            )  # fmt: skip

    found = with_settings(verified)
    for difference in found.differences:
        click.echo(_told(difference))
    if not found.is_whole:
        sys.exit(FAILED)
    click.echo(f"whole: {found.days:,} days, {found.outcomes:,} outcomes")
    if found.head is not None:
        click.echo(f"the last is {found.head.day}:{found.head.hash.hex()}")


def _present_key(settings: Settings) -> Mapping[str, bytes]:
    signer = load_signer(settings)
    return {signer.key_id: signer.public_key}


def _told(difference: Difference) -> str:
    subject = f"{difference.day}"
    if difference.merchant_id is not None:
        subject += f", merchant {difference.merchant_id}"
    if difference.request_id is not None:
        subject += f", request {difference.request_id}"
    return f"{subject}: {difference.what}"


@seals_group.command("show")
@click.argument("day", type=DayType())
@click.option("--merchant", "merchant_id", type=int, help="With the root of this merchant and its path.")
def show_command(day: date, merchant_id: int | None) -> None:
    """A day's seal as JSON: the signed text, its signature, and the merchant's part."""

    async def read(connection: asyncpg.Connection) -> tuple[DaySeal | None, MerchantPart | None]:
        part = None
        if merchant_id is not None:
            part = part_of(await merchants_of(connection, day), merchant_id)
        return await seal_of(connection, day), part

    seal, part = with_settings(lambda settings: with_connection(settings.database_reader_url, read))
    if seal is None:
        raise click.ClickException(f"{day} is not sealed")
    shown = _as_json(seal)
    if merchant_id is not None:
        shown["merchant"] = part and {
            "merchant_id": part.merchant_id,
            "outcome_count": part.outcome_count,
            "root": part.root.hex(),
            "position": part.position,
            "path": [beside.hex() for beside in part.path],
        }
    click.echo(json.dumps(shown, indent=1))


def _as_json(seal: DaySeal) -> dict[str, Any]:
    return {
        "day": seal.day.isoformat(),
        "merchant_count": seal.merchant_count,
        "outcome_count": seal.outcome_count,
        "hash": seal.hash.hex(),
        "statement": seal.statement,
        "signature": seal.signature.hex(),
        "key_id": seal.key_id,
    }
