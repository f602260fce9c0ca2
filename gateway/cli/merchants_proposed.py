"""Registrations and changes of account that two persons sign: what a proposal says, and its execution."""

from hashlib import sha256
from typing import Any

import click
import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.people.approvals import Proposal, ProposalKind, begin, finish
from gateway.people.errors import PeopleCode, PeopleError
from gateway.people.roles import Signatory
from gateway.registry import accounts, applications, merchants
from gateway.registry.accounts import Account
from gateway.registry.application_form import Application
from gateway.registry.applications import Reviewed
from gateway.registry.checking import ChecksFailedError
from gateway.registry.enrolment_errors import EnrolmentError
from gateway.runtime.database import make_engine
from gateway.runtime.settings import Settings

KINDS = (ProposalKind.REGISTER_MERCHANT, ProposalKind.CHANGE_ACCOUNT)


def approver_named(settings: Settings, approved_by: str | None) -> str:
    """The second person whom a command names, in development; raises click.UsageError.

    Where four eyes are enforced nobody is named: who approves does so by the proposal.
    """
    if settings.enforces_four_eyes and approved_by is not None:
        raise click.UsageError("--approved-by: who approves does so by the proposal")
    if not settings.enforces_four_eyes and not approved_by:
        raise click.UsageError("--approved-by: a second person has to approve it")
    return approved_by or ""


def registration(found: Reviewed, successor_of: int | None) -> dict[str, Any]:
    """What a proposal says of an application that is to be registered."""
    form = found.application
    return {
        "application_id": found.status.application_id,
        "application_sha256": _digest(form),
        "inn": form.inn,
        "name": form.name,
        "bic": form.bic,
        "account": form.account,
        "outlets": [{"name": one.name, "address": one.address} for one in form.outlets],
        "successor_of": successor_of,
    }


def taking_over(form: Application, successor_of: int | None) -> dict[str, Any]:
    """What a proposal says of a participant without an application: all of the form."""
    return {"form": msgspec.to_builtins(form), "successor_of": successor_of}


def change(found: Account) -> dict[str, Any]:
    """What a proposal says of an account that is to be confirmed."""
    return {
        "account_id": found.id,
        "merchant_id": found.merchant_id,
        "bic": found.bic,
        "account": found.account,
        "entered_by": found.proposed_by,
        "entered_because": found.reason,
    }


async def execute(settings: Settings, found: Proposal, by: Signatory) -> str:
    """Do what was approved in the transaction that closes the proposal; returns what to tell.

    Raises PeopleError, and click.ClickException with what the register refuses.
    """
    engine = make_engine(settings.database_migrator_url, pool_size=0)
    does = {ProposalKind.REGISTER_MERCHANT: _register, ProposalKind.CHANGE_ACCOUNT: _confirm}[found.kind]
    try:
        async with engine.begin() as connection:
            approved = await begin(connection, found.id, kind=found.kind, by=by)
            told = await does(connection, approved)
            await finish(connection, found.id, by=by, result=told)
    except ChecksFailedError as error:
        wrong = "\n".join(f"{one.field}: {one.code}: {one.en} / {one.ru}" for one in error.findings)
        raise click.ClickException(f"{error.code.name}: nothing is changed\n{wrong}") from error
    except EnrolmentError as error:
        raise click.ClickException(str(error)) from error
    finally:
        await engine.dispose()
    return told


async def _register(connection: AsyncConnection, approved: Proposal) -> str:
    payload = approved.payload
    signed = {
        "by": approved.proposed_by,
        "approved_by": approved.decided_by or "",
        "reason": approved.reason,
    }
    if "form" in payload:
        form = msgspec.convert(payload["form"], Application)
        merchant_id = await merchants.take_over(
            connection, form, successor_of=payload["successor_of"], **signed
        )
        return f"merchant {merchant_id}"
    application_id: int = payload["application_id"]
    found = await applications.read_application(connection, application_id)
    if _digest(found.application) != payload["application_sha256"]:
        raise PeopleError(PeopleCode.OTHER_CONTENT, number=approved.id, what=f"application {application_id}")
    merchant_id = await applications.register(
        connection, application_id, successor_of=payload["successor_of"], **signed
    )
    return f"merchant {merchant_id}"


async def _confirm(connection: AsyncConnection, approved: Proposal) -> str:
    account_id: int = approved.payload["account_id"]
    if change(await accounts.get_account(connection, account_id)) != approved.payload:
        raise PeopleError(PeopleCode.OTHER_CONTENT, number=approved.id, what=f"account {account_id}")
    await accounts.confirm_account(connection, account_id, by=approved.decided_by or "")
    return f"account {account_id} is the one of merchant {approved.payload['merchant_id']}"


def _digest(form: Application) -> str:
    return sha256(msgspec.json.encode(form)).hexdigest()
