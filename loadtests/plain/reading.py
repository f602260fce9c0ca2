"""Reads what the decision of a command needs, inside its transaction, with its account locked."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from inspect import get_annotations
from typing import Any, Final
from uuid import UUID

from sqlalchemy import (
    ARRAY,
    ColumnElement,
    Row,
    Table,
    and_,
    any_,
    bindparam,
    case,
    func,
    literal,
    select,
)
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.certificate import Account, Certificate
from gateway.domain.commands import Authorize, ByPurchaseId, ByReceipt, ByRequestId, Command
from gateway.domain.purchase import FiscalReceipt, Purchase, PurchaseState, Refund
from gateway.goods.reference.schema import goods_epoch
from gateway.ledger.answers import SealedAnswer
from gateway.ledger.reading import CardRow, OutcomeRow, Snapshot, mentioned_ids, merchant_of
from gateway.ledger.schema import certificate, outcome, purchase, receipt, refund
from gateway.registry.schema import card, registry_epoch
from loadtests.plain.locking import lock_accounts
from loadtests.plain.shapes import as_certificate, as_purchase, as_receipt, as_refund


class StaleLockError(Exception):
    """What a command refers to came into being after its account was looked for: begin again."""


@dataclass(frozen=True, slots=True)
class Loaded:
    """What was read, and the stored answer if the request id has one already."""

    snapshot: Snapshot
    answer: SealedAnswer | None


def _among(column: ColumnElement[Any], name: str) -> ColumnElement[bool]:
    return column == any_(bindparam(name, type_=ARRAY(column.type)))


def _columns_of(shape: type, table: Table) -> list[Any]:
    """The columns that bear the names of a shape's fields."""
    return [table.c[name] for name in get_annotations(shape) if name in table.c]


# The database's clock and the registry's epoch are always there; outcomes and the card, if there are any.
_STATE: Final = (
    func.tillgate_now().label("now"),
    registry_epoch.c.epoch,
    select(goods_epoch.c.epoch).scalar_subquery().label("goods_epoch"),
    *_columns_of(OutcomeRow, outcome),
    *_columns_of(SealedAnswer, outcome),
)
_OUTCOMES: Final = registry_epoch.outerjoin(
    outcome,
    and_(outcome.c.merchant_id == bindparam("merchant_id"), _among(outcome.c.request_id, "request_ids")),
)
_STATE_AND_CARD: Final = select(
    *_STATE, card.c.account_id.label("card_account_id"), card.c.stopped_at
).select_from(_OUTCOMES.outerjoin(card, card.c.token == bindparam("token")))
_IS_STOPPED: Final = func.coalesce(card.c.stopped_at <= func.tillgate_now(), False)
# When a card of the account was stopped last; now, if none is left that may be served.
_STOPPED_AT: Final = (
    select(case((func.bool_and(_IS_STOPPED), func.tillgate_now()), else_=func.max(card.c.stopped_at)))
    .where(_among(card.c.account_id, "account_ids"))
    .scalar_subquery()
    .label("stopped_at")
)
_STATE_AND_STOPPED: Final = select(*_STATE, _STOPPED_AT).select_from(_OUTCOMES)

_CERTIFICATES: Final = (
    select(certificate.c.account_id, *_columns_of(Certificate, certificate))
    .where(_among(certificate.c.account_id, "account_ids"))
    .order_by(certificate.c.valid_until, certificate.c.id)
)
_PURCHASES: Final = select(*_columns_of(Purchase, purchase)).where(
    _among(purchase.c.account_id, "account_ids")
)
# A literal, since a parameter would hide from the planner that the index of live holds is enough.
_LIVE: Final = _PURCHASES.where(purchase.c.state == literal(PurchaseState.AUTHORIZED, literal_execute=True))
_NAMED: Final = _PURCHASES.where(_among(purchase.c.id, "purchase_ids"))
_REFUNDS: Final = (
    select(refund.c.purchase_id, *_columns_of(Refund, refund))
    .where(_among(refund.c.purchase_id, "purchase_ids"))
    .order_by(refund.c.id)
)
_RECEIPTS: Final = (
    select(receipt.c.purchase_id, *_columns_of(FiscalReceipt, receipt))
    .where(_among(receipt.c.purchase_id, "purchase_ids"))
    .order_by(receipt.c.operation_id, receipt.c.fiscal_drive_number, receipt.c.fiscal_document_number)
)
_BY_RECEIPT: Final = select(receipt.c.purchase_id).where(
    receipt.c.fiscal_drive_number == bindparam("fiscal_drive_number"),
    receipt.c.fiscal_document_number == bindparam("fiscal_document_number"),
    _among(receipt.c.account_id, "account_ids"),
)


async def load(connection: AsyncConnection, command: Command) -> Loaded:
    """Lock the command's account and read on; of a request id that has its outcome, nothing more.

    Raises StaleLockError where a target appeared between looking for its account and locking it.
    """
    accounts = {row.id: row for row in await lock_accounts(connection, command)}
    state = await _state(connection, command, list(accounts))
    outcomes = {(row.merchant_id, row.request_id): row for row in state if row.merchant_id is not None}
    own = outcomes.get((merchant_of(command), command.request_id))
    certificates: Sequence[Row[Any]] = ()
    purchases: Mapping[UUID, Purchase] = {}
    by_receipt: dict[tuple[str, int], tuple[UUID, ...]] = {}
    if own is None:
        _check_lock(command, state, accounts)
    if own is None and accounts:
        keys = {"account_ids": list(accounts)}
        certificates = (await connection.execute(_CERTIFICATES, keys)).all()
        by_receipt = await _by_receipt(connection, command, keys)
        named = {row.purchase_id for row in outcomes.values() if row.purchase_id is not None}
        named.update(*by_receipt.values(), _named(command))
        purchases = await _purchases(connection, keys, named)
    snapshot = Snapshot(
        now=state[0].now,
        registry_epoch=state[0].epoch,
        goods_epoch=state[0].goods_epoch,
        outcomes={key: _outcome(row) for key, row in outcomes.items()},
        cards=_cards(command, state[0]),
        accounts=_accounts(accounts, certificates, purchases.values()),
        stopped_at_of=_stopped(command, state[0], accounts),
        account_of_holder={row.holder_ref: row.id for row in accounts.values()},
        account_of_certificate={row.id: row.account_id for row in certificates},
        account_of_purchase={p.id: p.account_id for p in purchases.values()},
        purchase_of_receipt=by_receipt,
    )
    return Loaded(snapshot, SealedAnswer(own.signed_payload, own.signature, own.key_id) if own else None)


async def _state(connection: AsyncConnection, command: Command, account_ids: list[int]) -> list[Any]:
    keys = {"merchant_id": merchant_of(command), "request_ids": list(mentioned_ids(command))}
    if isinstance(command, Authorize):
        result = await connection.execute(_STATE_AND_CARD, {**keys, "token": command.card_token})
    else:
        result = await connection.execute(_STATE_AND_STOPPED, {**keys, "account_ids": account_ids})
    return list(result)


def _check_lock(command: Command, state: Sequence[Row[Any]], locked: Mapping[int, Any]) -> None:
    if isinstance(command, Authorize):
        wanted = {state[0].card_account_id}
    elif isinstance(getattr(command, "purchase", None), ByRequestId):
        wanted = {row.account_id for row in state}
    else:
        return
    if not wanted <= {None, *locked}:
        raise StaleLockError


def _named(command: Command) -> set[UUID]:
    ref = getattr(command, "purchase", None)
    return {ref.purchase_id} if isinstance(ref, ByPurchaseId) else set()


async def _by_receipt(
    connection: AsyncConnection, command: Command, keys: Mapping[str, Any]
) -> dict[tuple[str, int], tuple[UUID, ...]]:
    ref = getattr(command, "purchase", None)
    if not isinstance(ref, ByReceipt):
        return {}
    number = {
        "fiscal_drive_number": ref.fiscal_drive_number,
        "fiscal_document_number": ref.fiscal_document_number,
    }
    found = (await connection.execute(_BY_RECEIPT, {**keys, **number})).scalars().all()
    return {(ref.fiscal_drive_number, ref.fiscal_document_number): tuple(found)}


async def _purchases(
    connection: AsyncConnection, keys: Mapping[str, Any], named: set[UUID]
) -> dict[UUID, Purchase]:
    """The live holds of the accounts, and the named purchases with their refunds and receipts."""
    rows = list(await connection.execute(_LIVE, keys))
    refunds: dict[UUID, tuple[Refund, ...]] = {}
    receipts: dict[UUID, tuple[FiscalReceipt, ...]] = {}
    if named:
        named_keys = {"purchase_ids": list(named)}
        if not named <= {row.id for row in rows}:
            found = await connection.execute(_NAMED, {**keys, **named_keys})
            live_ids = {row.id for row in rows}
            rows += [row for row in found if row.id not in live_ids]
        if any(row.state == PurchaseState.CAPTURED for row in rows):
            for row in await connection.execute(_REFUNDS, named_keys):
                refunds[row.purchase_id] = (*refunds.get(row.purchase_id, ()), as_refund(row))
        for row in await connection.execute(_RECEIPTS, named_keys):
            receipts[row.purchase_id] = (*receipts.get(row.purchase_id, ()), as_receipt(row))
    return {row.id: as_purchase(row, refunds.get(row.id, ()), receipts.get(row.id, ())) for row in rows}


def _outcome(row: Row[Any]) -> OutcomeRow:
    return OutcomeRow(
        row.merchant_id, row.request_id, row.kind, row.canonical, row.account_id, row.purchase_id
    )


def _cards(command: Command, state: Row[Any]) -> dict[bytes, CardRow]:
    if not isinstance(command, Authorize) or state.card_account_id is None:
        return {}
    token = command.card_token
    return {token: CardRow(token, state.card_account_id, state.stopped_at)}


def _stopped(command: Command, state: Row[Any], accounts: Iterable[int]) -> dict[int, datetime]:
    if isinstance(command, Authorize) or state.stopped_at is None:
        return {}  # of a purchase its own card decides, not the others of the account
    return dict.fromkeys(accounts, state.stopped_at)


def _accounts(
    rows: Mapping[int, Row[Any]], certificates: Iterable[Row[Any]], purchases: Iterable[Purchase]
) -> dict[int, Account]:
    certificates_of: dict[int, dict[UUID, Certificate]] = {account_id: {} for account_id in rows}
    for row in certificates:
        certificates_of[row.account_id][row.id] = as_certificate(row)
    purchases_of: dict[int, dict[UUID, Purchase]] = {account_id: {} for account_id in rows}
    for found in purchases:
        purchases_of[found.account_id][found.id] = found
    return {
        row.id: Account(
            id=row.id,
            version=row.version,
            last_decided_at=row.last_decided_at,
            is_blocked=row.is_blocked,
            certificates=certificates_of[row.id],
            purchases=purchases_of[row.id],
        )
        for row in rows.values()
    }
