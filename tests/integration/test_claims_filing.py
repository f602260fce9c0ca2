"""Filing: what is claimed still stands, counts once, and is superseded as a whole or not at all."""

from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import date, timedelta

import asyncpg
import pytest

from gateway.domain.policy import day_start, moscow_date
from gateway.workdays import last_day_of_term
from settlement.claims.demand_model import DEMAND_STEPS, Demand, DemandState, DemandStep
from settlement.claims.demands import demand_refunds, demands_of, offset, returned, sue
from settlement.claims.errors import ClaimCode
from settlement.claims.identity import carry_over
from settlement.claims.limits import budget_uses, set_limit
from settlement.claims.model import Claim, LineVerdict, Treatment
from settlement.claims.reading import claims_of, read_claim
from settlement.claims.states import ClaimState
from settlement.errors import SettlementError
from tests.claims_kit import AGREEMENT_ID, CLERK, Town, month_from, town_on

KBK, REVENUE_KBK = "14810020000000000810", "14811302992020000130"
IN, CARRIED = Treatment.INCLUDED, Treatment.CARRIED


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """A town of its own, on the 1st of February."""
    async with town_on(database_url, kbk=KBK, revenue_kbk=REVENUE_KBK) as made:
        yield made


async def draft_of(town: Town) -> Claim:
    """Let the month end and build its claim."""
    over = town.month
    await town.on(month_from(over, 1))
    return await town.build(over)


async def refused(town: Town, claim: Claim, code: ClaimCode) -> str:
    """Filing is refused for a reason, and nothing changes; what is told."""
    before = await town.connection.fetch("SELECT * FROM claim_line ORDER BY claim_id, n")
    with pytest.raises(SettlementError) as error:
        await town.file(claim)
    assert code is error.value.code
    assert ClaimState.DRAFT is (await read_claim(town.connection, claim.id)).state
    assert before == await town.connection.fetch("SELECT * FROM claim_line ORDER BY claim_id, n")
    return str(error.value)


async def test_a_draft_whose_sale_came_back_since_is_stale(town: Town) -> None:
    """The line is named; built anew it is filed."""
    await town.sell(10_00)
    sold = await town.sell(100_00)
    draft = await draft_of(town)
    await town.refund(sold, 5)
    assert "lines that changed: 1: 2" in await refused(town, draft, ClaimCode.CLAIM_STALE)
    again = await town.build(draft.first_day)
    assert 60_00 == (await town.file(again)).net_kopecks


async def test_a_draft_whose_lines_another_claim_took_is_stale(town: Town) -> None:
    """Drafts of two months hold the same sale: the first that is filed has it."""
    await town.sell(100_00)
    first = await draft_of(town)
    second = await draft_of(town)
    assert [(IN, 100_00)] == await town.sums(second)
    await town.file(first)
    await refused(town, second, ClaimCode.CLAIM_STALE)


async def test_a_draft_is_filed_once(town: Town) -> None:
    """A second time it is no draft any more; nor is one that was discarded."""
    await town.sell(100_00)
    draft = await draft_of(town)
    await town.file(draft)
    with pytest.raises(SettlementError) as error:
        await town.file(draft)
    assert ClaimCode.NOT_A_DRAFT is error.value.code


async def test_no_second_live_line_can_be_written(town: Town) -> None:
    """The index holds truth 9 against whoever writes past the code."""
    await town.sell(100_00)
    draft = await draft_of(town)
    await town.file(draft)
    with pytest.raises(asyncpg.UniqueViolationError):
        await town.connection.execute(
            "INSERT INTO claim_line SELECT claim_id, n + 1, operation_id, program_code, purchase_id, kind,"
            " sale_date, decided_at, outlet_id, terminal_id, amount_kopecks, treatment, mismatches, evidence,"
            " receipt_drive_number, receipt_document_number, is_earlier, is_live FROM claim_line"
        )


async def test_a_correction_supersedes_the_whole_claim(town: Town) -> None:
    """Until it is decided; its lines and what came late are live in the correction alone."""
    await town.sell(100_00)
    filed = await town.file(await draft_of(town))
    await town.capture_late(filed.first_day)
    correction = await town.build(filed.first_day)
    assert (1, 150_00) == (correction.correction_number, correction.net_kopecks)
    assert ClaimState.FILED is (await read_claim(town.connection, filed.id)).state
    await town.file(correction)
    assert ClaimState.SUPERSEDED is (await read_claim(town.connection, filed.id)).state
    live = await town.connection.fetch("SELECT DISTINCT claim_id FROM claim_line WHERE is_live")
    assert [correction.id] == [row["claim_id"] for row in live]
    found = await town.identity()
    assert (True, 150_00) == (found.holds, found.under_review_kopecks)
    assert 2 == len(await claims_of(town.connection, agreement_id=AGREEMENT_ID))


async def test_a_decided_claim_is_corrected_no_more(town: Town) -> None:
    """What comes later is a line of the next claim."""
    await town.sell(100_00)
    filed = await town.file(await draft_of(town))
    await town.capture_late(filed.first_day)
    correction = await town.build(filed.first_day)
    await town.decide(filed.id)
    await refused(town, correction, ClaimCode.CLAIM_ACCEPTED)
    with pytest.raises(SettlementError) as error:
        await town.build(filed.first_day)
    assert ClaimCode.CLAIM_ACCEPTED is error.value.code
    assert [(IN, 50_00)] == await town.sums(await draft_of(town))


async def test_a_refused_line_is_claimed_again_unless_for_good(town: Town) -> None:
    """Of three lines one is approved, one refused, one refused for good: the second comes again."""
    for kopecks in (100_00, 20_00, 3_00):
        await town.sell(kopecks)
    filed = await town.file(await draft_of(town))
    await town.decide(filed.id, {2: LineVerdict.REFUSED, 3: LineVerdict.REFUSED_FOR_GOOD})
    found = await town.identity()
    assert (True, 100_00, 3_00) == (found.holds, found.approved_kopecks, found.refused_kopecks)
    after = await draft_of(town)
    assert [(IN, 20_00)] == await town.sums(after)
    await town.file(after)
    found = await town.identity()
    assert (True, 20_00) == (found.holds, found.under_review_kopecks)


async def test_a_budget_holds_over_all_agreements(town: Town) -> None:
    """Two drafts fit into a limit one by one and not together: the second is to be built anew."""
    async with town.connection.transaction():
        await set_limit(
            town.connection,
            budget_year=town.now.year,
            kbk=KBK,
            limit_kopecks=150_00,
            act=("5", date(2026, 1, 15)),
            by=CLERK,
        )
    await town.sell(100_00)
    await town.sell(30_00, terminal_id=21)
    await town.sell(70_00, terminal_id=21)
    first = await draft_of(town)
    second = await town.build(first.first_day, AGREEMENT_ID + 1)
    assert 100_00 == second.net_kopecks
    await town.file(first)
    assert "5000 kopecks of 10000" in await refused(town, second, ClaimCode.LIMIT_EXCEEDED)
    again = await town.build(first.first_day, AGREEMENT_ID + 1)
    assert [(IN, 30_00), (CARRIED, 70_00)] == await town.sums(again)
    await town.file(again)
    [use] = await budget_uses(town.connection)
    assert (130_00, 20_00) == (use.used_kopecks, use.left_kopecks)


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"kbk": "123"}, ClaimCode.KBK_MALFORMED),
        ({"limit_kopecks": -1}, ClaimCode.LIMIT_MALFORMED),
        ({"act": (" ", date(2026, 1, 15))}, ClaimCode.LIMIT_MALFORMED),
    ],
)
async def test_a_limit_that_makes_no_sense_is_refused(
    town: Town, changes: dict[str, object], code: ClaimCode
) -> None:
    """КБК of other than 20 digits, a sum below zero, no act."""
    fields = {"budget_year": 2027, "kbk": KBK, "limit_kopecks": 1, "act": ("5", date(2026, 1, 15))}
    with pytest.raises(SettlementError) as error:
        await set_limit(town.connection, **{**fields, **changes}, by=CLERK)  # type: ignore[arg-type]
    assert code is error.value.code


async def paid_and_given_back(town: Town) -> None:
    """A sale of 100 and one of 50 are paid; then 30 of the first come back."""
    sold = await town.sell(100_00)
    await town.sell(50_00)
    filed = await town.file(await draft_of(town))
    await town.decide(filed.id)
    await town.pay(filed.id)
    await town.refund(sold, 3)


async def test_a_refund_after_payment_lowers_the_next_claim_of_the_year(town: Town) -> None:
    """It is an earlier line of it, below zero; nothing is demanded back meanwhile."""
    await paid_and_given_back(town)
    assert 30_00 == (await town.identity()).not_netted_kopecks
    async with town.connection.transaction():
        assert [] == await demand_refunds(town.connection, AGREEMENT_ID, on=moscow_date(town.now), by=CLERK)
    await town.sell(80_00)
    draft = await draft_of(town)
    assert [(IN, -30_00), (IN, 80_00)] == await town.sums(draft)
    await town.file(draft)
    found = await town.identity()
    assert (True, 0, 50_00, 150_00) == (
        found.holds, found.not_netted_kopecks, found.under_review_kopecks, found.paid_kopecks
    )  # fmt: skip


async def test_a_refund_of_a_closed_year_is_demanded_back(town: Town) -> None:
    """It nets inside its own budget year only; the demand names its КБК, its text and its last day."""
    await town.on(date(town.now.year, 12, 1))
    await paid_and_given_back(town)
    await town.sell(80_00)
    year = town.now.year
    draft = await draft_of(town)
    assert [(CARRIED, -30_00), (IN, 80_00)] == await town.sums(draft)
    over = [one async for one in carry_over(town.connection, year - 1)]
    assert [(AGREEMENT_ID, "PENDING", -30_00)] == [
        (one.agreement_id, one.place, one.amount_kopecks) for one in over
    ]
    today = moscow_date(town.now)
    async with town.connection.transaction():
        [made] = await demand_refunds(town.connection, AGREEMENT_ID, on=today, by=CLERK)
        assert [] == await demand_refunds(town.connection, AGREEMENT_ID, on=today, by=CLERK)
    assert (30_00, REVENUE_KBK, "бюджетный год закрыт") == (
        made.amount_kopecks, made.revenue_kbk, made.reason
    )  # fmt: skip
    assert last_day_of_term(today, 10).day == made.due_on
    assert f"требование № {made.id}" in made.purpose
    with pytest.raises(SettlementError) as error:
        async with town.connection.transaction():
            await offset(town.connection, made.id, on=today, by=CLERK)
    assert ClaimCode.DEMAND_OTHER_YEAR is error.value.code
    async with town.connection.transaction():
        assert 20_00 == (await returned(town.connection, made.id, 10_00, by=CLERK)).left_kopecks
        await sue(town.connection, made.id, by=CLERK)
        done = await returned(town.connection, made.id, 20_00, by=CLERK)
    assert DemandState.RETURNED is done.state
    found = await town.identity()
    assert (True, 120_00, 0) == (found.holds, found.paid_kopecks, found.not_netted_kopecks)


async def test_a_demand_that_is_given_up_lowers_the_next_claim(town: Town) -> None:
    """Offset inside the year: the refund is a line again, and the demand names the claim that has it."""
    await paid_and_given_back(town)
    async with town.connection.transaction():
        today = moscow_date(town.now)
        [made] = await demand_refunds(town.connection, AGREEMENT_ID, on=today, by=CLERK, is_last=True)
    await town.sell(80_00)
    draft = await draft_of(town)
    assert [(IN, 80_00)] == await town.sums(draft)
    async with town.connection.transaction():
        await offset(town.connection, made.id, on=moscow_date(town.now), by=CLERK)
    filed = await town.file(await town.build(draft.first_day))
    assert 50_00 == filed.net_kopecks
    [after] = await demands_of(town.connection, agreement_id=AGREEMENT_ID)
    assert (DemandState.OFFSET, filed.id) == (after.state, after.offset_claim_id)
    assert (await town.identity()).holds


async def test_every_step_of_a_demand_leads_where_the_table_says(town: Town) -> None:
    """All others are refused, and nothing changes."""
    await paid_and_given_back(town)
    async with town.connection.transaction():
        today = moscow_date(town.now)
        [made] = await demand_refunds(town.connection, AGREEMENT_ID, on=today, by=CLERK, is_last=True)
    works: dict[DemandStep, Callable[[], Awaitable[Demand]]] = {
        DemandStep.RETURN: lambda: returned(town.connection, made.id, 30_00, by=CLERK),
        DemandStep.OFFSET: lambda: offset(town.connection, made.id, on=today, by=CLERK),
        DemandStep.SUE: lambda: sue(town.connection, made.id, by=CLERK),
    }
    for state in DemandState:
        for step, work in works.items():
            await town.connection.execute("UPDATE return_demand SET state = $1, returned_kopecks = 0", state)
            expected = DEMAND_STEPS.get((state, step))
            async with town.connection.transaction():
                if expected is not None:
                    assert expected is (await work()).state
                    continue
                with pytest.raises(SettlementError) as error:
                    await work()
                assert ClaimCode.DEMAND_STEP_NOT_ALLOWED is error.value.code


async def test_an_open_period_is_not_claimed(town: Town) -> None:
    """Its last second belongs to it, Moscow time."""
    await town.sell(100_00)
    month = town.month
    end = day_start(month_from(month, 1))
    await town.at(end - timedelta(seconds=60))
    with pytest.raises(SettlementError) as error:
        await town.build(month)
    assert ClaimCode.PERIOD_OPEN is error.value.code
    assert 0 == await town.connection.fetchval("SELECT count(*) FROM claim")
    await town.at(end)
    assert 100_00 == (await town.build(month)).net_kopecks


async def test_a_filed_claim_is_read_as_it_was_filed(town: Town) -> None:
    """Its parties change afterwards: the claim stays, and one that is filed later has the new ones."""
    await town.connection.execute(_REQUISITES)
    await town.sell(100_00)
    filed = await town.file(await draft_of(town))
    await town.agree(kbk=KBK, revenue_kbk=REVENUE_KBK, purpose="Иное назначение")
    await town.connection.execute(_OTHER_REQUISITES)
    again = await read_claim(town.connection, filed.id)
    assert filed == again
    assert ("first", "770101001") == (again.participant.signatory_name, again.subtotals[0].kpp)
    assert again.account is not None
    assert "40702810900000000001" == again.account.account
    await town.sell(50_00)
    draft = await draft_of(town)
    assert "second" == draft.participant.signatory_name
    after = await town.file(draft)
    assert after.account is not None
    assert ("Иное назначение", "40702810900000000002") == (after.terms.purpose, after.account.account)


_REQUISITES = """
WITH p AS (INSERT INTO merchant_profile (merchant_id, kind, full_name, kpp, ogrn, legal_address,
    postal_address, signatory, contact, registered_on, is_taken_over)
  VALUES (1, 'ENTITY', 'full name', '770101001', '1027700000000', 'street', 'street', '{"name": "first"}',
    '{}', '2022-03-01', false))
INSERT INTO merchant_account (merchant_id, bic, account, state, reason, proposed_by, decided_by, decided_at)
VALUES (1, '044525225', '40702810900000000001', 'CONFIRMED', '', 'first', 'second', tillgate_now())"""
_OTHER_REQUISITES = """
WITH p AS (UPDATE merchant_profile SET kpp = '770201001', signatory = '{"name": "second"}')
INSERT INTO merchant_account (merchant_id, bic, account, state, reason, proposed_by, decided_by, decided_at)
VALUES (1, '044525225', '40702810900000000002', 'CONFIRMED', '', 'first', 'second', tillgate_now())"""
