"""What goes wrong on the line, and how the SDK mends it: nothing is lost, nothing is paid twice."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Final

from loadtests.demo.everyday import Buyer, authorize, receipt_for, sell
from loadtests.demo.lossy import Cable, Loss
from loadtests.demo.shopping import plain_food
from loadtests.demo.till import Till
from merchant_sdk import (
    ByRequestId,
    NotRememberedError,
    PreparedRequest,
    PurchaseResult,
    Reason,
)

SILENT_BRIEFLY_S: Final = 2.4
"""Longer than both attempts to send, shorter than the look-up that follows: the purchase is found."""

SILENT_LONGER_S: Final = 3.8
"""Longer than the look-up too: a Void makes sure that nothing was taken."""

SILENT_TOO_LONG_S: Final = 5.6
"""Longer than the whole call: the outcome stays unknown until the till asks again."""


@contextmanager
def _losing(till: Till, loss: Loss) -> Iterator[None]:
    """Lose a request or an answer once, and count that the SDK mended it."""
    cable = _cable(till)
    troubles = cable.troubles
    with cable.losing(loss):
        yield
    if cable.troubles > troubles:
        till.figures.repaired[f"lost {loss.value}, sent again"] += 1


def _cable(till: Till) -> Cable:
    if till.cable is None:
        raise LookupError(f"till {till.place.terminal_id} is on no breaking cable")
    return till.cable


async def lost_authorization(till: Till, buyer: Buyer) -> None:
    """The answer of an Authorize is lost, and that of its Capture."""
    with _losing(till, Loss.ANSWER):
        _, bought = await till.authorize(buyer.holder, buyer.basket, accept_partial=True)
    if bought is not None:
        with _losing(till, Loss.ANSWER):
            await till.capture(bought, receipts=[receipt_for(till, buyer)])


async def lost_sale(till: Till, buyer: Buyer) -> None:
    """The answer of a Sale is lost, and that of its Refund; its receipts never reach the gateway."""
    with _losing(till, Loss.ANSWER):
        _, bought = await till.sale(buyer.holder, buyer.basket, accept_partial=True)
    if bought is not None:
        with _losing(till, Loss.ANSWER):
            await till.refund(bought, has_receipt=False)


async def lost_request(till: Till, buyer: Buyer) -> None:
    """A request never arrives, and neither does the Void of its hold at first."""
    with _losing(till, Loss.REQUEST):
        bought = await authorize(till, buyer)
    if bought is not None:
        with _losing(till, Loss.REQUEST):
            await till.void(bought)


async def silence(till: Till, buyer: Buyer, silent_s: float) -> None:
    """The line goes dead in the middle of a Sale for so many seconds; the SDK finds it or undoes it."""
    buyer = replace(buyer, basket=plain_food(10_000 + till.rng.randrange(20_000)))
    cable = _cable(till)
    # The connection must be there before: a Sale that never left would prove nothing.
    await till.quote(buyer.holder.card, buyer.basket)

    async def dead_line() -> None:
        with cable.silent():
            await asyncio.sleep(silent_s)

    outage = asyncio.create_task(dead_line())
    # The line is dead from the first turn of the loop on.
    await asyncio.sleep(0)
    result, bought = await till.sale(buyer.holder, buyer.basket)
    await outage
    if silent_s < SILENT_TOO_LONG_S:  # Beyond that it was counted where it was resolved.
        how = "undone by a Void" if result.is_undone else "found by looking it up"
        till.figures.repaired[f"no answer, {how}"] += 1
    if bought is None:
        await sell(till, buyer, receipt_for(till, buyer))


async def silent_briefly(till: Till, buyer: Buyer) -> None:
    """The Sale is found when the line comes back."""
    await silence(till, buyer, SILENT_BRIEFLY_S)


async def silent_longer(till: Till, buyer: Buyer) -> None:
    """The Sale is undone, and sold anew."""
    await silence(till, buyer, SILENT_LONGER_S)


async def silent_too_long(till: Till, buyer: Buyer) -> None:
    """The till resolves the Sale when the line comes back."""
    await silence(till, buyer, SILENT_TOO_LONG_S)


async def hung_up(till: Till, buyer: Buyer) -> None:
    """The till's program gives up in mid-call and, being asked, sends the same request again."""
    request = till.client.prepare_sale(
        buyer.holder.card,
        buyer.basket,
        accept_partial=True,
        receipts=[receipt_for(till, buyer)],
        desk=till.desk,
    )
    await _cancelled_in_flight(till, request)
    await till.purchase(request, buyer.basket)
    till.figures.repaired["call given up, sent again"] += 1


async def hung_up_and_asked(till: Till, buyer: Buyer) -> None:
    """The till's program gives up in mid-call and then asks what has become of the request."""
    request = till.client.prepare_authorize(
        buyer.holder.card, buyer.basket, accept_partial=True, desk=till.desk
    )
    await _cancelled_in_flight(till, request)
    try:
        result = await till.settle(request)
    except NotRememberedError:
        # It was answered after all, or never begun; then it can be sent.
        result = await till.send(request)
    till.figures.repaired["call given up, found or undone"] += 1
    till.figures.results.append(result)
    bought = till.books.purchased(buyer.basket, result)
    if bought is not None:
        await till.void(bought)


async def _cancelled_in_flight(till: Till, request: PreparedRequest[PurchaseResult]) -> None:
    task = asyncio.create_task(till.client.send(request))
    # How long the program waits before it gives up: a call takes a little longer, most often.
    await asyncio.wait({task}, timeout=till.rng.uniform(0.001, 0.010))
    task.cancel()
    await asyncio.wait({task})


async def void_before_arrival(till: Till, buyer: Buyer) -> None:
    """The Void overtakes its purchase, which then comes to nothing for ever."""
    request = till.client.prepare_sale(buyer.holder.card, buyer.basket, desk=till.desk)
    void = till.client.prepare_void(ByRequestId(request.request_id), desk=till.desk)
    voided = await till.send(void)
    till.books.voided(None, voided)
    result, _ = await till.purchase(request, buyer.basket)
    if result.reason is not Reason.VOIDED_BEFORE_ARRIVAL:
        till.books.wrong.append(f"request {request.request_id} was voided and then {result.decision.name}")
