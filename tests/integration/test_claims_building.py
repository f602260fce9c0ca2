"""Claims are built from the ledger's entries: every line once, the same set always the same bytes."""

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from gateway.domain.policy import day_start
from gateway.domain.settlement_terms import Evidence, Period
from settlement.claims.building import Built, build_all
from settlement.claims.canonical import SHA256_OF_LINES, line_bytes, lines_sha256
from settlement.claims.errors import ClaimCode
from settlement.claims.model import ClaimLine, LineKind, Treatment
from settlement.claims.states import ClaimState
from settlement.errors import SettlementError
from tests.claims_kit import AGREEMENT_ID, CLERK, TOYS, Town, month_from, town_on
from tests.ledger_kit import AGREEMENT, standing

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
IN, OUT, CARRIED = Treatment.INCLUDED, Treatment.UNMATCHED, Treatment.CARRIED


@pytest.fixture
async def town(database_url: str) -> AsyncIterator[Town]:
    """A town of its own, on the 1st of February."""
    async with town_on(database_url) as made:
        yield made


async def next_month(town: Town) -> date:
    """Let the month end; the first day of the one that is over."""
    over = town.month
    await town.on(month_from(over, 1))
    return over


async def test_a_claim_holds_what_was_sold_less_what_was_given_back(town: Town) -> None:
    """One sale stands, one is partly refunded, one is voided at once, one has no receipt."""
    await town.sell(100_00)
    await town.refund(await town.sell(50_00), 4)
    await town.undo(await town.sell(10_00, has_receipt=False))
    await town.sell(7_00, has_receipt=False)
    claim = await town.build(await next_month(town))
    assert [(IN, 100_00), (IN, 50_00), (IN, -20_00), (OUT, 7_00)] == await town.sums(claim)
    assert (150_00, 20_00, 130_00, 7_00) == (
        claim.sale_kopecks, claim.returned_kopecks, claim.net_kopecks, claim.unmatched_kopecks
    )  # fmt: skip
    [part] = claim.subtotals
    assert ("shop", "FOOD", 3, 130_00) == (
        part.outlet_name, part.program_code, part.line_count, part.net_kopecks
    )  # fmt: skip
    assert claim.lines_sha256 == lines_sha256(await town.lines(claim))
    assert (await town.identity()).holds


async def test_a_sale_without_its_receipt_waits_with_what_was_given_back_of_it(town: Town) -> None:
    """A refund follows its sale: alone it would lower the claim of others."""
    await town.sell(100_00)
    unmatched = await town.sell(50_00, has_receipt=False)
    await town.refund(unmatched, 2)
    claim = await town.build(await next_month(town))
    assert [(IN, 100_00), (OUT, 50_00), (OUT, -10_00)] == await town.sums(claim)


async def test_the_same_set_of_entries_is_the_same_draft(town: Town) -> None:
    """Built twice nothing is written; with one sale more the older draft is discarded with its lines."""
    await town.sell(100_00)
    month = await next_month(town)
    first, second = await town.build(month), await town.build(month)
    assert (first.id, first.built_at) == (second.id, second.built_at)
    await town.capture_late(month)
    third = await town.build(month)
    assert third.lines_sha256 != first.lines_sha256
    states = await town.connection.fetch("SELECT id, state FROM claim ORDER BY id")
    assert [(first.id, "DISCARDED"), (third.id, "DRAFT")] == [tuple(row) for row in states]
    assert 2 == await town.connection.fetchval("SELECT count(*) FROM claim_line")


async def test_a_draft_follows_an_addendum(town: Town) -> None:
    """Another КБК makes another draft of the same lines: a budget is used by what is filed."""
    await town.sell(100_00)
    month = await next_month(town)
    first = await town.build(month)
    await town.agree(kbk="1" * 20)
    second = await town.build(month)
    assert (first.id != second.id, first.lines_sha256) == (True, second.lines_sha256)


async def test_a_capture_that_commits_after_the_build_is_in_the_next_claim(town: Town) -> None:
    """Its sale lies in the month that is filed; no cut-off of time would find it again."""
    await town.sell(100_00)
    month = await next_month(town)
    draft = await town.build(month)
    await town.capture_late(month)
    await town.file(draft)
    await town.sell(30_00)
    after = await town.build(await next_month(town))
    lines = await town.lines(after)
    assert [(True, 50_00), (False, 30_00)] == [(one.is_earlier, one.amount_kopecks) for one in lines]
    assert (await town.identity()).holds


async def test_a_run_over_all_agreements_goes_on_where_it_was(town: Town) -> None:
    """After one of three the run is broken off: the next one finds that draft and makes the others."""
    for merchant in (1, 2, 3):
        await town.sell(merchant * 10_00, terminal_id=merchant * 10 + 1)
    month = await next_month(town)
    broken = build_all(town.connection, month, by=CLERK)
    assert Built.NEW is (await anext(broken)).outcome
    await broken.aclose()
    steps = [step async for step in build_all(town.connection, month, by=CLERK)]
    assert [Built.SAME, Built.NEW, Built.NEW] + [Built.EMPTY] * 6 == [step.outcome for step in steps]
    assert list(range(1, 10)) == [step.done for step in steps]


async def test_a_receipt_that_comes_late_makes_an_earlier_line_of_the_next_claim(town: Town) -> None:
    """Its sale waited unmatched; the head office need not ask for it."""
    await town.sell(100_00)
    waiting = await town.sell(50_00, has_receipt=False)
    filed = await town.file(await town.build(await next_month(town)))
    assert [(IN, 100_00), (OUT, 50_00)] == await town.sums(filed)
    await town.attach(waiting)
    [line] = await town.lines(await town.build(await next_month(town)))
    assert (IN, True, waiting.id) == (line.treatment, line.is_earlier, line.purchase_id)


async def test_one_claim_of_the_head_office_has_subtotals_by_outlet_and_program(town: Town) -> None:
    """With the outlet's address; they sum to the claim."""
    await town.connection.execute(_SECOND_OUTLET)
    await town.issue("CHILDREN", 100_00)
    await town.sell(40_00)
    await town.refund(await town.sell(20_00, okpd2=TOYS), 5)
    beside = await town.sell(30_00, terminal_id=12)
    await town.connection.execute("UPDATE purchase SET outlet_id = 101 WHERE id = $1", beside.id)
    await town.sell(7_00, has_receipt=False)
    claim = await town.build(await next_month(town))
    parts = [(p.outlet_address, p.program_code, p.line_count, p.net_kopecks) for p in claim.subtotals]
    assert [
        ("street", "CHILDREN", 2, 10_00), ("street", "FOOD", 1, 40_00), ("avenue", "FOOD", 1, 30_00)
    ] == parts  # fmt: skip
    assert claim.net_kopecks == sum(part.net_kopecks for part in claim.subtotals)


async def test_a_claim_never_mixes_agreements(town: Town) -> None:
    """The same shop sells under an agreement and the one after it: each has a claim of its own."""
    await town.sell(100_00)
    other = replace(AGREEMENT, id=AGREEMENT_ID + 1)
    town.kit.standings[11] = replace(standing(11), agreements=(other,))
    await town.sell(70_00)
    month = await next_month(town)
    assert [(IN, 100_00)] == await town.sums(await town.build(month))
    assert [(IN, 70_00)] == await town.sums(await town.build(month, AGREEMENT_ID + 1))


async def test_a_sale_over_midnight_belongs_to_the_year_of_its_receipt(town: Town) -> None:
    """Authorized 31.12 23:59:50, receipt 00:00:10, captured 00:01, and the agreement ended in between."""
    new_year = date(town.now.year + 1, 1, 1)
    midnight = day_start(new_year)
    ending = replace(AGREEMENT, in_force_until=new_year)
    town.kit.standings[11] = replace(standing(11), agreements=(ending,))
    await town.connection.execute(
        "UPDATE agreement SET in_force = daterange('2022-03-01', $2) WHERE id = $1", AGREEMENT_ID, new_year
    )
    await town.at(midnight - timedelta(seconds=10))
    held = await town.hold(80_00)
    await town.at(midnight + timedelta(seconds=60))
    receipt = town.receipt(80_00, issued_at=midnight + timedelta(seconds=10))
    await town.capture(held, receipt)
    await town.on(date(new_year.year, 2, 1))
    with pytest.raises(SettlementError) as refused:
        await town.build(date(new_year.year - 1, 12, 1))
    assert ClaimCode.NOTHING_TO_CLAIM is refused.value.code
    claim = await town.build(new_year)
    [line] = await town.lines(claim)
    assert (new_year, 80_00, False) == (line.sale_date, line.amount_kopecks, line.is_earlier)
    assert ClaimState.FILED is (await town.file(claim)).state


async def test_above_the_ceiling_whole_lines_are_carried_in_order_of_sale(town: Town) -> None:
    """The earliest that fit are kept, and nothing after the first that does not; a line is never cut."""
    await town.agree(ceiling_kopecks=100_00)
    for kopecks in (60_00, 50_00, 40_00):
        await town.sell(kopecks)
        await town.at(town.now + timedelta(days=1))
    claim = await town.build(await next_month(town))
    assert [(IN, 60_00), (CARRIED, 50_00), (CARRIED, 40_00)] == await town.sums(claim)


async def test_what_is_over_the_ceiling_is_refused_where_the_agreement_says_so(town: Town) -> None:
    """Once filed, it is refused for good: neither the next claim has it nor what gave it back."""
    await town.agree(ceiling_kopecks=100_00, over_limit="REFUSE")
    await town.sell(60_00)
    over = await town.sell(50_00)
    month = await next_month(town)
    claim = await town.file(await town.build(month))
    assert [(IN, 60_00), (Treatment.OVER_LIMIT, 50_00)] == await town.sums(claim)
    await town.refund(over, 10)
    await town.agree(ceiling_kopecks=500_00, over_limit="REFUSE")
    with pytest.raises(SettlementError) as refused:
        await town.build(await next_month(town))
    assert ClaimCode.NOTHING_TO_CLAIM is refused.value.code
    found = await town.identity()
    assert (True, 0, 60_00) == (found.holds, found.refused_kopecks, found.under_review_kopecks)


async def test_refunds_above_sales_leave_nothing_to_file(town: Town) -> None:
    """A net that is not above zero is carried whole; with enough sales all of it is netted."""
    sold = await town.sell(100_00)
    month = await next_month(town)
    filed = await town.file(await town.build(month))
    await town.decide(filed.id)
    await town.refund(sold, 10)
    await town.sell(60_00)
    month = await next_month(town)
    claim = await town.build(month)
    assert [(CARRIED, -100_00), (CARRIED, 60_00)] == await town.sums(claim)
    with pytest.raises(SettlementError) as refused:
        await town.file(claim)
    assert ClaimCode.NET_NOT_POSITIVE is refused.value.code


async def test_better_evidence_is_asked_for_where_the_agreement_does(town: Town) -> None:
    """A receipt that is only declared does not do for TAX_FILE."""
    await town.agree(evidence=Evidence.TAX_FILE)
    await town.sell(100_00)
    [line] = await town.lines(await town.build(await next_month(town)))
    assert (OUT, ("EVIDENCE_TOO_LOW",)) == (line.treatment, line.mismatches)


async def test_a_quarter_is_claimed_at_its_end(town: Town) -> None:
    """An agreement that claims by quarters has no claim of a month, and a run by months passes it over."""
    await town.agree(period=Period.QUARTER)
    await town.sell(100_00)
    year = town.now.year
    await town.on(date(year, 4, 1))
    with pytest.raises(SettlementError) as refused:
        await town.build(date(year, 2, 1))
    assert ClaimCode.PERIOD_UNFIT is refused.value.code
    assert [] == [step async for step in build_all(town.connection, date(year, 1, 1), by=CLERK)]
    claim = await town.build(date(year, 1, 1))
    assert (date(year, 3, 31), 100_00) == (claim.last_day, claim.net_kopecks)


_SECOND_OUTLET = """
INSERT INTO outlet (id, merchant_id, name, address) OVERRIDING SYSTEM VALUE
  VALUES (101, 1, 'other', 'avenue');
UPDATE terminal SET outlet_id = 101 WHERE id = 12"""

_lines = st.builds(
    ClaimLine,
    n=st.integers(1, 2**31 - 1),
    operation_id=st.uuids(),
    program_code=st.text(st.characters(exclude_characters="\x00", exclude_categories=["Cs"])),
    purchase_id=st.uuids(),
    kind=st.sampled_from(LineKind),
    sale_date=st.dates(date(2000, 1, 1)),
    decided_at=st.integers(0, 10**16).map(lambda since: EPOCH + timedelta(microseconds=since)),
    outlet_id=st.integers(1, 2**63 - 1),
    terminal_id=st.integers(1, 2**63 - 1),
    amount_kopecks=st.integers(-(2**63), 2**63 - 1),
    treatment=st.sampled_from(Treatment),
    mismatches=st.lists(st.sampled_from(("NO_RECEIPT", "SUM_DIFFERS"))).map(tuple),
    evidence=st.sampled_from(Evidence),
    is_earlier=st.booleans(),
    receipt=st.none() | st.tuples(st.from_regex("[0-9]{16}", fullmatch=True), st.integers(1, 2**32)),
)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=30)
@given(lines=st.lists(_lines, max_size=5, unique_by=lambda line: line.n))
async def test_the_database_writes_lines_as_the_code_does(town: Town, lines: list[ClaimLine]) -> None:
    """The canonical form and its digest are the same from both."""
    ordered = sorted(lines, key=lambda line: line.n)
    rows = [
        (
            one.n, one.operation_id, one.program_code, one.purchase_id, one.kind, one.sale_date,
            one.decided_at, one.outlet_id, one.terminal_id, one.amount_kopecks, one.treatment,
            list(one.mismatches), one.evidence, *(one.receipt or (None, None)), one.is_earlier,
        )
        for one in ordered
    ]  # fmt: skip
    async with town.connection.transaction():
        await town.connection.execute(_BARE)
        await town.connection.copy_records_to_table("bare_line", records=rows)
        found = await town.connection.fetchval(SHA256_OF_LINES.format(lines="bare_line"))
    assert lines_sha256(ordered) == found
    assert all(line_bytes(one).endswith(b"\n") for one in ordered)


_BARE = """
CREATE TEMP TABLE bare_line (
  n integer, operation_id uuid, program_code text, purchase_id uuid, kind text, sale_date date,
  decided_at timestamptz, outlet_id bigint, terminal_id bigint, amount_kopecks bigint, treatment text,
  mismatches text[], evidence smallint, receipt_drive_number text, receipt_document_number bigint,
  is_earlier boolean) ON COMMIT DROP"""
