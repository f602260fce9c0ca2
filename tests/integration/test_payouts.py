"""Registers of payouts: from a claim that waits for money to transfers that a second person approved."""

import asyncio
from collections.abc import Awaitable

import pytest

from gateway.record.reports import ReportKind, report
from gateway.runtime.database import driver_connection
from loadtests.demo.applicants import account
from settlement.payouts import making
from settlement.payouts.errors import PayoutError
from settlement.payouts.storing import read_payout
from tests.payouts_kit import FIRST, KBK, SECOND, Treasury

AMOUNT = 123_456_78


async def refused(attempt: Awaitable[object]) -> str:
    """What an attempt is refused with."""
    with pytest.raises(PayoutError) as error:
        await attempt
    return error.value.code.name


async def test_a_register_takes_every_claim_that_waits_for_money(treasury: Treasury) -> None:
    """What is approved and not yet paid, with the requisites and terms of that instant."""
    terms = f'{{"kbk": "{KBK}", "personal_account": "031481", "obligation_number": "БО-17",' \
        ' "purpose_code": "81-01"}'  # fmt: skip
    first = await treasury.claim(await treasury.merchant(1), AMOUNT, settings=terms)
    second = await treasury.claim(await treasury.merchant(3), 5)
    made = await treasury.made()
    assert ["DRAFT"] * 2 == [one.state for one in made.transfers]
    assert (2, AMOUNT + 5) == (made.control.count, made.control.sum_kopecks)
    one, other = made.transfers
    assert (first, second) == (one.claim_id, other.claim_id)
    assert (KBK, "031481", "БО-17", "81-01") == (
        one.kbk, one.personal_account, one.obligation_number, one.purpose_code,
    )  # fmt: skip
    assert (
        "Субсидия в целях возмещения недополученных доходов по договору Д-1 за октябрь 2026 г.,"
        f" обязательство БО-17, код цели 81-01, {one.end_to_end_id}"
    ) == one.purpose
    assert ("ПРИМЕР БАНК", account(1)) == (one.payee.bank.bank_name, one.payee.bank.account)
    assert ("000001001", "") == (one.payee.kpp, other.payee.kpp)


async def test_a_claim_has_one_open_transfer(treasury: Treasury) -> None:
    """Named again it is refused; among all it is left out; the database itself would refuse it too."""
    claim = await treasury.claim(await treasury.merchant(1), AMOUNT)
    await treasury.made()
    assert "TRANSFER_OPEN" == await refused(treasury.made(claim))
    assert "NOTHING_TO_PAY" == await refused(treasury.made())


async def test_two_who_make_registers_at_once_make_one(treasury: Treasury) -> None:
    """The second waits for the claim, and finds its transfer."""
    claims = [await treasury.claim(await treasury.merchant(n), AMOUNT) for n in (1, 2)]
    done = await asyncio.gather(*(treasury.made() for _ in range(3)), return_exceptions=True)
    assert ["NOTHING_TO_PAY"] * 2 == [one.code.name for one in done if isinstance(one, PayoutError)]
    assert 1 == await treasury.sql("SELECT count(*) FROM payout")
    assert len(claims) == await treasury.sql("SELECT count(*) FROM transfer")


@pytest.mark.parametrize("state", ["FILED", "APPROVED", "PAID", "REFUSED"])
async def test_only_what_is_payable_is_paid(treasury: Treasury, state: str) -> None:
    """Any other state of a claim is refused by name; so is a claim that there is not."""
    claim = await treasury.claim(await treasury.merchant(1), AMOUNT)
    await treasury.sql("UPDATE claim SET state = $2 WHERE id = $1", claim, state)
    assert "CLAIM_NOT_PAYABLE" == await refused(treasury.made(claim))
    assert "NOTHING_TO_PAY" == await refused(treasury.made())
    assert "CLAIM_UNKNOWN" == await refused(treasury.made(claim + 1))


async def test_money_goes_to_the_newest_account_that_two_persons_confirmed(treasury: Treasury) -> None:
    """A proposed one is none; in a bank that the directory lacks nothing is made."""
    merchant = await treasury.merchant(1)
    claim = await treasury.claim(merchant, AMOUNT)
    await treasury.account(merchant, account(2))
    await treasury.sql(
        "INSERT INTO merchant_account (merchant_id, bic, account, reason, proposed_by)"
        " VALUES ($1, '049900101', $2, '-', 'first')",
        merchant, account(3),
    )  # fmt: skip
    made = await treasury.made(claim)
    assert [account(2)] == [one.payee.bank.account for one in made.transfers]
    stranger = await treasury.merchant(2)
    await treasury.account(stranger, account(2), bic="049900102")
    assert "BANK_UNKNOWN" == await refused(treasury.made(await treasury.claim(stranger, 1)))


async def test_nobody_approves_what_they_made(treasury: Treasury) -> None:
    """A second person does, and exactly what was looked at."""
    await treasury.claim(await treasury.merchant(1), AMOUNT)
    made = await treasury.made()
    async with treasury.work() as connection:
        attempt = making.approve(connection, made.id, by=FIRST, sha256=made.control.sha256)
        assert "SAME_PERSON" == await refused(attempt)
        attempt = making.approve(connection, made.id, by=SECOND, sha256=bytes(32))
        assert "PAYOUT_CHANGED" == await refused(attempt)
        attempt = making.hand_on(connection, made.id, by=SECOND, form="pain")
        assert "PAYOUT_NOT_APPROVED" == await refused(attempt)
        approved = await making.approve(connection, made.id, by=SECOND, sha256=made.control.sha256)
        assert "second" == approved.approved_by
        attempt = making.approve(connection, made.id, by=SECOND, sha256=made.control.sha256)
        assert "PAYOUT_STATE" == await refused(attempt)
        assert "EXPORTED" == (await making.hand_on(connection, made.id, by=FIRST, form="1c")).state
        assert "PAYOUT_STATE" == await refused(making.discard(connection, made.id, by=FIRST, reason="-"))


@pytest.mark.parametrize(
    ("tampering", "told"),
    [
        ("UPDATE transfer SET amount_kopecks = amount_kopecks + 1", "123456.79 / 123456.78"),
        (
            "UPDATE transfer SET payee = jsonb_set(payee, '{bank,account}', '\"40702810000000000666\"')",
            "sha256",
        ),
        ("UPDATE payout SET sum_kopecks = sum_kopecks + 1", "123456.78 / 123456.79"),
        ("UPDATE payout SET payer = jsonb_set(payer, '{name}', '\"Иной\"')", "sha256"),
        ("DELETE FROM transfer", "0 / 1"),
    ],
)
async def test_a_register_that_was_changed_is_not_handed_on(
    treasury: Treasury, tampering: str, told: str
) -> None:
    """Neither approved nor written: what differs is named."""
    await treasury.claim(await treasury.merchant(1), AMOUNT)
    made = await treasury.sent()
    await treasury.sql(tampering)
    async with driver_connection(treasury.engine) as connection:
        with pytest.raises(PayoutError, match="PAYOUT_CHANGED") as error:
            await read_payout(connection, made.id)
    assert told in str(error.value)


async def test_a_discarded_draft_frees_its_claims_and_its_ids_are_never_used_again(
    treasury: Treasury,
) -> None:
    """For a reason that is kept in the audit log."""
    claim = await treasury.claim(await treasury.merchant(1), AMOUNT)
    made = await treasury.made()
    async with treasury.work() as connection:
        assert "REASON_MISSING" == await refused(making.discard(connection, made.id, by=FIRST, reason=" "))
        await making.discard(connection, made.id, by=FIRST, reason="не тот день")
    again = await treasury.made(claim)
    assert made.transfers[0].end_to_end_id != again.transfers[0].end_to_end_id
    kept = await treasury.sql(
        "SELECT details ->> 'reason' FROM audit_entry WHERE action = 'payout.discarded'"
    )
    assert "не тот день" == kept


async def test_an_order_that_was_refused_before_money_moved_opens_its_claim(treasury: Treasury) -> None:
    """The claim waits for a new account; the new transfer has another id."""
    merchant = await treasury.merchant(1)
    claim = await treasury.claim(merchant, AMOUNT)
    (old,) = (await treasury.sent()).transfers
    async with treasury.work() as connection:
        await making.reject(connection, old.end_to_end_id, by=FIRST, reason="счёт не найден")
    assert ("RETURNED_BY_BANK", 0) == await treasury.claim_now(claim)
    assert "CLOSED" == await treasury.sql("SELECT state FROM payout")
    assert "NOTHING_TO_PAY" == await refused(treasury.made())
    assert "ACCOUNT_NOT_RENEWED" == await refused(treasury.made(claim))
    await treasury.account(merchant, account(2))
    (new,) = (await treasury.sent(claim)).transfers
    assert (account(2), AMOUNT) == (new.payee.bank.account, new.amount_kopecks)
    assert old.end_to_end_id != new.end_to_end_id
    assert ("PAYABLE", 0) == await treasury.claim_now(claim)
    async with treasury.work() as connection:
        again = making.reject(connection, old.end_to_end_id, by=FIRST, reason="ещё раз")
        assert "TRANSFER_STATE" == await refused(again)
        unknown = making.reject(connection, "TG1-999-11", by=FIRST, reason="-")
        assert "TRANSFER_UNKNOWN" == await refused(unknown)


async def test_every_step_of_a_register_is_in_the_audit_log(treasury: Treasury) -> None:
    """With count, sum and SHA-256, and who approved it."""
    await treasury.claim(await treasury.merchant(1), AMOUNT)
    made = await treasury.sent()
    async with treasury.work() as connection:
        rows = await connection.fetch(
            "SELECT action, actor_id, approved_by, details FROM audit_entry WHERE subject_kind = 'PAYOUT'"
            " ORDER BY id"
        )
    assert ["payout.made", "payout.approved", "payout.exported"] == [row["action"] for row in rows]
    assert ["first", "second", "first"] == [row["actor_id"] for row in rows]
    assert "second" == rows[2]["approved_by"]
    async with treasury.work() as connection:
        pairs = await report(connection, ReportKind.PAIRS, None, None)
    assert (("first", "second", "PAYOUT", "1", "0"),) == pairs.rows
    assert all(made.control.sha256.hex() == row["details"]["sha256"] for row in rows)
