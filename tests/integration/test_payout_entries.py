"""Entries that no transfer took: applied or dismissed by a person, by name, once."""

import asyncio
from dataclasses import replace

import pytest

from gateway.runtime.database import driver_connection
from loadtests.demo.applicants import account
from settlement.payouts.entries import Decided, EntryName, apply_entry, dismiss_entry, waiting_entries
from settlement.payouts.errors import PayoutCode, PayoutError
from settlement.payouts.matching import Effect
from settlement.payouts.model import Transfer
from settlement.payouts.purpose import end_to_end_id
from settlement.payouts.reconciling import FindingKind, reconcile
from tests.payouts_kit import DAY, SECOND, Line, Treasury, came_back, camt, onec, paid

AMOUNT = 1000


async def sent(treasury: Treasury, n: int = 1) -> tuple[int, Transfer]:
    """A claim of merchant number n, and its transfer that was handed on."""
    claim = await treasury.claim(await treasury.merchant(n), AMOUNT)
    (one,) = (await treasury.sent(claim)).transfers
    return claim, one


async def waiting(treasury: Treasury, *, with_others: bool = False) -> list[EntryName]:
    """Names of entries that nobody decided about."""
    async with treasury.work() as connection:
        return [one.name for one in await waiting_entries(connection, with_others=with_others)]


async def apply(treasury: Treasury, name: EntryName, to: Transfer | int | str) -> Decided:
    """Apply an entry in a transaction of its own."""
    target = to.end_to_end_id if isinstance(to, Transfer) else to
    async with treasury.work() as connection:
        return await apply_entry(connection, name, to=target, by=SECOND, reason="письмо банка 17")


async def dismiss(treasury: Treasury, name: EntryName, reason: str = "не наша операция") -> Decided:
    """Dismiss an entry in a transaction of its own."""
    async with treasury.work() as connection:
        return await dismiss_entry(connection, name, by=SECOND, reason=reason)


async def findings(treasury: Treasury) -> list[FindingKind]:
    """What the reconciliation of the day finds."""
    async with driver_connection(treasury.engine) as connection:
        return [one.kind for one in (await reconcile(connection, DAY, DAY)).findings]


async def everything(treasury: Treasury) -> str:
    """All that a decision may change, as one text."""
    tables = ("claim", "claim_history", "payout", "transfer", "statement_entry", "statement_entry_decision",
              "return_demand", "audit_entry")  # fmt: skip
    found = [
        await treasury.sql(f"SELECT json_agg(t ORDER BY t::text)::text FROM {table} t")  # noqa: S608
        for table in tables
    ]
    return str(found)


async def test_money_that_went_to_another_account_pays_if_a_person_says_so(treasury: Treasury) -> None:
    """The claim is paid, the register closed, and everything agrees; who said so and why is kept."""
    claim, one = await sent(treasury)
    await treasury.imported(onec(paid(one, account=account(9))), sets_aside=True)
    (name,) = await waiting(treasury)
    assert Decided(Effect.EXECUTED, is_known=False) == await apply(treasury, name, one)
    assert ("PAID", AMOUNT) == await treasury.claim_now(claim)
    assert ("EXECUTED", AMOUNT, 0) == await treasury.transfer_now(one.end_to_end_id)
    assert "CLOSED" == await treasury.sql("SELECT state FROM payout")
    assert ([], []) == (await waiting(treasury), await findings(treasury))
    kept = await treasury.row("SELECT problem, effect, reason, decided_by FROM statement_entry_decision")
    assert ("ACCOUNT_DIFFERS", "EXECUTED", "письмо банка 17", "second") == tuple(kept.values())
    logged = await treasury.row(
        "SELECT actor_id, details FROM audit_entry WHERE action = 'statement.entry_decided'"
    )
    assert ("second", str(name), AMOUNT, one.end_to_end_id) == (
        logged["actor_id"], logged["details"]["entry"], logged["details"]["amount_kopecks"],
        logged["details"]["to"],
    )  # fmt: skip


async def test_a_return_that_was_told_before_its_payment_is_applied_after_it(treasury: Treasury) -> None:
    """Set aside as a return of nothing; later the claim waits for a new account."""
    claim, one = await sent(treasury)
    await treasury.imported(onec(came_back(one)), sets_aside=True)
    (name,) = await waiting(treasury)
    with pytest.raises(PayoutError, match="RETURN_EXCEEDS"):
        await apply(treasury, name, one)
    await treasury.imported(onec(paid(one)))
    assert Effect.RETURNED is (await apply(treasury, name, one)).effect
    assert ("RETURNED_BY_BANK", 0) == await treasury.claim_now(claim)
    assert ("RETURNED", AMOUNT, AMOUNT) == await treasury.transfer_now(one.end_to_end_id)


async def test_a_payment_without_any_name_of_ours_is_applied_too(treasury: Treasury) -> None:
    """It was nobody's when it came; another statement that names the transfer is the same movement then."""
    claim, one = await sent(treasury)
    nameless = paid(one, 400, purpose="Субсидия", number="77", end_to_end="NOTPROVIDED")
    await treasury.imported(onec(nameless))
    assert [] == await waiting(treasury)
    (name,) = await waiting(treasury, with_others=True)
    assert Effect.EXECUTED is (await apply(treasury, name, one)).effect
    assert ("PARTLY_PAID", 400) == await treasury.claim_now(claim)
    again = await treasury.imported(camt(paid(one, 400), nameless))
    assert 2 == again.count(Effect.DUPLICATE)
    await treasury.imported(camt(paid(one, 400), paid(one, 400), paid(one, 200)))
    assert ("PAID", AMOUNT) == await treasury.claim_now(claim)


async def test_one_movement_in_two_statements_is_applied_from_one_of_them(treasury: Treasury) -> None:
    """Banks tell of it in different words; two equal parts in one statement are two."""
    claim, one = await sent(treasury)
    nameless = paid(one, 300, purpose="Субсидия", number="77", end_to_end="NOTPROVIDED")
    await treasury.imported(onec(nameless, nameless))
    await treasury.imported(camt(replace(nameless, purpose="Субсидия за октябрь")))
    first, second, other = await waiting(treasury, with_others=True)
    await apply(treasury, first, one)
    await apply(treasury, second, one)
    with pytest.raises(PayoutError, match="ENTRY_KNOWN"):
        await apply(treasury, other, one)
    await dismiss(treasury, other)
    assert ("PARTLY_PAID", 600) == await treasury.claim_now(claim)
    assert ([FindingKind.IN_PART], []) == (
        await findings(treasury), await waiting(treasury, with_others=True),
    )  # fmt: skip


async def test_an_entry_set_aside_for_its_own_transfer_stands_for_one_movement(treasury: Treasury) -> None:
    """An equal part of the same day is another one, and counts."""
    claim, one = await sent(treasury)
    elsewhere = paid(one, 500, account=account(9))
    await treasury.imported(onec(elsewhere), sets_aside=True)
    (name,) = await waiting(treasury)
    await apply(treasury, name, one)
    await treasury.imported(onec(elsewhere, paid(one, 500)))
    assert ("PAID", AMOUNT) == await treasury.claim_now(claim)


async def test_what_was_decided_is_decided_once(treasury: Treasury) -> None:
    """The same again changes nothing, also three at once; anything else is refused with what was decided."""
    _, one = await sent(treasury)
    _, other = await sent(treasury, 2)
    lines = (paid(one, 600, account=account(9)), paid(one, 5, account=account(9)))
    await treasury.imported(onec(*lines), sets_aside=True)
    name, second_name = await waiting(treasury)
    done = await asyncio.gather(*(apply(treasury, name, one) for _ in range(3)))
    assert [False, True, True] == sorted(each.is_known for each in done)
    assert ("EXPORTED", 600, 0) == await treasury.transfer_now(one.end_to_end_id)
    assert not (await dismiss(treasury, second_name)).is_known
    before = await everything(treasury)
    assert (await dismiss(treasury, second_name)).is_known
    for attempt in (apply(treasury, name, other), apply(treasury, second_name, one), dismiss(treasury, name)):
        with pytest.raises(PayoutError, match="ENTRY_DECIDED"):
            await attempt
    assert before == await everything(treasury)


async def test_a_dismissed_entry_is_no_finding_and_stays_known(treasury: Treasury) -> None:
    """Its transfer waits on; the same movement in another statement does nothing."""
    claim, one = await sent(treasury)
    wrong = paid(one, AMOUNT + 1)
    await treasury.imported(onec(wrong), sets_aside=True)
    assert [FindingKind.MISSING, FindingKind.DIFFERS] == await findings(treasury)
    (name,) = await waiting(treasury)
    await dismiss(treasury, name)
    assert [FindingKind.MISSING] == await findings(treasury)
    assert 1 == (await treasury.imported(camt(wrong))).count(Effect.DUPLICATE)
    assert ("PAYABLE", 0) == await treasury.claim_now(claim)


async def test_money_for_a_demand_is_applied_by_its_number(treasury: Treasury) -> None:
    """Whoever sent it; not more than is left, and nothing that left the account."""
    claim, _ = await sent(treasury)
    demand = await treasury.sql(
        """
        INSERT INTO return_demand (agreement_id, operation_id, program_code, amount_kopecks, reason,
          revenue_kbk, purpose, demanded_on, due_on)
        SELECT agreement_id, gen_random_uuid(), 'food', 100, '-', '', '-', '2026-11-01', '2026-11-20'
        FROM claim WHERE id = $1 RETURNING id
        """,
        claim,
    )
    text = f"Возврат по требованию № {demand}"
    await treasury.imported(
        onec(Line(60, text, is_credit=True, inn="0000000025"), Line(101, "Возврат субсидии", is_credit=True),
             Line(40, "Прочее", number="99")),
        sets_aside=True,
    )  # fmt: skip
    (of_another,) = await waiting(treasury)
    debit, too_much = (one for one in await waiting(treasury, with_others=True) if one != of_another)
    for name, code in ((debit, "LEFT_THE_ACCOUNT"), (too_much, "DEMAND_EXCEEDS")):
        with pytest.raises(PayoutError, match=code):
            await apply(treasury, name, demand)
    assert Effect.DEMAND is (await apply(treasury, of_another, demand)).effect
    assert (await apply(treasury, of_another, demand)).is_known
    assert 60 == await treasury.sql("SELECT returned_kopecks FROM return_demand")


async def test_what_cannot_be_decided_is_named_and_changes_nothing(treasury: Treasury) -> None:
    """No such entry, transfer or demand, an entry that had its effect, no reason, more than is left."""
    _, one = await sent(treasury)
    (draft,) = (await treasury.made(await treasury.claim(await treasury.merchant(2), AMOUNT))).transfers
    await treasury.imported(
        onec(paid(one, 400), paid(one, 700), Line(5, "Аренда", number="99")), sets_aside=True
    )
    (name,) = await waiting(treasury)
    others = await waiting(treasury, with_others=True)
    taken = next(one for one in (EntryName(name.statement_id, n) for n in (1, 2, 3)) if one not in others)
    before = await everything(treasury)
    attempts = (
        (apply(treasury, name, one), "MORE_THAN_LEFT"),
        (apply(treasury, name, draft), "NOT_EXPORTED"),
        (apply(treasury, name, end_to_end_id(99, 99)), "TRANSFER_UNKNOWN"),
        (apply(treasury, name, 99), "DEMAND_NOT_WAITING"),
        (apply(treasury, taken, one), "ENTRY_TAKEN"),
        (dismiss(treasury, taken), "ENTRY_TAKEN"),
        (dismiss(treasury, EntryName(name.statement_id, 4)), "ENTRY_UNKNOWN"),
        (dismiss(treasury, name, " "), "REASON_MISSING"),
    )
    for attempt, code in attempts:
        with pytest.raises(PayoutError, match=code):
            await attempt
    assert before == await everything(treasury)


@pytest.mark.parametrize("text", ["", "3", "3-", "-7", "3-0", "0-3", "3-7-1", "³-7", "3-7 "])
def test_a_name_of_an_entry_is_two_numbers(text: str) -> None:
    """Anything else names no entry."""
    with pytest.raises(PayoutError) as refused:
        EntryName.of(text)
    assert PayoutCode.ENTRY_UNKNOWN is refused.value.code
    assert EntryName(3, 7) == EntryName.of("3-7")
