"""Limits of speed in Redis: windows that slide, and a Redis that dies, freezes or forgets."""

import asyncio
from typing import Any

from redis.asyncio import Redis

from gateway.domain.commands import Authorize
from gateway.domain.reasons import Reason
from gateway.ledger.admission import Admission
from gateway.ledger.committer import Committer
from gateway.ledger.waiting import Limits
from gateway.runtime.embedded import EmbeddedValkey
from gateway.runtime.velocity import MISSED, RedisVelocity, VelocityLimits, Window
from tests.ledger_kit import Kit, NoObserver, NoRegistry, authorize, line, must, seal
from tests.processes import frozen

CARD = b"t" * 32


def purchases(count: int, token: bytes = CARD, terminal_id: int = 11) -> list[Authorize]:
    """New purchases by a card."""
    return [authorize(token, line(1, 1_00), terminal_id=terminal_id) for _ in range(count)]


async def refused(velocity: RedisVelocity, some: list[Authorize]) -> list[tuple[int, Reason]]:
    """Which of some purchases are refused, by their places, and why."""
    asked = velocity.ask(some)
    assert asked is not None
    found = await asked
    return [(n, found[one.request_id].reason) for n, one in enumerate(some) if one.request_id in found]


async def test_the_last_of_a_batch_are_refused_and_only_those_that_pass_count(redis_url: str) -> None:
    """Asking again and again does not keep a window full."""
    velocity = RedisVelocity(redis_url, VelocityLimits(card=Window(3, 3600)))
    too_many = Reason.CARD_TOO_FREQUENT
    assert [] == await refused(velocity, purchases(2))
    assert [(1, too_many), (2, too_many)] == await refused(velocity, purchases(3))
    assert [(0, too_many)] == await refused(velocity, purchases(1))
    assert [] == await refused(velocity, purchases(1, b"o" * 32))
    async with Redis.from_url(redis_url) as redis:
        [key] = await redis.keys("tillgate:velocity:card:7474*")
        assert b"3" == await redis.get(key)
    await velocity.stop()


async def test_every_subject_has_its_own_window(redis_url: str) -> None:
    """The lowest reason is told first: card, terminal, merchant."""
    limits = VelocityLimits(Window(5, 3600), Window(2, 3600), Window(3, 3600))
    velocity = RedisVelocity(redis_url, limits)
    assert [(2, Reason.TERMINAL_TOO_FREQUENT)] == await refused(velocity, purchases(3))
    other = [one for n in range(2) for one in purchases(1, bytes([n]) * 32, terminal_id=12)]
    assert [(0, Reason.MERCHANT_TOO_FREQUENT), (1, Reason.MERCHANT_TOO_FREQUENT)] == await refused(
        velocity, other
    )
    await velocity.stop()


async def test_a_window_slides(redis_url: str) -> None:
    """Of the window before counts the part that is still covered: at its end nothing of it is left."""
    velocity = RedisVelocity(redis_url, VelocityLimits(card=Window(1_000_000, 3600)))
    await refused(velocity, purchases(1))
    async with Redis.from_url(redis_url, decode_responses=True) as redis:
        [key] = await redis.keys("tillgate:velocity:card:*")
        name, _, number = str(key).rpartition(":")
        await redis.delete(key)
        await redis.set(f"{name}:{int(number) - 1}", 1_000_000)
        seconds, micros = await redis.time()
        into = ((seconds % 3600) + micros / 1e6) / 3600
    some = purchases(1000)
    room = int(1_000_000 * into)
    assert (room < 1000) == (len(await refused(velocity, some)) > 0)
    await velocity.stop()


async def test_a_script_that_was_forgotten_is_told_again(redis_url: str) -> None:
    """As after a restart of Redis."""
    velocity = RedisVelocity(redis_url, VelocityLimits(card=Window(3, 3600)))
    await refused(velocity, purchases(1))
    async with Redis.from_url(redis_url) as redis:
        await redis.script_flush()
        await redis.flushall()
    assert [] == await refused(velocity, purchases(3))
    await velocity.stop()


async def committer_on(kit: Kit, velocity: RedisVelocity) -> Committer:
    """A committer that asks for speed."""
    made = Committer(
        kit.connect,
        kit.rules,
        seal,
        NoRegistry(),
        NoObserver(),
        Limits(),
        admission=Admission(None, velocity),
    )
    await made.start()
    return made


async def test_a_frozen_redis_holds_up_one_batch_for_its_five_milliseconds_at_most(
    kit: Kit, own_redis: EmbeddedValkey
) -> None:
    """The next ones do not ask, and pass uncounted; what passed is counted as passed (truth 11)."""
    velocity = RedisVelocity(own_redis.url, VelocityLimits(card=Window(1, 3600)))
    ledger = await committer_on(kit, velocity)
    card = await kit.card(ledger, 500_00)
    must(await ledger.submit(authorize(card, line(1, 1_00))))
    waits: list[float] = []
    real_wait = asyncio.wait

    async def measured(tasks: Any, *, timeout: float | None = None, **more: Any) -> Any:  # noqa: ASYNC109
        if timeout is not None:
            waits.append(timeout)
        return await real_wait(tasks, timeout=timeout, **more)

    before = MISSED._value.get()
    asyncio.wait = measured  # type: ignore[assignment]
    try:
        with frozen(own_redis.pid):
            for _ in range(20):
                must(await ledger.submit(authorize(card, line(1, 1_00))))
            assert 20 == MISSED._value.get() - before
    finally:
        asyncio.wait = real_wait
    assert len(waits) <= 1
    assert all(timeout <= 0.005 for timeout in waits)
    await ledger.stop()
    await velocity.stop()


async def test_a_redis_that_is_gone_refuses_nobody(kit: Kit) -> None:
    """It fails open."""
    velocity = RedisVelocity("unix:///nowhere/valkey.sock", VelocityLimits(card=Window(1, 3600)))
    ledger = await committer_on(kit, velocity)
    card = await kit.card(ledger, 500_00)
    for _ in range(5):
        must(await ledger.submit(authorize(card, line(1, 1_00))))
    await ledger.stop()
    await velocity.stop()
