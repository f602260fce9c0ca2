"""The committer's own promises: its queue, its batches, cancelled callers and lost connections."""

import asyncio
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta
from uuid import UUID

import asyncpg
import pytest
from msgspec.structs import replace

from gateway.domain.commands import Authorize, ByPurchaseId, ByRequestId, Capture, CloseShift, Void
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.ledger.committer import Committer
from gateway.ledger.reader import LedgerReader
from tests.ledger_kit import Kit, authorize, kit_on, line, must, new_request_id, origin, standing


@pytest.fixture
async def kit(database_url: str) -> AsyncIterator[Kit]:
    """A ledger of this test's own."""
    async with kit_on(database_url) as made:
        yield made


class Gate:
    """Holds a committer between reading and deciding until it is opened."""

    def __init__(self) -> None:
        self.reached = asyncio.Event()
        self.opened = asyncio.Event()
        self.sizes: list[int] = []

    async def refresh_if_behind(self, epoch: int) -> None:
        """Tell that the reading is done and wait."""
        self.reached.set()
        await self.opened.wait()


async def gated(kit: Kit, **limits: int) -> tuple[Committer, Gate]:
    """A committer that stops at a gate."""
    committer = await kit.committer(**limits)
    gate = Gate()
    committer.registry = gate
    return committer, gate


async def outcomes_of(kit: Kit, request_id: UUID) -> int:
    """How many outcomes a request id has."""
    async with kit.connect() as connection:
        found: int = await connection.fetchval(
            "SELECT count(*) FROM outcome WHERE request_id = $1", request_id
        )
    return found


async def test_a_caller_that_goes_away_leaves_no_half_done_command(kit: Kit) -> None:
    """A dropped connection cancels the wait, not the command (truth 6)."""
    token = await kit.card(await kit.committer(), 500_00)
    committer, gate = await gated(kit)
    command = authorize(token, line(1, 100_00))
    caller = asyncio.create_task(committer.submit(command))
    await gate.reached.wait()
    caller.cancel()
    gate.opened.set()
    repeated = await committer.submit(command)
    assert repeated.is_replay
    assert [(400_00, 100_00, 0, 0)] == await kit.balances(token)


async def test_what_waits_while_a_batch_commits_becomes_the_next_batch(kit: Kit) -> None:
    """There is no timer: a batch is what queued meanwhile."""
    token = await kit.card(await kit.committer(), 500_00)
    committer, gate = await gated(kit)
    first = asyncio.create_task(committer.submit(authorize(token, line(1, 10_00))))
    await gate.reached.wait()
    others = [asyncio.create_task(committer.submit(authorize(token, line(1, 10_00)))) for _ in range(5)]
    await asyncio.sleep(0)
    assert 5 == committer.queued
    gate.opened.set()
    answers = await asyncio.gather(first, *others)
    assert all(must(answer).is_approved for answer in answers)
    async with kit.connect() as connection:
        versions = await connection.fetchval(
            "SELECT version FROM card_account a JOIN card k ON k.account_id = a.id WHERE k.token = $1", token
        )
    assert 3 == versions  # one issue, one batch of one, one batch of five


async def test_a_full_queue_says_when_to_come_back(kit: Kit) -> None:
    """Beyond the bound a command is refused, and its request id stays free."""
    token = await kit.card(await kit.committer(), 500_00)
    committer, gate = await gated(kit, queue=1)
    running = asyncio.create_task(committer.submit(authorize(token, line(1, 10_00))))
    await gate.reached.wait()
    waiting = asyncio.create_task(committer.submit(authorize(token, line(1, 10_00))))
    await asyncio.sleep(0)
    refused = authorize(token, line(1, 10_00))
    with pytest.raises(CommandError) as error:
        await committer.submit(refused)
    assert Reason.OVERLOADED == error.value.reason
    assert error.value.retry_after_s
    gate.opened.set()
    await asyncio.gather(running, waiting)
    assert not (await committer.submit(refused)).is_replay


async def test_a_command_whose_deadline_passed_before_it_started_is_dropped_and_told_so(kit: Kit) -> None:
    """Its request id stays free."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    command = authorize(token, line(1, 10_00))
    with pytest.raises(CommandError) as error:
        await committer.submit(command, deadline=asyncio.get_running_loop().time() - 1)
    assert Reason.EXPIRED_IN_QUEUE == error.value.reason
    assert 0 == await outcomes_of(kit, command.request_id)


async def test_a_member_that_the_database_refuses_does_not_take_the_batch_with_it(kit: Kit) -> None:
    """A NUL in a text is refused by PostgreSQL: its command fails alone."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    good = [authorize(token, line(1, 10_00)) for _ in range(3)]
    bad = authorize(token, replace(line(1, 10_00), item_name="\x00"))
    answers = await asyncio.gather(
        *(committer.submit(command) for command in [good[0], bad, *good[1:]]), return_exceptions=True
    )
    assert isinstance(answers[1], CommandError)
    assert Reason.UNAVAILABLE == answers[1].reason
    assert [(470_00, 30_00, 0, 0)] == await kit.balances(token)


async def test_a_connection_lost_before_the_write_loses_no_command(kit: Kit) -> None:
    """The members go back to the queue, and a new connection decides them once."""
    token = await kit.card(await kit.committer(), 500_00)
    committer, gate = await gated(kit)
    command = authorize(token, line(1, 100_00))
    caller = asyncio.create_task(committer.submit(command))
    await gate.reached.wait()
    async with kit.connect() as connection:
        await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    gate.opened.set()
    assert (await caller).sealed.signed_payload
    assert 1 == await outcomes_of(kit, command.request_id)
    assert [(400_00, 100_00, 0, 0)] == await kit.balances(token)


async def test_a_write_whose_answer_is_lost_is_found_again_and_not_repeated(kit: Kit) -> None:
    """After a lost COMMIT the next round begins by reading the outcomes."""
    token = await kit.card(await kit.committer(), 500_00)
    command = authorize(token, line(1, 100_00))
    lose_once = _LosesAnswers(kit)
    committer = await kit.committer(connect=lose_once.connect)
    answer = await committer.submit(command)
    assert answer.is_replay
    assert 1 == lose_once.lost
    assert 1 == await outcomes_of(kit, command.request_id)
    assert [(400_00, 100_00, 0, 0)] == await kit.balances(token)


class _LosesAnswers:
    """Connections of which the first one's write commits, and its answer never comes."""

    def __init__(self, kit: Kit) -> None:
        self.kit = kit
        self.lost = 0

    def connect(self) -> "_Losing":
        return _Losing(self)


class _Losing:
    def __init__(self, owner: _LosesAnswers) -> None:
        self.owner = owner
        self.inner = owner.kit.connect()

    async def __aenter__(self) -> "_Losing":
        self.connection = await self.inner.__aenter__()
        return self

    async def __aexit__(self, *error: object) -> None:
        await self.inner.__aexit__(None, None, None)

    async def fetchrow(self, *arguments: object) -> object:
        return await self.connection.fetchrow(*arguments)

    async def fetch(self, sql: str, *arguments: object) -> object:
        rows = await self.connection.fetch(sql, *arguments)
        if "INSERT INTO outcome" in sql and not self.owner.lost:
            self.owner.lost += 1
            raise asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation")
        return rows


async def test_a_purchase_that_is_replaced_gives_its_points_to_the_new_one(kit: Kit) -> None:
    """`replaces_request_id` voids the old hold and takes the new one in one command."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    old = authorize(token, line(1, 400_00))
    await committer.submit(old)
    new = authorize(token, line(1, 450_00), replaces_request_id=old.request_id)
    assert must(await committer.submit(new)).is_approved
    assert [(50_00, 450_00, 0, 0)] == await kit.balances(token)
    void = must(await committer.submit(Void(new_request_id(), origin(), ByRequestId(old.request_id))))
    assert Reason.ALREADY_VOIDED == void.reason


async def test_a_replaced_purchase_that_never_arrived_is_declined_when_it_does(kit: Kit) -> None:
    """The new command entombs the id that it replaces."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    lost = authorize(token, line(1, 400_00))
    new = authorize(token, line(1, 100_00), replaces_request_id=lost.request_id)
    assert must(await committer.submit(new)).is_approved
    assert (await committer.submit(lost)).is_replay
    assert [(400_00, 100_00, 0, 0)] == await kit.balances(token)


async def test_a_suspended_merchant_gets_no_authorization_but_may_capture(kit: Kit) -> None:
    """Buyers must not be trapped (truth 12)."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    held = must(await committer.submit(authorize(token, line(1, 100_00))))
    assert held.purchase
    kit.standings[11] = replace(standing(11), suspended_at=held.purchase.authorized_at)
    again = must(await committer.submit(authorize(token, line(1, 100_00))))
    captured = must(
        await committer.submit(Capture(new_request_id(), origin(), ByPurchaseId(held.purchase.id)))
    )
    assert (Reason.MERCHANT_SUSPENDED, None) == (again.reason, captured.reason)


async def test_a_closed_shift_is_totalled_once_and_ends_the_void_of_its_captures(kit: Kit) -> None:
    """After the close only a refund helps; a second close is refused, a repeated one answered again."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    sold = must(await committer.submit(authorize(token, line(1, 100_00), is_sale=True)))
    await committer.submit(authorize(token, line(1, 50_00)))
    assert sold.purchase
    close = CloseShift(new_request_id(), origin(shift_number=1))
    first, repeated = await committer.submit(close), await committer.submit(close)
    totals = must(first).shift
    assert totals
    assert (1, 100_00, 1, 50_00) == (
        totals.captured_count,
        totals.captured_kopecks,
        totals.open_count,
        totals.open_kopecks,
    )
    assert first.sealed == repeated.sealed
    void = must(await committer.submit(Void(new_request_id(), origin(), ByPurchaseId(sold.purchase.id))))
    assert Reason.ALREADY_CAPTURED == void.reason
    second = must(await committer.submit(CloseShift(new_request_id(), origin(shift_number=1))))
    assert Reason.SHIFT_ALREADY_CLOSED == second.reason


async def test_decided_at_never_runs_backwards_on_an_account(kit: Kit) -> None:
    """A clock that is set back does not set the account back."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    await kit.shift_clock(timedelta(hours=1))
    first = must(await committer.submit(authorize(token, line(1, 10_00)))).purchase
    await kit.shift_clock(timedelta(0))
    second = must(await committer.submit(authorize(token, line(1, 10_00)))).purchase
    assert first
    assert second
    assert second.authorized_at >= first.authorized_at


async def test_an_unknown_card_is_declined_for_ever_under_its_request_id(kit: Kit) -> None:
    """The card may get an account later; this request id stays declined."""
    committer = await kit.committer()
    command: Authorize = authorize(b"\x07" * 16, line(1, 10_00))
    declined = await committer.submit(command)
    assert Reason.CARD_UNKNOWN == must(declined).reason
    await kit.open_account("latecomer", b"\x07" * 16)
    repeated = await committer.submit(command)
    assert repeated.is_replay
    assert declined.sealed == repeated.sealed


async def test_an_outcome_is_listed_only_when_no_earlier_one_can_still_come(kit: Kit) -> None:
    """A cursor must never pass an outcome that was decided before it and commits after it."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    command = authorize(token, line(1, 10_00))
    await committer.submit(command)
    reader = LedgerReader(kit.connect, committer.rules, committer.registry, timedelta(seconds=5))
    start = datetime(2026, 1, 1, tzinfo=UTC)

    async def listed() -> list[UUID]:
        rows = await reader.list_operations(1, [11], after=None, decided_from=start, limit=10)
        return [row.request_id for row in rows]

    assert [] == await listed()
    await kit.shift_clock(timedelta(seconds=6))
    assert [command.request_id] == await listed()


async def test_a_capture_at_another_till_counts_in_that_till_s_shift(kit: Kit) -> None:
    """Each till's totals are what that till spent."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    held = must(await committer.submit(authorize(token, line(1, 100_00))))
    assert held.purchase
    ref = ByPurchaseId(held.purchase.id)
    await committer.submit(Capture(new_request_id(), origin(12, shift_number=4), ref))
    totals = [
        must(await committer.submit(CloseShift(new_request_id(), origin(terminal, shift)))).shift
        for terminal, shift in ((11, 1), (12, 4))
    ]
    assert [0, 100_00] == [t.captured_kopecks for t in totals if t]


async def test_the_same_id_for_a_purchase_named_otherwise_is_refused(kit: Kit) -> None:
    """A Void by purchase id and one by request id are two bodies, whatever they name."""
    committer = await kit.committer()
    token = await kit.card(committer, 500_00)
    command = authorize(token, line(1, 100_00))
    held = must(await committer.submit(command))
    assert held.purchase
    void = Void(new_request_id(), origin(), ByPurchaseId(held.purchase.id))
    await committer.submit(void)
    with pytest.raises(CommandError) as refused:
        await committer.submit(replace(void, purchase=ByRequestId(command.request_id)))
    assert (Reason.REQUEST_ID_CONFLICT, "purchase") == (refused.value.reason, refused.value.field)


async def test_a_suspended_merchant_is_told_so_before_anything_of_the_card(kit: Kit) -> None:
    """The order of precedence holds also where there is no account."""
    committer = await kit.committer()
    kit.standings[11] = replace(standing(11), suspended_at=datetime(2026, 1, 1, tzinfo=UTC))
    declined = must(await committer.submit(authorize(b"\x09" * 16, line(1, 10_00))))
    assert Reason.MERCHANT_SUSPENDED == declined.reason
