"""tillgate agreements: what changes one, from the draft to the settlement."""

import json
from collections.abc import Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, Final

import click
from msgspec import UNSET
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.cli.lazy import LazyGroup
from gateway.cli.people_support import owners_connection, signed
from gateway.cli.registry_support import DAY, reason_option, shown_term, with_registry
from gateway.record.connections import driver_in_transaction
from gateway.registry import addenda, agreements
from gateway.registry.agreement_terms import AgreementSettings, Changes, Terms, read_settings
from gateway.registry.enrolment_errors import EnrolmentError
from gateway.runtime.published import read_editions
from gateway.runtime.settings import Settings
from settlement.claims.closing import check_closable
from settlement.claims.locking import lock_agreement
from settlement.errors import SettlementError

PLACES: Final = {
    "add": "gateway.cli.agreements:add_command",
    "amend": "gateway.cli.agreements:amend_command",
    "cancel": "gateway.cli.agreements:cancel_command",
    "end": "gateway.cli.agreements:end_command",
    "list": "gateway.cli.agreements_reading:list_command",
    "return": "gateway.cli.agreements:return_command",
    "send": "gateway.cli.agreements:send_command",
    "settle": "gateway.cli.agreements:settle_command",
    "show": "gateway.cli.agreements_reading:show_command",
    "sign": "gateway.cli.agreements:sign_command",
    "use": "gateway.cli.agreements_reading:use_command",
}


@click.group("agreements", cls=LazyGroup, places=PLACES)
def agreements_group() -> None:
    """Subsidy agreements, under which participants sell. See docs/enrolment.md."""


class Rubles(click.ParamType[int]):
    """An amount in rubles with at most two decimals, read as kopecks."""

    name = "rubles"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> int:
        """Read "1500000" or "1500000.50"."""
        if isinstance(value, int):
            return value
        try:
            kopecks = Decimal(value) * 100
        except InvalidOperation:
            kopecks = Decimal("NaN")
        if not kopecks.is_finite() or kopecks != kopecks.to_integral_value():
            self.fail("should be like 1500000 or 1500000.50", param, ctx)
        return int(kopecks)


class AgreementSettingsOption(click.ParamType[AgreementSettings]):
    """Settings of an agreement as JSON."""

    name = "json"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> AgreementSettings:
        """Read an object; a name that is not known is refused."""
        if isinstance(value, AgreementSettings):
            return value
        try:
            data = json.loads(value)
        except ValueError as error:
            self.fail(f"is no JSON: {error}", param, ctx)
        try:
            return read_settings(data)
        except EnrolmentError as error:
            self.fail(str(error), param, ctx)


async def _check_programs(connection: AsyncConnection, settings: Settings, codes: Sequence[str]) -> None:
    """Raise click.BadParameter for a program that no list knows: a slip would cover nothing at all."""
    now = (await connection.execute(select(func.tillgate_now()))).scalar_one()
    known = {code for code, _ in (await read_editions(settings)).lists_at(now).programs}
    unknown = sorted(set(codes) - known)
    if unknown:
        said = f"{', '.join(unknown)}: there are {', '.join(sorted(known))}"
        raise click.BadParameter(said, param_hint="--program")


_ID = click.argument("agreement_id", metavar="ID", type=int)
_ON = click.option("--on", required=True, type=DAY, help="The day of it, like 2026-12-01.")
_SETTINGS = click.option(
    "--settings", type=AgreementSettingsOption(), help='Like {"stops_sales_at_ceiling": true}.'
)


@click.command("add")
@click.argument("merchant_id", metavar="MERCHANT", type=int)
@click.option("--number", required=True, help="Its number.")
@click.option("--from", "first_day", required=True, type=DAY, help="Its first day.")
@click.option("--to", "last_day", type=DAY, help="Its last day.  [default: none]")
@click.option("--program", "programs", required=True, multiple=True, help="A program's code; again for more.")
@click.option("--ceiling", type=Rubles(), help="The most that is paid under it, in rubles.")
@_SETTINGS
@signed(required=True)
def add_command(
    merchant_id: int,
    number: str,
    first_day: date,
    last_day: date | None,
    programs: tuple[str, ...],
    ceiling: int | None,
    settings: AgreementSettings | None,
    by: str,
) -> None:
    """Draft an agreement; nobody sells by it before it came back signed."""
    terms = Terms(
        number=number,
        first_day=first_day,
        last_day=last_day,
        program_codes=programs,
        ceiling_kopecks=ceiling,
        settings=settings or AgreementSettings(),
    )

    async def work(connection: AsyncConnection, complete: Settings) -> agreements.SubsidyAgreement:
        await _check_programs(connection, complete, programs)
        agreement_id = await agreements.add_agreement(connection, merchant_id, terms, by=by)
        return await agreements.get_agreement(connection, agreement_id)

    made = with_registry(work)
    click.echo(f"agreement {made.id}: to be sent until {shown_term(made.send_due_on)}")


@click.command("send")
@_ID
@_ON
@signed(required=True)
def send_command(agreement_id: int, on: date, by: str) -> None:
    """Note that both copies went to the merchant."""

    async def work(connection: AsyncConnection, _: Settings) -> agreements.SubsidyAgreement:
        await agreements.send(connection, agreement_id, on=on, by=by)
        return await agreements.get_agreement(connection, agreement_id)

    click.echo(f"to be returned signed until {shown_term(with_registry(work).return_due_on)}")


@click.command("sign")
@_ID
@_ON
@signed(required=True)
def sign_command(agreement_id: int, on: date, by: str) -> None:
    """Note that the merchant signed."""
    with_registry(lambda connection, _: agreements.sign(connection, agreement_id, on=on, by=by))


@click.command("return")
@_ID
@_ON
@signed(required=True)
def return_command(agreement_id: int, on: date, by: str) -> None:
    """Note that the signed copy came back: the merchant sells on the agreement's days."""
    with_registry(lambda connection, _: agreements.take_back(connection, agreement_id, on=on, by=by))


@click.command("amend")
@_ID
@click.option("--number", required=True, help="Number of the addendum.")
@click.option("--signed-on", required=True, type=DAY, help="When it was signed.")
@click.option("--to", "last_day", type=DAY, help="Another last day.")
@click.option("--without-end", is_flag=True, help="No last day any more.")
@click.option("--ceiling", type=Rubles(), help="Another ceiling, in rubles.")
@click.option("--without-ceiling", is_flag=True, help="No ceiling any more.")
@click.option("--add-program", "added", multiple=True, help="One more program; again for more.")
@_SETTINGS
@signed(required=True)
def amend_command(
    agreement_id: int,
    number: str,
    signed_on: date,
    last_day: date | None,
    without_end: bool,
    ceiling: int | None,
    without_ceiling: bool,
    added: tuple[str, ...],
    settings: AgreementSettings | None,
    by: str,
) -> None:
    """Enter a signed addendum; what is not named stays as it is."""
    if (last_day and without_end) or (ceiling is not None and without_ceiling):
        raise click.UsageError("a value and its absence cannot both be meant")
    changes = Changes(
        last_day=None if without_end else last_day or UNSET,
        ceiling_kopecks=None if without_ceiling else UNSET if ceiling is None else ceiling,
        settings=settings or UNSET,
        added_program_codes=added,
    )

    async def work(connection: AsyncConnection, complete: Settings) -> int:
        await _check_programs(connection, complete, added)
        return await addenda.add_addendum(
            connection, agreement_id, changes, number=number, signed_on=signed_on, by=by
        )

    click.echo(f"addendum {with_registry(work)}")


@click.command("cancel")
@_ID
@signed(required=True)
@reason_option
def cancel_command(agreement_id: int, by: str, reason: str) -> None:
    """Drop an agreement that was never concluded."""
    with_registry(lambda connection, _: agreements.cancel(connection, agreement_id, by=by, reason=reason))


@click.command("end")
@_ID
@click.option("--to", "last_day", required=True, type=DAY, help="Its last day, today or later.")
@signed(required=True)
@reason_option
def end_command(agreement_id: int, last_day: date, by: str, reason: str) -> None:
    """End an agreement ahead of time; it stays claimable until it is settled."""
    with_registry(
        lambda connection, _: agreements.end(
            connection, agreement_id, last_day=last_day, by=by, reason=reason
        )
    )


@click.command("settle")
@_ID
@click.option(
    "--leaves", type=Rubles(), default=0, metavar="RUBLES",
    help="What was sold and never claimed, and stays unpaid for good; it has to be named.",
)  # fmt: skip
@signed(required=True)
@reason_option
def settle_command(agreement_id: int, leaves: int, by: str, reason: str) -> None:
    """Close an ended agreement for good: everything under it is settled, no more claims."""

    async def work(connection: AsyncConnection, complete: Settings) -> None:
        await agreements.settle(connection, agreement_id, by=by, reason=reason)
        # Until the commit nobody builds or files; the count has a snapshot, and so a connection, of its own.
        await lock_agreement(await driver_in_transaction(connection), agreement_id)
        async with owners_connection(complete) as beside:
            await check_closable(beside, agreement_id, leaves_kopecks=leaves)

    try:
        with_registry(work)
    except SettlementError as error:
        raise click.ClickException(str(error)) from error
