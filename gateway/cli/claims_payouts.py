"""tillgate claims payout, import, reconcile: registers for the treasury, and what became of them."""

import sys
from datetime import date
from pathlib import Path
from typing import Any, Final

import asyncpg
import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.claims_support import with_claims
from gateway.cli.people_support import by_option, signatory
from gateway.cli.progress import progress_bar
from gateway.cli.registry_support import DAY, FILE, json_option, print_json, reason_option, shown_day
from gateway.cli.support import FAILED, console, shown_rubles
from gateway.domain.policy import moscow_date
from gateway.people.roles import Permission
from gateway.record.words import Actor
from gateway.registry.requisites import check_account, check_bic, check_correspondent, check_inn
from gateway.runtime.settings import Settings
from settlement.payouts import making
from settlement.payouts.errors import PayoutCode, PayoutError
from settlement.payouts.importing import Imported, import_statement, own_accounts
from settlement.payouts.matching import Effect
from settlement.payouts.model import Payer, Payout
from settlement.payouts.payer import read_payer
from settlement.payouts.reading import read_statement_file
from settlement.payouts.reconciling import Reconciliation, reconcile
from settlement.payouts.statement import Statement
from settlement.payouts.storing import newest_payouts, read_payout
from settlement.payouts.writing import SUFFIXES, PayoutFormat, write

_OUT: Final = click.Path(dir_okay=False, path_type=Path)


async def _signed(settings: Settings, by: str, permission: Permission) -> Actor:
    """Who signs: in production a user with password and code, and with the permission."""
    who = await signatory(settings, by)
    who.require(permission)
    return Actor.person(who.login)


@click.group("payout")
def payout_group() -> None:
    """Registers of transfers to merchants: drafts for the treasury, which pays. See docs/payouts.md."""


@payout_group.command("make")
@click.argument("claim_ids", metavar="[CLAIM]...", type=int, nargs=-1)
@click.option("--dated", type=DAY, help="The day of the payment orders.  [default: today in Moscow]")
@by_option
def make_command(claim_ids: tuple[int, ...], dated: date | None, by: str) -> None:
    """Make a draft register of the claims named, or of all that wait for money.

    A claim whose money the bank returned is named: it is paid to an account that was confirmed since.
    """

    async def work(connection: asyncpg.Connection, settings: Settings) -> Payout:
        who = await _signed(settings, by, Permission.PROPOSE)
        payer = _payer(settings)
        async with connection.transaction():
            day = dated or moscow_date(await connection.fetchval("SELECT tillgate_now()"))
            return await making.make(connection, payer, by=who, dated=day, claim_ids=claim_ids or None)

    made = with_claims(work)
    click.echo(f"payout {made.id}: {_control(made)}")
    click.echo(f"another person approves it: tillgate claims payout approve {made.id} --sha256 …")


def _payer(settings: Settings) -> Payer:
    file = settings.payer_file
    if file is None:
        raise PayoutError(PayoutCode.PAYER_MISSING)
    payer = read_payer(file)
    checks = {
        "inn": check_inn(payer.inn),
        "bic": check_bic(payer.bic),
        "account": check_account(payer.account, payer.bic),
        "correspondent_account": check_correspondent(payer.correspondent_account, payer.bic),
    }
    for field, problem in checks.items():
        if problem is not None:
            raise PayoutError(PayoutCode.PAYER_FILE, file=file, what=f"{field}: {problem.en} / {problem.ru}")
    return payer


@payout_group.command("approve")
@click.argument("payout_id", metavar="ID", type=int)
@click.option("--sha256", "digest", required=True, help="Of the register, as `show` tells it.")
@by_option
def approve_command(payout_id: int, digest: str, by: str) -> None:
    """Approve a draft exactly as it is; whoever made it cannot."""
    try:
        wanted = bytes.fromhex(digest)
    except ValueError:
        raise click.BadParameter("should be 64 hex digits", param_hint="--sha256") from None

    async def work(connection: asyncpg.Connection, settings: Settings) -> Payout:
        who = await _signed(settings, by, Permission.DECIDE)
        async with connection.transaction():
            return await making.approve(connection, payout_id, by=who, sha256=wanted)

    click.echo(f"payout {payout_id} is approved: {_control(with_claims(work))}")


@payout_group.command("discard")
@click.argument("payout_id", metavar="ID", type=int)
@reason_option
@by_option
def discard_command(payout_id: int, reason: str, by: str) -> None:
    """Drop a draft; its claims can be paid by another register."""

    async def work(connection: asyncpg.Connection, settings: Settings) -> None:
        who = await _signed(settings, by, Permission.PROPOSE)
        async with connection.transaction():
            await making.discard(connection, payout_id, by=who, reason=reason)

    with_claims(work)
    click.echo(f"payout {payout_id} is discarded")


@payout_group.command("export")
@click.argument("payout_id", metavar="ID", type=int)
@click.option(
    "--format", "form", type=click.Choice([one.value for one in PayoutFormat]), required=True,
    help="1c is 1CClientBankExchange 1.03 in windows-1251, pain is ISO 20022 pain.001.001.09.",
)  # fmt: skip
@click.option("--out", type=_OUT, help="The file.  [default: payout-ID and the format's suffix, here]")
@by_option
def export_command(payout_id: int, form: str, out: Path | None, by: str) -> None:
    """Write an approved register for the treasury; the same one gives the same bytes."""
    kind = PayoutFormat(form)
    file = out or Path(f"payout-{payout_id}{SUFFIXES[kind]}")

    async def work(connection: asyncpg.Connection, settings: Settings) -> Payout:
        who = await _signed(settings, by, Permission.EXECUTE)
        async with connection.transaction():
            found = await making.hand_on(connection, payout_id, by=who, form=form)
            # Before the commit: what cannot be written was not handed on.
            _write(file, write(found, kind))
            return found

    click.echo(f"{file}: {_control(with_claims(work))}")


def _write(file: Path, data: bytes) -> None:
    try:
        file.write_bytes(data)
    except OSError as error:
        raise click.ClickException(f"{file}: {error.strerror}") from error


@payout_group.command("reject")
@click.argument("transfer", metavar="TRANSFER")
@reason_option
@by_option
def reject_command(transfer: str, reason: str, by: str) -> None:
    """Note that the treasury or the bank refused an order before any money moved."""

    async def work(connection: asyncpg.Connection, settings: Settings) -> None:
        who = await _signed(settings, by, Permission.EXECUTE)
        async with connection.transaction():
            await making.reject(connection, transfer, by=who, reason=reason)

    with_claims(work)
    click.echo(f"transfer {transfer} is refused: its claim needs a new account, and a new register")


@payout_group.command("show")
@click.argument("payout_id", metavar="[ID]", type=int, required=False)
@json_option
def show_command(payout_id: int | None, as_json: bool) -> None:
    """One register with its transfers, or the newest registers."""
    if payout_id is None:
        _show_newest(as_json)
        return
    found = with_claims(lambda connection, _: read_payout(connection, payout_id), reads_only=True)
    if as_json:
        print_json(_as_json(found))
        return
    click.echo(f"payout {found.id} is {found.state}, dated {shown_day(found.dated)}: {_control(found)}")
    click.echo(f"made by {found.made_by}, approved by {found.approved_by or 'nobody yet'}")
    table = Table(
        "transfer", "claim", "state", "rubles", "executed", "returned", "payee", "account", "purpose"
    )
    for one in found.transfers:
        sums = (one.amount_kopecks, one.executed_kopecks, one.returned_kopecks)
        table.add_row(
            one.end_to_end_id, str(one.claim_id), one.state, *map(shown_rubles, sums),
            escape(one.payee.name), one.payee.bank.account, escape(one.purpose),
        )  # fmt: skip
    console().print(table)


def _show_newest(as_json: bool) -> None:
    found = with_claims(lambda connection, _: newest_payouts(connection, 50), reads_only=True)
    if as_json:
        print_json([_as_json(one) for one in found])
        return
    table = Table("id", "state", "dated", "transfers", "rubles", "made by", "approved by", title="Payouts")
    for one in found:
        table.add_row(
            str(one.id), one.state, shown_day(one.dated), str(one.control.count),
            shown_rubles(one.control.sum_kopecks), escape(one.made_by), escape(one.approved_by or ""),
        )  # fmt: skip
    console().print(table)


def _as_json(found: Payout) -> dict[str, Any]:
    return {
        "id": found.id,
        "state": found.state,
        "dated": found.dated,
        "count": found.control.count,
        "sum_kopecks": found.control.sum_kopecks,
        "sha256": found.control.sha256.hex(),
        "made_by": found.made_by,
        "approved_by": found.approved_by,
        "payer": found.payer,
        "transfers": found.transfers,
    }


def _control(found: Payout) -> str:
    control = found.control
    sums = f"{control.count} transfers, {shown_rubles(control.sum_kopecks)} rubles"
    return f"{sums}, sha256 {control.sha256.hex()}"


@click.command("import")
@click.argument("file", type=FILE)
@click.option(
    "--set-aside", "sets_aside", is_flag=True,
    help="Keep entries that contradict our transfers for `entries`, and take the others.",
)  # fmt: skip
@by_option
def import_command(file: Path, sets_aside: bool, by: str) -> None:
    """Import a statement of our account: 1CClientBankExchange or ISO 20022 camt.053.

    Executed transfers pay their claims, returns open them again, money for a demand closes it. If an entry
    cannot be taken, nothing is changed, every problem is told, and the exit code is 1. The same file again
    changes nothing.
    """

    async def work(connection: asyncpg.Connection, settings: Settings) -> Imported:
        who = await _signed(settings, by, Permission.EXECUTE)
        accounts = await own_accounts(connection)
        if settings.payer_file is not None:
            accounts.add(read_payer(settings.payer_file).account)
        return await _import(connection, read_statement_file(file, accounts), who, sets_aside)

    done = with_claims(work)
    for one in done.problems:
        click.echo(f"entry {one.n}: {one}", err=True)
    if not done.is_done:
        raise click.ClickException(str(PayoutError(PayoutCode.ENTRIES_REFUSED, count=len(done.problems))))
    if done.is_known:
        click.echo(f"{file}: imported already, nothing is changed")
        return
    counts = ", ".join(f"{done.count(effect)} {_TOLD[effect]}" for effect in _TOLD)
    click.echo(f"{file}: {counts}, {done.not_booked} not booked")


_TOLD: Final = {
    Effect.EXECUTED: "executed",
    Effect.RETURNED: "returned",
    Effect.DEMAND: "for demands",
    Effect.OTHER: "of others",
    Effect.DUPLICATE: "known already",
    Effect.SET_ASIDE: "set aside",
}


async def _import(
    connection: asyncpg.Connection, statement: Statement, who: Actor, sets_aside: bool
) -> Imported:
    with progress_bar() as bar:
        task = bar.add_task("statement", total=len(statement.entries), told="")
        async with connection.transaction():
            return await import_statement(
                connection, statement, by=who, sets_aside=sets_aside,
                progress=lambda done: bar.update(task, completed=done),
            )  # fmt: skip


@click.command("reconcile")
@click.option("--from", "first_day", type=DAY, required=True, help="From this day on.")
@click.option("--to", "last_day", type=DAY, required=True, help="Until this day, too.")
@json_option
def reconcile_command(first_day: date, last_day: date, as_json: bool) -> None:
    """Transfers against statements of any days: what is missing, extra or differs. Exit code 1 if any is."""
    if last_day < first_day:
        raise click.BadParameter("is before --from", param_hint="--to")
    found = with_claims(lambda connection, _: reconcile(connection, first_day, last_day), reads_only=True)
    if as_json:
        print_json(found)
    else:
        _print_reconciliation(found)
    if not found.is_whole:
        sys.exit(FAILED)


def _print_reconciliation(found: Reconciliation) -> None:
    click.echo(
        f"{found.transfer_count} transfers of {shown_rubles(found.transfer_kopecks)} rubles:"
        f" executed {shown_rubles(found.executed_kopecks)}, returned {shown_rubles(found.returned_kopecks)}"
    )
    click.echo(
        f"{found.entry_count} entries: left {shown_rubles(found.debit_kopecks)},"
        f" came in {shown_rubles(found.credit_kopecks)}"
    )
    if found.is_whole:
        click.echo("everything agrees")
        return
    table = Table("what", "day", "transfer", "rubles", "said")
    for one in found.findings:
        table.add_row(
            one.kind, shown_day(one.day), one.transfer, shown_rubles(one.amount_kopecks), escape(one.what)
        )
    console().print(table)
