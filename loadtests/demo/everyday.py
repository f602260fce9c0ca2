"""What happens at a till on an ordinary day: sales, returns, second thoughts."""

from dataclasses import dataclass, replace
from datetime import UTC, datetime

from loadtests.demo.books import Bought
from loadtests.demo.checks import check_quote
from loadtests.demo.holders import Holder
from loadtests.demo.shopping import weighed_basket, with_one_more
from loadtests.demo.till import Till
from merchant_sdk import (
    Basket,
    ByReceipt,
    CaptureLine,
    FiscalReceipt,
    PurchaseResult,
    Reason,
    ReceiptKind,
    RefundLine,
)
from merchant_sdk.basket import MILLI, half_up


@dataclass(frozen=True, slots=True)
class Buyer:
    """One holder with one basket."""

    holder: Holder
    basket: Basket


async def authorize(till: Till, buyer: Buyer) -> Bought | None:
    """Hold points; where they do not suffice the cashier asks whether the buyer adds own money."""
    result, bought = await till.authorize(buyer.holder, buyer.basket)
    if result.reason is Reason.INSUFFICIENT_POINTS and result.available_kopecks:
        _, bought = await till.authorize(buyer.holder, buyer.basket, accept_partial=True)
    return bought


async def sell(
    till: Till, buyer: Buyer, receipt: FiscalReceipt | None
) -> tuple[PurchaseResult, Bought | None]:
    """Hold and spend points at once, likewise."""
    receipts = [receipt] if receipt else []
    result, bought = await till.sale(buyer.holder, buyer.basket, receipts=receipts)
    if result.reason is Reason.INSUFFICIENT_POINTS and result.available_kopecks:
        return await till.sale(buyer.holder, buyer.basket, receipts=receipts, accept_partial=True)
    return result, bought


def receipt_for(till: Till, buyer: Buyer) -> FiscalReceipt:
    """The fiscal receipt of the whole basket."""
    return till.drive.receipt(buyer.basket.total_kopecks)


async def sale(till: Till, buyer: Buyer) -> None:
    """One command, with its receipt."""
    await sell(till, buyer, receipt_for(till, buyer))


async def purchase(till: Till, buyer: Buyer) -> None:
    """Hold, print the receipt, capture."""
    bought = await authorize(till, buyer)
    if bought is not None:
        await till.capture(bought, receipts=[receipt_for(till, buyer)])


async def quoted(till: Till, buyer: Buyer) -> None:
    """The buyer asks first; what was told is what is decided, unless a hold ran out in between.

    Nobody but this till sells to a holder who comes to it, so nothing else can lie between the two.
    """
    asked_at = datetime.now(UTC)
    quote = await till.quote(buyer.holder.card, buyer.basket, accept_partial=True)
    result, bought = await till.authorize(buyer.holder, buyer.basket, accept_partial=True)
    if not (result.is_undone or till.books.hold_ran_out(asked_at, result.decided_at)):
        till.books.note("quote", check_quote(quote, result))
    if bought is not None:
        await till.capture(bought, receipts=[receipt_for(till, buyer)])


async def left_out(till: Till, buyer: Buyer) -> None:
    """Something turns out to be missing: a line fewer, or a piece fewer of a line."""
    bought = await authorize(till, buyer)
    if bought is None:
        return
    lines = [
        CaptureLine(line.line_number, line.quantity_milli, line.amount_kopecks) for line in buyer.basket.lines
    ]
    if len(lines) > 1:
        lines.pop(till.rng.randrange(len(lines)))
    else:
        whole = lines[0]
        quantity = max(whole.quantity_milli // 2, 1)
        amount = max(half_up(whole.amount_kopecks * quantity, whole.quantity_milli), 1)
        lines = [replace(whole, quantity_milli=quantity, amount_kopecks=amount)]
    total = sum(line.amount_kopecks for line in lines)
    await till.capture(bought, lines, [till.drive.receipt(total)])


async def changed_mind(till: Till, buyer: Buyer) -> None:
    """A hold, and its void."""
    bought = await authorize(till, buyer)
    if bought is not None:
        await till.void(bought)


async def undone_sale(till: Till, buyer: Buyer) -> None:
    """A sale without a receipt can still be voided by its own till."""
    _, bought = await sell(till, buyer, None)
    if bought is not None:
        await till.void(bought)


async def one_more_thing(till: Till, buyer: Buyer) -> None:
    """A larger basket replaces the first one in one command; if it is declined, the first still stands."""
    bought = await authorize(till, buyer)
    if bought is None:
        return
    larger = with_one_more(buyer.basket, till.rng)
    _, second = await till.authorize(buyer.holder, larger, replaces=bought)
    standing = second or bought
    await till.capture(standing, receipts=[till.drive.receipt(standing.basket.total_kopecks)])


async def returned(till: Till, buyer: Buyer) -> None:
    """Everything comes back; a second return is refused."""
    _, bought = await sell(till, buyer, receipt_for(till, buyer))
    if bought is not None:
        await till.refund(bought)
        await till.refund(bought)


async def returned_in_parts(till: Till, buyer: Buyer) -> None:
    """Line by line, and a line of several pieces piece by piece; then one piece too many."""
    _, bought = await sell(till, buyer, receipt_for(till, buyer))
    if bought is None:
        return
    for line in buyer.basket.lines:
        left = line.quantity_milli
        while left > 0:
            back = MILLI if left % MILLI == 0 and left <= 5 * MILLI else left
            await till.refund(bought, [RefundLine(line.line_number, back)])
            left -= back
    await till.refund(bought, [RefundLine(buyer.basket.lines[0].line_number, 1)])


async def weighed_back(till: Till, buyer: Buyer) -> None:
    """Goods by weight come back by weight, each in three unequal parts that sum to the kopeck."""
    buyer = replace(buyer, basket=weighed_basket(till.rng))
    _, bought = await sell(till, buyer, receipt_for(till, buyer))
    if bought is None:
        return
    for line in buyer.basket.lines:
        first, second = line.quantity_milli // 3, line.quantity_milli // 7
        for quantity in (first, second, line.quantity_milli - first - second):
            await till.refund(bought, [RefundLine(line.line_number, quantity)])


async def returned_elsewhere(till: Till, buyer: Buyer) -> None:
    """Another till of the same merchant takes the goods back, by the receipt and without the card.

    It forgets to send the receipt of the return.
    """
    receipt = receipt_for(till, buyer)
    _, bought = await sell(till, buyer, receipt)
    if bought is not None:
        sister = till.rng.choice(till.sisters)
        ref = ByReceipt(receipt.fiscal_drive_number, receipt.fiscal_document_number)
        await sister.refund(bought, ref=ref, has_receipt=False)


async def cash_for_points(till: Till, buyer: Buyer) -> None:
    """The goods come back for cash: a receipt of the return, and no points given back."""
    _, bought = await sell(till, buyer, receipt_for(till, buyer))
    if bought is not None:
        await till.attach(bought, till.drive.receipt(buyer.basket.total_kopecks, ReceiptKind.RETURN))


async def receipt_later(till: Till, buyer: Buyer) -> None:
    """The receipt follows the sale, which can only be refunded from then on; a correction mends its sum."""
    _, bought = await sell(till, buyer, None)
    if bought is not None:
        missing = buyer.basket.total_kopecks // 10
        await till.attach(bought, till.drive.receipt(buyer.basket.total_kopecks - missing))
        await till.void(bought)
        await till.attach(bought, till.drive.receipt(missing, ReceiptKind.CORRECTION_SALE))


async def sent_twice(till: Till, buyer: Buyer) -> None:
    """The same request once more: one purchase, and the same signed bytes."""
    request = till.client.prepare_sale(
        buyer.holder.card,
        buyer.basket,
        accept_partial=True,
        receipts=[receipt_for(till, buyer)],
        desk=till.desk,
    )
    await till.purchase(request, buyer.basket)
    again = await till.send(request)
    till.books.answered(request.request_id, again)
