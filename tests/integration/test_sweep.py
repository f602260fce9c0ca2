"""The sweep books what time has done, through the committer, in pages; nothing depends on it."""

import asyncio
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from gateway.domain.commands import ByPurchaseId, Capture, Expire
from gateway.domain.policy import day_end, moscow_date
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError, StoredAnswer
from gateway.ledger.committer import Committer
from gateway.ledger.sweep import Sweeper
from gateway.ledger.verify import verify
from tests.ledger_kit import Kit, authorize, line, must, new_request_id, origin
from tests.ledger_load import loaded
from tests.ledger_scene import receipt


async def dying_card(kit: Kit, committer: Committer, number: int = 0) -> tuple[bytes, datetime]:
    """A card with 500 points that end with the Moscow day of tomorrow, and that end."""
    token, holder = uuid4().bytes, f"dying-{number}-{uuid4()}"
    await kit.open_account(holder, token)
    last_day = moscow_date(datetime.now(UTC) + timedelta(days=1))
    await kit.issue(committer, holder, last_day=last_day)
    return token, day_end(last_day)


async def set_clock(kit: Kit, instant: datetime) -> None:
    """Move the database's clock to an instant."""
    await kit.shift_clock(instant - datetime.now(UTC))


async def test_expired_holds_and_certificates_are_booked(kit: Kit) -> None:
    """The columns then say what every decision would see anyway; a second sweep finds nothing."""
    committer = await kit.committer()
    sweeper = Sweeper(kit.connect, committer.submit)
    living = await kit.card(committer, 500_00)
    dying, end = await dying_card(kit, committer)
    await committer.submit(authorize(living, line(1, 400_00)))
    assert 0 == await sweeper.run_once()
    await set_clock(kit, end)
    assert 2 == await sweeper.run_once()
    assert [(500_00, 0, 0, 0)] == await kit.balances(living)
    assert [(0, 0, 0, 500_00)] == await kit.balances(dying)
    assert 0 == await sweeper.run_once()
    async with kit.connect() as connection:
        assert (await verify(connection)).is_clean


async def test_a_hold_that_outlives_its_certificate_lapses_and_can_still_be_captured_late(kit: Kit) -> None:
    """What the sweep books is what a late capture takes back."""
    committer = await kit.committer()
    token, end = await dying_card(kit, committer)
    await set_clock(kit, end - timedelta(minutes=10))
    held = must(await committer.submit(authorize(token, line(1, 400_00)))).purchase
    assert held
    sweeper = Sweeper(kit.connect, committer.submit)
    await set_clock(kit, end)
    assert 1 == await sweeper.run_once()
    assert [(0, 400_00, 0, 100_00)] == await kit.balances(token)
    await set_clock(kit, held.hold_expires_at)
    assert 1 == await sweeper.run_once()
    assert [(0, 0, 0, 500_00)] == await kit.balances(token)
    proof = receipt(1, held.authorized_at)
    late = Capture(new_request_id(), origin(), ByPurchaseId(held.id), receipts=(proof,))
    assert must(await committer.submit(late)).is_approved
    assert [(0, 0, 400_00, 100_00)] == await kit.balances(token)


async def test_accounts_are_swept_in_pages_and_a_run_is_bounded(kit: Kit) -> None:
    """Seven accounts in pages of two, two pages a run: the next run goes on where the last one ended."""
    committer = await kit.committer()
    cards = [await dying_card(kit, committer, number) for number in range(7)]
    await set_clock(kit, cards[0][1])
    sweeper = Sweeper(kit.connect, committer.submit, page=2, pages_max=2)
    assert [4, 3, 0] == [await sweeper.run_once() for _ in range(3)]


async def test_held_accounts_are_swept_in_pages_too(kit: Kit) -> None:
    """Five accounts with expired holds, one living between them."""
    committer = await kit.committer()
    cards = [await kit.card(committer, 500_00) for _ in range(6)]
    for card in cards[:5]:
        await committer.submit(authorize(card, line(1, 100_00)))
    await kit.shift_clock(timedelta(hours=1))
    await committer.submit(authorize(cards[5], line(1, 100_00)))
    sweeper = Sweeper(kit.connect, committer.submit, page=2, pages_max=2)
    assert [4, 1, 0] == [await sweeper.run_once() for _ in range(3)]
    assert [(400_00, 100_00, 0, 0)] == await kit.balances(cards[5])


async def test_two_nodes_do_not_sweep_at_once(kit: Kit) -> None:
    """The second one sees that somebody is at it and leaves it to him."""
    committer = await kit.committer()
    token, end = await dying_card(kit, committer)
    await set_clock(kit, end)
    at_work, may_go_on = asyncio.Event(), asyncio.Event()

    async def slow(command: Expire) -> StoredAnswer:
        at_work.set()
        await may_go_on.wait()
        return await committer.submit(command)

    first = asyncio.create_task(Sweeper(kit.connect, slow).run_once())
    await at_work.wait()
    assert 0 == await Sweeper(kit.connect, committer.submit).run_once()
    may_go_on.set()
    assert 1 == await first
    assert [(0, 0, 0, 500_00)] == await kit.balances(token)


async def test_the_sweep_gives_way_to_live_load(kit: Kit) -> None:
    """A full queue ends the run; the same accounts are swept by the next one."""
    committer = await kit.committer()
    _, end = await dying_card(kit, committer)
    await set_clock(kit, end)
    is_full = True

    async def submit(command: Expire) -> StoredAnswer:
        if is_full:
            raise CommandError(Reason.OVERLOADED, retry_after_s=0.1)
        return await committer.submit(command)

    sweeper = Sweeper(kit.connect, submit)
    assert 0 == await sweeper.run_once()
    is_full = False
    assert 1 == await sweeper.run_once()


async def test_an_account_that_fails_does_not_stop_the_others(kit: Kit) -> None:
    """It is logged and left to its next command."""
    committer = await kit.committer()
    cards = [await dying_card(kit, committer, number) for number in range(3)]
    await set_clock(kit, cards[0][1])
    failing = 2

    async def submit(command: Expire) -> StoredAnswer:
        if command.account_id == failing:
            raise CommandError(Reason.UNAVAILABLE)
        return await committer.submit(command)

    assert 2 == await Sweeper(kit.connect, submit).run_once()


async def test_an_idle_account_without_news_declines_to_expire(kit: Kit) -> None:
    """There is nothing to book, and an unknown account is named as such."""
    committer = await kit.committer()
    account_id = await kit.open_account("idle", b"idle")
    nothing = must(await committer.submit(Expire(uuid4(), account_id)))
    unknown = must(await committer.submit(Expire(uuid4(), 999)))
    assert [Reason.ALREADY_IN_STATE, Reason.CARD_UNKNOWN] == [nothing.reason, unknown.reason]


async def test_a_swept_ledger_after_random_load_is_clean(kit: Kit) -> None:
    """The sweep runs beside everything else and leaves the books in order."""
    load = await loaded(kit, 5, rounds=20)
    sweeper = Sweeper(kit.connect, load.ledgers[0].submit)
    running = asyncio.create_task(load.run(20))
    booked = 0
    while not running.done():
        booked += await sweeper.run_once()
    await running
    assert booked > 0
    async with kit.connect() as connection:
        assert (await verify(connection)).is_clean


async def test_the_search_for_lapsed_certificates_reads_an_index(kit: Kit) -> None:
    """Neither search reads a whole table."""
    async with kit.connect() as connection:
        await connection.execute("SET enable_seqscan = off")
        rows = await connection.fetch(
            "EXPLAIN SELECT account_id FROM certificate WHERE valid_until <= now()"
            " AND (valid_until, id) > (now() - interval '1 day', gen_random_uuid()) AND available_kopecks > 0"
            " ORDER BY valid_until, id LIMIT 10"
        )
    assert any("certificate_valid_until" in row[0] for row in rows)
