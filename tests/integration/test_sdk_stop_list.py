"""The till's own stop list, from the real gateway, by every client."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
import pytest

from gateway.domain.card_tokens import tokens_of
from gateway.registry.cards import ring_token
from gateway.registry.stop_list.changing import Origin, ReadCard, Stop, StopListDesk
from gateway.registry.stop_list.reading import renew_list_key
from gateway.runtime.embedded import EmbeddedPostgres
from gateway.runtime.keys import load_card_keys, load_signer, load_stop_list_keys
from gateway.runtime.settings import Settings
from merchant_sdk import (
    Basket,
    Card,
    Line,
    Reason,
    ReferenceMismatchError,
    StopList,
)
from tests.cards_kit import number
from tests.sdk_support.book import CARD
from tests.sdk_support.real import RealGateway
from tests.sdk_support.tills import FLAVOURS, Till, till_of

BASKET = Basket.of(Line.piece("Молоко", unit_price_kopecks=100_00, okpd2="10.51.11"))


@dataclass(frozen=True)
class Place:
    """A till, and a desk at the gateway's list."""

    till: Till
    connection: asyncpg.Connection
    settings: Settings

    def read(self, card: str) -> ReadCard:
        """A card as the desk reads it."""
        token = ring_token(card, "", load_card_keys(self.settings))
        return ReadCard(tokens_of(token), card, "")

    async def change(self, *, stops: tuple[str, ...] = (), lifts: tuple[str, ...] = ()) -> None:
        """One change of the list."""
        desk = StopListDesk(
            load_stop_list_keys(self.settings),
            load_signer(self.settings),
            load_card_keys(self.settings).key_id,
        )
        await desk.change(
            self.connection,
            by="desk",
            origin=Origin.LIST,
            stops=[Stop(self.read(card), "lost") for card in stops],
            lifts=[self.read(card) for card in lifts],
        )


@pytest.fixture(params=FLAVOURS)
async def at(
    request: pytest.FixtureRequest,
    gateway: RealGateway,
    postgres: EmbeddedPostgres,
    database_name: str,
    tmp_path: Path,
) -> AsyncIterator[Place]:
    """A till of each flavour."""
    connection = await asyncpg.connect(postgres.url(database_name).replace("+asyncpg", ""))
    try:
        async with till_of(request.param, gateway.over_wire) as till:
            yield Place(till, connection, Settings(data_dir=tmp_path))
    finally:
        await connection.close()


async def test_a_till_knows_stopped_cards_by_its_own_list(at: Place, tmp_path: Path) -> None:
    """In full, saved, loaded after a restart, brought up to date by changes; and how old it is."""
    await at.change(stops=(number(1), number(2)))
    first = await at.till.download_stop_list()
    assert (1, 2) == (first.version, len(first.entries))
    assert first.is_stopped(Card(number(1)))
    assert not first.is_stopped(Card(number(3)))
    assert timedelta(0) < first.age(datetime.now(UTC)) < timedelta(minutes=2)
    first.save(tmp_path / "stop_list.json")
    await at.change(stops=(number(3),), lifts=(number(1),))
    loaded = StopList.load(tmp_path / "stop_list.json")
    assert first == loaded
    second = await at.till.download_stop_list(since=loaded)
    full = await at.till.download_stop_list()
    assert (second.version, second.entries, second.key) == (full.version, full.entries, full.key)
    assert [False, True, True] == [second.is_stopped(Card(number(n))) for n in (1, 2, 3)]
    again = await at.till.download_stop_list(since=second)
    assert (second.version, second.entries) == (again.version, again.entries)
    assert again.read_at > second.read_at


async def test_before_anything_is_stopped_there_is_an_empty_list(at: Place) -> None:
    """Version 0, signed all the same."""
    found = await at.till.download_stop_list()
    assert (0, None, frozenset()) == (found.version, found.made_at, found.entries)


async def test_a_list_of_a_renewed_key_comes_in_full(at: Place) -> None:
    """After the loss of a till what it held is worth nothing."""
    await at.change(stops=(number(1),))
    first = await at.till.download_stop_list()
    assert 2 == await renew_list_key(at.connection, first.merchant_id)
    second = await at.till.download_stop_list(since=first)
    assert 2 == second.key.version
    assert first.entries.isdisjoint(second.entries)
    assert second.is_stopped(Card(number(1)))


async def test_a_list_that_was_changed_by_hand_is_noticed(at: Place, tmp_path: Path) -> None:
    """A cashier who takes a card out of the file gets no list at all."""
    await at.change(stops=(number(1), number(2)))
    first = await at.till.download_stop_list()
    spoilt = replace(first, entries=frozenset(list(first.entries)[:1]))
    with pytest.raises(ReferenceMismatchError):
        await at.till.download_stop_list(since=spoilt)
    spoilt.save(tmp_path / "stop_list.json")
    with pytest.raises(ReferenceMismatchError):
        StopList.load(tmp_path / "stop_list.json")


async def test_a_list_file_is_readable_by_its_user_alone(at: Place, tmp_path: Path) -> None:
    """The key of the list stands in it."""
    (await at.till.download_stop_list()).save(tmp_path / "stop_list.json")
    assert 0o600 == (tmp_path / "stop_list.json").stat().st_mode & 0o777


async def test_answers_tell_the_stop_list_that_they_went_by(at: Place) -> None:
    """Nothing while nothing was stopped; then the newest version, so that a till sees that it is behind."""
    card = Card(CARD)
    assert (await at.till.get_balance(card)).stop_list is None
    await at.change(stops=(number(1),))
    told = (await at.till.download_stop_list()).version
    balance, quote = await at.till.get_balance(card), await at.till.quote(card, BASKET)
    sale = await at.till.sale(card, BASKET)
    for mark in (balance.stop_list, quote.stop_list, sale.stop_list):
        assert mark is not None
        assert told == mark.version
        assert abs(mark.made_at - datetime.now(UTC)) < timedelta(minutes=2)


async def test_a_stop_marks_what_was_held_before_though_its_holder_has_another_card(at: Place) -> None:
    """As when a stolen card is stopped whose holder has a new one; what the new one buys is not marked."""
    other = number(2)
    await at.connection.execute(
        "INSERT INTO card (token, account_id, token_key_id)"
        " SELECT $1, account_id, token_key_id FROM card WHERE token = $2",
        at.read(other).tokens[0], at.read(CARD).tokens[0],
    )  # fmt: skip
    before = await at.till.authorize(Card(CARD), BASKET)
    await at.change(stops=(CARD,))
    after = await at.till.authorize(Card(other), BASKET)
    marked = [(await at.till.capture(held.purchase.ref)).card_stopped_meanwhile for held in (before, after)]
    assert [True, False] == marked
    assert 1 == await at.connection.fetchval("SELECT count(*) FROM review_case")


async def test_a_stop_between_hold_and_capture_leaves_the_hold_and_marks_the_purchase(at: Place) -> None:
    """The goods are in the bag; somebody looks at it later, and a new purchase is refused."""
    held = await at.till.authorize(Card(CARD), BASKET)
    await at.change(stops=(CARD,))
    done = await at.till.capture(held.purchase.ref)
    assert (True, True) == (done.card_stopped_meanwhile, done.purchase.captured_after_stop)
    refused = await at.till.sale(Card(CARD), BASKET)
    assert Reason.CARD_STOPPED is refused.reason
    case = await at.connection.fetchrow("SELECT kind, purchase_id, amount_kopecks FROM review_case")
    assert ("CAPTURED_AFTER_STOP", done.purchase.purchase_id, 100_00) == tuple(case)
    view = await at.till.get_purchase(held.purchase.ref)
    assert view.purchase.captured_after_stop
    await at.change(lifts=(CARD,))
    assert (await at.till.sale(Card(CARD), BASKET)).is_approved
