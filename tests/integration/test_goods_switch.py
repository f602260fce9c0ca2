"""Lists that change while gateways serve tills: at one instant, at every node, and never within a basket."""

import json
from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from gateway.goods.reference.kinds import Kind
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests import wire_kit
from tests.crash.harness import Town, found_town
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import Manner, Till, shopping, tills_at
from tests.goods_kit import publish_soon
from tests.reference_kit import Desk, gtin
from tillgate.v1 import purchase_pb2 as wire

SEED = 20261123
NEW = "2026-without-bread"
BEYOND = timedelta(milliseconds=500)

_JUDGED = """
SELECT p.authorized_at AS decided_at, p.list_version,
  ARRAY(SELECT DISTINCT l -> 'verdict' ->> 'list_version' FROM jsonb_array_elements(p.lines::jsonb) l) AS told
FROM purchase p"""


@pytest.fixture
async def town(
    postgres: EmbeddedPostgres, database_name: str, valkey: EmbeddedValkey, tmp_path: Path
) -> Town:
    """Keys, tills and cards at a database of this test's own."""
    return await found_town(postgres, database_name, valkey.url, tmp_path / "data", cards=4)


async def serving(gateway: GatewayProcess) -> float:
    """How many outcomes a gateway has decided."""
    return await gateway.metric("tillgate_outcomes_total")


async def judged(connection: asyncpg.Connection) -> list[tuple[datetime, str, list[str]]]:
    """When each purchase was decided, by which list, and by which lists its lines."""
    return [tuple(row) for row in await connection.fetch(_JUDGED)]


async def test_a_switch_under_load_is_at_one_instant_and_never_within_a_basket(
    town: Town, desk: Desk, tmp_path: Path
) -> None:
    """Two gateways sell all the while; of each purchase the instant alone says which list judged it."""
    with (
        GatewayProcess(town.settings, tmp_path / "1.log") as one,
        GatewayProcess(town.settings, tmp_path / "2.log") as other,
    ):
        for gateway in (one, other):
            await gateway.start_ready()
        async with tills_at(town.clients, one.address, other.address) as tills:
            for till in tills:
                till.wanders = True
            manner = Manner(at_once=1)
            async with shopping(tills, town.cards, SEED, manner) as load:
                await load.progress(50)
                await desk.prohibited(NEW, "10.71")
                begins = await publish_soon(desk, Kind.PROHIBITED, NEW)
                while await desk.now() < begins + BEYOND:
                    await load.progress(20)
        assert 0 < min([await serving(gateway) for gateway in (one, other)])
    found = await judged(desk.connection)
    assert [row for row in found if row[2] != [row[1]]] == [], "a basket by two lists"
    assert [row for row in found if (row[1] == NEW) != (row[0] >= begins)] == [], "not by its instant"
    sides = [sum(row[0] < begins for row in found), sum(row[0] >= begins for row in found)]
    assert min(sides) > 20


@pytest.fixture
async def till(town: Town, tmp_path: Path) -> AsyncIterator[tuple[GatewayProcess, Till]]:
    """A till at a gateway that is not started yet."""
    with GatewayProcess(town.settings, tmp_path / "gateway.log") as gateway:
        async with tills_at(town.clients[:1], gateway.address) as tills:
            yield gateway, tills[0]


async def test_a_node_that_cannot_make_its_files_is_not_ready_and_becomes_so_by_itself(
    town: Town, till: tuple[GatewayProcess, Till], desk: Desk, tmp_path: Path
) -> None:
    """Readiness says what is missing; no purchase is decided without the catalogue that is in force."""
    gateway, at_till = till
    await desk.catalogue([(gtin(7), "Водка", "11.01.10")], "c1")
    begins = await publish_soon(desk, Kind.CATALOGUE, "c1")
    folder = tmp_path / "data" / "goods"
    folder.write_text("in the way")

    async def is_in_force() -> bool:
        return await desk.now() >= begins

    await eventually(is_in_force, "the catalogue is in force")
    gateway.start()
    said = ""

    async def answers() -> bool:
        nonlocal said
        status, body = await gateway.get("/readyz")
        said = json.loads(body)["checks"]["goods"] if status else ""
        return status == 503

    await eventually(answers, "readiness answers")
    assert "catalogue-1-" in said
    assert "`tillgate goods prepare`" in said
    line = wire_kit.line(1, 10_00, gtin=gtin(7))
    card = wire.Card(number=town.cards[0])
    sent = await at_till.send("Authorize", wire_kit.authorize(line, card=card), timeout_s=5)
    assert sent.errors == ["UNAVAILABLE"]
    folder.unlink()
    await eventually(gateway.says_ready, "the file is made")
    assert await at_till.deliver(sent)
    rows = await desk.connection.fetch("SELECT lines FROM purchase")
    verdicts = [one["verdict"] for row in rows for one in row["lines"]]
    assert [(v["source"], v["okpd2"]) for v in verdicts] == [("catalogue", "11.01.10")]
