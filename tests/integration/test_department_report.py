"""The department's year beside a real ledger that has one of everything, and claims put by hand."""

import io
from collections.abc import AsyncIterator
from datetime import date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace
from openpyxl import load_workbook

from settlement.claims.states import ClaimState
from settlement.ledger_reader.reports_department import BudgetRow, MovedRow, OpenClaimRow
from settlement.reports.department import (
    DepartmentReport,
    Lapse,
    department_report,
    forecast_kopecks,
    lapse_of,
    open_claim,
)
from settlement.reports.department_files import (
    department_csv,
    department_html,
    department_json,
    department_xlsx,
)
from tests.cli_kit import CommandLine
from tests.ledger_kit import Kit, kit_on
from tests.ledger_scene import Scene
from tests.reports_kit import put_claim, sell

NEW_YEAR, NEW_YEARS_EVE = date(2026, 1, 1), date(2026, 12, 31)


@pytest.fixture
async def kit(database_url: str) -> AsyncIterator[Kit]:
    """An empty ledger."""
    async with kit_on(database_url) as made:
        yield made


async def _report(kit: Kit, years_back: int = 0) -> DepartmentReport:
    async with (
        kit.connect() as connection,
        connection.transaction(isolation="repeatable_read", readonly=True),
    ):
        year = datetime.now().astimezone().year - years_back
        return await department_report(connection, year)


async def test_points_are_where_the_certificates_say(kit: Kit) -> None:
    """Issued = spent + lapsed + outstanding, and held, spent and lapsed are those of the certificates."""
    await Scene(kit, await kit.committer()).play()
    async with kit.connect() as connection:
        rows = await connection.fetch(
            "SELECT program_code, sum(nominal_kopecks), sum(spent_kopecks), sum(lapsed_kopecks),"
            " sum(held_kopecks), sum(available_kopecks + held_kopecks) FROM certificate GROUP BY 1"
        )
        # The scene's clock goes ahead, maybe beyond the year's end.
        year = (await connection.fetchval("SELECT tillgate_now()")).year
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            report = await department_report(connection, year)
        async with connection.transaction(isolation="repeatable_read", readonly=True):
            before = await department_report(connection, year - 1)
    months = [*before.months, *report.months]
    for code, *sums in rows:
        own = [month for month in months if month.program_code == code]
        last = own[-1]
        assert sums == [
            sum(month.issued_kopecks for month in own),
            sum(month.spent_kopecks for month in own),
            sum(month.lapsed_kopecks for month in own),
            last.held_kopecks,
            last.outstanding_kopecks,
        ]
        assert sums[0] == sums[1] + sums[2] + sums[4]
    reasons = {reason for month in months for reason in month.lapsed}
    assert {Lapse.HELD_PAST_END, Lapse.EXPIRED, Lapse.ONE_SHOT_REST} <= reasons


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        (("LAPSE", "AVAILABLE", "LAPSED", False), Lapse.EXPIRED),
        (("LAPSE", "AVAILABLE", "LAPSED", True), Lapse.ONE_SHOT_REST),
        (("WITHDRAW", "AVAILABLE", "LAPSED", False), Lapse.WITHDRAWN),
        (("RELEASE", "HELD", "LAPSED", True), Lapse.HELD_PAST_END),
        (("VOID", "SPENT", "LAPSED", True), Lapse.HELD_PAST_END),
        (("REFUND", "SPENT", "LAPSED", True), Lapse.REFUNDED_PAST_END),
        (("CORRECTION", "LAPSED", "AVAILABLE", False), Lapse.CORRECTED),
        (("REOPEN", "LAPSED", "AVAILABLE", False), Lapse.BROUGHT_BACK),
        (("LATE_CAPTURE", "LAPSED", "SPENT", True), Lapse.BROUGHT_BACK),
    ],
)
def test_every_way_to_lapse_has_its_reason(row: tuple[str, str, str, bool], reason: Lapse) -> None:
    """By the kind of entry, and whether a purchase made it."""
    kind, source, target, is_of_purchase = row
    assert lapse_of(MovedRow("FOOD", None, kind, source, target, is_of_purchase, 1)) is reason


async def test_a_budget_says_what_is_owed_and_paid(kit: Kit) -> None:
    """Filed and approved are obligations, paid is not; the newest limit of the year counts."""
    ledger = await kit.ledger()
    card = await kit.card(ledger, 1000_00)
    sold = [await sell(kit, ledger, card, kopecks) for kopecks in (10_00, 20_00, 40_00)]
    year = datetime.now().astimezone().year
    async with kit.connect() as connection:
        for month, state, sale in ((1, "FILED", sold[0]), (2, "PAYABLE", sold[1]), (3, "PAID", sold[2])):
            await put_claim(connection, state, [(sale, "INCLUDED", None)], first_day=f"{year}-{month:02}-01")
        for limit in (1_00, 500_00):
            await connection.execute(
                "INSERT INTO budget_limit (budget_year, kbk, limit_kopecks, act_number, act_date, set_by)"
                " VALUES ($1, '', $2, '1', '2026-01-01', 'first')", year, limit,
            )  # fmt: skip
    [budget] = (await _report(kit)).budgets
    assert (budget.limit_kopecks, budget.sold_kopecks) == (500_00, 70_00)
    assert (budget.obligation_kopecks, budget.paid_kopecks) == (30_00, 40_00)
    assert budget.forecast_kopecks >= 70_00


@pytest.mark.parametrize(
    ("today", "lately", "forecast"),
    [
        (date(2026, 1, 10), 1000, 1000 + 355 * 100),  # ten days of 100 each, 355 are left
        (date(2026, 7, 1), 9000, 50_000 + 183 * 100),
        (NEW_YEARS_EVE, 9000, 50_000),
        (date(2027, 2, 1), 9000, 50_000),
    ],
)
def test_a_forecast_goes_on_as_the_last_ninety_days(today: date, lately: int, forecast: int) -> None:
    """Or as the days since the year began, while they are fewer."""
    sold = lately if today.month == 1 and today.year == 2026 else 50_000
    row = BudgetRow("", None, sold, lately, 0, 0)
    assert forecast_kopecks(row, NEW_YEAR, NEW_YEARS_EVE, today) == forecast


def _waiting(**changes: Any) -> OpenClaimRow:
    noon = datetime.fromisoformat("2026-10-12T12:00:00+03:00")
    values: dict[str, Any] = {
        "id": 1, "merchant_name": "m", "agreement_number": "a", "first_day": date(2026, 9, 1),
        "last_day": date(2026, 9, 30), "state": "FILED", "net_kopecks": 1, "filed_at": noon,
        "decided_at": noon,
        "terms": None, **changes,
    }  # fmt: skip
    return OpenClaimRow(**values)


@pytest.mark.parametrize(
    ("state", "due"),
    [
        (ClaimState.DRAFT, date(2026, 10, 20)),  # the 20th of the next month
        (ClaimState.UNDER_REVIEW, date(2026, 10, 26)),  # ten working days after the filing
        (ClaimState.PAYABLE, date(2026, 10, 26)),  # ten after the decision
        (ClaimState.RETURNED_TO_MERCHANT, None),
    ],
)
def test_each_waiting_claim_has_its_term(state: ClaimState, due: date | None) -> None:
    """And is missed from the day after it."""
    found = open_claim(_waiting(state=state.value), date(2026, 10, 26))
    assert (found.due_on, found.age_days) == (due, 26)
    if due is not None:
        assert not open_claim(_waiting(state=state.value), due).is_missed
        assert open_claim(_waiting(state=state.value), due + timedelta(days=1)).is_missed


async def test_every_format_says_the_same(kit: Kit) -> None:
    """The workbook's and the CSV's sums are the report's; a name that begins a formula is text."""
    ledger = await kit.ledger()
    card = await kit.card(ledger, 1000_00)
    sale = await sell(kit, ledger, card, 12_34)
    async with kit.connect() as connection:
        await connection.execute("UPDATE merchant SET name = '=1+1<b>' WHERE id = 1")
        await put_claim(connection, "FILED", [(sale, "INCLUDED", None)])
    report = replace(await _report(kit), programs={"FOOD": "Еда & питьё"})
    book = load_workbook(io.BytesIO(department_xlsx(report)), read_only=True)
    rows = list(book["Баллы"].iter_rows(values_only=True, min_row=3))
    assert [12.34] == [row[3] for row in rows if row[3]]
    claims = list(book["Расчёты"].iter_rows(values_only=True, min_row=3))
    assert [("'=1+1<b>", 12.34)] == [(row[1], row[6]) for row in claims]
    assert {"Еда & питьё"} == {row[0] for row in rows}
    csv = department_csv(report).decode()
    assert "\nFOOD;" in csv
    assert "Еда" not in csv
    assert ";12,34;" in csv
    assert "\n1;'=1+1<b>;" in csv
    html = department_html(report).decode()
    assert "=1+1&lt;b&gt;" in html
    assert "Еда &amp; питьё" in html
    assert "<b>" not in html.split("</style>")[1]
    assert b'"spent_kopecks": 1234' in department_json(report)


def test_the_command_writes_every_format(tillgate: CommandLine, tmp_path: Path) -> None:
    """Also of a year in which nothing happened."""
    for kind in ("html", "xlsx", "csv", "json"):
        out = tmp_path / f"report.{kind}"
        result = tillgate("report", "department", "--year", 2025, "--format", kind, "--out", out)
        assert (result.exit_code, out.stat().st_size > 100) == (0, True), result.output
    assert "Claims that wait" in tillgate("report", "department", "--year", 2025).output
    assert tillgate("report", "department", "--year", 2025, "--format", "xlsx").exit_code == 2
