"""What is particular to the client that speaks over a stream; the other SDK tests run over it too."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from grpc import StatusCode

from merchant_sdk import Method, UnauthenticatedError
from tests.sdk_support.faults import Hold, Refuse
from tests.sdk_support.tills import HOLDER, MILK_AND_BEER, Bench, bench


@pytest.fixture
async def at(tmp_path: Path) -> AsyncIterator[Bench]:
    """A scripted gateway with a concentrator before it."""
    async with bench("stream", tmp_path / "till-1") as opened:
        yield opened


async def test_all_calls_share_one_stream(at: Bench) -> None:
    """Sales side by side, and one after them."""
    await asyncio.gather(*(at.till.sale(HOLDER, MILK_AND_BEER) for _ in range(50)))
    await at.till.get_balance(HOLDER)
    assert 1 == at.gateway.streams


async def test_an_answer_overtakes_one_that_takes_longer(at: Bench) -> None:
    """Answers are matched by their number, not by their order."""
    hold = Hold()
    at.gateway.script(Method.SALE, hold)
    slow = asyncio.create_task(at.till.sale(HOLDER, MILK_AND_BEER))
    await hold.arrived.wait()
    quick = await at.till.sale(HOLDER, MILK_AND_BEER)
    hold.release.set()
    assert quick.request_id != (await slow).request_id


async def test_a_client_that_is_not_let_in_knows_that_nothing_was_done(at: Bench) -> None:
    """The refusal comes before anything is taken: no doubt is left and nothing is open."""
    at.gateway.stream_faults.append(Refuse(StatusCode.UNAUTHENTICATED, "CLIENT_REVOKED"))
    with pytest.raises(UnauthenticatedError):
        await at.till.sale(HOLDER, MILK_AND_BEER)
    assert ((), []) == (tuple(at.till.open_requests()), at.gateway.calls)


async def test_a_gateway_that_takes_no_stream_yet_is_asked_again(at: Bench) -> None:
    """UNAVAILABLE at the opening is repeated like that of a call."""
    at.gateway.stream_faults.extend([Refuse(StatusCode.UNAVAILABLE)] * 2)
    assert (await at.till.sale(HOLDER, MILK_AND_BEER)).is_approved
    assert 3 == at.gateway.streams
