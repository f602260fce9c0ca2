"""Races on real PostgreSQL: whoever comes first, no point is made, lost or spent twice.

Two ledgers stand for two workers. Of two committers both read before either writes, because a barrier
in the registry's epoch check (which lies between reading and deciding) makes them wait for each other.
Plain ledgers read with the account locked: they meet at its lock.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
import pytest
from msgspec.structs import replace

from gateway.domain.commands import ByPurchaseId, ByRequestId, Capture, Refund, RefundLine, Void
from gateway.domain.policy import Policy
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from tests.ledger_kit import Kit, Ledger, authorize, kit_on, line, must, new_request_id, origin


@pytest.fixture(params=["committer", "plain"])
async def kit(database_url: str, request: pytest.FixtureRequest) -> AsyncIterator[Kit]:
    """A ledger of this test's own."""
    async with kit_on(database_url, is_plain=request.param == "plain") as made:
        yield made


@pytest.fixture
async def committing(database_url: str) -> AsyncIterator[Kit]:
    """A ledger for what only a committer does: batches, and decisions on what was read without a lock."""
    async with kit_on(database_url) as made:
        yield made


class Barrier:
    """Stands between reading and deciding: the first readings of all parties go on together."""

    def __init__(self, parties: int) -> None:
        self.barrier = asyncio.Barrier(parties)
        self.rounds = 0

    async def refresh_if_behind(self, epoch: int) -> None:
        """Wait for the others, once."""
        self.rounds += 1
        if self.rounds <= self.barrier.parties:
            await self.barrier.wait()


async def racing(kit: Kit, parties: int = 2) -> list[Ledger]:
    """Ledgers whose first decisions meet: of committers, all have read before any of them decides."""
    ledgers = [await kit.ledger() for _ in range(parties)]
    if not kit.is_plain:
        barrier = Barrier(parties)
        for ledger in ledgers:
            ledger.registry = barrier
    return ledgers


async def test_two_tills_on_one_certificate_never_spend_it_twice(kit: Kit) -> None:
    """300 and 300 of 500: exactly one is approved, wherever they arrive."""
    token = await kit.card(await kit.ledger(), 500_00)
    one, two = await racing(kit)
    answers = await asyncio.gather(
        one.submit(authorize(token, line(1, 300_00))),
        two.submit(authorize(token, line(1, 300_00), terminal_id=12)),
    )
    assert [None, Reason.INSUFFICIENT_POINTS] == sorted(
        (must(a).reason for a in answers), key=lambda r: r or 0
    )
    assert [(200_00, 300_00, 0, 0)] == await kit.balances(token)


async def test_two_members_of_one_batch_on_one_certificate_see_each_other(committing: Kit) -> None:
    """Members of a batch are decided in order on one evolving account."""
    committer = await committing.committer()
    token = await committing.card(committer, 500_00)
    answers = await asyncio.gather(*(committer.submit(authorize(token, line(1, 200_00))) for _ in range(3)))
    assert [None, None, Reason.INSUFFICIENT_POINTS] == [must(a).reason for a in answers]
    assert [(100_00, 400_00, 0, 0)] == await committing.balances(token)


async def test_a_purchase_over_two_certificates_that_loses_one_is_decided_again_as_a_whole(kit: Kit) -> None:
    """Half a debit over two certificates never happens."""
    token = await kit.card(await kit.ledger(), 300_00, 300_00)
    one, two = await racing(kit)
    both, single = await asyncio.gather(
        one.submit(authorize(token, line(1, 500_00))), two.submit(authorize(token, line(1, 200_00)))
    )
    held = sum(balance[1] for balance in await kit.balances(token))
    approved = [
        o.purchase.approved_kopecks for o in (must(both), must(single)) if o.is_approved and o.purchase
    ]
    assert sum(approved) == held
    assert 1 == len(approved)


async def test_two_refunds_of_one_line_never_exceed_it(kit: Kit) -> None:
    """Refund against refund: one goes through, the other is refused."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    sold = must(await ledger.submit(authorize(token, line(1, 400_00), is_sale=True)))
    assert sold.purchase
    whole = Refund(new_request_id(), origin(), ByPurchaseId(sold.purchase.id), (RefundLine(1, 1000),))
    one, two = await racing(kit)
    answers = await asyncio.gather(one.submit(whole), two.submit(replace(whole, request_id=new_request_id())))
    assert {None, Reason.REFUND_ABOVE_CAPTURED} == {must(a).reason for a in answers}
    assert [(500_00, 0, 0, 0)] == await kit.balances(token)


async def test_void_against_capture_has_one_winner_and_the_books_agree(kit: Kit) -> None:
    """Either the hold is spent and the void refused, or it is free and the capture refused."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    held = must(await ledger.submit(authorize(token, line(1, 400_00))))
    assert held.purchase
    ref = ByPurchaseId(held.purchase.id)
    one, two = await racing(kit)
    void, capture = await asyncio.gather(
        one.submit(Void(new_request_id(), origin(12), ref)),
        two.submit(Capture(new_request_id(), origin(), ref)),
    )
    outcomes = must(void).reason, must(capture).reason
    assert outcomes in ((None, Reason.ALREADY_VOIDED), (Reason.OTHER_TERMINAL, None))
    expected = (500_00, 0, 0, 0) if outcomes[0] is None else (100_00, 0, 400_00, 0)
    assert [expected] == await kit.balances(token)


async def test_a_void_before_arrival_declines_the_purchase_that_comes_later(kit: Kit) -> None:
    """The tombstone is the one outcome of that id, whatever body arrives."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    late = authorize(token, line(1, 100_00))
    void = must(await ledger.submit(Void(new_request_id(), origin(), ByRequestId(late.request_id))))
    assert void.is_approved
    answer = await ledger.submit(late)
    assert answer.is_replay
    assert b"VOIDED_BEFORE_ARRIVAL" in answer.sealed.signed_payload or b"300" in answer.sealed.signed_payload
    assert [(500_00, 0, 0, 0)] == await kit.balances(token)


async def test_a_void_that_crosses_its_purchase_leaves_nothing_held(kit: Kit) -> None:
    """Void and Authorize of one id at two workers at once: whoever is first, nothing stays held."""
    token = await kit.card(await kit.ledger(), 500_00)
    one, two = await racing(kit)
    late = authorize(token, line(1, 100_00))
    await asyncio.gather(
        one.submit(late), two.submit(Void(new_request_id(), origin(), ByRequestId(late.request_id)))
    )
    assert [(500_00, 0, 0, 0)] == await kit.balances(token)


async def test_one_request_id_at_two_workers_has_one_outcome(kit: Kit) -> None:
    """Both tills' answers are the same bytes, and the points are held once."""
    token = await kit.card(await kit.ledger(), 500_00)
    one, two = await racing(kit)
    command = authorize(token, line(1, 100_00))
    first, second = await asyncio.gather(one.submit(command), two.submit(command))
    assert first.sealed == second.sealed
    assert [(400_00, 100_00, 0, 0)] == await kit.balances(token)


async def test_one_request_id_twice_in_one_batch_has_one_outcome(committing: Kit) -> None:
    """The second waits for the first and gets its stored answer."""
    committer = await committing.committer()
    token = await committing.card(committer, 500_00)
    command = authorize(token, line(1, 100_00))
    first, second = await asyncio.gather(committer.submit(command), committer.submit(command))
    assert (False, True) == (first.is_replay, second.is_replay)
    assert first.sealed == second.sealed
    assert [(400_00, 100_00, 0, 0)] == await committing.balances(token)


async def test_the_same_id_with_another_card_is_refused_by_name(kit: Kit) -> None:
    """A request id stands for one body; the differing field is named."""
    ledger = await kit.ledger()
    token, other = await kit.card(ledger, 500_00), await kit.card(ledger, 500_00)
    command = authorize(token, line(1, 100_00))
    await ledger.submit(command)
    with pytest.raises(CommandError) as refused:
        await ledger.submit(replace(command, card_token=other))
    assert (Reason.REQUEST_ID_CONFLICT, "card") == (refused.value.reason, refused.value.field)
    assert [(500_00, 0, 0, 0)] == await kit.balances(other)


async def test_a_hold_that_expires_between_reading_and_writing_is_spent_at_most_once(
    database_url: str,
) -> None:
    """Money time is the instant of reading: the capture decided then stands, a later one is late."""
    async with kit_on(database_url, policy=Policy(hold_ttl=timedelta(seconds=60))) as kit:
        committer = await kit.committer()
        token = await kit.card(committer, 500_00)
        held = must(await committer.submit(authorize(token, line(1, 400_00))))
        assert held.purchase
        one, two = await racing(kit)

        class ClockJumps(Barrier):
            async def refresh_if_behind(self, epoch: int) -> None:
                """The hold ends after both have read it alive."""
                first = self.rounds == 0
                await super().refresh_if_behind(epoch)
                if first:
                    await kit.shift_clock(timedelta(seconds=61))

        one.registry = two.registry = ClockJumps(2)
        capture = Capture(new_request_id(), origin(), ByPurchaseId(held.purchase.id))
        again = authorize(token, line(1, 400_00), terminal_id=12)
        answers = await asyncio.gather(one.submit(capture), two.submit(again))
        spent_or_held = [(100_00, 0, 400_00, 0), (100_00, 400_00, 0, 0)]
        [balance] = await kit.balances(token)
        assert balance in spent_or_held
        # Two refusals are right too: the purchase came while the hold lived, the capture came late.
        assert sum(must(answer).is_approved for answer in answers) <= 1


@dataclass
class StaleAtFirst:
    """Lets three seconds pass between the first reading and its writing."""

    kit: Kit
    rounds: int = 0

    async def refresh_if_behind(self, epoch: int) -> None:
        """Move the clock, once."""
        self.rounds += 1
        if self.rounds == 1:
            await self.kit.shift_clock(timedelta(seconds=3))


async def test_a_stale_reading_is_not_written(committing: Kit) -> None:
    """A decision older than two seconds is made again, not applied."""
    committer = await committing.committer()
    token = await committing.card(committer, 500_00)

    committer.registry = registry = StaleAtFirst(committing)
    assert must(await committer.submit(authorize(token, line(1, 100_00)))).is_approved
    assert 2 == registry.rounds
    assert [(400_00, 100_00, 0, 0)] == await committing.balances(token)


async def test_a_database_away_for_long_does_not_use_up_the_tries_of_who_then_loses_a_race(
    committing: Kit,
) -> None:
    """Failing to connect is no lost race: a command that then loses its account once is decided again."""
    token = await committing.card(await committing.committer(), 500_00)
    away = iter(range(5))

    @asynccontextmanager
    async def connect() -> AsyncIterator[asyncpg.Connection]:
        if next(away, None) is not None:
            raise ConnectionRefusedError
        async with committing.connect() as connection:
            yield connection

    committer = await committing.committer(connect, losses_before_alone=1, losses_max=3, reconnect_pause_s=0)
    committer.registry = StaleAtFirst(committing)
    assert must(await committer.submit(authorize(token, line(1, 100_00)))).is_approved
    assert [(400_00, 100_00, 0, 0)] == await committing.balances(token)
