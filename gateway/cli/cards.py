"""tillgate cards: the stop list, re-issued cards, keys, locks, and the help desk's search."""

import sys
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path
from typing import Any

import asyncpg
import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.cards_files import read_reissue_file, read_stop_file
from gateway.cli.cards_support import desk_of, note, show_problems, shown_token, typed_card, with_cards
from gateway.cli.lists_support import by_option, shown_moment
from gateway.cli.people_support import signed
from gateway.cli.support import FAILED, console, shown_rubles
from gateway.ledger.card_search import CardFound, search_card
from gateway.record.words import Action, SubjectKind
from gateway.registry.card_aliases import KeyUse, key_uses
from gateway.registry.card_locks import CardLock, lift_lock, read_locks
from gateway.registry.cards import CardTokenKeys
from gateway.registry.stop_list.changing import Changed, Origin, Stop, TooManyLiftedError
from gateway.registry.stop_list.reading import renew_list_key
from gateway.registry.stop_list.reissue import Wrong, reissue
from gateway.runtime.database import make_engine
from gateway.runtime.keys import card_key_source
from gateway.runtime.settings import Settings

VERSIONS_SHOWN = 20

_WRONG = {
    Wrong.OLD_UNKNOWN: "старая карта неизвестна / the old card is unknown",
    Wrong.NEW_OF_ANOTHER: "новая карта у другого счёта / the new card belongs to another account",
    Wrong.SAME_CARD: "старая и новая карта совпадают / old and new are the same card",
    Wrong.NEW_IS_STOPPED: "новая карта в стоп-листе / the new card is on the stop list",
}
FILE = click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))


@click.group("cards")
def cards_group() -> None:
    """The stop list, re-issued cards, keys of tokens, and search. Card numbers are never arguments."""


@cards_group.command("import-stop-list")
@FILE
@click.option("--full", "is_full", is_flag=True, help="The whole list: cards it lacks are freed.")
@click.option("--lifts", default=0, help="Confirms that a full list frees so many cards.")
@by_option(required=True)
def import_stop_list_command(file: Path, is_full: bool, lifts: int, by: str) -> None:
    """Stop the cards of FILE (CSV: number, series, reason, from, action).

    Without --full, cards of the action "lift" are freed, and right rows hold beside wrong ones; a full
    list with a wrong row changes nothing. A list frees no card that the help desk or a re-issue has
    stopped. Loading a file again changes nothing. Exit code 1 if rows are wrong.
    """

    async def work(connection: asyncpg.Connection, settings: Settings, keys: CardTokenKeys) -> bool:
        now: datetime = await connection.fetchval("SELECT tillgate_now()")
        found = read_stop_file(file, keys, now, is_full=is_full)
        wrong = show_problems(found.problems)
        if wrong and is_full:
            raise click.ClickException(f"{wrong} rows are wrong: a full list must be right as a whole")
        desk = desk_of(settings, keys)
        async with connection.transaction():
            if is_full:
                changed = await desk.replace(connection, by=by, stops=found.stops, lifts_confirmed=lifts)
            else:
                changed = await desk.change(
                    connection, by=by, origin=Origin.LIST, stops=found.stops, lifts=found.lifts
                )
            told = {"is_full": is_full, "wrong": wrong}
            await _note_list(connection, by, Action.STOP_LIST_IMPORTED, changed, **told)
        _tell(changed)
        return not wrong

    try:
        is_right = with_cards(work)
    except TooManyLiftedError as error:
        raise click.ClickException(f"{error}; if that is right, say --lifts {error.lifted}") from None
    if not is_right:
        sys.exit(FAILED)


@cards_group.command("stop")
@click.option("--reason", required=True, help="Why, as the help desk will read it.")
@signed(required=True)
def stop_command(reason: str, by: str) -> None:
    """Stop one card; its number is typed, or comes by standard input."""

    async def work(connection: asyncpg.Connection, settings: Settings, keys: CardTokenKeys) -> None:
        card = typed_card(keys)
        async with connection.transaction():
            changed = await desk_of(settings, keys).change(
                connection, by=by, origin=Origin.HELP_DESK, stops=[Stop(card, reason)]
            )
            told = {"reason": reason, "version": changed.version, "stopped": changed.stopped}
            await note(connection, by, Action.CARD_STOPPED, SubjectKind.CARD, shown_token(card), **told)
        _tell(changed)

    with_cards(work)


@cards_group.command("unstop")
@signed(required=True)
def unstop_command(by: str) -> None:
    """Free one card; its number is typed, or comes by standard input."""

    async def work(connection: asyncpg.Connection, settings: Settings, keys: CardTokenKeys) -> None:
        card = typed_card(keys)
        async with connection.transaction():
            changed = await desk_of(settings, keys).change(
                connection, by=by, origin=Origin.HELP_DESK, lifts=[card]
            )
            told = {"version": changed.version, "lifted": changed.lifted}
            await note(connection, by, Action.CARD_FREED, SubjectKind.CARD, shown_token(card), **told)
        _tell(changed)

    with_cards(work)


@cards_group.command("stop-list")
def stop_list_command() -> None:
    """The last versions of the stop list."""

    async def work(connection: asyncpg.Connection, _: Settings, __: CardTokenKeys) -> Sequence[Any]:
        rows: Sequence[Any] = await connection.fetch(
            "SELECT version, made_at, made_by, stopped_count, lifted_count, entry_count, sha256"
            " FROM stop_list_version ORDER BY version DESC LIMIT $1",
            VERSIONS_SHOWN,
        )
        return rows

    table = Table("version", "made", "by", "stopped", "freed", "cards", "SHA-256", title="Stop list")
    for row in with_cards(work):
        version, made_at, by, *counts, sha256 = row
        table.add_row(str(version), shown_moment(made_at), escape(by), *map(str, counts), sha256[:16])
    console().print(table)


@cards_group.command("reissue")
@FILE
@by_option(required=True)
def reissue_command(file: Path, by: str) -> None:
    """Re-issue the cards of FILE (CSV: old_number, old_series, new_number, new_series).

    The account goes on under the new card, the old plastic stops in the same transaction. Wrong rows are
    named and left out; loading a file again changes nothing. Exit code 1 if rows are wrong.
    """

    async def work(connection: asyncpg.Connection, settings: Settings, keys: CardTokenKeys) -> int:
        rows, problems = read_reissue_file(file, keys)
        wrong = show_problems(problems)
        async with connection.transaction():
            done = await reissue(desk_of(settings, keys), connection, rows, by=by)
            told = {"bound": done.bound, "wrong": wrong + len(done.wrong)}
            await _note_list(connection, by, Action.CARD_REISSUED, done.changed, **told)
        for line, why in done.wrong:
            click.echo(f"line {line}: {_WRONG[why]}", err=True)
        wrong += len(done.wrong)
        click.echo(f"{done.bound:,} cards re-issued, {done.known:,} were so already, {wrong:,} rows wrong")
        _tell(done.changed)
        return wrong

    if with_cards(work):
        sys.exit(FAILED)


@cards_group.command("renew-list-key")
@click.argument("merchant_id", metavar="MERCHANT", type=int)
@signed(required=True)
def renew_list_key_command(merchant_id: int, by: str) -> None:
    """Give MERCHANT another key of its stop list, as after the loss of a till: its tills load it anew."""

    async def work(connection: asyncpg.Connection, _: Settings, __: CardTokenKeys) -> int:
        async with connection.transaction():
            version = await renew_list_key(connection, merchant_id)
            told = {"merchant_id": merchant_id, "version": version, "use": "stop list"}
            name = f"stop-list/{merchant_id}/{version}"
            await note(connection, by, Action.KEY_ROTATED, SubjectKind.KEY, name, **told)
        return version

    click.echo(f"merchant {merchant_id} has list key {with_cards(work)}")


@cards_group.command("keys")
def keys_command() -> None:
    """The keys of card tokens, and how many cards and stops each still stands for alone."""
    _show_keys(with_cards(lambda connection, _, keys: _uses(connection, keys)))


@cards_group.command("rotate-key")
@signed(required=True)
def rotate_key_command(by: str) -> None:
    """Put a new key before the others of the ring: gateways take it when they are restarted.

    Cards are found by their old tokens and get new ones as they are used. Issue and import only after every
    gateway has the new ring.
    """

    async def work(connection: asyncpg.Connection, settings: Settings, keys: CardTokenKeys) -> list[KeyUse]:
        async with connection.transaction():
            made = keys.rotated(card_key_source(settings).path)
            told = {"before": keys.key_id, "use": "cards"}
            await note(connection, by, Action.KEY_ROTATED, SubjectKind.KEY, made.key_id, **told)
        return await _uses(connection, made)

    _show_keys(with_cards(work))


@cards_group.command("drop-key")
@click.argument("key_id")
@click.option("--lose", is_flag=True, help="Although cards or stops are known by it alone: they are lost.")
@signed(required=True)
def drop_key_command(key_id: str, lose: bool, by: str) -> None:
    """Take an older key out of the ring, once no card and no stop is known by it alone."""

    async def work(connection: asyncpg.Connection, settings: Settings, keys: CardTokenKeys) -> None:
        uses = {use.key_id: use for use in await _uses(connection, keys)}
        left = uses.get(key_id, KeyUse(key_id, 0, 0))
        if (left.without_newest or left.stops) and not lose:
            known = f"{left.without_newest} cards and {left.stops} stops are known by {key_id} alone"
            raise click.ClickException(f"{known}; stops are renewed when their list is loaded again")
        try:
            async with connection.transaction():
                told = {"cards_lost": left.without_newest, "stops_lost": left.stops, "use": "cards"}
                await note(connection, by, Action.KEY_RETIRED, SubjectKind.KEY, key_id, **told)
                keys.without(key_id, card_key_source(settings).path)
        except LookupError as error:
            raise click.ClickException(str(error)) from None

    with_cards(work)
    click.echo(f"{key_id} has left the ring")


@cards_group.command("search")
@signed(required=True)
def search_command(by: str) -> None:
    """What there is of a card; its number is typed, or comes by standard input. Each search is recorded."""

    async def work(connection: asyncpg.Connection, _: Settings, keys: CardTokenKeys) -> CardFound:
        card = typed_card(keys)
        found = await search_card(connection, card.tokens)
        # Before anybody sees it.
        async with connection.transaction():
            told = {"account_id": found.account_id}
            await note(connection, by, Action.CARD_SEARCHED, SubjectKind.CARD, shown_token(card), **told)
        return found

    _show(with_cards(work))


@cards_group.command("locks")
@click.option("--all", "is_all", is_flag=True, help="Those too that hold no more.")
def locks_command(is_all: bool) -> None:
    """Tills and merchants that asked for too many unknown cards, or typed too many numbers."""
    table = Table("lock", "for", "merchant", "terminal", "since", "until", "lifted by", title="Locks")

    async def work(_: asyncpg.Connection, settings: Settings, __: CardTokenKeys) -> list[CardLock]:
        engine = make_engine(settings.database_migrator_url, pool_size=1)
        try:
            async with engine.connect() as connection:
                return await read_locks(connection, only_standing=not is_all)
        finally:
            await engine.dispose()

    for one in with_cards(work):
        who = "all" if one.terminal_id is None else str(one.terminal_id)
        moments = shown_moment(one.since), shown_moment(one.until)
        table.add_row(str(one.id), one.kind, str(one.merchant_id), who, *moments, escape(one.lifted_by or ""))
    console().print(table)


@cards_group.command("unlock")
@click.argument("lock_id", metavar="LOCK", type=int)
@signed(required=True)
def unlock_command(lock_id: int, by: str) -> None:
    """End a lock before its time."""

    async def work(_: asyncpg.Connection, settings: Settings, __: CardTokenKeys) -> bool:
        engine = make_engine(settings.database_migrator_url, pool_size=1)
        try:
            async with engine.begin() as own:
                lifted = await lift_lock(own, lock_id, by=by)
                if lifted:
                    await note(own, by, Action.CARD_LOCK_LIFTED, SubjectKind.CARD_LOCK, lock_id)
                return lifted
        finally:
            await engine.dispose()

    if not with_cards(work):
        raise click.ClickException(f"there is no lock {lock_id} that holds")
    click.echo(f"lock {lock_id} is lifted")


async def _note_list(
    connection: asyncpg.Connection, by: str, action: Action, changed: Changed, **more: int
) -> None:
    told = {name: getattr(changed, name) for name in ("stopped", "lifted", "known", "kept")}
    await note(connection, by, action, SubjectKind.STOP_LIST, changed.version, **told, **more)


def _tell(changed: Changed) -> None:
    click.echo(
        f"stop list {changed.version}: {changed.stopped:,} stopped, {changed.lifted:,} freed,"
        f" {changed.known:,} stood there already"
    )
    if changed.kept:
        click.echo(f"{changed.kept:,} stay stopped: the help desk or a re-issue has stopped them")


async def _uses(connection: asyncpg.Connection, keys: CardTokenKeys) -> list[KeyUse]:
    uses = {use.key_id: use for use in await key_uses(connection, keys.key_id)}
    ring = [uses.pop(one.key_id, KeyUse(one.key_id, 0, 0)) for one in keys.ring]
    return [*ring, *uses.values()]


def _show_keys(uses: Sequence[KeyUse]) -> None:
    columns = "key", "cards", "known by it alone", "stops by it alone"
    table = Table(*columns, title="Keys of card tokens, the newest first")
    for use in uses:
        table.add_row(use.key_id, f"{use.cards:,}", f"{use.without_newest:,}", f"{use.stops:,}")
    console().print(table)


def _show(found: CardFound) -> None:
    if found.stop is not None:
        said = f"{found.stop.reason} ({found.stop.origin or 'registry'})"
        click.echo(f"STOPPED {shown_moment(found.stop.stopped_at)}: {said}")
    if found.account_id is None:
        click.echo("the card has no account")
        return
    blocked = ", BLOCKED" if found.is_blocked else ""
    click.echo(f"account {found.account_id}{blocked}, {found.cards_served} cards that may be served")
    table = Table("certificate", "program", "state", "available", "held", "until", title="Certificates")
    for one in found.certificates:
        amounts = shown_rubles(one.available_kopecks), shown_rubles(one.held_kopecks)
        table.add_row(str(one.id), one.program_code, one.state, *amounts, shown_moment(one.valid_until))
    console().print(table)
    table = Table(
        "purchase", "at", "merchant", "outlet", "state", "points", "captured", title="Last purchases"
    )
    for purchase in found.purchases:
        amounts = shown_rubles(purchase.approved_kopecks), shown_rubles(purchase.captured_kopecks)
        where = str(purchase.merchant_id), str(purchase.outlet_id)
        at = shown_moment(purchase.authorized_at)
        table.add_row(str(purchase.id), at, *where, purchase.state, *amounts)
    console().print(table)
