"""tillgate merchants suspend, resume, exclude, succeed."""

import click

from gateway.cli.people_support import signed, signed_login
from gateway.cli.registry_support import approver_option, reason_option, with_registry
from gateway.people.roles import Permission
from gateway.registry import merchants


@click.command("suspend")
@click.argument("merchant_id", metavar="ID", type=int)
@signed(required=True)
@reason_option
def suspend_command(merchant_id: int, by: str, reason: str) -> None:
    """No new authorizations from now on; what was begun may be finished in the wind-down time."""
    with_registry(lambda connection, _: merchants.suspend(connection, merchant_id, by=by, reason=reason))


@click.command("resume")
@click.argument("merchant_id", metavar="ID", type=int)
@signed(required=True)
@reason_option
def resume_command(merchant_id: int, by: str, reason: str) -> None:
    """A suspended merchant sells again."""
    with_registry(lambda connection, _: merchants.resume(connection, merchant_id, by=by, reason=reason))


@click.command("exclude")
@click.argument("merchant_id", metavar="ID", type=int)
@signed(required=True)
@reason_option
def exclude_command(merchant_id: int, by: str, reason: str) -> None:
    """Exclude from the register. Agreements stay claimable; a new application is needed to come back."""
    with_registry(lambda connection, _: merchants.exclude(connection, merchant_id, by=by, reason=reason))


@click.command("succeed")
@click.argument("merchant_id", metavar="ID", type=int)
@click.argument("predecessor_id", metavar="PREDECESSOR", type=int)
@signed(required=True)
@approver_option
@reason_option
def succeed_command(merchant_id: int, predecessor_id: int, by: str, approved_by: str, reason: str) -> None:
    """Note that merchant ID came out of the reorganisation of PREDECESSOR. In production both sign in."""
    approved_by = signed_login(approved_by, Permission.DECIDE)
    with_registry(
        lambda connection, _: merchants.name_successor(
            connection, merchant_id, predecessor_id, by=by, approved_by=approved_by, reason=reason
        )
    )
