"""What happens to a buyer at a till of the day: sales, second thoughts, returns, lost answers.

The mix of a food shop, inferred: most buyers pay and go; one in twenty leaves something out or changes his
mind, one in twelve brings something back.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from loadtests.demo.books import Bought
from loadtests.demo.everyday import Buyer
from loadtests.demo.lossy import Loss
from loadtests.load.till import Till
from merchant_sdk import ByReceipt, CaptureLine, FiscalReceipt, Reason, RefundLine

Play = Callable[[Till, Buyer], None]


@dataclass(frozen=True, slots=True)
class Story:
    """One thing that can happen; `per_mille` of the buyers meet with it."""

    title: str
    play: Play
    per_mille: int


def sale(till: Till, buyer: Buyer) -> None:
    """One command, with its receipt."""
    _sell(till, buyer, _receipt_for(till, buyer))


def purchase(till: Till, buyer: Buyer) -> None:
    """Hold, print the receipt, capture."""
    bought = _authorize(till, buyer)
    if bought is not None:
        till.capture(bought, receipts=[_receipt_for(till, buyer)])


def left_out(till: Till, buyer: Buyer) -> None:
    """A line turns out to be missing: the others are captured."""
    bought = _authorize(till, buyer)
    if bought is None:
        return
    lines = [
        CaptureLine(line.line_number, line.quantity_milli, line.amount_kopecks) for line in buyer.basket.lines
    ]
    if len(lines) > 1:
        lines.pop(till.rng.randrange(len(lines)))
    till.capture(bought, lines, [till.drive.receipt(sum(line.amount_kopecks for line in lines))])


def changed_mind(till: Till, buyer: Buyer) -> None:
    """A hold, and its void."""
    bought = _authorize(till, buyer)
    if bought is not None:
        till.void(bought)


def undone_sale(till: Till, buyer: Buyer) -> None:
    """A sale without a receipt can still be voided by its own till."""
    bought = _sell(till, buyer, None)
    if bought is not None:
        till.void(bought)


def returned(till: Till, buyer: Buyer) -> None:
    """Everything comes back."""
    bought = _sell(till, buyer, _receipt_for(till, buyer))
    if bought is not None:
        till.refund(bought)


def returned_by_line(till: Till, buyer: Buyer) -> None:
    """One line comes back, and later what is left."""
    bought = _sell(till, buyer, _receipt_for(till, buyer))
    if bought is None:
        return
    line = till.rng.choice(buyer.basket.lines)
    till.refund(bought, [RefundLine(line.line_number, line.quantity_milli)])
    if len(buyer.basket.lines) > 1:
        till.refund(bought)


def returned_elsewhere(till: Till, buyer: Buyer) -> None:
    """Another till of the same merchant takes the goods back, by the receipt and without the card."""
    receipt = _receipt_for(till, buyer)
    bought = _sell(till, buyer, receipt)
    if bought is not None:
        ref = ByReceipt(receipt.fiscal_drive_number, receipt.fiscal_document_number)
        till.rng.choice(till.sisters).refund(bought, ref=ref)


def lost_authorization(till: Till, buyer: Buyer) -> None:
    """The answer of an Authorize is lost after the gateway has decided, and that of its Capture."""
    with till.losing(Loss.ANSWER):
        bought = till.authorize(buyer.holder, buyer.basket, accept_partial=True)[1]
    if bought is not None:
        with till.losing(Loss.ANSWER):
            till.capture(bought, receipts=[_receipt_for(till, buyer)])


def lost_sale(till: Till, buyer: Buyer) -> None:
    """The answer of a Sale is lost, and that of its Refund."""
    with till.losing(Loss.ANSWER):
        bought = till.sale(buyer.holder, buyer.basket, accept_partial=True)[1]
    if bought is not None:
        with till.losing(Loss.ANSWER):
            till.refund(bought)


def lost_request(till: Till, buyer: Buyer) -> None:
    """A request never arrives, and neither does the Void of its hold at first."""
    with till.losing(Loss.REQUEST):
        bought = till.authorize(buyer.holder, buyer.basket, accept_partial=True)[1]
    if bought is not None:
        with till.losing(Loss.REQUEST):
            till.void(bought)


STORIES: Final = (
    Story("sold in one command", sale, 440),
    Story("held, then captured", purchase, 400),
    Story("captured by line, something left out", left_out, 30),
    Story("hold voided", changed_mind, 30),
    Story("sale voided before its receipt", undone_sale, 20),
    Story("returned as a whole", returned, 40),
    Story("returned by line", returned_by_line, 20),
    Story("returned at another till", returned_elsewhere, 20),
)

ON_A_BREAKING_LINE: Final = (
    Story("answers lost: authorize, capture", lost_authorization, 0),
    Story("answers lost: sale, refund", lost_sale, 0),
    Story("requests lost: authorize, void", lost_request, 0),
)


def _authorize(till: Till, buyer: Buyer) -> Bought | None:
    """Hold points; where they do not suffice the cashier asks whether the buyer adds own money."""
    result, bought = till.authorize(buyer.holder, buyer.basket)
    if result.reason is Reason.INSUFFICIENT_POINTS and result.available_kopecks:
        _, bought = till.authorize(buyer.holder, buyer.basket, accept_partial=True)
    return bought


def _sell(till: Till, buyer: Buyer, receipt: FiscalReceipt | None) -> Bought | None:
    """Hold and spend points at once, likewise."""
    receipts = [receipt] if receipt else []
    result, bought = till.sale(buyer.holder, buyer.basket, receipts=receipts)
    if result.reason is Reason.INSUFFICIENT_POINTS and result.available_kopecks:
        _, bought = till.sale(buyer.holder, buyer.basket, receipts=receipts, accept_partial=True)
    return bought


def _receipt_for(till: Till, buyer: Buyer) -> FiscalReceipt:
    return till.drive.receipt(buyer.basket.total_kopecks)
