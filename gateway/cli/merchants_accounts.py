"""tillgate merchants account propose, confirm, reject, show: where subsidies are paid to."""

import click
from rich.markup import escape
from rich.table import Table
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.cli.ledger_commands import proposed
from gateway.cli.lists_support import by_option, shown_moment
from gateway.cli.merchants_proposed import change
from gateway.cli.people_support import signatory, signed, told_refusals
from gateway.cli.registry_support import json_option, print_json, reason_option, shown_since, with_registry
from gateway.cli.support import console
from gateway.people.approvals import ProposalKind
from gateway.people.roles import Permission
from gateway.registry import accounts
from gateway.runtime.settings import Settings


@click.group("account")
def account_group() -> None:
    """The bank account of a merchant: a change is proposed by one person and confirmed by another."""


@account_group.command("propose")
@click.argument("merchant_id", metavar="MERCHANT", type=int)
@click.option("--bic", required=True, help="BIK of the bank.")
@click.option("--account", required=True, help="The account, 20 digits.")
@by_option(required=True)
@reason_option
def propose_command(merchant_id: int, bic: str, account: str, by: str, reason: str) -> None:
    """Propose another account; the old one is in use until this one is confirmed."""

    async def work(connection: AsyncConnection, settings: Settings) -> int:
        who = by
        if settings.enforces_four_eyes:
            signed = await signatory(settings, by)
            signed.require(Permission.PROPOSE)
            who = signed.login
        return await accounts.propose_account(
            connection, merchant_id, bic=bic, account=account, by=who, reason=reason
        )

    with told_refusals():
        account_id = with_registry(work)
    click.echo(f"account {account_id} waits to be confirmed by another person")


@account_group.command("confirm")
@click.argument("account_id", metavar="ID", type=int)
@click.option("--reason", default="", help="Why; needed where it is proposed.")
@by_option(required=True)
def confirm_command(account_id: int, reason: str, by: str) -> None:
    """Confirm a proposed account; whoever proposed it cannot.

    In production this makes a proposal, which is approved by a person who did not propose the account.
    """

    async def work(connection: AsyncConnection, settings: Settings) -> str:
        if settings.enforces_four_eyes:
            who = await signatory(settings, by)
            payload = change(await accounts.get_account(connection, account_id))
            return await proposed(settings, ProposalKind.CHANGE_ACCOUNT, payload, who, reason)
        await accounts.confirm_account(connection, account_id, by=by)
        return f"account {account_id} is confirmed"

    with told_refusals():
        click.echo(with_registry(work))


@account_group.command("reject")
@click.argument("account_id", metavar="ID", type=int)
@signed(required=True)
@reason_option
def reject_command(account_id: int, by: str, reason: str) -> None:
    """Drop a proposed account."""
    with_registry(lambda connection, _: accounts.reject_account(connection, account_id, by=by, reason=reason))


@account_group.command("show")
@click.argument("merchant_id", metavar="MERCHANT", type=int)
@json_option
def show_command(merchant_id: int, as_json: bool) -> None:
    """Every account that a merchant ever had or proposed."""
    found = with_registry(
        lambda connection, _: accounts.accounts_of(connection, merchant_id), reads_only=True
    )
    if as_json:
        print_json(found)
        return
    table = Table("id", "state", "BIK", "account", "proposed", "by", "decided", "by", "reason",
                  title="Accounts")  # fmt: skip
    for one in found:
        table.add_row(
            str(one.id), one.state, one.bic, one.account, shown_moment(one.proposed_at),
            escape(one.proposed_by), shown_since(one.decided_at), escape(one.decided_by or ""),
            escape(one.reason),
        )  # fmt: skip
    console().print(table)
