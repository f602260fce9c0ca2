"""A day at tens of tills at once."""

import asyncio
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime
from random import Random
from typing import Final

from loadtests.demo.fate import Fate, fates
from loadtests.demo.lossy import Cable
from loadtests.demo.operator import Operator
from loadtests.demo.shut_out import Ending, refund_earlier
from loadtests.demo.stories import SHUT_OUT, Visit
from loadtests.demo.till import Figures, Till
from loadtests.demo.world import World
from merchant_sdk import DeadlineExceededError, OverloadedError, UnavailableError

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
        operator = await stack.enter_async_context(Operator(world))
        tills = []
        befalls = fates(world.places, [is_on_cable(number) for number in range(len(world.places))])
        for number, place in enumerate(world.places):
            cable = None
            if is_on_cable(number):
                cable = await stack.enter_async_context(Cable(world.grpc_host, world.grpc_port))
            till = Till(
                place, world.endpoint, figures, operator, Random(rng.random()), cable, befalls[number]
            )
            await stack.enter_async_context(till.client)
            await stack.enter_async_context(till.back_office)
            tills.append(till)
        for till in tills:
            till.sisters = [other for other in tills if _is_sister(other, till)]
        yield tills


def _is_sister(one: Till, of: Till) -> bool:
    """Another till of the same merchant, which takes goods back all day."""
    is_other = one.place.terminal_id != of.place.terminal_id
    return is_other and one.place.merchant_id == of.place.merchant_id and one.fate is not Fate.REVOKED


async def run_day(tills: Sequence[Till], days: Sequence[Sequence[Visit]], figures: Figures) -> None:
    """Every till serves its buyers and waits for the holds that must run out.

    In the middle of the day a merchant is suspended, which sells no more and may still finish and refund, and
    the key of a till of another one is revoked, which gets nothing any more.
    """
    await asyncio.gather(*(till.open() for till in tills))
    opened_s = time.perf_counter()
    endings = {fate: _ending(fate, [till for till in tills if till.fate is fate]) for fate in SHUT_OUT}
    async with asyncio.TaskGroup() as group:
        for till, visits in zip(tills, days, strict=True):
            if till.fate in endings:
                group.create_task(_serve_until_shut_out(till, visits, opened_s, endings[till.fate]))
            else:
                group.create_task(_serve(till, visits, opened_s))
    figures.selling_s = time.perf_counter() - opened_s
    async with asyncio.TaskGroup() as group:
        for till in tills:
            group.create_task(_finish(till))


async def _serve(till: Till, visits: Sequence[Visit], since_s: float) -> None:
    for visit in visits:
        # Buyers come when they come; if there is a queue, the next one is served at once.
        await asyncio.sleep(max(since_s + visit.comes_at_s - time.perf_counter(), 0))
        till.figures.holders[visit.buyer.holder.holder_ref] = visit.buyer.holder
        try:
            await visit.story.play(till, visit.buyer)
        except _LINE_FAILED as error:
            # The buyer goes away. What was begun is settled: a hold, if there is one, runs out by itself.
            till.figures.given_up[type(error).__name__] += 1
        till.figures.stories[visit.story.title] += 1


def _ending(fate: Fate, tills: Sequence[Till]) -> Ending:
    one = tills[0]
    if fate is Fate.SUSPENDED:
        return Ending(tills, lambda: one.operator.suspend_merchant(one.place.merchant_id))
    return Ending(tills, lambda: one.operator.revoke_terminal(one.place.terminal_id))


async def _serve_until_shut_out(till: Till, visits: Sequence[Visit], opened_s: float, ending: Ending) -> None:
    last = SHUT_OUT[till.fate]
    await _serve(till, [visit for visit in visits if visit.story is not last], opened_s)
    since_s = await ending.meet()
    await _serve(till, [visit for visit in visits if visit.story is last], since_s)
    if till.fate is Fate.SUSPENDED:
        await refund_earlier(till)


async def _finish(till: Till) -> None:
    for later in sorted(till.later, key=lambda later: later.due):
        # The only waiting of the day: for holds that have to run out.
        await asyncio.sleep(max((later.due - datetime.now(UTC)).total_seconds(), 0))
        await later.do()
