"""Who is shut out in the middle of the day, a merchant and a till, and that they are refused from then on."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Final

from loadtests.demo.everyday import Buyer, receipt_for
from loadtests.demo.till import Till
from merchant_sdk import PurchaseState, Reason, UnauthenticatedError

WITHIN_S: Final = 1.0
"""So long after the command has ended, every node of the gateway knows of it."""

SUSPENDED_ASKED: Final = "asked after the suspension"
SUSPENDED_SOLD: Final = "sold after the suspension"
SUSPENDED_REFUNDS: Final = "refunds after the suspension"
REVOKED_ASKED: Final = "asked after the revocation"
REVOKED_ANSWERED: Final = "answered after the revocation"


class Ending:
    """What the tills of one fate share: they meet twice, before they are shut out and when they are."""

    def __init__(self, tills: Sequence[Till], shut_out: Callable[[], Awaitable[None]]) -> None:
        self._together = asyncio.Barrier(max(len(tills), 1))
        self._shut_out = shut_out
        self._since_s = 0.0

    async def meet(self) -> float:
        """Wait for the others and shut all out; the instant, of the monotonic clock, when that holds."""
        if await self._together.wait() == 0:
            await self._shut_out()
            self._since_s = time.perf_counter() + WITHIN_S
        await self._together.wait()
        return self._since_s


async def no_sale(till: Till, buyer: Buyer) -> None:
    """A till of the suspended merchant sells nothing, and says why."""
    result, _ = await till.sale(buyer.holder, buyer.basket, receipts=[receipt_for(till, buyer)])
    till.figures.counts[SUSPENDED_ASKED] += 1
    till.figures.counts[SUSPENDED_SOLD] += result.is_approved
    if result.reason is not Reason.MERCHANT_SUSPENDED and not result.is_undone:
        till.books.wrong.append(
            f"a sale of a suspended merchant: {result.decision.name} {result.reason.name}"
        )


async def refund_earlier(till: Till) -> None:
    """What was bought before the suspension is still taken back: no buyer is trapped."""
    for bought in till.books.bought.values():
        if bought.state is PurchaseState.CAPTURED and not bought.refunded:
            result = await till.refund(bought)
            till.figures.counts[SUSPENDED_REFUNDS] += result.is_approved
            if not result.is_approved:
                till.books.wrong.append(f"no refund at a suspended merchant: {result.reason.name}")
            return


async def no_answer(till: Till, buyer: Buyer) -> None:
    """A revoked till gets nothing at all: no sale, and not even a balance."""
    request = till.client.prepare_sale(buyer.holder.card, buyer.basket, desk=till.desk)
    await _shut(till, "a sale", till.client.send(request))
    await _shut(till, "a balance", till.back_office.get_balance(buyer.holder.card))


async def _shut(till: Till, what: str, call: Awaitable[object]) -> None:
    try:
        await call
    except UnauthenticatedError as error:
        till.figures.counts[REVOKED_ASKED] += 1
        if error.reason is not Reason.CLIENT_REVOKED:
            till.books.wrong.append(f"{what} of a revoked till: {error}")
    else:
        till.figures.counts[REVOKED_ASKED] += 1
        till.figures.counts[REVOKED_ANSWERED] += 1
        till.books.wrong.append(f"{what} of a revoked till was answered")
