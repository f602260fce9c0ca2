"""Card token keys change under a running shop: cards go on, and get their new tokens by being used."""

import json
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.domain.card_tokens import RingToken
from gateway.ledger.issuing.store import accounts_of_cards, ensure_cards
from gateway.registry.cards import CardKeyFile, CardTokenKeys, card_token, ring_token
from gateway.registry.secret_files import SecretFileError
from gateway.runtime.database import driver_connection
from gateway.runtime.keys import load_card_keys
from tests import wire_kit as till
from tests.cards_kit import NEW, OLD, Desk, number
from tests.door_kit import Door, door_on
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service
from tillgate.v1 import reason_pb2


def test_a_ring_is_read_as_it_was_written(tmp_path: Path) -> None:
    """A key comes before the others, and an older one can be taken out; the newest never."""
    first = CardTokenKeys.create(tmp_path / "keys.json")
    second = first.rotated(tmp_path / "keys.json")
    third = second.rotated(tmp_path / "keys.json")
    assert third == CardTokenKeys.load(tmp_path / "keys.json")
    assert [third.key_id, second.key_id, first.key_id] == [one.key_id for one in third.ring]
    assert 0o600 == (tmp_path / "keys.json").stat().st_mode & 0o777
    assert [tmp_path / "keys.json"] == list(tmp_path.iterdir())
    left = third.without(second.key_id, tmp_path / "keys.json")
    assert left == CardKeyFile(tmp_path / "keys.json").load()
    assert [third.key_id, first.key_id] == [one.key_id for one in left.ring]
    for key_id in (third.key_id, second.key_id):
        with pytest.raises(LookupError):
            left.without(key_id, tmp_path / "keys.json")


@pytest.mark.parametrize("older", [1, [{"key_id": "a"}], ["x"], None, [{}]], ids=str)
def test_a_broken_ring_is_refused_without_its_keys(tmp_path: Path, older: object) -> None:
    """Half of a ring would lose cards."""
    keys = CardTokenKeys.create(tmp_path / "keys.json")
    content = json.loads((tmp_path / "keys.json").read_bytes())
    (tmp_path / "keys.json").write_text(json.dumps(content | {"older": older}))
    with pytest.raises(SecretFileError) as caught:
        CardTokenKeys.load(tmp_path / "keys.json")
    assert content["key_base64"] not in str(caught.value)
    (tmp_path / "keys.json").write_text(json.dumps(content | {"older": [content]}))
    with pytest.raises(SecretFileError):
        CardTokenKeys.load(tmp_path / "keys.json")
    assert keys.key_id == content["key_id"]


def test_one_key_makes_plain_tokens() -> None:
    """Nothing is looked for twice where nothing was rotated."""
    assert type(ring_token(number(1), "", OLD)) is bytes
    token = ring_token(number(1), "", NEW)
    assert isinstance(token, RingToken)
    assert (card_token(number(1), "", NEW), (card_token(number(1), "", OLD),)) == (bytes(token), token.older)
    assert number(1) not in repr(NEW)


@pytest.fixture
async def rotated(tmp_path: Path, database_url: str, redis_url: str) -> AsyncIterator[tuple[Door, wire.Card]]:
    """A gateway whose key was rotated after a card was bound."""
    async with door_on(tmp_path, database_url, redis_url) as before:
        card = await before.card(5000_00)
        first = till.sale(card=card)
        await before.till().call(first)
        unknown = till.sale(card=wire.Card(number=number(77)))
        await before.till().call(unknown)
    ring = load_card_keys(before.settings)
    ring.rotated(before.settings.keys_dir / "card_token_key.json")
    async with door_on(tmp_path, database_url, redis_url) as door:
        assert door.ledger.aliases is not None
        await replayed(door, first)
        await replayed(door, unknown)
        yield door, card


async def replayed(door: Door, request: service.SaleRequest) -> None:
    """The stored answer comes again, whichever key its card was named with."""
    async with driver_connection(door.ledger.engine) as connection:
        before = await connection.fetchval("SELECT count(*) FROM outcome")
        again = await door.till().outcome(request)
        assert again.request_id == request.header.request_id
        assert before == await connection.fetchval("SELECT count(*) FROM outcome")


async def test_a_card_of_an_old_key_is_served_and_gets_its_new_token(rotated: tuple[Door, wire.Card]) -> None:
    """By every question; stopping it stops both."""
    door, card = rotated
    client, aliases = door.till(), door.gateway._parts.aliases
    assert not (await client.call(service.GetBalanceRequest(card=card))).reason
    sold = await client.outcome(till.sale(card=card))
    assert wire.DECISION_APPROVED == sold.decision
    assert aliases is not None
    await aliases.run_once()
    ring = load_card_keys(door.settings)
    tokens = [card_token(card.number, card.series, one) for one in ring.ring]
    async with driver_connection(door.ledger.engine) as connection:
        rows = {
            row["token"]: tuple(row)[1:]
            for row in await connection.fetch("SELECT token, account_id, token_key_id, alias_of FROM card")
        }
        assert rows[tokens[0]][1:] == (ring.key_id, tokens[1])
        assert rows[tokens[0]][0] == rows[tokens[1]][0]
        await connection.execute("UPDATE card SET stopped_at = tillgate_now() WHERE token = $1", tokens[1])
    refused = await client.outcome(till.sale(card=card))
    assert reason_pb2.REASON_CARD_STOPPED == refused.reason


async def test_a_certificate_is_credited_to_the_card_of_an_old_key(database_url: str, kit_desk: Desk) -> None:
    """Its account is known; a file cannot give it to another one, nor bind a stopped card free."""
    newer = Desk(kit_desk.connection, NEW)
    await kit_desk.bind(1, 11)
    await kit_desk.stop(2)
    one, two = (ring_token(number(n), "", NEW) for n in (1, 2))
    assert {one: 11} == await accounts_of_cards(kit_desk.connection, [one, two])
    linked = await ensure_cards(kit_desk.connection, {one: 99, two: 12}, NEW.key_id)
    assert {one: 11, two: 12} == linked
    assert {newer.card(2).tokens[0]} == await kit_desk.stopped()


@pytest.fixture
async def kit_desk(database_url: str) -> AsyncIterator[Desk]:
    """A desk on a database of its own."""
    import asyncpg

    connection = await asyncpg.connect(database_url.replace("+asyncpg", ""))
    yield Desk(connection)
    await connection.close()
