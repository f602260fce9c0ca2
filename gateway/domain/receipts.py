"""Fiscal receipts of a purchase: any number, with the capture or later (design section 5)."""

from msgspec.structs import replace

from gateway.domain.certificate import Posting
from gateway.domain.commands import AttachReceipt
from gateway.domain.outcome import Declined, Outcome
from gateway.domain.purchase import FiscalReceipt, Purchase, PurchaseState
from gateway.domain.reasons import Reason


def with_receipts(purchase: Purchase, receipts: tuple[FiscalReceipt, ...]) -> Purchase:
    """Add receipts; one that the purchase already has (same ФН and ФД) is not added twice."""
    known = {receipt.key for receipt in purchase.receipts}
    new = tuple({receipt.key: receipt for receipt in receipts if receipt.key not in known}.values())
    return replace(purchase, receipts=purchase.receipts + new) if new else purchase


def attach_receipt(posting: Posting, command: AttachReceipt, purchase: Purchase) -> Outcome:
    """Attach receipts to a captured purchase; sale date and agreement stay as set (section 7).

    A receipt for goods that were sold within an expired hold goes with a late capture instead.
    """
    if purchase.state is PurchaseState.DECLINED:
        raise Declined(Reason.PURCHASE_DECLINED, purchase)
    if purchase.state is PurchaseState.VOIDED:
        raise Declined(Reason.ALREADY_VOIDED, purchase)
    if purchase.state is not PurchaseState.CAPTURED:
        raise Declined(Reason.NOT_CAPTURED, purchase)
    purchase = with_receipts(purchase, command.receipts)
    posting.put(purchase)
    return Outcome(purchase=purchase)
