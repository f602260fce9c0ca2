"""tillgate certificates: what the department decides, from a file or one at a time, by its documents."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any, TypeVar
from uuid import UUID

import click

from gateway.cli.certificates_issue import issue_command
from gateway.cli.ledger_commands import reason_option, submit
from gateway.cli.people_support import by_option
from gateway.domain.certificate import Bucket
from gateway.domain.commands import Act, ChangeValidity, Correct, SetBlock, Withdraw, WithdrawReason
from gateway.ledger.ids import uuid7
from gateway.ledger.issuing.cells import kopecks_of

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


class Rubles(click.ParamType[int]):
    """Rubles with two decimals, as kopecks."""

    name = "rubles"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read an amount above zero without a float."""
        kopecks = kopecks_of(str(value))
        if kopecks is None:
            self.fail("should be rubles with two decimals, like 500.00", param, ctx)
        return kopecks


@click.group("certificates")
def certificates_group() -> None:
    """Credit certificates, and change what an act or a document says of them."""


certificates_group.add_command(issue_command)


def _with_request_id(command: Decorated) -> Decorated:
    """The request id, and who gives the command."""
    option = click.option(
        "--request-id",
        type=click.UUID,
        help="That of an earlier attempt whose answer was lost; a new one is made and printed otherwise.",
    )
    return by_option(option(command))


def _with_act(command: Decorated) -> Decorated:
    """The deciding act, and the request id, that every change by an act takes."""
    for option in (
        click.option("--act-date", required=True, type=click.DateTime(["%Y-%m-%d"]), help="Its date."),
        click.option("--act-number", required=True, help="Its number."),
        click.option("--act-body", required=True, help="Who decided."),
    ):
        command = option(command)
    return _with_request_id(command)


@certificates_group.command("withdraw")
@click.argument("certificate_id", type=click.UUID)
@click.option("--reason", required=True, type=click.Choice(WithdrawReason, case_sensitive=False))
@_with_act
def withdraw_command(
    certificate_id: UUID, reason: WithdrawReason, request_id: UUID | None, by: str, **act: Any
) -> None:
    """Lapse what is available of a certificate, and whatever comes back to it later."""
    submit(Withdraw(_named(request_id), certificate_id, reason, _act(**act)), by)


@certificates_group.command("extend")
@click.argument("certificate_id", type=click.UUID)
@click.option("--last-day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The new last day.")
@_with_act
def extend_command(
    certificate_id: UUID, last_day: datetime, request_id: UUID | None, by: str, **act: Any
) -> None:
    """Move the last day of a certificate; a later one brings back what time had lapsed."""
    submit(ChangeValidity(_named(request_id), certificate_id, last_day.date(), _act(**act)), by)


@certificates_group.command("block")
@click.argument("holder_id")
@click.option("--certificate", "certificate_id", type=click.UUID, help="This certificate alone.")
@_with_act
def block_command(
    holder_id: str, certificate_id: UUID | None, request_id: UUID | None, by: str, **act: Any
) -> None:
    """Block the account of a holder, or one of its certificates."""
    submit(SetBlock(_named(request_id), holder_id, certificate_id, True, _act(**act)), by)


@certificates_group.command("unblock")
@click.argument("holder_id")
@click.option("--certificate", "certificate_id", type=click.UUID, help="This certificate alone.")
@_with_act
def unblock_command(
    holder_id: str, certificate_id: UUID | None, request_id: UUID | None, by: str, **act: Any
) -> None:
    """Undo a block of the account of a holder, or of one of its certificates."""
    submit(SetBlock(_named(request_id), holder_id, certificate_id, False, _act(**act)), by)


@certificates_group.command("correct")
@click.argument("certificate_id", type=click.UUID)
@click.option("--to", "target", required=True, type=click.Choice(["lapsed", "available"]), help="Where to.")
@click.option("--amount", "amount_kopecks", required=True, type=Rubles(), help="How much: 500.00.")
@click.option("--document", "document_number", required=True, help="The number of the document.")
@reason_option
@_with_request_id
def correct_command(
    certificate_id: UUID,
    target: str,
    amount_kopecks: int,
    document_number: str,
    request_id: UUID | None,
    by: str,
    reason: str | None,
) -> None:
    """Move points between available and lapsed, by a document. Takes two persons in production."""
    buckets = (Bucket.AVAILABLE, Bucket.LAPSED) if target == "lapsed" else (Bucket.LAPSED, Bucket.AVAILABLE)
    command = Correct(_named(request_id), certificate_id, *buckets, amount_kopecks, document_number)
    submit(command, by, reason=reason)


def _act(act_body: str, act_number: str, act_date: datetime) -> Act:
    return Act(act_body, act_number, act_date.date())


def _named(request_id: UUID | None) -> UUID:
    """The request id of a command, told before it is sent: if the answer is lost, it can be repeated."""
    named = request_id or uuid7(datetime.now(UTC))
    click.echo(f"request id: {named}", err=True)
    return named
