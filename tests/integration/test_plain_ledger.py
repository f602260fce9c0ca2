"""The plain ledger is an honest yardstick: it keeps all promises about money, alone or beside a committer."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from gateway.domain.commands import ByRequestId, Void
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.ledger.verify import verify
from tests.ledger_kit import Kit, authorize, kit_on, line, must, new_request_id, origin
from tests.ledger_load import Load, loaded


@pytest.fixture
async def kit(database_url: str) -> AsyncIterator[Kit]:
    """A database of this test's own."""
    async with kit_on(database_url, is_plain=True) as made:
        yield made


async def verified(kit: Kit) -> None:
    """Assert that nothing at all is wrong with the books, and that there are some."""
    async with kit.connect() as connection:
        report = await verify(connection)
    assert () == report.findings
    assert report.is_clean
    assert 100 < report.counted["purchase"]


@pytest.mark.parametrize("seed", [1, 2])
async def test_its_books_are_clean_after_random_load(kit: Kit, seed: int) -> None:
    """Every command there is, many at once, over days of money time: not one discrepancy."""
    await loaded(kit, seed)
    await verified(kit)


async def test_it_shares_a_database_with_a_committer(kit: Kit) -> None:
    """Both go by the same guard, so that neither overlooks what the other wrote."""
    load = Load(kit, (await kit.plain(), await kit.committer()), seed=3)
    await load.open(4)
    await load.run(60)
    await verified(kit)


async def test_many_tills_on_one_certificate_spend_it_once(kit: Kit) -> None:
    """Forty at once want 30 of 500 each: sixteen get it, and nobody waits in a circle."""
    ledgers = await kit.ledger(), await kit.ledger()
    token = await kit.card(ledgers[0], 500_00)
    answers = await asyncio.gather(
        *(ledgers[n % 2].submit(authorize(token, line(1, 30_00))) for n in range(40))
    )
    approved = [answer for answer in answers if must(answer).is_approved]
    assert 16 == len(approved)
    assert [(20_00, 480_00, 0, 0)] == await kit.balances(token)


async def test_voids_that_name_one_another_all_get_an_answer(kit: Kit) -> None:
    """Each wants to write the other's id: in the order of the ids, so that none is a deadlock's victim."""
    one, two = await kit.ledger(), await kit.ledger()
    for _ in range(20):
        first, second = new_request_id(), new_request_id()
        answers = await asyncio.gather(
            one.submit(Void(first, origin(), ByRequestId(second))),
            two.submit(Void(second, origin(), ByRequestId(first))),
            return_exceptions=True,
        )
        told = [a for a in answers if isinstance(a, CommandError)]
        assert {Reason.REQUEST_ID_CONFLICT} == {error.reason for error in told}
        assert 1 == len(told)


async def test_beyond_its_bound_it_says_when_to_come_back(kit: Kit) -> None:
    """What is under way is bounded; what is refused leaves its request id free."""
    ledger = await kit.plain()
    token = await kit.card(ledger, 500_00)
    ledger.queue_limit = 1
    taken = authorize(token, line(1, 10_00))
    running = ledger.enqueue(lambda: taken)
    refused = authorize(token, line(1, 10_00))
    with pytest.raises(CommandError) as error:
        ledger.enqueue(lambda: refused)
    assert Reason.OVERLOADED == error.value.reason
    assert error.value.retry_after_s
    await running
    assert not (await ledger.submit(refused)).is_replay


async def test_a_caller_that_goes_away_leaves_no_half_done_command(kit: Kit) -> None:
    """A dropped connection cancels the wait, not the command."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    command = authorize(token, line(1, 100_00))
    caller = asyncio.create_task(ledger.submit(command))
    await asyncio.sleep(0)
    caller.cancel()
    repeated = await ledger.submit(command)
    assert repeated.sealed == (await ledger.submit(command)).sealed
    assert [(400_00, 100_00, 0, 0)] == await kit.balances(token)


async def test_connections_lost_before_their_use_cost_no_command(kit: Kit) -> None:
    """Nothing asks a pooled connection how it is: whoever gets a dead one tries again."""
    ledger = await kit.ledger()
    token = await kit.card(ledger, 500_00)
    await asyncio.gather(*(ledger.submit(authorize(token, line(1, 10_00))) for _ in range(8)))
    async with kit.connect() as connection:
        await connection.fetch(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
            " WHERE datname = current_database() AND pid <> pg_backend_pid()"
        )
    answers = await asyncio.gather(*(ledger.submit(authorize(token, line(1, 10_00))) for _ in range(8)))
    assert all(must(answer).is_approved for answer in answers)
    assert [(340_00, 160_00, 0, 0)] == await kit.balances(token)
