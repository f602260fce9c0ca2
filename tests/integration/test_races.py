"""Races on real PostgreSQL: whoever comes first, no point is made, lost or spent twice.

Each party has a ledger of its own: a committer, a plain ledger, or a till at one of the doors of a gateway
that runs as one process or as several. All have decided before any may write, or wait for one that has.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import ExitStack, asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from functools import cache

import asyncpg
import pytest
from msgspec.structs import replace

from gateway.domain.commands import ByPurchaseId, ByRequestId, Capture, Command, Refund, RefundLine, Void
from gateway.domain.policy import Policy
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError, StoredAnswer
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.crash.conftest import MODES
from tests.crash.processes import eventually
from tests.ledger_kit import Kit, authorize, kit_on, line, must, new_request_id, origin
from tests.served import Served, door_kit_at, served_to_kits
from tests.transports import TRANSPORTS

WAYS = {
    f"{transport}, {processes}": (transport, workers)
    for transport in TRANSPORTS
    for processes, workers in MODES.items()
}
"""Each door of each kind of gateway that ships."""

_WAITING = """
SELECT count(*) FROM pg_stat_activity
WHERE datname = current_database() AND backend_type = 'client backend' AND wait_event_type = 'Lock'"""


@pytest.fixture(scope="module")
def gateway_of(
    postgres: EmbeddedPostgres,
    make_database: Callable[[], str],
    valkey: EmbeddedValkey,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[Callable[[int], Served]]:
    """Gateways of so many workers, started when they are asked for, until the last race is over."""
    with ExitStack() as stack:

        @cache
        def running(workers: int) -> Served:
            folder = tmp_path_factory.mktemp("served")
            made = served_to_kits(postgres, make_database(), valkey.url, folder, workers=workers)
            return stack.enter_context(made)

        yield running


@pytest.fixture(params=["committer", "plain", *WAYS])
async def kit(request: pytest.FixtureRequest, gateway_of: Callable[[int], Served]) -> AsyncIterator[Kit]:
    """A ledger of this test's own, or a door."""
    if request.param in WAYS:
        transport, workers = WAYS[request.param]
        made = door_kit_at(await asyncio.to_thread(gateway_of, workers), transport)
    else:
        made = kit_on(request.getfixturevalue("database_url"), is_plain=request.param == "plain")
    async with made as entered:
        yield entered


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


async def at_once(kit: Kit, *commands: Command) -> list[StoredAnswer]:
    """Submit each command to a ledger of its own.

    Every decision writes an outcome, and no reading needs the lock that keeps it from doing so.
    """
    ledgers = [await kit.ledger() for _ in commands]
    async with kit.connect() as watching, kit.connect() as connection, connection.transaction():
        await connection.execute("LOCK TABLE outcome IN SHARE MODE")
        answers = [
            asyncio.create_task(ledger.submit(command))
            for ledger, command in zip(ledgers, commands, strict=True)
        ]

        async def have_met() -> bool:
            waiting: int = await watching.fetchval(_WAITING)
            return await kit.are_all(waiting, len(commands)) or any(answer.done() for answer in answers)

        await eventually(have_met, "all are to be written")
    return await asyncio.gather(*answers)


async def test_two_tills_on_one_certificate_never_spend_it_twice(kit: Kit) -> None:
    """300 and 300 of 500: exactly one is approved, wherever they arrive."""
    token = await kit.card(await kit.ledger(), 500_00)
    answers = await at_once(
        kit, authorize(token, line(1, 300_00)), authorize(token, line(1, 300_00), terminal_id=12)
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
    both, single = await at_once(kit, authorize(token, line(1, 500_00)), authorize(token, line(1, 200_00)))
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
    answers = await at_once(kit, whole, replace(whole, request_id=new_request_id()))
    assert {None, Reason.REFUND_ABOVE_CAPTURED} == {must(a).reason for a in answers}
    assert [(500_00, 0, 0, 0)] == await kit.balances(token)


async def test_void_against_capture_has_one_winner_and_the_books_agree(kit: Kit) -> None:
    """Either the hold is spent and the void refused, or it is free and the capture refused."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    held = must(await ledger.submit(authorize(token, line(1, 400_00))))
    assert held.purchase
    ref = ByPurchaseId(held.purchase.id)
    void, capture = await at_once(
        kit, Void(new_request_id(), origin(12), ref), Capture(new_request_id(), origin(), ref)
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
    assert Reason.VOIDED_BEFORE_ARRIVAL == kit.reason_in(answer)
    assert [(500_00, 0, 0, 0)] == await kit.balances(token)


async def test_a_void_that_crosses_its_purchase_leaves_nothing_held(kit: Kit) -> None:
    """Void and Authorize of one id at two workers at once: whoever is first, nothing stays held."""
    token = await kit.card(await kit.ledger(), 500_00)
    late = authorize(token, line(1, 100_00))
    await at_once(kit, late, Void(new_request_id(), origin(), ByRequestId(late.request_id)))
    assert [(500_00, 0, 0, 0)] == await kit.balances(token)


async def test_one_request_id_at_two_workers_has_one_outcome(kit: Kit) -> None:
    """Both tills' answers are the same bytes, and the points are held once."""
    token = await kit.card(await kit.ledger(), 500_00)
    command = authorize(token, line(1, 100_00))
    first, second = await at_once(kit, command, command)
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
        one, two = await kit.committer(), await kit.committer()

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
