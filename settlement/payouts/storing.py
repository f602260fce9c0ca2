"""Registers and transfers in the database: read, and the rows that are written."""

from typing import Any, Final

import asyncpg
import msgspec

from settlement.payouts.errors import PayoutCode, PayoutError
from settlement.payouts.model import (
    ControlSum,
    Payee,
    Payer,
    Payout,
    PayoutState,
    Transfer,
    TransferState,
    control_sum,
    rubles,
)

_PAYOUT: Final = """
SELECT id, state, dated, payer, transfer_count, sum_kopecks, sha256, made_by, made_at,
  approved_by, approved_at
FROM payout"""

TRANSFER: Final = """
SELECT id, end_to_end_id, payout_id, claim_id, state, order_number, dated, amount_kopecks, account_id, payee,
  kbk, personal_account, obligation_number, purpose_code, purpose, executed_kopecks, returned_kopecks,
  executed_on, returned_on
FROM transfer"""

_OF_PAYOUT: Final = f"{TRANSFER} WHERE payout_id = $1 ORDER BY id"
_ONE: Final = f"{_PAYOUT} WHERE id = $1"
_ONE_LOCKED: Final = f"{_ONE} FOR UPDATE"
_NEWEST: Final = f"{_PAYOUT} ORDER BY id DESC LIMIT $1"


async def read_payout(connection: asyncpg.Connection, payout_id: int, *, is_locked: bool = False) -> Payout:
    """A register with its transfers, checked against its own control sum.

    Raises PayoutError PAYOUT_UNKNOWN, PAYOUT_CHANGED.
    """
    row = await connection.fetchrow(_ONE_LOCKED if is_locked else _ONE, payout_id)
    if row is None:
        raise PayoutError(PayoutCode.PAYOUT_UNKNOWN, payout_id=payout_id)
    transfers = [transfer_of(one) for one in await connection.fetch(_OF_PAYOUT, payout_id)]
    found = msgspec.structs.replace(_payout(row), transfers=transfers)
    _check(found)
    return found


def _check(found: Payout) -> None:
    counted, said = control_sum(found.payer, found.transfers), found.control
    if counted == said:
        return
    what = "sha256"
    if counted.count != said.count:
        what = f"{counted.count} / {said.count}"
    elif counted.sum_kopecks != said.sum_kopecks:
        what = f"{rubles(counted.sum_kopecks)} / {rubles(said.sum_kopecks)}"
    raise PayoutError(PayoutCode.PAYOUT_CHANGED, payout_id=found.id, what=what)


async def newest_payouts(connection: asyncpg.Connection, limit: int) -> list[Payout]:
    """Registers without their transfers, the newest first."""
    return [_payout(row) for row in await connection.fetch(_NEWEST, limit)]


async def transfer_by_id(connection: asyncpg.Connection, end_to_end_id: str) -> Transfer:
    """One transfer with its row locked; raises PayoutError TRANSFER_UNKNOWN."""
    row = await connection.fetchrow(f"{TRANSFER} WHERE end_to_end_id = $1 FOR UPDATE", end_to_end_id)
    if row is None:
        raise PayoutError(PayoutCode.TRANSFER_UNKNOWN, transfer=end_to_end_id)
    return transfer_of(row)


def _payout(row: Any) -> Payout:
    return Payout(
        id=row["id"],
        state=PayoutState(row["state"]),
        dated=row["dated"],
        payer=from_json(row["payer"], Payer),
        control=ControlSum(row["transfer_count"], row["sum_kopecks"], row["sha256"]),
        made_by=row["made_by"],
        made_at=row["made_at"],
        approved_by=row["approved_by"],
        approved_at=row["approved_at"],
    )


def transfer_of(row: Any) -> Transfer:
    """A transfer of a row that `TRANSFER` selected."""
    own = {"state": TransferState(row["state"]), "payee": from_json(row["payee"], Payee)}
    return Transfer(**{**row, **own})


def from_json(value: Any, kind: Any) -> Any:
    """A jsonb column as a struct, whether or not the connection decodes it by itself."""
    return msgspec.json.decode(value, type=kind) if isinstance(value, str) else msgspec.convert(value, kind)
