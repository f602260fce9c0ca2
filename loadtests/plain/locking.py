"""Locks the account of a command: the first statement of its transaction.

A statement that waits for a lock sees the locked rows as they are then, but all others as they were
when it began. So nothing but the accounts is read here; what the decision needs is read afterwards.
"""

from collections.abc import Mapping
from typing import Any, Final, TypeAlias

from sqlalchemy import Column, Row, Select, bindparam, select
from sqlalchemy.ext.asyncio import AsyncConnection

from gateway.domain.commands import (
    Authorize,
    ByPurchaseId,
    ByReceipt,
    ByRequestId,
    ChangeValidity,
    Command,
    Correct,
    Expire,
    Issue,
    PurchaseRef,
    SetBlock,
    Withdraw,
)
from gateway.ledger.reading import merchant_of
from gateway.ledger.schema import card_account, certificate, outcome, purchase, receipt
from gateway.registry.schema import card

Finder: TypeAlias = tuple[Select[Any], Mapping[str, Any]]

# In the order of the ids: a receipt's number may lead to several accounts.
_LOCK: Final = select(card_account).order_by(card_account.c.id).with_for_update()


def _owners(owner: Column[Any], *keys: Column[Any]) -> Select[Any]:
    """Lock the accounts in `owner` of the rows with these keys, which are parameters by their names."""
    matches = [key == bindparam(key.name) for key in keys]
    return _LOCK.where(card_account.c.id.in_(select(owner).where(*matches)))


_BY_ID: Final = _LOCK.where(card_account.c.id == bindparam("id"))
_BY_HOLDER: Final = _LOCK.where(card_account.c.holder_ref == bindparam("holder_ref"))
_BY_CARD: Final = _owners(card.c.account_id, card.c.token)
_BY_CERTIFICATE: Final = _owners(certificate.c.account_id, certificate.c.id)
_BY_PURCHASE: Final = _owners(purchase.c.account_id, purchase.c.id)
_BY_REQUEST: Final = _owners(outcome.c.account_id, outcome.c.merchant_id, outcome.c.request_id)
_BY_RECEIPT: Final = _owners(
    receipt.c.account_id, receipt.c.fiscal_drive_number, receipt.c.fiscal_document_number
)


async def lock_accounts(connection: AsyncConnection, command: Command) -> list[Row[Any]]:
    """Lock and return the rows of `card_account` that a command may touch; none if it finds none."""
    statement, parameters = _finder(command)
    return list(await connection.execute(statement, parameters))


def _finder(command: Command) -> Finder:
    match command:
        case Authorize():
            return _BY_CARD, {"token": command.card_token}
        case Issue() | SetBlock():
            return _BY_HOLDER, {"holder_ref": command.holder_ref}
        case Withdraw() | ChangeValidity() | Correct():
            return _BY_CERTIFICATE, {"id": command.certificate_id}
        case Expire():
            return _BY_ID, {"id": command.account_id}
        case _:
            return _finder_of_purchase(command.purchase, merchant_of(command))


def _finder_of_purchase(ref: PurchaseRef, merchant_id: int) -> Finder:
    match ref:
        case ByPurchaseId():
            return _BY_PURCHASE, {"id": ref.purchase_id}
        case ByRequestId():
            return _BY_REQUEST, {"merchant_id": merchant_id, "request_id": ref.request_id}
        case ByReceipt():
            return _BY_RECEIPT, {
                "fiscal_drive_number": ref.fiscal_drive_number,
                "fiscal_document_number": ref.fiscal_document_number,
            }
