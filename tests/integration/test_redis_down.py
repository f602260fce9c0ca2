"""Redis dies, forgets and freezes under load; no purchase fails, and none waits for it (truth 11).

What must not wait is shown by progress: purchases go on being answered for as long as Redis stays frozen.
"""

import os
import signal
from collections.abc import AsyncIterator
from contextlib import closing
from pathlib import Path

import pytest
from redis import Redis

from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests import wire_kit
from tests.crash.harness import Town, audit, found_town
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import Load, Till, shopping, tills_at
from tests.processes import frozen
from tillgate.v1 import purchase_pb2 as wire

SEED = 20261126
PROGRESS = 150
"""Answers that must come while something is wrong; each publishes news that Redis would be sent."""


@pytest.fixture
async def town(
    postgres: EmbeddedPostgres, database_name: str, own_redis: EmbeddedValkey, tmp_path: Path
) -> Town:
    """A town whose Redis is the one to be hurt."""
    return await found_town(postgres, database_name, own_redis.url, tmp_path / "data")


@pytest.fixture
async def gateway(town: Town, tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    """A running gateway of the town."""
    with GatewayProcess(town.settings, tmp_path / "gateway.log") as process:
        yield await process.start_ready()


@pytest.fixture
async def tills(town: Town, gateway: GatewayProcess) -> AsyncIterator[list[Till]]:
    """The tills of the town, at its gateway."""
    async with tills_at(town.clients, gateway.address) as made:
        yield made


async def heard_again(gateway: GatewayProcess, load: Load) -> None:
    """The feed of outcomes reaches Redis again, by itself."""
    sent = await gateway.metric("tillgate_bus_sent_total")

    async def has_sent_more() -> bool:
        return await gateway.metric("tillgate_bus_sent_total") > sent

    await load.progress(20)
    await eventually(has_sent_more, "news reach Redis again")


async def assert_answered_before_its_news(gateway: GatewayProcess, till: Till, card: str) -> None:
    """A purchase that waited for a frozen Redis would be answered after its news were given up, each time."""

    async def news_done() -> tuple[float, float]:
        return await gateway.metric("tillgate_bus_sent_total"), await gateway.metric(
            "tillgate_bus_dropped_total"
        )

    for _ in range(20):
        known = await news_done()
        sale = wire_kit.sale(wire_kit.line(1, 10_00), card=wire.Card(number=card))
        assert (await till.send("Sale", sale)).is_acknowledged
        if known == await news_done():
            return
    raise AssertionError("no purchase was answered while its news were waiting")


async def asked(gateway: GatewayProcess) -> tuple[float, float]:
    """How many questions about speed Redis was asked, and whether it owes an answer."""
    return await gateway.metric("tillgate_velocity_asked_total"), await gateway.metric(
        "tillgate_velocity_owed"
    )


async def assert_answered_before_its_speed_is_known(gateway: GatewayProcess, till: Till, card: str) -> None:
    """Both a purchase that asked and one that found another's question open: it is still open afterwards.

    Who waited for a frozen Redis would be answered when its question was given up.
    """
    has_asked = has_found = False
    for _ in range(40):
        before = await asked(gateway)
        sale = wire_kit.sale(wire_kit.line(1, 10_00), card=wire.Card(number=card))
        assert (await till.send("Sale", sale)).is_acknowledged
        after = await asked(gateway)
        has_asked = has_asked or (before[0] + 1, 0, 1) == (after[0], before[1], after[1])
        has_found = has_found or (before[0], 1, 1) == (after[0], before[1], after[1])
        if has_asked and has_found:
            return
    raise AssertionError(f"asked: {has_asked}, found a question: {has_found}")


async def assert_nobody_noticed(town: Town, tills: list[Till]) -> None:
    """No request of any till met an error, and the books agree."""
    assert {} == tills[0].journal.errors()
    await audit(town, tills, SEED)


async def test_purchases_go_on_while_redis_is_stopped_and_the_lost_news_are_counted(
    town: Town, gateway: GatewayProcess, tills: list[Till], own_redis: EmbeddedValkey
) -> None:
    """SIGSTOP is the worst of all: whoever waited for an answer would wait for its whole time-out."""
    with frozen(own_redis.pid):
        await assert_answered_before_its_news(gateway, tills[0], town.cards[0])
    async with shopping(tills, town.cards, SEED) as load:
        await load.progress(PROGRESS)
        with frozen(own_redis.pid):

            async def has_dropped() -> bool:
                return await gateway.metric("tillgate_bus_dropped_total") > 0

            await load.progress(PROGRESS)
            await eventually(has_dropped, "news are given up")
            await load.progress(PROGRESS)
            assert await gateway.says_ready()
        await heard_again(gateway, load)
    await assert_nobody_noticed(town, tills)


async def test_with_limits_of_speed_no_purchase_waits_for_a_frozen_redis_and_what_passes_is_counted(
    town: Town, own_redis: EmbeddedValkey, tmp_path: Path
) -> None:
    """As in production: limits that nobody reaches, a gateway in a process of its own, tills that shop."""
    limits = tmp_path / "limits.toml"
    window = "purchases = 1000000\nwindow_s = 60\n"
    kinds = ("card", "terminal", "merchant")
    limits.write_text("".join(f"[velocity.{kind}]\n{window}" for kind in kinds), encoding="utf-8")
    settings = town.with_settings({"TILLGATE_LIMITS_FILE": str(limits)}).settings
    with GatewayProcess(settings, tmp_path / "limited.log") as gateway:
        await gateway.start_ready()
        async with tills_at(town.clients, gateway.address) as tills:
            async with shopping(tills, town.cards, SEED) as load:
                await load.progress(PROGRESS)
                assert await gateway.metric("tillgate_velocity_counted_total") > 0
                missed = await gateway.metric("tillgate_velocity_missed_total")
                with frozen(own_redis.pid):
                    await load.progress(PROGRESS)
                assert await gateway.metric("tillgate_velocity_missed_total") > missed
                counted = await gateway.metric("tillgate_velocity_counted_total")

                async def counts_again() -> bool:
                    return await gateway.metric("tillgate_velocity_counted_total") > counted

                await load.progress(PROGRESS)
                await eventually(counts_again, "purchases are counted again")
            with frozen(own_redis.pid):
                await assert_answered_before_its_speed_is_known(gateway, tills[0], town.cards[0])
            await assert_nobody_noticed(town, tills)


async def test_purchases_go_on_while_redis_is_killed_and_started_again(
    town: Town, gateway: GatewayProcess, tills: list[Till], own_redis: EmbeddedValkey
) -> None:
    """Its connections break in the middle of whatever is sent, and for a time nobody listens."""
    async with shopping(tills, town.cards, SEED) as load:
        await load.progress(PROGRESS)
        os.kill(own_redis.pid, signal.SIGKILL)
        await load.progress(PROGRESS)
        assert await gateway.says_ready()
        own_redis.start()
        await heard_again(gateway, load)
    await assert_nobody_noticed(town, tills)


async def test_purchases_go_on_when_redis_is_emptied_again_and_again(
    town: Town, gateway: GatewayProcess, tills: list[Till], own_redis: EmbeddedValkey
) -> None:
    """Nothing that a purchase needs lives in it."""
    with closing(Redis.from_url(own_redis.url)) as client:
        async with shopping(tills, town.cards, SEED) as load:
            for _ in range(5):
                await load.progress(40)
                client.flushall()
            await heard_again(gateway, load)
    await assert_nobody_noticed(town, tills)


async def test_a_gateway_starts_and_sells_with_no_redis_at_all(
    town: Town, own_redis: EmbeddedValkey, tmp_path: Path
) -> None:
    """Neither the start nor readiness depends on it; the stop does not wait for it either."""
    own_redis.stop()
    with GatewayProcess(town.settings, tmp_path / "alone.log") as gateway:
        await gateway.start_ready()
        async with tills_at(town.clients, gateway.address) as tills:
            async with shopping(tills, town.cards, SEED) as load:
                await load.progress(PROGRESS)
            await assert_nobody_noticed(town, tills)
        gateway.send_signal(signal.SIGTERM)
        assert 0 == await gateway.exit_code()
