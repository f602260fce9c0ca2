"""An addendum between two claims, or between draft and filing: no day is claimed twice, none is left out."""

from collections.abc import AsyncIterator
from datetime import date

import asyncpg
import pytest

from gateway.domain.settlement_terms import OverLimit, Period
from settlement.claims.building import Built, build_all
from settlement.claims.errors import ClaimCode
from settlement.claims.model import Treatment
from settlement.claims.reading import claims_of
from settlement.claims.states import ClaimState
from settlement.errors import SettlementError
from settlement.ledger_reader.payees import payables
from tests.claims_kit import AGREEMENT_ID, CLERK, Town, month_from, town_on

IN, CARRIED = Treatment.INCLUDED, Treatment.CARRIED
MONTH, QUARTER = Period.MONTH, Period.QUARTER


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """A town of its own, on the 1st of April: a quarter begins."""
    async with town_on(database_url) as made:
        await made.on(month_from(made.month, 2))
        yield made


async def next_month(town: Town) -> date:
    """Let the month end; the first day of the one that is over."""
    over = town.month
    await town.on(month_from(over, 1))
    return over


async def refused(town: Town, first_day: date) -> ClaimCode:
    """Why there is no draft of a period."""
    with pytest.raises(SettlementError) as error:
        await town.build(first_day)
    assert isinstance(error.value.code, ClaimCode)
    return error.value.code


async def run_over_all(town: Town, first_day: date, period: Period) -> Built:
    """What a run over all agreements makes of the one that sells."""
    steps = [step async for step in build_all(town.connection, first_day, by=CLERK, period=period)]
    [outcome] = [step.outcome for step in steps if step.agreement_id == AGREEMENT_ID]
    return outcome


@pytest.mark.parametrize("by_run", [False, True])
async def test_months_that_become_quarters_leave_the_rest_of_the_quarter_to_one_claim(
    town: Town, by_run: bool
) -> None:
    """April is filed by itself: May and June are one claim, which the run over all finds too."""
    quarter = town.month
    await town.sell(10_00)
    april = await town.file(await town.build(await next_month(town)))
    await town.agree(period=QUARTER)
    await town.sell(20_00)
    may = await next_month(town)
    await town.sell(30_00)
    assert await refused(town, may) is ClaimCode.PERIOD_OPEN
    await next_month(town)
    if by_run:
        assert Built.NEW is await run_over_all(town, quarter, QUARTER)
    else:
        await town.build(may)
    [draft] = await claims_of(town.connection, states=[ClaimState.DRAFT])
    assert (may, date(may.year, 6, 30), 50_00) == (draft.first_day, draft.last_day, draft.net_kopecks)
    await town.file(draft)
    assert ClaimState.FILED is (await claims_of(town.connection, first_day=april.first_day))[0].state
    assert Built.FILED is await run_over_all(town, quarter, QUARTER)
    assert (await town.identity()).under_review_kopecks == 60_00


async def test_a_correction_has_the_days_of_what_it_corrects(town: Town) -> None:
    """April stays April though the agreement claims by quarters now, and a quarter a quarter."""
    await town.sell(10_00)
    april = await town.file(await town.build(await next_month(town)))
    await town.agree(period=QUARTER)
    await town.sell(20_00)
    await next_month(town)
    await town.capture_late(april.first_day)
    correction = await town.build(april.first_day)
    assert (april.id, april.last_day, 60_00) == (
        await town.connection.fetchval("SELECT supersedes_id FROM claim WHERE id = $1", correction.id),
        correction.last_day, correction.net_kopecks,
    )  # fmt: skip
    await town.file(correction)
    assert 60_00 == (await town.identity()).under_review_kopecks


async def test_a_quarter_that_becomes_months_has_no_months_besides(town: Town) -> None:
    """What comes late goes into its correction until it is decided, and then into the next month."""
    quarter = town.month
    await town.sell(10_00)
    await town.on(month_from(quarter, 3))
    await town.agree(period=QUARTER)
    filed = await town.file(await town.build(quarter))
    await town.agree(period=MONTH)
    await town.capture_late(month_from(quarter, 1))
    assert await refused(town, month_from(quarter, 1)) is ClaimCode.PERIOD_FILED
    assert Built.FILED is await run_over_all(town, quarter, MONTH)
    correction = await town.build(quarter)
    assert (filed.last_day, 60_00) == (correction.last_day, correction.net_kopecks)
    await town.decide(filed.id)
    assert await refused(town, quarter) is ClaimCode.CLAIM_ACCEPTED
    await town.on(month_from(quarter, 4))
    assert [(IN, 50_00)] == await town.sums(await town.build(month_from(quarter, 3)))


async def test_drafts_of_another_period_are_discarded_and_never_filed(town: Town) -> None:
    """Of April and May, before the agreement claims by quarters: one draft is left, of the quarter."""
    quarter = town.month
    await town.sell(10_00)
    april = await town.build(await next_month(town))
    await town.sell(20_00)
    may = await town.build(await next_month(town))
    await town.agree(period=QUARTER)
    for draft, code in ((april, ClaimCode.TERMS_CHANGED), (may, ClaimCode.PERIOD_UNFIT)):
        with pytest.raises(SettlementError) as error:
            await town.file(draft)
        assert code is error.value.code
    await town.on(month_from(quarter, 3))
    whole = await town.build(quarter)
    assert [whole.id] == [one.id for one in await claims_of(town.connection, states=[ClaimState.DRAFT])]
    assert [(IN, 10_00), (IN, 20_00)] == await town.sums(whole)


async def test_no_two_filed_claims_can_have_a_day_in_common(town: Town) -> None:
    """The database holds it against whoever writes past the code."""
    await town.sell(10_00)
    april = await town.file(await town.build(await next_month(town)))
    with pytest.raises(asyncpg.ExclusionViolationError):
        await town.connection.execute(
            "INSERT INTO claim (agreement_id, merchant_id, first_day, last_day, correction_number, state,"
            " built_at, lines_sha256, line_count, sale_kopecks, returned_kopecks, carried_kopecks,"
            " over_limit_kopecks, unmatched_kopecks, filed_at) SELECT agreement_id, merchant_id, last_day,"
            " last_day, 0, state, built_at, lines_sha256, 0, 1, 0, 0, 0, 0, filed_at FROM claim"
            " WHERE id = $1",
            april.id,
        )


async def test_a_draft_by_other_terms_is_not_filed(town: Town) -> None:
    """Another КБК; refunds that may not be netted any more; lines that are carried now and not refused."""
    sold = await town.sell(100_00)
    filed = await town.file(await town.build(await next_month(town)))
    await town.decide(filed.id)
    await town.pay(filed.id)
    await town.refund(sold, 3)
    await town.sell(50_00)
    await town.sell(40_00)
    month = await next_month(town)
    before = {"ceiling_kopecks": 150_00, "over_limit": OverLimit.REFUSE}
    await town.agree(**before)  # type: ignore[arg-type]
    draft = await town.build(month)
    assert [(IN, -30_00), (IN, 50_00), (Treatment.OVER_LIMIT, 40_00)] == await town.sums(draft)
    for changed, what in (
        ({"kbk": "1" * 20}, "kbk"),
        ({"may_net_refunds": False}, "may_net_refunds"),
        ({"over_limit": OverLimit.CARRY}, "over_limit"),
    ):
        await town.agree(**{**before, **changed})  # type: ignore[arg-type]
        with pytest.raises(SettlementError) as error:
            await town.file(draft)
        assert (ClaimCode.TERMS_CHANGED, True) == (error.value.code, f"({what})" in str(error.value))
    await town.agree(**before)  # type: ignore[arg-type]
    assert ClaimState.FILED is (await town.file(draft)).state


async def test_a_claim_is_paid_by_the_kbk_whose_limit_it_used(town: Town) -> None:
    """All else of the payment follows the agreement as it is now."""
    await town.agree(kbk="1" * 20, obligation_number="1")
    await town.sell(10_00)
    filed = await town.file(await town.build(await next_month(town)))
    await town.decide(filed.id)
    await town.agree(kbk="2" * 20, obligation_number="2")
    async with town.connection.transaction():
        [due] = await payables(town.connection, [filed.id])
    assert ("1" * 20, "2") == (due.terms.kbk, due.terms.obligation_number)


async def test_a_settled_agreement_files_nothing(town: Town) -> None:
    """Its draft stays a draft, and a run over all passes it by."""
    await town.sell(10_00)
    month = await next_month(town)
    draft = await town.build(month)
    await town.connection.execute("UPDATE agreement SET state = 'SETTLED' WHERE id = $1", AGREEMENT_ID)
    with pytest.raises(SettlementError) as error:
        await town.file(draft)
    assert ClaimCode.AGREEMENT_SETTLED is error.value.code
    assert await refused(town, month) is ClaimCode.AGREEMENT_SETTLED
    steps = [step async for step in build_all(town.connection, month, by=CLERK)]
    assert AGREEMENT_ID not in [step.agreement_id for step in steps]
