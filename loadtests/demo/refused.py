"""What a till has to refuse, and what can go wrong without a broken line: cards, programs, expired holds."""

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Final

from loadtests.demo.books import Bought
from loadtests.demo.everyday import Buyer, authorize, receipt_for, sell
from loadtests.demo.holders import UNKNOWN_CARD
from loadtests.demo.shopping import appliance_basket, household_goods, plain_food, with_beer
from loadtests.demo.till import Later, Till
from merchant_sdk import ByRequestId, PurchaseResult, PurchaseState, Reason

SMALL_BASKET_KOPECKS: Final = 30_000

Then = Callable[[Bought], Awaitable[None]]


async def unknown_card(till: Till, buyer: Buyer) -> None:
    """A card that nobody has."""
    await _declined(
        till, replace(buyer, holder=replace(buyer.holder, card=UNKNOWN_CARD)), Reason.CARD_UNKNOWN
    )


async def stopped_card(till: Till, buyer: Buyer) -> None:
    """A card on the stop list."""
    await till.operator.stop_card(buyer.holder.card)
    await _declined(till, buyer, Reason.CARD_STOPPED)


async def stopped_meanwhile(till: Till, buyer: Buyer) -> None:
    """The card is stopped between hold and capture: the sale is finished, and the till is told."""
    bought = await _hold_food(till, buyer)
    if bought is None:
        return
    await till.operator.stop_card(buyer.holder.card)
    result = await till.capture(bought, receipts=[till.drive.receipt(SMALL_BASKET_KOPECKS)])
    if not (result.is_approved and result.card_stopped_meanwhile):
        till.books.wrong.append(f"capture after the card was stopped: {result.reason.name}, not told")
    await _declined(till, buyer, Reason.CARD_STOPPED)


async def not_yet_valid(till: Till, buyer: Buyer) -> None:
    """A certificate whose first day is to come."""
    await _declined(till, buyer, Reason.NO_USABLE_CERTIFICATE)


async def program_not_held(till: Till, buyer: Buyer) -> None:
    """The buyer asks for a program that the card does not have."""
    result, _ = await till.authorize(buyer.holder, buyer.basket, program_code="children")
    _expect(till, result, Reason.PROGRAM_NOT_HELD)


async def own_money_forbidden(till: Till, buyer: Buyer) -> None:
    """A food set takes no own money: with a bottle of beer it is refused, without it is paid."""
    food = plain_food(SMALL_BASKET_KOPECKS)
    result, _ = await till.sale(buyer.holder, with_beer(food))
    _expect(till, result, Reason.OWN_MONEY_NOT_ALLOWED)
    await sell(till, replace(buyer, basket=food), till.drive.receipt(food.total_kopecks))


async def one_shot(till: Till, buyer: Buyer) -> None:
    """Durable goods, once: the program is named, the price ceiling holds, the rest lapses.

    Every third one comes back in full, and the certificate lives again.
    """
    basket = appliance_basket(till.rng)
    await _declined(till, replace(buyer, basket=basket), Reason.NOTHING_ELIGIBLE)
    quote = await till.quote(buyer.holder.card, basket, program_code="durable")
    result, bought = await till.authorize(
        buyer.holder, basket, program_code="durable", accept_partial=quote.is_partial or not quote.is_approved
    )
    if bought is None:
        return
    done = await till.capture(bought, receipts=[till.drive.receipt(basket.total_kopecks)])
    if done.purchase.rest_lapses_kopecks != result.purchase.rest_lapses_kopecks:
        till.books.wrong.append("another rest lapsed than was told")
    if till.rng.randrange(3) == 0:
        await till.refund(bought)
        return
    again, _ = await till.authorize(buyer.holder, basket, program_code="durable", accept_partial=True)
    _expect(till, again, Reason.INSUFFICIENT_POINTS)


async def captured_late(till: Till, buyer: Buyer) -> None:
    """The hold runs out before the till reports the sale; the receipt proves when it was."""
    await _forgotten(till, buyer, partial(_capture_late, till))


async def captured_without_receipt(till: Till, buyer: Buyer) -> None:
    """The hold has run out and there is no receipt: the points are the buyer's again."""

    async def capture(bought: Bought) -> None:
        _expect(till, await till.capture(bought), Reason.HOLD_EXPIRED)

    await _forgotten(till, buyer, capture)


async def captured_with_another_day(till: Till, buyer: Buyer) -> None:
    """The receipt is of another day than the hold."""

    async def capture(bought: Bought) -> None:
        yesterday = datetime.now(UTC) - timedelta(days=1)
        receipt = till.drive.receipt(buyer.basket.total_kopecks, issued_at=yesterday)
        _expect(till, await till.capture(bought, receipts=[receipt]), Reason.LATE_CAPTURE_REFUSED)

    await _forgotten(till, buyer, capture)


async def captured_too_late(till: Till, buyer: Buyer) -> None:
    """Before the late capture the buyer has spent the points elsewhere: the merchant has a shortfall."""

    buyer = replace(buyer, basket=plain_food(SMALL_BASKET_KOPECKS))

    async def spend_and_capture(bought: Bought) -> None:
        await sell(till, buyer, receipt_for(till, buyer))
        await _capture_late(till, bought)

    await _forgotten(till, buyer, spend_and_capture)


async def left_open(till: Till, buyer: Buyer) -> None:
    """A hold of a program with an hour's time is still open when the shift is closed."""
    await till.authorize(buyer.holder, household_goods(), accept_partial=True)


async def _hold_food(till: Till, buyer: Buyer) -> Bought | None:
    _, bought = await till.authorize(buyer.holder, plain_food(SMALL_BASKET_KOPECKS))
    return bought


async def _declined(till: Till, buyer: Buyer, reason: Reason) -> None:
    result, _ = await till.authorize(buyer.holder, buyer.basket)
    _expect(till, result, reason)


def _expect(till: Till, result: PurchaseResult, reason: Reason) -> None:
    if result.reason is not reason:
        till.books.wrong.append(
            f"{result.kind.name} {result.request_id}: {result.reason.name} instead of {reason.name}"
        )


async def _forgotten(till: Till, buyer: Buyer, then: Then) -> None:
    """Hold points, forget about it, and do something once the hold has run out."""
    bought = await authorize(till, buyer)
    if bought is None:
        return

    async def do() -> None:
        await _run_out(till, bought)
        await then(bought)

    till.later.append(Later(bought.hold_expires_at, do))


async def _run_out(till: Till, bought: Bought) -> None:
    """The gateway, too, says that the hold reserves nothing any more."""
    view = await till.back_office.get_purchase(ByRequestId(bought.request_id))
    if view.purchase.state is not PurchaseState.EXPIRED:
        till.books.wrong.append(f"purchase {bought.purchase_id} is {view.purchase.state.name}, not expired")
    till.figures.counts["holds expired"] += 1


async def _capture_late(till: Till, bought: Bought) -> None:
    receipt = till.drive.receipt(bought.basket.total_kopecks, issued_at=bought.hold_expires_at)
    result = await till.capture(bought, receipts=[receipt])
    if not result.is_approved or not result.purchase.is_late:
        till.books.wrong.append(f"late capture of {bought.purchase_id}: {result.reason.name}")
        return
    till.figures.counts["late captures"] += 1
    till.figures.counts["shortfall_kopecks"] += result.purchase.shortfall_kopecks
