"""What every ledger does, the committer and the plain one that it is compared with."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from msgspec.structs import replace

from gateway.domain.commands import Authorize, ByPurchaseId, ByRequestId, Capture, CloseShift, Void
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.ledger.reader import LedgerReader
from tests.ledger_kit import Kit, NoRegistry, authorize, kit_on, line, must, new_request_id, origin, standing


@pytest.fixture(params=["committer", "plain"])
async def kit(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    """A ledger of this test's own."""
    async with kit_on(database_url, is_plain=request.param == "plain") as made:
        yield made


async def test_a_command_whose_deadline_passed_before_it_started_is_dropped_and_told_so(kit: Kit) -> None:
    """Its request id stays free."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    command = authorize(token, line(1, 10_00))
    with pytest.raises(CommandError) as error:
        await ledger.submit(command, deadline=asyncio.get_running_loop().time() - 1)
    assert Reason.EXPIRED_IN_QUEUE == error.value.reason
    assert not (await ledger.submit(command)).is_replay


async def test_a_purchase_that_is_replaced_gives_its_points_to_the_new_one(kit: Kit) -> None:
    """`replaces_request_id` voids the old hold and takes the new one in one command."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    old = authorize(token, line(1, 400_00))
    await ledger.submit(old)
    new = authorize(token, line(1, 450_00), replaces_request_id=old.request_id)
    assert must(await ledger.submit(new)).is_approved
    assert [(50_00, 450_00, 0, 0)] == await kit.balances(token)
    void = must(await ledger.submit(Void(new_request_id(), origin(), ByRequestId(old.request_id))))
    assert Reason.ALREADY_VOIDED == void.reason


async def test_a_replaced_purchase_that_never_arrived_is_declined_when_it_does(kit: Kit) -> None:
    """The new command entombs the id that it replaces."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    lost = authorize(token, line(1, 400_00))
    new = authorize(token, line(1, 100_00), replaces_request_id=lost.request_id)
    assert must(await ledger.submit(new)).is_approved
    assert (await ledger.submit(lost)).is_replay
    assert [(400_00, 100_00, 0, 0)] == await kit.balances(token)


async def test_a_suspended_merchant_gets_no_authorization_but_may_capture(kit: Kit) -> None:
    """Buyers must not be trapped (truth 12)."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    held = must(await ledger.submit(authorize(token, line(1, 100_00))))
    assert held.purchase
    kit.standings[11] = replace(standing(11), suspended_at=held.purchase.authorized_at)
    again = must(await ledger.submit(authorize(token, line(1, 100_00))))
    captured = must(await ledger.submit(Capture(new_request_id(), origin(), ByPurchaseId(held.purchase.id))))
    assert (Reason.MERCHANT_SUSPENDED, None) == (again.reason, captured.reason)


async def test_a_closed_shift_is_totalled_once_and_ends_the_void_of_its_captures(kit: Kit) -> None:
    """After the close only a refund helps; a second close is refused, a repeated one answered again."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    sold = must(await ledger.submit(authorize(token, line(1, 100_00), is_sale=True)))
    await ledger.submit(authorize(token, line(1, 50_00)))
    assert sold.purchase
    close = CloseShift(new_request_id(), origin(shift_number=1))
    first, repeated = await ledger.submit(close), await ledger.submit(close)
    totals = must(first).shift
    assert totals
    assert (1, 100_00, 1, 50_00) == (
        totals.captured_count,
        totals.captured_kopecks,
        totals.open_count,
        totals.open_kopecks,
    )
    assert first.sealed == repeated.sealed
    void = must(await ledger.submit(Void(new_request_id(), origin(), ByPurchaseId(sold.purchase.id))))
    assert Reason.ALREADY_CAPTURED == void.reason
    second = must(await ledger.submit(CloseShift(new_request_id(), origin(shift_number=1))))
    assert Reason.SHIFT_ALREADY_CLOSED == second.reason


async def test_decided_at_never_runs_backwards_on_an_account(kit: Kit) -> None:
    """A clock that is set back does not set the account back."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    await kit.shift_clock(timedelta(hours=1))
    first = must(await ledger.submit(authorize(token, line(1, 10_00)))).purchase
    await kit.shift_clock(timedelta(0))
    second = must(await ledger.submit(authorize(token, line(1, 10_00)))).purchase
    assert first
    assert second
    assert second.authorized_at >= first.authorized_at


async def test_an_unknown_card_is_declined_for_ever_under_its_request_id(kit: Kit) -> None:
    """The card may get an account later; this request id stays declined."""
    ledger = await kit.ledger()
    command: Authorize = authorize(b"\x07" * 16, line(1, 10_00))
    declined = await ledger.submit(command)
    assert Reason.CARD_UNKNOWN == must(declined).reason
    await kit.open_account("latecomer", b"\x07" * 16)
    repeated = await ledger.submit(command)
    assert repeated.is_replay
    assert declined.sealed == repeated.sealed


async def test_an_outcome_is_listed_only_when_no_earlier_one_can_still_come(kit: Kit) -> None:
    """A cursor must never pass an outcome that was decided before it and commits after it."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    command = authorize(token, line(1, 10_00))
    await ledger.submit(command)
    reader = LedgerReader(kit.connect, kit.rules, NoRegistry(), timedelta(seconds=5))
    start = datetime(2026, 1, 1, tzinfo=UTC)

    async def listed() -> list[UUID]:
        rows = await reader.list_operations(1, [11], after=None, decided_from=start, limit=10)
        return [row.request_id for row in rows]

    assert [] == await listed()
    await kit.shift_clock(timedelta(seconds=6))
    assert [command.request_id] == await listed()


async def test_a_capture_at_another_till_counts_in_that_till_s_shift(kit: Kit) -> None:
    """Each till's totals are what that till spent."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    held = must(await ledger.submit(authorize(token, line(1, 100_00))))
    assert held.purchase
    ref = ByPurchaseId(held.purchase.id)
    await ledger.submit(Capture(new_request_id(), origin(12, shift_number=4), ref))
    totals = [
        must(await ledger.submit(CloseShift(new_request_id(), origin(terminal, shift)))).shift
        for terminal, shift in ((11, 1), (12, 4))
    ]
    assert [0, 100_00] == [t.captured_kopecks for t in totals if t]


async def test_the_same_id_for_a_purchase_named_otherwise_is_refused(kit: Kit) -> None:
    """A Void by purchase id and one by request id are two bodies, whatever they name."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    command = authorize(token, line(1, 100_00))
    held = must(await ledger.submit(command))
    assert held.purchase
    void = Void(new_request_id(), origin(), ByPurchaseId(held.purchase.id))
    await ledger.submit(void)
    with pytest.raises(CommandError) as refused:
        await ledger.submit(replace(void, purchase=ByRequestId(command.request_id)))
    assert (Reason.REQUEST_ID_CONFLICT, "purchase") == (refused.value.reason, refused.value.field)


async def test_a_suspended_merchant_is_told_so_before_anything_of_the_card(kit: Kit) -> None:
    """The order of precedence holds also where there is no account."""
    ledger = await kit.ledger()
    kit.standings[11] = replace(standing(11), suspended_at=datetime(2026, 1, 1, tzinfo=UTC))
    declined = must(await ledger.submit(authorize(b"\x09" * 16, line(1, 10_00))))
    assert Reason.MERCHANT_SUSPENDED == declined.reason
