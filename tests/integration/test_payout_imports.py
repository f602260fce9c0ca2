"""What statements do: transfers executed and returned, claims paid and opened again, all or nothing."""

import asyncio
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from loadtests.demo.applicants import account
from settlement.payouts.errors import PayoutError
from settlement.payouts.importing import Imported
from settlement.payouts.matching import Effect
from settlement.payouts.purpose import end_to_end_id
from tests.payouts_kit import DAY, PAYER, Line, Treasury, came_back, camt, onec, paid

AMOUNT = 123_456_78
FORMATS = (onec, camt)
Write = Callable[..., bytes]


def codes(done: Imported) -> list[tuple[int, str]]:
    """Each problem by the entry's number."""
    return [(one.n, one.code.name) for one in done.problems]


async def everything(treasury: Treasury) -> str:
    """All that an import may change, as one text."""
    tables = ("claim", "claim_history", "payout", "transfer", "statement", "statement_entry", "return_demand",
              "audit_entry")  # fmt: skip
    found = [
        await treasury.sql(f"SELECT json_agg(t ORDER BY t::text)::text FROM {table} t")  # noqa: S608
        for table in tables
    ]
    return str(found)


@pytest.mark.parametrize("write", FORMATS)
async def test_an_executed_transfer_pays_its_claim(treasury: Treasury, write: Write) -> None:
    """And closes its register; what others got is kept for the reconciliation."""
    claim = await treasury.claim(await treasury.merchant(1), AMOUNT)
    (one,) = (await treasury.sent()).transfers
    done = await treasury.imported(write(paid(one), Line(500, "Аренда", number="99")))
    assert (True, 1, 1) == (done.is_done, done.count(Effect.EXECUTED), done.count(Effect.OTHER))
    assert ("PAID", AMOUNT) == await treasury.claim_now(claim)
    assert ("EXECUTED", AMOUNT, 0) == await treasury.transfer_now(one.end_to_end_id)
    assert "CLOSED" == await treasury.sql("SELECT state FROM payout")
    row = await treasury.row("SELECT executed_on, order_number FROM transfer")
    assert (DAY, one.order_number) == (row["executed_on"], row["order_number"])
    steps = await treasury.sql("SELECT array_agg(step ORDER BY n) FROM claim_history")
    assert ["PAY"] == steps


@pytest.mark.parametrize("write", FORMATS)
async def test_parts_pay_in_part_until_the_last(treasury: Treasury, write: Write) -> None:
    """Two parts of the same sum on one day are two."""
    claim = await treasury.claim(await treasury.merchant(1), 1000)
    (one,) = (await treasury.sent()).transfers
    await treasury.imported(write(paid(one, 300), paid(one, 300)))
    assert ("PARTLY_PAID", 600) == await treasury.claim_now(claim)
    assert ("EXPORTED", 600, 0) == await treasury.transfer_now(one.end_to_end_id)
    await treasury.imported(write(paid(one, 400)))
    assert ("PAID", 1000) == await treasury.claim_now(claim)


@pytest.mark.parametrize("first", FORMATS)
@pytest.mark.parametrize("second", FORMATS)
async def test_what_was_imported_does_nothing_a_second_time(
    treasury: Treasury, first: Write, second: Write
) -> None:
    """The same file, one that overlaps it, and the same movements in the other format."""
    claim = await treasury.claim(await treasury.merchant(1), 1000)
    (one,) = (await treasury.sent()).transfers
    lines = (paid(one, 300), paid(one, 300))
    await treasury.imported(first(*lines))
    before = await everything(treasury)
    again = await treasury.imported(first(*lines))
    assert (True, True) == (again.is_done, again.is_known)
    assert before == await everything(treasury)
    more = await treasury.imported(second(*lines, paid(one, 400)))
    assert (2, 1) == (more.count(Effect.DUPLICATE), more.count(Effect.EXECUTED))
    assert ("PAID", 1000) == await treasury.claim_now(claim)


@pytest.mark.parametrize("write", FORMATS)
async def test_money_that_comes_back_opens_the_claim_again(treasury: Treasury, write: Write) -> None:
    """It is paid once more, to an account confirmed since, by a transfer with a new id."""
    merchant = await treasury.merchant(1)
    claim = await treasury.claim(merchant, AMOUNT)
    (old,) = (await treasury.sent()).transfers
    await treasury.imported(write(paid(old)))
    done = await treasury.imported(write(paid(old), came_back(old)))
    assert (1, 1) == (done.count(Effect.DUPLICATE), done.count(Effect.RETURNED))
    assert ("RETURNED_BY_BANK", 0) == await treasury.claim_now(claim)
    assert ("RETURNED", AMOUNT, AMOUNT) == await treasury.transfer_now(old.end_to_end_id)
    with pytest.raises(PayoutError, match="ACCOUNT_NOT_RENEWED"):
        await treasury.made(claim)
    await treasury.account(merchant, account(2))
    (new,) = (await treasury.sent(claim)).transfers
    assert old.end_to_end_id != new.end_to_end_id
    await treasury.imported(write(paid(new)))
    assert ("PAID", AMOUNT) == await treasury.claim_now(claim)
    steps = await treasury.sql("SELECT array_agg(step ORDER BY n) FROM claim_history")
    assert ["PAY", "RETURN_BY_BANK", "PAY_AGAIN", "PAY"] == steps


async def test_a_part_that_comes_back_is_paid_again_alone(treasury: Treasury) -> None:
    """What stayed with the merchant is not sent twice."""
    merchant = await treasury.merchant(1)
    claim = await treasury.claim(merchant, 1000)
    (old,) = (await treasury.sent()).transfers
    await treasury.imported(onec(paid(old), came_back(old, 250)))
    assert ("RETURNED_BY_BANK", 750) == await treasury.claim_now(claim)
    await treasury.account(merchant, account(2))
    (new,) = (await treasury.sent(claim)).transfers
    assert 250 == new.amount_kopecks
    await treasury.imported(onec(came_back(old, 50)))
    assert ("PAYABLE", 700) == await treasury.claim_now(claim)
    await treasury.imported(onec(paid(new)))
    assert ("PARTLY_PAID", 950) == await treasury.claim_now(claim)
    (last,) = (await treasury.made()).transfers
    assert (claim, 50) == (last.claim_id, last.amount_kopecks)


@pytest.mark.parametrize("write", FORMATS)
async def test_a_transfer_is_found_without_its_id(treasury: Treasury, write: Write) -> None:
    """By number and day of the order and the payee's account; its return by what the purpose names."""
    claim = await treasury.claim(await treasury.merchant(1), AMOUNT)
    (one,) = (await treasury.sent()).transfers
    cut = paid(one, purpose="Субсидия", end_to_end=one.order_number)
    back = came_back(
        one, purpose=f"Возврат п/п № {one.order_number} от 24.11.2026, счет закрыт", end_to_end="NOTPROVIDED"
    )
    done = await treasury.imported(write(cut, back))
    assert (1, 1) == (done.count(Effect.EXECUTED), done.count(Effect.RETURNED))
    assert ("RETURNED_BY_BANK", 0) == await treasury.claim_now(claim)


async def test_the_same_number_on_another_day_or_account_is_not_ours(treasury: Treasury) -> None:
    """The department has orders of its own, which may have the same numbers."""
    claim = await treasury.claim(await treasury.merchant(1), AMOUNT)
    (one,) = (await treasury.sent()).transfers
    bare = paid(one, purpose="Аренда", end_to_end="NOTPROVIDED")
    others = (
        replace(bare, dated=DAY - timedelta(1)),
        replace(bare, account=account(5)),
        replace(bare, amount_kopecks=AMOUNT + 1),
        Line(AMOUNT, f"Оплата по счету {one.order_number} от 24.11.2026", is_credit=True),
        Line(AMOUNT - 1, f"Возврат п/п № {one.order_number} от 24.11.2026", is_credit=True),
    )
    done = await treasury.imported(onec(*others))
    assert 5 == done.count(Effect.OTHER)
    assert ("PAYABLE", 0) == await treasury.claim_now(claim)


async def test_one_bad_entry_leaves_nothing_half_done(treasury: Treasury) -> None:
    """All that is wrong is told by entry; the good ones have no effect either."""
    claims = [await treasury.claim(await treasury.merchant(n), 1000) for n in (1, 2, 4)]
    one, other, third = (await treasury.sent(*claims)).transfers
    draft_claim = await treasury.claim(await treasury.merchant(5), 1000)
    (draft,) = (await treasury.made(draft_claim)).transfers
    before = await everything(treasury)
    lines = (
        paid(one),
        paid(other, 1001),
        paid(third, account=account(9)),
        came_back(one, 1001),
        paid(draft),
        paid(one, purpose=f"{one.purpose} {other.end_to_end_id}"),
        paid(other, purpose=f"Субсидия {end_to_end_id(9, 9)}", end_to_end="NOTPROVIDED"),
    )
    done = await treasury.imported(camt(*lines))
    assert not done.is_done
    assert [
        (2, "MORE_THAN_LEFT"), (3, "ACCOUNT_DIFFERS"), (5, "NOT_EXPORTED"), (6, "SEVERAL_TRANSFERS"),
        (7, "TRANSFER_UNKNOWN"), (4, "RETURN_EXCEEDS"),
    ] == codes(done)  # fmt: skip
    assert before == await everything(treasury)


async def test_what_contradicts_is_set_aside_if_a_person_says_so(treasury: Treasury) -> None:
    """The good entries count, the others wait for the reconciliation; what cannot be read is never taken."""
    claim = await treasury.claim(await treasury.merchant(1), 1000)
    (one,) = (await treasury.sent()).transfers
    done = await treasury.imported(onec(paid(one), paid(one, 5)), sets_aside=True)
    assert (True, [(2, "MORE_THAN_LEFT")]) == (done.is_done, codes(done))
    assert ("PAID", 1000) == await treasury.claim_now(claim)
    assert "MORE_THAN_LEFT" == await treasury.sql("SELECT problem FROM statement_entry WHERE problem <> ''")
    broken = onec(Line(7)).replace("Сумма=0.07".encode("cp1251"), "Сумма=?".encode("cp1251"))
    refused = await treasury.imported(broken, sets_aside=True)
    assert (False, [(1, "VALUE_WRONG")]) == (refused.is_done, codes(refused))


async def test_nothing_is_paid_by_a_transfer_that_came_back(treasury: Treasury) -> None:
    """What comes after the return is a case for people."""
    claim = await treasury.claim(await treasury.merchant(1), 1000)
    (one,) = (await treasury.sent()).transfers
    await treasury.imported(onec(paid(one, 600), came_back(one, 600)))
    done = await treasury.imported(onec(paid(one, 400)))
    assert [(1, "TRANSFER_CLOSED")] == codes(done)
    assert ("RETURNED_BY_BANK", 0) == await treasury.claim_now(claim)


async def test_money_for_a_demand_closes_it_when_it_is_whole(treasury: Treasury) -> None:
    """By the demand's number; of another merchant, or too much, it is refused."""
    claim = await treasury.claim(await treasury.merchant(1), 1000)
    await treasury.sent()
    demand = await treasury.sql(
        """
        INSERT INTO return_demand (agreement_id, operation_id, program_code, amount_kopecks, reason,
          revenue_kbk, purpose, demanded_on, due_on)
        SELECT agreement_id, gen_random_uuid(), 'food', 100, '-', '', '-', '2026-11-01', '2026-11-20'
        FROM claim WHERE id = $1 RETURNING id
        """,
        claim,
    )
    inn = await treasury.sql("SELECT inn FROM merchant")
    text = f"Возврат субсидии по требованию о возврате № {demand} от 01.11.2026"

    def line(amount_kopecks: int, **more: str) -> Line:
        return Line(amount_kopecks, text, is_credit=True, **{"inn": inn, **more})

    async def now() -> tuple[str, int]:
        row = await treasury.row("SELECT state, returned_kopecks FROM return_demand")
        return row["state"], row["returned_kopecks"]

    assert [(1, "DEMAND_OF_ANOTHER")] == codes(await treasury.imported(onec(line(100, inn="0000000025"))))
    assert [(1, "DEMAND_EXCEEDS")] == codes(await treasury.imported(onec(line(101))))
    assert 1 == (await treasury.imported(onec(line(40)))).count(Effect.DEMAND)
    assert ("DEMANDED", 40) == await now()
    assert 1 == (await treasury.imported(camt(line(60)))).count(Effect.DEMAND)
    assert ("RETURNED", 100) == await now()


async def test_two_who_import_the_same_statement_at_once_pay_once(treasury: Treasury) -> None:
    """The second waits for the first, and finds that it is done."""
    claim = await treasury.claim(await treasury.merchant(1), 1000)
    (one,) = (await treasury.sent()).transfers
    done = await asyncio.gather(*(treasury.imported(onec(paid(one))) for _ in range(3)))
    assert [False, True, True] == sorted(each.is_known for each in done)
    assert ("PAID", 1000) == await treasury.claim_now(claim)


async def test_a_foreign_or_broken_statement_changes_nothing(treasury: Treasury) -> None:
    """Each is refused by name before the database is asked for anything."""
    await treasury.claim(await treasury.merchant(1), 1000)
    (one,) = (await treasury.sent()).transfers
    before = await everything(treasury)
    foreign = onec(paid(one), account="40702810000000000777")
    for data in (foreign, onec(paid(one), left="9.99"), camt(paid(one))[:-9], b"<!DOCTYPE d><d/>"):
        with pytest.raises(PayoutError):
            await treasury.imported(data)
    assert before == await everything(treasury)
    assert PAYER.account != "40702810000000000777"


async def test_an_import_is_in_the_audit_log_by_the_files_digest(treasury: Treasury) -> None:
    """With what it did."""
    await treasury.claim(await treasury.merchant(1), 1000)
    (one,) = (await treasury.sent()).transfers
    await treasury.imported(onec(paid(one)))
    row = await treasury.row(
        "SELECT subject_id, details FROM audit_entry WHERE action = 'statement.imported'"
    )
    assert await treasury.sql("SELECT encode(sha256, 'hex') FROM statement") == row["subject_id"]
    assert (1, 1000) == (row["details"]["executed"], row["details"]["debit_kopecks"])


async def test_a_card_number_in_a_purpose_is_not_kept(treasury: Treasury) -> None:
    """Banks' texts are anybody's."""
    await treasury.sent(await treasury.claim(await treasury.merchant(1), 1000))
    await treasury.imported(onec(Line(7, "Возврат на карту 9643100000000000001")))
    assert "Возврат на карту [card]" == await treasury.sql("SELECT purpose FROM statement_entry")
