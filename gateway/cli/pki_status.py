"""tillgate pki status: what there is of authorities and keys, and what ends soon."""

from datetime import timedelta
from typing import Any, Final

import click
from rich.table import Table
from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.cli.pki_support import with_owner_connection
from gateway.cli.support import console
from gateway.registry.keys.authorities import IssuingFolder
from gateway.registry.keys.outcome_keys import OutcomeKey, published_keys
from gateway.registry.keys.owners import Owner
from gateway.registry.keys.schema import enrollment_code
from gateway.registry.schema import client_key
from gateway.runtime.settings import Settings

ENDING_SOON: Final = timedelta(days=30)
SHOWN_MAX: Final = 50


@click.command("status")
def status_command() -> None:
    """Show authorities, keys of outcomes, and the clients whose keys end within a month."""
    outcome_keys, counts, ending, open_codes, folder = with_owner_connection(_read)
    out = console()
    if folder is not None:
        authorities = Table("issuing authority", "from", "until", title="authorities")
        for place, certificate in folder.certificates():
            begins, ends = certificate.not_valid_before_utc, certificate.not_valid_after_utc
            authorities.add_row(place.name, f"{begins:%Y-%m-%d}", f"{ends:%Y-%m-%d}")
        out.print(authorities)
    keys = Table("key of outcomes", "published", "retired")
    for key in outcome_keys:
        retired = f"{key.retired_at:%Y-%m-%d}" if key.retired_at else "signs"
        keys.add_row(key.key_id, f"{key.published_at:%Y-%m-%d}", retired)
    out.print(keys)
    click.echo(f"clients' keys: {counts.active} active, {counts.ended} ended, {counts.revoked} revoked")
    click.echo(f"codes of enrolment that wait: {open_codes}")
    if ending:
        soon = Table("ends within a month", "fingerprint", "on")
        for row in ending:
            soon.add_row(Owner.of(row).name, row.fingerprint.hex(), f"{row.ends_at:%Y-%m-%d %H:%M}")
        out.print(soon)


async def _read(
    connection: AsyncConnection, settings: Settings
) -> tuple[list[OutcomeKey], Any, list[Any], int, IssuingFolder | None]:
    columns, codes, now = client_key.c, enrollment_code.c, func.tillgate_now()
    is_revoked = columns.revoked_at.is_not(None)
    has_ended = columns.ends_at <= now
    counted = select(
        func.count().filter(is_revoked).label("revoked"),
        func.count().filter(~is_revoked, has_ended).label("ended"),
        func.count().filter(~is_revoked, func.coalesce(~has_ended, True)).label("active"),
    )
    # One beside its successor ends as it should.
    succeeded = select(columns.replaces).where(columns.replaces.is_not(None))
    soon = (
        select(columns.terminal_id, columns.concentrator_id, columns.fingerprint, columns.ends_at)
        .where(
            ~is_revoked,
            columns.ends_at.between(now, now + ENDING_SOON),
            columns.fingerprint.not_in(succeeded),
        )
        .order_by(columns.ends_at)
        .limit(SHOWN_MAX)
    )
    waiting = select(func.count()).where(
        codes.used_at.is_(None), codes.withdrawn_at.is_(None), codes.ends_at > now, codes.tries_left > 0
    )
    return (
        await published_keys(connection),
        (await connection.execute(counted)).one(),
        list((await connection.execute(soon)).all()),
        (await connection.execute(waiting)).scalar_one(),
        IssuingFolder(settings.issuing_dir) if settings.issuing_dir else None,
    )
