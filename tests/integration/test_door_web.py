"""The operators' door: alive, ready check by check, and what is measured."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp
import pytest
import pytest_asyncio
from prometheus_client import CollectorRegistry, Counter
from prometheus_client.parser import text_string_to_metric_families

from gateway.web.app import WebDoor, exposition_of, make_app
from gateway.web.readiness import Check, Readiness
from tests import wire_kit as till
from tests.door_kit import Door, Refused, door_on


@pytest_asyncio.fixture
async def http() -> AsyncIterator[aiohttp.ClientSession]:
    """A probe."""
    async with aiohttp.ClientSession() as session:
        yield session


async def fine() -> None:
    """A check that passes."""


async def broken() -> None:
    """A check that fails."""
    raise LookupError("partition entry_2026_12 is missing")


async def frozen() -> None:
    """A check that never ends."""
    await asyncio.Event().wait()


async def ready(readiness: Readiness, http: aiohttp.ClientSession) -> tuple[int, dict[str, str]]:
    """What /readyz answers: the status and each check."""
    door = WebDoor(make_app(readiness, exposition_of(CollectorRegistry())))
    port = await door.listen("127.0.0.1", 0)
    try:
        async with http.get(f"http://127.0.0.1:{port}/readyz") as answer:
            body = await answer.json()
            assert body["ready"] is (answer.status == 200)
            return answer.status, body["checks"]
    finally:
        await door.stop()


async def test_readiness_names_each_check(http: aiohttp.ClientSession) -> None:
    """All must pass; what fails says why."""
    assert (200, {"database": "ok", "draining": "ok"}) == await ready(Readiness({"database": fine}), http)
    status, checks = await ready(Readiness({"database": fine, "partitions": broken}), http)
    assert (503, "ok", "LookupError: partition entry_2026_12 is missing") == (
        status,
        checks["database"],
        checks["partitions"],
    )


async def test_a_check_that_hangs_does_not_hang_the_probe(http: aiohttp.ClientSession) -> None:
    """It is red after its time, while the others answer for themselves."""
    checks: dict[str, Check] = {"database": frozen, "partitions": fine}
    assert (
        503,
        {"database": "no answer within 0.01 s", "partitions": "ok", "draining": "ok"},
    ) == await ready(Readiness(checks, timeout_s=0.01), http)


async def test_readiness_is_red_while_draining(http: aiohttp.ClientSession) -> None:
    """Whatever the checks say."""
    readiness = Readiness({"database": fine})
    readiness.start_draining()
    assert (503, {"database": "ok", "draining": "the gateway is stopping"}) == await ready(readiness, http)


async def test_a_taken_port_is_an_error(http: aiohttp.ClientSession) -> None:
    """Two gateways never answer probes for each other."""
    exposition = exposition_of(CollectorRegistry())
    door, second = (WebDoor(make_app(Readiness({}), exposition)) for _ in range(2))
    port = await door.listen("127.0.0.1", 0)
    with pytest.raises(OSError, match="in use"):
        await second.listen("127.0.0.1", port)
    await second.stop()
    await door.stop()


async def test_metrics_are_exposed(http: aiohttp.ClientSession) -> None:
    """In the text format of Prometheus."""
    registry = CollectorRegistry()
    Counter("things", "Things", registry=registry).inc(3)
    door = WebDoor(make_app(Readiness({}), exposition_of(registry)))
    port = await door.listen("127.0.0.1", 0)
    async with http.get(f"http://127.0.0.1:{port}/metrics") as answer:
        assert "things_total 3.0" in (await answer.text()).splitlines()
        assert answer.headers["Content-Type"].startswith("text/plain; version=")
    await door.stop()


@pytest_asyncio.fixture
async def running(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A whole gateway."""
    async with door_on(tmp_path, database_url, redis_url) as door:
        yield door


async def test_a_running_gateway_is_alive_and_ready(running: Door, http: aiohttp.ClientSession) -> None:
    """Database reachable, partitions there, not draining."""
    url = f"http://127.0.0.1:{running.gateway.http_port}"
    async with http.get(f"{url}/healthz") as answer:
        assert (200, "ok\n") == (answer.status, await answer.text())
    async with http.get(f"{url}/readyz") as answer:
        assert (200, {"database": "ok", "goods": "ok", "partitions": "ok", "draining": "ok"}) == (
            answer.status,
            (await answer.json())["checks"],
        )


async def test_requests_are_counted_by_method_and_result(running: Door, http: aiohttp.ClientSession) -> None:
    """An approval, a replay, a decline and an error are told apart; latency has its histogram."""
    client, card = running.till(), await running.card(100_00)
    before = await counts(running, http)
    request = till.authorize(till.line(1, 60_00), card=card)
    await client.call(request)
    await client.call(request)
    await client.call(till.authorize(till.line(1, 60_00), card=card))
    with pytest.raises(Refused):
        await client.call(till.authorize(till.line(1, 60_00, gtin="4006381333932"), card=card))
    after = await counts(running, http)
    assert {
        ("OK", "APPROVED", ""): 1,
        ("OK", "REPLAYED", ""): 1,
        ("OK", "DECLINED", "INSUFFICIENT_POINTS"): 1,
        ("INVALID_ARGUMENT", "", "CHECK_DIGIT_WRONG"): 1,
    } == {key: after[key] - before.get(key, 0) for key in after if after[key] != before.get(key, 0)}


async def counts(running: Door, http: aiohttp.ClientSession) -> dict[tuple[str, str, str], float]:
    """Requests of Authorize so far, by code, decision and reason; this process has had other doors before."""
    async with http.get(f"http://127.0.0.1:{running.gateway.http_port}/metrics") as answer:
        families = {family.name: family for family in text_string_to_metric_families(await answer.text())}
    assert "tillgate_rpc_seconds" in families
    assert 0 == families["tillgate_rpc_in_flight"].samples[0].value
    return {
        (sample.labels["code"], sample.labels["decision"], sample.labels["reason"]): sample.value
        for sample in families["tillgate_rpc_requests"].samples
        if sample.name == "tillgate_rpc_requests_total" and sample.labels["method"] == "Authorize"
    }
