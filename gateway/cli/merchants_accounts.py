"""tillgate merchants account propose, confirm, reject, show: where subsidies are paid to."""

import click
from rich.markup import escape
from rich.table import Table

from gateway.cli.lists_support import by_option, shown_moment
from gateway.cli.registry_support import json_option, print_json, reason_option, shown_since, with_registry
from gateway.cli.support import console
from gateway.registry import accounts


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
    account_id = with_registry(
        lambda connection, _: accounts.propose_account(
            connection, merchant_id, bic=bic, account=account, by=by, reason=reason
        )
    )
    click.echo(f"account {account_id} waits to be confirmed by another person")


@account_group.command("confirm")
@click.argument("account_id", metavar="ID", type=int)
@by_option(required=True)
def confirm_command(account_id: int, by: str) -> None:
    """Confirm a proposed account; whoever proposed it cannot."""
    with_registry(lambda connection, _: accounts.confirm_account(connection, account_id, by=by))


@account_group.command("reject")
@click.argument("account_id", metavar="ID", type=int)
@by_option(required=True)
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
