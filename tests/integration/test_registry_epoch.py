"""The registry that a node holds is never behind a decision."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest
from sqlalchemy.ext.asyncio import AsyncEngine
from structlog.testing import capture_logs

from gateway.following import BehindError
from gateway.registry import registry as registry_module
from gateway.registry.reading import read_snapshot
from gateway.registry.registry import Registry
from gateway.runtime.database import make_engine
from gateway.runtime.embedded import EmbeddedPostgres
from tests import registry_changes
from tests.registry_kit import FINGERPRINT, Shop, shop_on, until


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """The smallest registry."""
    async with shop_on(database_url) as made:
        yield made


async def test_a_registry_that_is_not_behind_reads_nothing(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each batch asks; only a change costs a reading."""
    registry = await Registry.load(shop.engine)
    held = registry.snapshot
    monkeypatch.setattr(registry_module, "read_snapshot", None)
    await registry.refresh_if_behind(held.epoch)
    await registry.refresh_if_behind(held.epoch - 1)
    assert held is registry.snapshot


async def test_a_registry_that_is_behind_reads_before_it_answers(shop: Shop) -> None:
    """The old snapshot stays what it was; the new one replaces it whole."""
    registry = await Registry.load(shop.engine)
    held = registry.snapshot
    epoch = await registry_changes.set_terminal_enabled(shop.engine, shop.terminal_id, False)
    await registry.refresh_if_behind(epoch)
    old, new = held.standing_of(shop.terminal_id), registry.standing_of(shop.terminal_id)
    assert old is not None
    assert new is not None
    assert (True, False) == (old.is_terminal_enabled, new.is_terminal_enabled)
    assert epoch == registry.snapshot.epoch


async def test_callers_that_wait_together_share_one_reading(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A change makes one reading a node, however many batches ask at once."""
    registry = await Registry.load(shop.engine)
    readings = []

    async def counted(engine: AsyncEngine) -> Any:
        readings.append(1)
        return await read_snapshot(shop.engine)

    monkeypatch.setattr(registry_module, "read_snapshot", counted)
    epoch = await registry_changes.set_terminal_enabled(shop.engine, shop.terminal_id, False)
    await asyncio.gather(*(registry.refresh_if_behind(epoch) for _ in range(50)))
    assert 1 == len(readings)
    assert epoch == registry.snapshot.epoch


async def test_a_reading_that_began_before_the_change_is_not_taken_for_it(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who joins a reading under way looks whether it has what he needs, and reads again if not."""
    registry = await Registry.load(shop.engine)
    has_read, may_go_on = asyncio.Event(), asyncio.Event()

    async def slow(engine: AsyncEngine) -> Any:
        found = await read_snapshot(shop.engine)
        has_read.set()
        await may_go_on.wait()
        return found

    monkeypatch.setattr(registry_module, "read_snapshot", slow)
    first_epoch = await registry_changes.set_terminal_enabled(shop.engine, shop.terminal_id, False)
    first = asyncio.create_task(registry.refresh_if_behind(first_epoch))
    await has_read.wait()
    second_epoch = await registry_changes.set_outlet_enabled(shop.engine, shop.outlet_id, False)
    second = asyncio.create_task(registry.refresh_if_behind(second_epoch))
    may_go_on.set()
    await asyncio.gather(first, second)
    assert second_epoch == registry.snapshot.epoch


async def test_a_cancelled_caller_leaves_the_reading_to_the_others(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dropped request never cuts a database call off in its middle."""
    registry = await Registry.load(shop.engine)
    has_begun, may_go_on = asyncio.Event(), asyncio.Event()

    async def slow(engine: AsyncEngine) -> Any:
        has_begun.set()
        await may_go_on.wait()
        return await read_snapshot(shop.engine)

    monkeypatch.setattr(registry_module, "read_snapshot", slow)
    epoch = await registry_changes.set_terminal_enabled(shop.engine, shop.terminal_id, False)
    dropped = asyncio.create_task(registry.refresh_if_behind(epoch))
    await has_begun.wait()
    staying = asyncio.create_task(registry.refresh_if_behind(epoch))
    dropped.cancel()
    may_go_on.set()
    await staying
    assert dropped.cancelled()
    assert epoch == registry.snapshot.epoch


async def test_a_registry_that_cannot_read_again_decides_nothing(shop: Shop) -> None:
    """What it said before may be wrong by now: the caller gets an error, and not the old answer."""
    held = await read_snapshot(shop.engine)
    registry = Registry(make_engine("postgresql+asyncpg://postgres@/absent?host=/nonexistent"), held)
    epoch = await registry_changes.set_terminal_enabled(shop.engine, shop.terminal_id, False)
    results = await asyncio.gather(
        *(registry.refresh_if_behind(epoch) for _ in range(3)), return_exceptions=True
    )
    assert [BehindError] * 3 == [type(result) for result in results]
    await registry.refresh_if_behind(held.epoch)
    assert held is registry.snapshot


async def test_an_epoch_that_the_database_does_not_have_is_refused(shop: Shop) -> None:
    """A standby that lags, or a message that lies: better no decision than one on less than was asked for."""
    registry = await Registry.load(shop.engine)
    with pytest.raises(BehindError, match="not"):
        await registry.refresh_if_behind(registry.snapshot.epoch + 1)


async def test_a_node_without_purchases_follows_the_registry(shop: Shop) -> None:
    """A revoked key is refused also where no batch reads the epoch."""
    registry = await Registry.load(shop.engine)
    following = asyncio.create_task(registry.follow(interval_s=0.01))
    await registry_changes.revoke_key(shop.engine, FINGERPRINT, "утеря")
    await until(shop.engine, lambda: FINGERPRINT in registry.snapshot.revoked)
    following.cancel()
    await asyncio.wait([following])
    assert following.cancelled()


async def test_a_node_whose_batches_tell_the_epoch_does_not_ask_for_it_too(shop: Shop) -> None:
    """The next question comes when nothing was heard for the interval."""
    no_database: Any = None
    registry = Registry(no_database, await read_snapshot(shop.engine))
    await registry.refresh_if_behind(registry.snapshot.epoch)
    following = asyncio.create_task(registry.follow(interval_s=3600.0))
    asking = asyncio.create_task(registry.follow(interval_s=0.0))
    await asyncio.wait([asking])
    assert isinstance(asking.exception(), AttributeError), "it would ask"
    assert not following.done()
    following.cancel()
    await asyncio.wait([following])


async def test_following_goes_on_after_the_database_was_away(
    shop: Shop, postgres: EmbeddedPostgres, database_name: str
) -> None:
    """An outage is told once and waited out; the first look after it brings what changed meanwhile."""
    gateway_engine = make_engine(postgres.url(database_name, "tillgate_gateway"))
    registry = await Registry.load(gateway_engine)
    postgres.execute(f"REVOKE CONNECT ON DATABASE {database_name} FROM PUBLIC")
    postgres.execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
        " WHERE datname = current_database() AND usename = 'tillgate_gateway'",
        database_name,
    )
    with capture_logs() as logs:
        following = asyncio.create_task(registry.follow(interval_s=0.01))
        epoch = await registry_changes.set_outlet_enabled(shop.engine, shop.outlet_id, False)
        await until(shop.engine, lambda: bool(logs))
        assert epoch > registry.snapshot.epoch
        postgres.execute(f"GRANT CONNECT ON DATABASE {database_name} TO PUBLIC")
        await until(shop.engine, lambda: epoch == registry.snapshot.epoch)
        following.cancel()
        await asyncio.wait([following])
    assert ["the registry cannot be followed"] == [entry["event"] for entry in logs]
    await gateway_engine.dispose()
