"""What a snapshot of the registry holds, and how the registry is changed."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date
from hashlib import sha256

import pytest
from sqlalchemy import update
from sqlalchemy.dialects.postgresql import Range

from gateway.domain.policy import Agreement
from gateway.domain.reasons import Reason
from gateway.registry import schema
from gateway.registry.admin import UnknownCardError
from gateway.registry.enrolment_errors import EnrolmentError
from gateway.registry.keys.operating import UnknownKeyError
from gateway.registry.reading import read_snapshot
from gateway.registry.snapshot import ClientIdentity, ClientRefusedError
from tests import registry_changes
from tests.registry_kit import FINGERPRINT, Shop, add, add_link, add_outlet, agree, epoch_of, shop_on


@pytest.fixture
async def shop(database_url: str) -> AsyncIterator[Shop]:
    """The smallest registry."""
    async with shop_on(database_url) as made:
        yield made


async def test_a_snapshot_holds_terminals_with_their_standing(shop: Shop) -> None:
    """Merchant, outlet, agreements with their programs and days: all that a decision asks for."""
    first, second = date(2022, 3, 1), date(2023, 1, 1)
    old = await agree(shop, "1", Range(first, second), "food", "children")
    new = await agree(shop, "2", Range(second, None), "food")
    standing = (await read_snapshot(shop.engine)).standing_of(shop.terminal_id)
    assert standing is not None
    assert (shop.merchant_id, shop.outlet_id) == (standing.merchant_id, standing.outlet_id)
    assert (None, True, True) == (
        standing.suspended_at,
        standing.is_outlet_enabled,
        standing.is_terminal_enabled,
    )
    expected = {
        Agreement(old, frozenset(("food", "children")), first, second),
        Agreement(new, frozenset(("food",)), second, None),
    }
    assert expected == set(standing.agreements)
    days = [date(2022, 2, 28), first, date(2022, 12, 31), second]
    assert [None, old, old, new] == [standing.agreement_for("food", day) for day in days]
    assert standing.agreement_for("children", second) is None


async def test_a_key_names_its_terminal(shop: Shop) -> None:
    """A terminal's key speaks for that terminal."""
    snapshot = await read_snapshot(shop.engine)
    expected = ClientIdentity(shop.merchant_id, shop.terminal_id, 0, frozenset((shop.terminal_id,)))
    assert expected == snapshot.client(FINGERPRINT)


async def test_a_concentrator_speaks_for_all_terminals_of_its_outlets(shop: Shop) -> None:
    """Also for a terminal that joins later, and not for those of the outlet next door."""
    merchant_id = shop.merchant_id
    other = await add_outlet(shop.engine, merchant_id, "Магазин 2")
    await add(shop.engine, schema.terminal, outlet_id=other, name="Касса 1")
    chain = await add(shop.engine, schema.concentrator, merchant_id=merchant_id, name="Сеть")
    key = sha256(b"chain").digest()
    await add_link(shop.engine, schema.client_key, fingerprint=key, concentrator_id=chain)
    nobody = ClientIdentity(merchant_id, None, chain, frozenset())
    assert nobody == (await read_snapshot(shop.engine)).client(key)
    link = {"concentrator_id": chain, "outlet_id": shop.outlet_id, "merchant_id": merchant_id}
    await add_link(shop.engine, schema.concentrator_outlet, **link)
    late = await add(shop.engine, schema.terminal, outlet_id=shop.outlet_id, name="Касса 2")
    expected = ClientIdentity(merchant_id, None, chain, frozenset((shop.terminal_id, late)))
    assert expected == (await read_snapshot(shop.engine)).client(key)


Change = Callable[[Shop], Awaitable[int]]

CHANGES: dict[str, Change] = {
    "suspend": lambda shop: registry_changes.suspend_merchant(shop.engine, shop.merchant_id, "проверка"),
    "outlet": lambda shop: registry_changes.set_outlet_enabled(shop.engine, shop.outlet_id, False),
    "terminal": lambda shop: registry_changes.set_terminal_enabled(shop.engine, shop.terminal_id, False),
    "revoke": lambda shop: registry_changes.revoke_key(shop.engine, FINGERPRINT, "утеря"),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES.keys())
async def test_every_change_raises_the_epoch_and_is_in_the_next_snapshot(shop: Shop, change: Change) -> None:
    """The epoch that a change returns is the one under which a snapshot has it."""
    before = await read_snapshot(shop.engine)
    epoch = await change(shop)
    after = await read_snapshot(shop.engine)
    assert before.epoch < epoch == after.epoch
    assert (before.standings, before.clients) != (after.standings, after.clients)


async def test_what_the_changes_say_is_what_decisions_read(shop: Shop) -> None:
    """Suspended, disabled, revoked: each in the field that the rules look at."""
    for change in CHANGES.values():
        await change(shop)
    snapshot = await read_snapshot(shop.engine)
    standing = snapshot.standing_of(shop.terminal_id)
    assert standing is not None
    assert standing.suspended_at is not None
    assert (False, False) == (standing.is_outlet_enabled, standing.is_terminal_enabled)
    with pytest.raises(ClientRefusedError) as refused:
        snapshot.client(FINGERPRINT)
    assert Reason.CLIENT_REVOKED is refused.value.reason


async def test_a_suspension_keeps_its_first_instant(shop: Shop) -> None:
    """The wind-down time runs from it: a second suspension must not begin it anew."""
    await registry_changes.suspend_merchant(shop.engine, shop.merchant_id, "проверка")
    first = (await read_snapshot(shop.engine)).standing_of(shop.terminal_id)
    with pytest.raises(EnrolmentError):
        await registry_changes.suspend_merchant(shop.engine, shop.merchant_id, "ещё раз")
    assert first == (await read_snapshot(shop.engine)).standing_of(shop.terminal_id)


@pytest.mark.parametrize(
    "change",
    [
        lambda shop: registry_changes.suspend_merchant(shop.engine, 404, "проверка"),
        lambda shop: registry_changes.set_outlet_enabled(shop.engine, 404, False),
        lambda shop: registry_changes.set_terminal_enabled(shop.engine, 404, True),
        lambda shop: registry_changes.revoke_key(shop.engine, bytes(32), ""),
        lambda shop: registry_changes.stop_card(shop.engine, bytes(32), ""),
    ],
)
async def test_what_is_not_registered_cannot_be_changed(shop: Shop, change: Change) -> None:
    """A slip in a number is told, and does not pass for a change that was made."""
    epoch = await epoch_of(shop.engine)
    with pytest.raises((EnrolmentError, UnknownKeyError, UnknownCardError)):
        await change(shop)
    assert epoch == await epoch_of(shop.engine)


async def test_a_change_that_is_not_committed_is_not_seen(shop: Shop) -> None:
    """Change and epoch become visible together, or not at all."""
    before = await read_snapshot(shop.engine)
    async with shop.engine.connect() as connection:
        await connection.execute(update(schema.terminal).values(is_enabled=False))
        assert before == await read_snapshot(shop.engine)
        await connection.rollback()
    assert before == await read_snapshot(shop.engine)
