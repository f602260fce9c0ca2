"""The life of a client: mutual TLS, closing, cancelling, taking turns; and the first integration example."""

import asyncio
import contextlib
import os
import re
import signal
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from merchant_sdk import (
    ClientClosedError,
    DeadlineExceededError,
    Method,
    NotRememberedError,
    TillClient,
    UnavailableError,
)
from tests.sdk_support.credentials import throwaway_keys
from tests.sdk_support.faults import Hold
from tests.sdk_support.tills import FLAVOURS, HOLDER, MILK_AND_BEER, PATIENT, Bench, Till, bench

INTERRUPTED = """
import signal
from merchant_sdk import SyncTillClient, TillCredentials
from tests.sdk_support.tills import HOLDER, MILK_AND_BEER, PATIENT

# Whoever starts the tests in the background of a shell hands down that Ctrl-C is ignored.
signal.signal(signal.SIGINT, signal.default_int_handler)
client = SyncTillClient(TillCredentials.from_folder("till-1"), PATIENT)
try:
    client.sale(HOLDER, MILK_AND_BEER)
except KeyboardInterrupt:
    print(*(record.request_id for record in client.open_requests()))
client.close()
"""
README = Path(__file__).parents[2] / "merchant_sdk" / "README.md"


@pytest.fixture(params=FLAVOURS)
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """A scripted gateway with a till of each flavour before it."""
    async with bench(request.param, tmp_path / "till-1") as opened:
        yield opened


async def test_a_certificate_of_another_authority_does_not_get_in(at: Bench) -> None:
    """The door asks for a client certificate by its own CA; the till is told that it cannot get through."""
    stranger = throwaway_keys().stranger
    credentials = replace(
        at.credentials,
        certificate_pem=stranger.certificate_pem,
        private_key_pem=stranger.private_key_pem,
    )
    till = Till(type(at.till.client)(credentials, PATIENT))
    with pytest.raises((UnavailableError, DeadlineExceededError)):
        await till.get_balance(HOLDER, timeout_s=1.0)
    await till.close()
    assert [] == at.gateway.calls


async def test_closing_waits_for_the_calls_under_way(at: Bench) -> None:
    """A sale that is on its way is answered although the client is being closed."""
    hold = Hold()
    at.gateway.script(Method.SALE, hold)
    sale = asyncio.create_task(at.till.sale(HOLDER, MILK_AND_BEER))
    await hold.arrived.wait()
    closing = asyncio.create_task(at.till.close())
    await _until_refusing(at.till)
    hold.release.set()
    await closing
    assert (await sale).is_approved


async def test_a_closed_client_takes_no_more_calls(at: Bench) -> None:
    """ClientClosedError, and nothing is sent; closing twice is the same as once."""
    await at.till.close()
    await at.till.close()
    with pytest.raises(ClientClosedError):
        await at.till.sale(HOLDER, MILK_AND_BEER)
    assert [] == at.gateway.calls


async def test_a_client_that_was_never_used_closes_too(at: Bench) -> None:
    """No channel was made, so there is none to close."""
    async with at.another_till():
        pass
    assert [] == at.gateway.calls


async def test_a_sweep_does_not_undo_the_sale_that_a_cashier_waits_for(at: Bench) -> None:
    """Operations on one request id take turns: whoever resolves finds the sale settled."""
    hold = Hold()
    at.gateway.script(Method.SALE, hold)
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    sale = asyncio.create_task(at.till.send(request))
    await hold.arrived.wait()
    (left,) = at.till.open_requests()
    sweep = asyncio.create_task(at.till.resolve(left.request_id))
    for _ in range(10):  # Round trips enough for a sweep that does not wait to be seen.
        await at.till.get_balance(HOLDER)
    hold.release.set()
    assert (await sale).is_approved
    with pytest.raises(NotRememberedError):
        await sweep
    assert {Method.SALE, Method.GET_BALANCE} == set(at.gateway.methods_called)


async def test_many_calls_share_one_client(at: Bench) -> None:
    """Sales of several cashiers run side by side over one channel, each under an id of its own."""
    results = await asyncio.gather(*(at.till.sale(HOLDER, MILK_AND_BEER) for _ in range(8)))
    assert 8 == len({result.request_id for result in results})
    assert all(result.is_approved for result in results)


async def test_the_language_of_errors_is_asked_for(at: Bench) -> None:
    """The configuration's language goes with every call."""
    await at.till.get_balance(HOLDER)
    assert ["en"] == [call.language for call in at.gateway.calls]


async def test_a_cancelled_sale_stays_open_and_is_resolved(tmp_path: Path) -> None:
    """Cancelling stops the waiting, not the command: the journal keeps it until it is resolved."""
    async with bench("async", tmp_path / "till-1") as at:
        hold = Hold()
        at.gateway.script(Method.SALE, hold)
        request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
        sale = asyncio.create_task(at.till.send(request))
        await hold.arrived.wait()
        sale.cancel()
        with pytest.raises(asyncio.CancelledError):
            await sale
        assert [request.request_id] == [record.request_id for record in at.till.open_requests()]
        assert (await at.till.resolve(request.request_id)).is_undone


async def test_an_interrupted_sale_stays_open_in_the_journal(tmp_path: Path) -> None:
    """Ctrl-C stops the synchronous client while it waits, and its journal still knows the request."""
    async with bench("async", tmp_path / "till-1") as at:
        hold = Hold()
        at.gateway.script(Method.SALE, hold)
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-c", INTERRUPTED, cwd=tmp_path, stdout=-1, stderr=-1, env=_with_tests_on_path()
        )
        await hold.arrived.wait()
        process.send_signal(signal.SIGINT)
        printed, errors = await process.communicate()
        request_id = at.gateway.calls_of(Method.SALE)[0].request.header.request_id
        assert (0, f"{request_id}\n") == (process.returncode, printed.decode()), errors.decode()


async def test_an_asynchronous_client_may_be_made_before_the_loop_runs(tmp_path: Path) -> None:
    """The channel is made inside the running loop at the first call, not where the client is built."""
    async with bench("async", tmp_path / "till-1") as at:
        client = await asyncio.to_thread(TillClient, at.credentials, PATIENT)
        async with client:
            assert (await client.get_balance(HOLDER)).may_be_served


async def test_the_first_integration_of_the_readme_runs(tmp_path: Path) -> None:
    """The 20 lines a newcomer copies sell a basket, in a process of their own."""
    example = re.findall(r"```python\n(.*?)```", README.read_text(encoding="utf-8"), re.DOTALL)[0]
    assert 20 >= len(example.strip().splitlines())
    async with bench("async", tmp_path / "till-1") as at:
        process = await asyncio.create_subprocess_exec(
            sys.executable, "-W", "error", "-c", example, cwd=tmp_path, stdout=-1, stderr=-1
        )
        printed, errors = await process.communicate()
        assert (0, "") == (process.returncode, errors.decode())
        assert "by points 404.78, to pay 120.00" in printed.decode()
        assert [Method.SALE] == at.gateway.methods_called


async def _until_refusing(till: Till) -> None:
    """Wait until a client that is being closed takes no more calls."""
    with contextlib.suppress(ClientClosedError):
        while True:
            await till.get_balance(HOLDER)


def _with_tests_on_path() -> dict[str, str]:
    """The environment of a process that imports the tests' support from another directory."""
    return {**os.environ, "PYTHONPATH": str(README.parents[1])}
