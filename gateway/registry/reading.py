"""Reads a whole snapshot of the registry at one instant of the database."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.domain.policy import Agreement, Standing
from gateway.registry.card_locks import LockKind, card_lock
from gateway.registry.schema import (
    agreement,
    agreement_program,
    client_key,
    concentrator,
    concentrator_outlet,
    merchant,
    outlet,
    registry_epoch,
    stop_list_version,
    terminal,
)
from gateway.registry.snapshot import ClientIdentity, RegistrySnapshot, StopListMark

_TERMINALS = (
    select(
        terminal.c.id,
        terminal.c.is_enabled,
        outlet.c.id.label("outlet_id"),
        outlet.c.is_enabled.label("is_outlet_enabled"),
        outlet.c.merchant_id,
        merchant.c.suspended_at,
    )
    .select_from(terminal)
    .join(outlet, outlet.c.id == terminal.c.outlet_id)
    .join(merchant, merchant.c.id == outlet.c.merchant_id)
)
# One that is not concluded yet, or never will be, gives no right to sell.
_AGREEMENTS = (
    select(
        agreement.c.id,
        agreement.c.merchant_id,
        agreement.c.in_force,
        agreement.c.sales_closed_at.is_(None).label("is_open"),
        agreement_program.c.program_code,
    )
    .join(agreement_program, agreement_program.c.agreement_id == agreement.c.id)
    .where(agreement.c.state.in_(("CONCLUDED", "SETTLED")))
)
_KEYS = select(
    client_key.c.fingerprint,
    client_key.c.terminal_id,
    client_key.c.concentrator_id,
    client_key.c.revoked_at,
    client_key.c.ends_at,
)
_CONCENTRATORS = select(
    concentrator.c.id, concentrator.c.merchant_id, concentrator_outlet.c.outlet_id
).outerjoin(concentrator_outlet, concentrator_outlet.c.concentrator_id == concentrator.c.id)
_LOCKS = (
    select(
        card_lock.c.kind,
        card_lock.c.merchant_id,
        card_lock.c.terminal_id,
        func.max(card_lock.c.until).label("until"),
    )
    .where(card_lock.c.until > func.tillgate_now())
    .group_by(card_lock.c.kind, card_lock.c.merchant_id, card_lock.c.terminal_id)
)
_STOP_LIST = (
    select(stop_list_version.c.version, stop_list_version.c.made_at)
    .order_by(stop_list_version.c.version.desc())
    .limit(1)
)


async def read_epoch(connection: AsyncConnection) -> int:
    """The epoch of the last committed change."""
    epoch: int = (await connection.execute(select(registry_epoch.c.epoch))).scalar_one()
    return epoch


async def read_snapshot(engine: AsyncEngine) -> RegistrySnapshot:
    """Everything that the registry says, consistent in itself; raises SQLAlchemy's and socket errors."""
    async with engine.connect() as connection:
        await connection.execution_options(isolation_level="REPEATABLE READ", postgresql_readonly=True)
        epoch = await read_epoch(connection)
        terminals = (await connection.execute(_TERMINALS)).all()
        agreements = (await connection.execute(_AGREEMENTS)).all()
        concentrators = (await connection.execute(_CONCENTRATORS)).all()
        keys = (await connection.execute(_KEYS)).all()
        locks = (await connection.execute(_LOCKS)).all()
        stop_list = (await connection.execute(_STOP_LIST)).one_or_none()
    standings = _standings(terminals, _agreements_by_merchant(agreements), _Locks(locks))
    identities = _identities(standings, concentrators)
    return RegistrySnapshot(
        epoch=epoch,
        standings=standings,
        clients={
            key.fingerprint: identities[key.terminal_id, key.concentrator_id]
            for key in keys
            if key.revoked_at is None
        },
        revoked=frozenset(key.fingerprint for key in keys if key.revoked_at is not None),
        ends={key.fingerprint: key.ends_at.timestamp() for key in keys if key.ends_at is not None},
        stop_list=StopListMark(*stop_list) if stop_list else None,
    )


class _Locks:
    """Until when terminals take no cards; a lock without a terminal is that of the whole merchant."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self._until: dict[tuple[str, int, int | None], datetime] = {
            (row.kind, row.merchant_id, row.terminal_id): row.until for row in rows
        }

    def until(self, kind: LockKind, merchant_id: int, terminal_id: int) -> datetime | None:
        if not self._until:
            return None
        found = (self._until.get((kind, merchant_id, of)) for of in (None, terminal_id))
        return max((until for until in found if until is not None), default=None)


def _agreements_by_merchant(rows: Iterable[Any]) -> Mapping[int, tuple[Agreement, ...]]:
    programs: dict[tuple[int, int, Any, bool], set[str]] = defaultdict(set)
    for row in rows:
        programs[row.merchant_id, row.id, row.in_force, row.is_open].add(row.program_code)
    found: dict[int, tuple[Agreement, ...]] = {}
    for (merchant_id, agreement_id, days, is_open), codes in programs.items():
        one = Agreement(agreement_id, frozenset(codes), days.lower, days.upper, is_open)
        found[merchant_id] = (*found.get(merchant_id, ()), one)
    return found


def _standings(
    rows: Iterable[Any], agreements: Mapping[int, tuple[Agreement, ...]], locks: _Locks
) -> Mapping[int, Standing]:
    return {
        row.id: Standing(
            merchant_id=row.merchant_id,
            outlet_id=row.outlet_id,
            terminal_id=row.id,
            suspended_at=row.suspended_at,
            is_outlet_enabled=row.is_outlet_enabled,
            is_terminal_enabled=row.is_enabled,
            agreements=agreements.get(row.merchant_id, ()),
            guessing_until=locks.until(LockKind.GUESSING, row.merchant_id, row.id),
            keyed_until=locks.until(LockKind.KEYED, row.merchant_id, row.id),
        )
        for row in rows
    }


def _identities(
    standings: Mapping[int, Standing], concentrators: Iterable[Any]
) -> Mapping[tuple[int | None, int | None], ClientIdentity]:
    """By (terminal id, concentrator id), of which a key names one."""
    terminals_of_outlet: dict[int | None, set[int]] = defaultdict(set)
    for standing in standings.values():
        terminals_of_outlet[standing.outlet_id].add(standing.terminal_id)
    spoken_for: dict[tuple[int, int], set[int]] = defaultdict(set)
    for row in concentrators:
        spoken_for[row.id, row.merchant_id] |= terminals_of_outlet[row.outlet_id]
    found: dict[tuple[int | None, int | None], ClientIdentity] = {
        (terminal_id, None): ClientIdentity(standing.merchant_id, terminal_id, 0, frozenset((terminal_id,)))
        for terminal_id, standing in standings.items()
    }
    for (concentrator_id, merchant_id), terminal_ids in spoken_for.items():
        identity = ClientIdentity(merchant_id, None, concentrator_id, frozenset(terminal_ids))
        found[None, concentrator_id] = identity
    return found
