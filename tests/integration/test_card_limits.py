"""Limits of cards at the door: guessing, typed numbers, quotas of keys; the honest till beside is served."""

import asyncio
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

import grpc
import pytest
from google.protobuf.message import Message
from redis import Redis

from gateway.jsondoor.paths import OPENAPI_PATH
from gateway.registry.card_locks import LockKind, lift_lock, read_locks
from gateway.rpc import metrics
from gateway.runtime.bootstrap import start_ledger
from gateway.runtime.database import driver_connection
from gateway.runtime.keys import load_keys
from tests import wire_kit as till
from tests.cards_kit import number
from tests.crash.processes import eventually
from tests.door_kit import Door, Refused, Till, door_on
from tests.json_client import connect, said_to
from tests.transports import TRANSPORTS, refused
from tillgate.v1 import goods_service_pb2 as goods
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service
from tillgate.v1 import reason_pb2

LIMITS = """
[guessing]
terminal_cards = 4
merchant_cards = 6
[keyed]
terminal_a_day = 3
[submissions]
waiting = 2
"""
GUESSING, KEYED = "CARD_GUESSING", "TOO_MANY_KEYED_CARDS"
UNKNOWN = reason_pb2.REASON_CARD_UNKNOWN


@pytest.fixture
async def door(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[Door]:
    """A gateway with small limits."""
    async with limited(tmp_path, database_url, redis_url, LIMITS) as running:
        yield running


def limited(folder: Path, database_url: str, redis_url: str, limits: str) -> Any:
    """A gateway with a file of limits."""
    file = folder / "limits.toml"
    file.write_text(limits, encoding="utf-8")
    return door_on(folder, database_url, redis_url, limits_file=file)


def unknown(n: int, **changes: Any) -> wire.Card:
    """A card that nobody knows."""
    return wire.Card(number=number(n), **changes)


async def reason_of(client: Till, request: Message) -> str:
    """The name of the reason that a request is declined or refused for; empty if it is approved."""
    try:
        answer = await client.call(request)
    except Refused as error:
        return error.reason
    said = (
        wire.SignedOutcome.FromString(answer.answer.signed_payload) if hasattr(answer, "answer") else answer
    )
    return reason_pb2.Reason.Name(said.reason).removeprefix("REASON_").removesuffix("UNSPECIFIED")


KINDS: dict[str, Callable[[int], Message]] = {
    "sale": lambda n: till.sale(card=unknown(n)),
    "quote": lambda n: till.quote(card=unknown(n)),
    "balance": lambda n: service.GetBalanceRequest(card=unknown(n)),
}


@pytest.mark.parametrize("kind", KINDS)
async def test_a_till_that_guesses_cards_is_locked(door: Door, kind: str) -> None:
    """By whatever question; four guesses are answered, and then not even a right one."""
    guesser, card = door.till(), await door.card(500_00)
    assert ["CARD_UNKNOWN"] * 4 == [await reason_of(guesser, KINDS[kind](n)) for n in range(4)]
    assert [GUESSING] * 3 == [await reason_of(guesser, KINDS[kind](n)) for n in range(4, 7)]
    for request in (till.sale(card=card), till.quote(card=card), service.GetBalanceRequest(card=card)):
        assert GUESSING == await reason_of(guesser, request)
    assert "" == await reason_of(door.till(door.tills_of(1)[0]), till.sale(card=card))


async def test_many_guesses_at_once_get_no_more_answers_than_one_by_one(door: Door) -> None:
    """A batch that goes beyond the limit is refused whole."""
    guesser = door.till()
    found = await asyncio.gather(*(reason_of(guesser, till.sale(card=unknown(n))) for n in range(40)))
    assert found.count("CARD_UNKNOWN") <= 4
    assert {GUESSING, "CARD_UNKNOWN"} >= set(found)


async def test_a_refused_guess_leaves_its_request_id_free(door: Door) -> None:
    """And nothing is recorded of it."""
    guesser = door.till()
    for n in range(4):
        await reason_of(guesser, till.sale(card=unknown(n)))
    before = await door.dump("outcome")
    assert GUESSING == await reason_of(guesser, till.sale(card=unknown(9)))
    assert before == await door.dump("outcome")


async def test_one_unknown_card_again_and_again_is_no_guessing(door: Door) -> None:
    """A holder whose card is not registered tries more than once."""
    honest = door.till()
    found = {await reason_of(honest, till.sale(card=unknown(1))) for _ in range(12)}
    assert {"CARD_UNKNOWN"} == found


async def test_guesses_of_a_merchants_tills_count_together(door: Door) -> None:
    """Who spreads them over his tills is locked as a merchant; other merchants are not."""
    one, two = (door.till(client) for client in door.tills_of(0))
    found = [await reason_of(client, till.sale(card=unknown(n))) for n, client in enumerate([one, two] * 4)]
    assert ["CARD_UNKNOWN"] * 6 + [GUESSING] * 2 == found
    assert "CARD_UNKNOWN" == await reason_of(door.till(door.tills_of(1)[0]), till.sale(card=unknown(1)))


async def test_a_lock_holds_at_every_node_and_ends_by_an_operator(door: Door) -> None:
    """Another process knows it with its next batch; lifted, counting begins anew."""
    guesser = door.till()
    for n in range(5):
        await reason_of(guesser, till.sale(card=unknown(n)))
    async with door.ledger.engine.begin() as connection:
        [lock] = await read_locks(connection)
        assert (LockKind.GUESSING, guesser.terminal_id) == (lock.kind, lock.terminal_id)
        await door.ledger.registry.refresh_if_behind(door.ledger.registry.snapshot.epoch + 1)
        standing = door.ledger.registry.standing_of(guesser.terminal_id)
        assert standing is not None
        assert lock.until == standing.guessing_until
        assert await lift_lock(connection, lock.id, by="desk")
    assert "CARD_UNKNOWN" == await reason_of(guesser, till.sale(card=unknown(20)))


async def test_a_lock_ends_by_time(door: Door) -> None:
    """Without anybody's doing."""
    guesser = door.till()
    for n in range(5):
        await reason_of(guesser, till.sale(card=unknown(n)))
    async with driver_connection(door.ledger.engine) as connection:
        await connection.execute(
            "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE"
            " AS $$ SELECT clock_timestamp() + '61 minutes'::interval $$"
        )
    assert "CARD_UNKNOWN" == await reason_of(guesser, till.sale(card=unknown(20)))


async def test_what_cannot_be_counted_is_not_answered(door: Door) -> None:
    """It fails closed; the honest card beside it is served."""
    guesser, card = door.till(), await door.card(500_00)
    async with driver_connection(door.ledger.engine) as connection:
        await connection.execute("ALTER TABLE card_try RENAME TO card_try_gone")
    for request in (till.sale(card=unknown(1)), till.quote(card=unknown(1))):
        assert "UNAVAILABLE" == await reason_of(guesser, request)
    assert "" == await reason_of(guesser, till.sale(card=card))


async def test_typed_numbers_are_limited_by_terminal_and_day(door: Door) -> None:
    """A read card is served; a replay of a typed purchase is the stored answer and no new try."""
    client, card = door.till(), await door.card(5000_00)
    keyed = wire.Card(number=card.number, series=card.series, entry_mode=wire.CARD_ENTRY_MODE_KEYED)
    first = till.sale(card=keyed)
    for request in (first, first, till.quote(card=keyed), service.GetBalanceRequest(card=keyed)):
        assert "" == await reason_of(client, request)
    assert KEYED == await reason_of(client, till.sale(card=keyed))
    assert KEYED == await reason_of(client, service.GetBalanceRequest(card=keyed))
    assert "" == await reason_of(client, first)
    assert "" == await reason_of(client, till.sale(card=card))
    assert "" == await reason_of(door.till(door.tills_of(0)[1]), till.sale(card=keyed))


async def test_goods_that_wait_are_limited_by_merchant(door: Door) -> None:
    """What waits already may be asked for again; another merchant has his own number."""
    items = [goods.SubmittedItem(item_code=f"A{n}", item_name=f"Товар {n}") for n in range(3)]

    async def submit(client: Till, some: list[goods.SubmittedItem]) -> None:
        call: Any = client.channel.unary_unary(
            "/tillgate.v1.GoodsService/SubmitGoods",
            request_serializer=goods.SubmitGoodsRequest.SerializeToString,
        )
        try:
            await call(goods.SubmitGoodsRequest(items=some))
        except grpc.aio.AioRpcError as error:
            raise refused(error) from error

    client = door.till()
    await submit(client, items[:2])
    with pytest.raises(Refused) as caught:
        await submit(client, items)
    assert ("TOO_MANY_SUBMISSIONS", grpc.StatusCode.RESOURCE_EXHAUSTED) == (
        caught.value.reason,
        caught.value.code,
    )
    await submit(client, items[:2])
    await submit(door.till(door.tills_of(1)[0]), items[1:])


async def test_purchases_by_one_card_are_slowed_and_others_are_not(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    """By name, with the time to come back; the request id stays free, and a replay is never slowed."""
    speed = "[velocity]\ncard = {purchases = 3, window_s = 3600}\n"
    async with limited(tmp_path, database_url, redis_url, speed) as door:
        client, card, other = door.till(), await door.card(5000_00), await door.card(5000_00)
        first = till.sale(card=card)
        for request in (first, till.sale(card=card), till.sale(card=card)):
            assert "" == await reason_of(client, request)
        slowed = till.sale(card=card)
        assert "CARD_TOO_FREQUENT" == await reason_of(client, slowed)
        assert "" == await reason_of(client, first)
        assert "" == await reason_of(client, till.sale(card=other))
        assert "" == await reason_of(client, till.quote(card=card))
        with Redis.from_url(redis_url) as client_of_redis:
            client_of_redis.flushall()
        assert "" == await reason_of(client, slowed)


async def test_in_development_nothing_is_slowed_unless_a_file_says_so(door: Door) -> None:
    """A demo buys in a minute what a shop sells in a day."""
    settings = door.settings.model_copy(update={"limits_file": None})
    parts = await start_ledger(settings, load_keys(settings))
    assert parts.velocity is None
    await parts.stop()


@pytest.mark.parametrize("transport", TRANSPORTS)
async def test_a_client_key_that_asks_too_often_is_told_when_to_come_again(
    tmp_path: Path, database_url: str, redis_url: str, transport: str
) -> None:
    """At every door and over streams; another key beside it is served, and the refusals are counted."""
    async with limited(tmp_path, database_url, redis_url, "[client]\nper_s = 1\n") as door:
        door.transport = transport
        card = await door.card(500_00)
        busy, honest = door.till(), door.till(door.tills_of(1)[0])
        assert ["", ""] == [await reason_of(busy, till.quote(card=card)) for _ in range(2)]
        reasons = [await reason_of(busy, till.quote(card=card)) for _ in range(20)]
        assert "CLIENT_TOO_BUSY" in reasons
        assert "" == await reason_of(honest, till.quote(card=card))
        counted = [
            sample.value
            for sample in next(iter(metrics.REQUESTS.collect())).samples
            if sample.name.endswith("_total") and sample.labels["reason"] == "CLIENT_TOO_BUSY"
        ]
        assert sum(counted) >= reasons.count("CLIENT_TOO_BUSY")


async def test_a_client_key_has_only_so_many_connections_to_the_json_door(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    """Whoever opens one more is told so and hung up on; one that ends makes room; others have their own."""
    async with limited(tmp_path, database_url, redis_url, "[client]\njson_connections = 2\n") as door:
        folders = [door.fixture.terminals[0].folder, door.tills_of(1)[0].folder]
        asked = f"GET {OPENAPI_PATH} HTTP/1.1\r\nHost: localhost\r\n\r\n".encode()

        async def status(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bytes:
            writer.write(asked)
            return (await reader.readline()).split()[1]

        held = [await connect(folders[0], door.gateway.json_port) for _ in range(2)]
        assert [b"200", b"200"] == [await status(*one) for one in held]
        last = asked.replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
        refused = await said_to(folders[0], door.gateway.json_port, asked)
        assert b"CLIENT_TOO_BUSY" in refused
        assert b" 429 " in refused.splitlines()[0]
        assert b" 200 " in (await said_to(folders[1], door.gateway.json_port, last)).splitlines()[0]
        held[0][1].close()

        async def has_room() -> bool:
            return b" 200 " in (await said_to(folders[0], door.gateway.json_port, last)).splitlines()[0]

        await eventually(has_room, "a connection that ended makes room")
        held[1][1].close()


async def test_a_client_key_has_no_more_than_its_share_of_places(
    tmp_path: Path, database_url: str, redis_url: str
) -> None:
    """Who goes beyond is told so; another key beside it is served."""
    async with limited(tmp_path, database_url, redis_url, "[client]\nin_flight = 2\n") as door:
        card, other = await door.card(500_00), await door.card(500_00)
        busy, honest = door.till(), door.till(door.tills_of(1)[0])
        async with door.stalled(card):
            waiting = [asyncio.create_task(reason_of(busy, till.sale(card=card))) for _ in range(2)]
            await door.until_waiting()
            while "CLIENT_TOO_BUSY" != await reason_of(busy, till.sale(card=other)):
                pass
        assert {"", "INSUFFICIENT_POINTS"} >= {await task for task in waiting}
        assert "" == await reason_of(honest, till.sale(card=other))
        assert "" == await reason_of(busy, till.quote(card=card, accept_partial=True))
