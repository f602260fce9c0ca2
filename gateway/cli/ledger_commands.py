"""A department command from the command line: recorded, decided, recorded again, and told."""

import sys
from collections.abc import Callable
from datetime import timedelta
from functools import partial
from typing import Any, Final

import click
import msgspec
from msgspec import Struct

from gateway.cli.ledger_support import with_ledger
from gateway.cli.people_support import noted, owners_connection, signatory, told_refusals
from gateway.cli.support import FAILED, shown_rubles
from gateway.domain.certificate import Certificate
from gateway.domain.commands import Correct, DepartmentCommand, SetBlock
from gateway.domain.policy import moscow_date
from gateway.domain.reasons import REASONS, Reason
from gateway.ledger.answers import CommandError
from gateway.ledger.canonical import kind_of
from gateway.ledger.issuing.store import stored_issues
from gateway.people.approvals import ProposalKind, propose
from gateway.people.roles import Permission, Signatory
from gateway.record.words import Action, Subject, SubjectKind
from gateway.runtime.bootstrap import LedgerParts
from gateway.runtime.database import driver_connection
from gateway.runtime.settings import Settings

CORRECTION: Final = "command"
"""Where a proposal of a correction has the command."""


class Told(Struct, frozen=True):
    """What became of a command, in words for whoever gave it."""

    is_approved: bool
    text: str


def submit(command: DepartmentCommand, by: str, *, reason: str | None = None) -> None:
    """Decide a command and tell the answer; where four eyes are enforced, propose a correction instead.

    Exits with 1 if it is declined or conflicts.
    """

    async def work(parts: LedgerParts, settings: Settings) -> Told:
        who = await signatory(settings, by)
        if settings.enforces_four_eyes and isinstance(command, Correct):
            payload = {CORRECTION: msgspec.to_builtins(command)}
            return Told(True, await proposed(settings, ProposalKind.CORRECT, payload, who, reason))
        who.require(Permission.EXECUTE)
        return await decided(parts, command, by=who)

    with told_refusals():
        told = with_ledger(work)
    click.echo(told.text)
    if not told.is_approved:
        sys.exit(FAILED)


async def proposed(
    settings: Settings, kind: ProposalKind, payload: dict[str, Any], by: Signatory, reason: str | None
) -> str:
    """Make a proposal of an operation that takes two persons; returns what to tell. Raises PeopleError."""
    lifetime = timedelta(hours=settings.proposal_lifetime_h)
    async with owners_connection(settings) as connection, connection.transaction():
        made = await propose(
            connection, kind=kind, payload=payload, by=by, reason=reason or "", lifetime=lifetime
        )
    return (
        f"proposal {made.id} waits until {made.expires_at.isoformat(timespec='minutes')} for the approval of"
        f" another person; then: tillgate proposals execute {made.id}"
    )


async def decided(
    parts: LedgerParts, command: DepartmentCommand, *, by: Signatory, approved_by: str | None = None
) -> Told:
    """Decide a command; that it was given stands in the audit log before the ledger hears of it."""
    fields = msgspec.to_builtins(command)
    given = {"kind": kind_of(command), **fields}
    note = partial(noted, parts.engine, subject=_subject(command), by=by, approved_by=approved_by)
    await note(Action.COMMAND_ORDERED, details=given)
    try:
        answer = await parts.committer.submit(command)
    except CommandError as error:
        told = {"kind": given["kind"], "request_id": fields["request_id"], "answer": error.reason.name}
        await note(Action.COMMAND_ANSWERED, details=told)
        if error.reason is Reason.REQUEST_ID_CONFLICT:
            raise click.ClickException(
                f"{command.request_id} stands for another command: {error.field}"
            ) from error
        raise click.ClickException(str(error)) from error
    async with driver_connection(parts.engine) as connection:
        stored = (await stored_issues(connection, [command.request_id]))[command.request_id]
    told = {
        "kind": given["kind"],
        "request_id": fields["request_id"],
        "answer": stored.reason or "APPROVED",
        "is_replay": answer.is_replay,
    }
    await note(Action.COMMAND_ANSWERED, details=told)
    before = "as answered before: " if answer.is_replay else ""
    if stored.reason is not None:
        texts = REASONS[Reason[stored.reason]].texts
        return Told(False, f"{before}declined, {stored.reason}: {texts.cashier_ru} / {texts.cashier_en}")
    certificate = answer.outcome.certificate if answer.outcome else None
    return Told(True, f"{before}approved" + (f"\n{_shown(certificate)}" if certificate else ""))


def correction_of(payload: dict[str, Any]) -> Correct:
    """The command that a proposal of a correction holds."""
    return msgspec.convert(payload[CORRECTION], Correct)


def reason_option(command: Callable[..., None]) -> Callable[..., None]:
    """`--reason WHY`, which another person reads where four eyes are enforced."""
    return click.option("--reason", help="Why; needed where another person has to approve it.")(command)


def _subject(command: DepartmentCommand) -> Subject:
    certificate_id = getattr(command, "certificate_id", None)
    if isinstance(command, SetBlock) and certificate_id is None:
        return Subject(SubjectKind.HOLDER, command.holder_ref)
    return Subject(SubjectKind.CERTIFICATE, str(certificate_id))


def _shown(certificate: Certificate) -> str:
    last_day = moscow_date(certificate.valid_until - timedelta(microseconds=1))
    parts = ("nominal", "available", "held", "spent", "lapsed")
    sums = ", ".join(f"{name} {shown_rubles(getattr(certificate, f'{name}_kopecks'))}" for name in parts)
    head = f"{certificate.program_code}, {certificate.state}, until {last_day}"
    return f"certificate {certificate.id}: {head}\n{sums}"
