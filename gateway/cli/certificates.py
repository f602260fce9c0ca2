"""tillgate certificates: what the department decides, from a file or one at a time, by its documents."""

import sys
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import click

from gateway.cli.progress import progress_bar
from gateway.cli.support import FAILED, shown_rubles, with_ledger
from gateway.domain.certificate import Bucket, Certificate
from gateway.domain.commands import (
    Act,
    ChangeValidity,
    Correct,
    DepartmentCommand,
    SetBlock,
    Withdraw,
    WithdrawReason,
)
from gateway.domain.policy import moscow_date
from gateway.domain.reasons import REASONS, Reason
from gateway.ledger.answers import CommandError
from gateway.ledger.ids import uuid7
from gateway.ledger.issuing import BATCH, Answered, BulkIssuer, IssuingStoppedError
from gateway.ledger.issuing.cells import kopecks_of
from gateway.ledger.issuing.files import CertificateFile, FileError
from gateway.ledger.issuing.results import Results, result_path
from gateway.ledger.issuing.store import stored_issues
from gateway.registry.cards import ring_token
from gateway.runtime.bootstrap import LedgerParts
from gateway.runtime.database import driver_connection
from gateway.runtime.keys import load_card_keys
from gateway.runtime.settings import Settings

BROKEN_OFF = 2
"""Exit code of a bulk issue that could not go on: the same file is to be loaded again."""

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


@certificates_group.command("issue")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--result",
    "result_file",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Where the answer of each row goes.  [default: FILE.result.csv]",
)
def issue_command(file: Path, result_file: Path | None) -> None:
    """Credit the certificates of FILE (CSV or JSON lines), row by row.

    A row is known by its issue_ref: a file that is loaded again credits nothing twice, and a run that
    broke off is simply repeated. Exit code 1 if rows were refused, 2 if the run broke off.
    """
    result = result_file or result_path(file)
    if result.resolve() == file.resolve():
        raise click.BadParameter("is the file itself", param_hint="--result")
    results, stopped = with_ledger(partial(_issue, file, result), batch_limit=BATCH)
    click.echo(", ".join(f"{results.counts[answered]:,} {answered.lower()}" for answered in Answered))
    for reason, count in results.reasons.most_common():
        click.echo(f"  {count:,} {reason}")
    if stopped:
        click.echo(f"{stopped}\nload the same file again: what is answered stays answered", err=True)
        sys.exit(BROKEN_OFF)
    if not results.is_complete:
        sys.exit(FAILED)


async def _issue(
    path: Path, result: Path, parts: LedgerParts, settings: Settings
) -> tuple[Results, str | None]:
    """Load a file; returns its results, and why the run broke off if it did."""
    keys = load_card_keys(settings)
    try:
        source = CertificateFile(path, lambda number, series: ring_token(number, series, keys))
    except FileError as error:
        raise click.BadParameter(str(error), param_hint="FILE") from error
    issuer = BulkIssuer(
        parts.committer.submit, partial(driver_connection, parts.engine), parts.committer.rules, keys.key_id
    )
    with result.open("w", encoding="utf-8", newline="") as out, progress_bar() as progress:
        results = Results(out, source.delimiter)
        task = progress.add_task(path.name, total=source.size_bytes, told="")
        try:
            async for answers in issuer.load(source.rows()):
                results.write(answers)
                told = f"{results.counts.total():,} rows"
                progress.update(task, completed=source.position_bytes, told=told)
        except IssuingStoppedError as error:
            return results, str(error)
    return results, None


def _with_request_id(command: Decorated) -> Decorated:
    return click.option(
        "--request-id",
        type=click.UUID,
        help="That of an earlier attempt whose answer was lost; a new one is made and printed otherwise.",
    )(command)


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
    certificate_id: UUID, reason: WithdrawReason, request_id: UUID | None, **act: Any
) -> None:
    """Lapse what is available of a certificate, and whatever comes back to it later."""
    _submit(Withdraw(_named(request_id), certificate_id, reason, _act(**act)))


@certificates_group.command("extend")
@click.argument("certificate_id", type=click.UUID)
@click.option("--last-day", required=True, type=click.DateTime(["%Y-%m-%d"]), help="The new last day.")
@_with_act
def extend_command(certificate_id: UUID, last_day: datetime, request_id: UUID | None, **act: Any) -> None:
    """Move the last day of a certificate; a later one brings back what time had lapsed."""
    _submit(ChangeValidity(_named(request_id), certificate_id, last_day.date(), _act(**act)))


@certificates_group.command("block")
@click.argument("holder_id")
@click.option("--certificate", "certificate_id", type=click.UUID, help="This certificate alone.")
@_with_act
def block_command(holder_id: str, certificate_id: UUID | None, request_id: UUID | None, **act: Any) -> None:
    """Block the account of a holder, or one of its certificates."""
    _submit(SetBlock(_named(request_id), holder_id, certificate_id, True, _act(**act)))


@certificates_group.command("unblock")
@click.argument("holder_id")
@click.option("--certificate", "certificate_id", type=click.UUID, help="This certificate alone.")
@_with_act
def unblock_command(holder_id: str, certificate_id: UUID | None, request_id: UUID | None, **act: Any) -> None:
    """Undo a block of the account of a holder, or of one of its certificates."""
    _submit(SetBlock(_named(request_id), holder_id, certificate_id, False, _act(**act)))


@certificates_group.command("correct")
@click.argument("certificate_id", type=click.UUID)
@click.option("--to", "target", required=True, type=click.Choice(["lapsed", "available"]), help="Where to.")
@click.option("--amount", "amount_kopecks", required=True, type=Rubles(), help="How much: 500.00.")
@click.option("--document", "document_number", required=True, help="The number of the document.")
@_with_request_id
def correct_command(
    certificate_id: UUID, target: str, amount_kopecks: int, document_number: str, request_id: UUID | None
) -> None:
    """Move points between available and lapsed, by a document."""
    buckets = (Bucket.AVAILABLE, Bucket.LAPSED) if target == "lapsed" else (Bucket.LAPSED, Bucket.AVAILABLE)
    _submit(Correct(_named(request_id), certificate_id, *buckets, amount_kopecks, document_number))


def _act(act_body: str, act_number: str, act_date: datetime) -> Act:
    return Act(act_body, act_number, act_date.date())


def _named(request_id: UUID | None) -> UUID:
    """The request id of a command, told before it is sent: if the answer is lost, it can be repeated."""
    named = request_id or uuid7(datetime.now(UTC))
    click.echo(f"request id: {named}", err=True)
    return named


def _submit(command: DepartmentCommand) -> None:
    """Decide a command and tell the answer. Exits with 1 if it is declined or conflicts."""
    is_approved, text = with_ledger(partial(_decide, command))
    click.echo(text)
    if not is_approved:
        sys.exit(FAILED)


async def _decide(command: DepartmentCommand, parts: LedgerParts, _: Settings) -> tuple[bool, str]:
    try:
        answer = await parts.committer.submit(command)
    except CommandError as error:
        if error.reason is Reason.REQUEST_ID_CONFLICT:
            raise click.ClickException(
                f"{command.request_id} stands for another command: {error.field}"
            ) from error
        raise click.ClickException(str(error)) from error
    async with driver_connection(parts.engine) as connection:
        stored = (await stored_issues(connection, [command.request_id]))[command.request_id]
    before = "as answered before: " if answer.is_replay else ""
    if stored.reason is not None:
        texts = REASONS[Reason[stored.reason]].texts
        return False, f"{before}declined, {stored.reason}: {texts.cashier_ru} / {texts.cashier_en}"
    certificate = answer.outcome.certificate if answer.outcome else None
    return True, f"{before}approved" + (f"\n{_told(certificate)}" if certificate else "")


def _told(certificate: Certificate) -> str:
    last_day = moscow_date(certificate.valid_until - timedelta(microseconds=1))
    parts = ("nominal", "available", "held", "spent", "lapsed")
    sums = ", ".join(f"{name} {shown_rubles(getattr(certificate, f'{name}_kopecks'))}" for name in parts)
    head = f"{certificate.program_code}, {certificate.state}, until {last_day}"
    return f"certificate {certificate.id}: {head}\n{sums}"
