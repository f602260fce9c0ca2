"""The primary is lost and the synchronous standby takes its place: what a till was told is there."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.runtime.database import migrate
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests import wire_kit
from tests.crash.harness import Town, assert_clean, audit, found_town
from tests.crash.journal import Sent
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.standby import Pair, paired
from tests.crash.tills import Manner, begin_sale, shopping, tills_at
from tillgate.v1 import purchase_pb2 as wire

SEED = 20261122
DATABASE = "town"


@pytest.fixture
async def servers(valkey: EmbeddedValkey, tmp_path: Path) -> AsyncIterator[tuple[Pair, Town]]:
    """A town whose database has a synchronous standby; both servers are of this test alone."""
    with EmbeddedPostgres() as primary:
        primary.execute(f"CREATE DATABASE {DATABASE}")
        await asyncio.to_thread(migrate, primary.url(DATABASE))
        town = await found_town(primary, DATABASE, valkey.url, tmp_path / "data", cards=6)
        with paired(primary) as pair:
            await pair.be_synchronous()
            yield pair, town


def payload_of(sent: Sent) -> str:
    """SQL that asks a server for the stored answer of a request, as hexadecimal digits."""
    return f"SELECT encode(signed_payload, 'hex') FROM outcome WHERE request_id = '{sent.request_id}'"  # noqa: S608


async def test_a_primary_lost_under_load_costs_no_acknowledged_outcome(
    servers: tuple[Pair, Town], tmp_path: Path
) -> None:
    """Its files are gone; the promoted standby has every answer, and the same gateway process goes on."""
    pair, town = servers
    with GatewayProcess(pair.settings_of(town), tmp_path / "gateway.log") as gateway:
        await gateway.start_ready()
        async with tills_at(town.clients, *gateway.doors) as tills:
            async with shopping(tills, town.cards, SEED, Manner(timeout_s=60.0)) as load:
                await load.progress(300)
                pair.lose_the_primary()
                told = load.journal.acknowledged
                await asyncio.to_thread(pair.promote)
                await load.progress(200)
            await eventually(gateway.is_ready, "readiness is green again")
            journal = await audit(pair.after_failover(town), tills, SEED)
    assert {} == journal.errors()
    assert 300 <= told < journal.acknowledged


async def test_an_old_primary_without_its_standby_is_believed_by_nobody(
    servers: tuple[Pair, Town], tmp_path: Path
) -> None:
    """What it committed alone is neither shown nor told, not even after a crash made it visible there."""
    pair, town = servers
    settings = {**pair.settings_of(town), "TILLGATE_DATABASE_SILENCE_S": "1"}
    shown = "SELECT count(*) FROM outcome WHERE merchant_id <> 0"
    with GatewayProcess(settings, tmp_path / "gateway.log") as gateway:
        await gateway.start_ready()
        async with tills_at(town.clients[:1], gateway.address) as [till]:
            assert (await begin_sale(till, town.cards[0])).is_acknowledged
            await pair.be_cut_apart()
            sale = wire_kit.sale(card=wire.Card(number=town.cards[0]))
            sent = await till.send("Sale", sale, timeout_s=2.0)
            # The gateway has hung up; its commit waits on, unseen.
            await eventually(lambda: "database connection lost" in gateway.log)
            assert "1" == pair.primary.execute(shown, DATABASE)

            pair.primary.kill_immediate()
            pair.primary.start()
            assert "2" == pair.primary.execute(shown, DATABASE)
            assert not await till.deliver(sent, timeout_s=5.0)

            pair.promote()
            assert await till.deliver(sent)
    assert wire.DECISION_APPROVED == sent.outcome.decision
    after = pair.after_failover(town)
    await assert_clean(after)
    alone = pair.primary.execute(payload_of(sent), DATABASE)
    kept = pair.standby.execute(payload_of(sent), DATABASE)
    assert sent.outcome == wire.SignedOutcome.FromString(bytes.fromhex(kept))
    assert alone != kept
