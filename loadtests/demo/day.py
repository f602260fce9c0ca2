"""A day at tens of tills at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from random import Random
from typing import Final

from loadtests.demo.lossy import Cable
from loadtests.demo.operator import Operator
from loadtests.demo.place import Place
from loadtests.demo.stories import SUSPENDED, Visit
from loadtests.demo.till import Figures, Till
from loadtests.demo.world import World
from merchant_sdk import DeadlineExceededError, OverloadedError, PurchaseState, UnavailableError

CABLE_AT_EVERY: Final = 4
"""Every fourth till has a line that breaks."""

_LINE_FAILED: Final = (DeadlineExceededError, UnavailableError, OverloadedError)


def is_on_cable(number: int) -> bool:
    """Whether the till of this number has a line that breaks."""
    return number % CABLE_AT_EVERY == CABLE_AT_EVERY - 1


@asynccontextmanager
async def open_tills(world: World, figures: Figures, rng: Random) -> AsyncIterator[list[Till]]:
    """All tills, each with its own key, connection and books."""
    async with AsyncExitStack() as stack:
        operator = await stack.enter_async_context(Operator(world.settings))
        tills = []
        for number, place in enumerate(world.places):
            cable = None
            if is_on_cable(number):
                cable = await stack.enter_async_context(Cable(world.grpc_host, world.grpc_port))
            till = Till(place, world.endpoint, figures, operator, Random(rng.random()), cable)
            await stack.enter_async_context(till.client)
            await stack.enter_async_context(till.back_office)
            tills.append(till)
        for till in tills:
            till.sisters = [other for other in tills if _are_sisters(till.place, other.place)]
        yield tills


def is_suspended(place: Place, places: Sequence[Place]) -> bool:
    """Whether a till is one of the merchant that is suspended towards the end: the last one."""
    return place.merchant_id == max(other.merchant_id for other in places)


def _are_sisters(one: Place, other: Place) -> bool:
    return one.merchant_id == other.merchant_id and one.terminal_id != other.terminal_id


async def run_day(tills: Sequence[Till], days: Sequence[Sequence[Visit]], figures: Figures) -> None:
    """Every till serves its buyers, waits for the holds that must run out, and closes its shift.

    Towards the end the last merchant is suspended: it sells no more, and may still finish and refund.
    """
    await asyncio.gather(*(till.open() for till in tills))
    opened_s = time.perf_counter()
    places = [till.place for till in tills]
    suspended = [till for till in tills if is_suspended(till.place, places)]
    together = asyncio.Barrier(len(suspended))
    async with asyncio.TaskGroup() as group:
        for till, visits in zip(tills, days, strict=True):
            if till in suspended:
                group.create_task(_serve_until_suspended(till, visits, opened_s, together))
            else:
                group.create_task(_serve(till, visits, opened_s))
    figures.selling_s = time.perf_counter() - opened_s
    async with asyncio.TaskGroup() as group:
        for till in tills:
            group.create_task(_finish(till))


async def _serve(till: Till, visits: Sequence[Visit], opened_s: float) -> None:
    for visit in visits:
        # Buyers come when they come; if there is a queue, the next one is served at once.
        await asyncio.sleep(max(opened_s + visit.comes_at_s - time.perf_counter(), 0))
        till.figures.holders[visit.buyer.holder.holder_ref] = visit.buyer.holder
        try:
            await visit.story.play(till, visit.buyer)
        except _LINE_FAILED as error:
            # The buyer goes away. What was begun is settled: a hold, if there is one, runs out by itself.
            till.figures.given_up[type(error).__name__] += 1
        till.figures.stories[visit.story.title] += 1


async def _serve_until_suspended(
    till: Till, visits: Sequence[Visit], opened_s: float, together: asyncio.Barrier
) -> None:
    """All tills of the merchant meet twice: before it is suspended, and after."""
    await _serve(till, [visit for visit in visits if visit.story is not SUSPENDED], opened_s)
    if await together.wait() == 0:
        await till.operator.suspend_merchant(till.place.merchant_id)
    await together.wait()
    await _serve(till, [visit for visit in visits if visit.story is SUSPENDED], opened_s)
    for bought in till.books.bought.values():
        if bought.state is PurchaseState.CAPTURED and not bought.refunded:
            result = await till.refund(bought)
            till.figures.counts["refunds after the suspension"] += result.is_approved
            return


async def _finish(till: Till) -> None:
    for later in sorted(till.later, key=lambda later: later.due):
        # The only waiting of the day: for holds that have to run out.
        await asyncio.sleep(max((later.due - datetime.now(UTC)).total_seconds(), 0))
        await later.do()
