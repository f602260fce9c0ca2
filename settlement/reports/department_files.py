"""The department's report as HTML, XLSX, CSV and JSON."""

import io
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Final

import msgspec

from gateway.domain.policy import MOSCOW
from gateway.spreadsheets import SpreadsheetWriter
from settlement.claims.states import ClaimState
from settlement.reports.charts import Bar, bar_chart
from settlement.reports.department import LAPSE_RU, DepartmentReport, Lapse, ProgramMonth
from settlement.reports.pages import page
from settlement.reports.shown import shown_month, shown_rubles
from settlement.reports.workbooks import CellValue, Column, Look, SheetTable, workbook

STATES_RU: Final[Mapping[ClaimState, str]] = {
    ClaimState.DRAFT: "черновик",
    ClaimState.FILED: "подан",
    ClaimState.UNDER_REVIEW: "на рассмотрении",
    ClaimState.RETURNED_TO_MERCHANT: "возвращён участнику",
    ClaimState.APPROVED: "одобрен",
    ClaimState.APPROVED_IN_PART: "одобрен частично",
    ClaimState.PAYABLE: "к оплате",
    ClaimState.PARTLY_PAID: "оплачен частично",
    ClaimState.RETURNED_BY_BANK: "возвращён банком",
}

POINTS: Final = (
    Column("Вид помощи", width=31),
    Column("Месяц", width=16),
    Column("Зачислено", Look.RUBLES, 18),
    Column("Израсходовано", Look.RUBLES, 18),
    *(Column(f"Обнулено: {LAPSE_RU[reason]}", Look.RUBLES, 16) for reason in Lapse),
    Column("Удержано на конец", Look.RUBLES, 16),
    Column("Остаток на конец", Look.RUBLES, 18),
)
BUDGETS: Final = (
    Column("КБК", width=24),
    Column("Лимит", Look.RUBLES, 18),
    Column("Продано за год", Look.RUBLES, 18),
    Column("Обязательства", Look.RUBLES, 18),
    Column("Оплачено", Look.RUBLES, 18),
    Column("Прогноз на год", Look.RUBLES, 18),
)
CLAIMS: Final = (
    Column("Расчёт", Look.COUNT, 10),
    Column("Участник", width=32),
    Column("Договор", width=18),
    Column("Период с", Look.DAY, 12),
    Column("по", Look.DAY, 12),
    Column("Состояние", width=20),
    Column("Сумма", Look.RUBLES, 18),
    Column("Дней с конца периода", Look.COUNT, 12),
    Column("Срок", Look.DAY, 12),
    Column("Просрочен", width=12),
)


def department_html(report: DepartmentReport) -> bytes:
    """One page that prints."""
    spent = _sums(report.months, lambda month: month.spent_kopecks)
    used = {reason for month in report.months for reason in month.lapsed}
    return page(
        "department.html",
        report=report,
        as_of=report.made_at.astimezone(MOSCOW),
        lapses={reason: name for reason, name in LAPSE_RU.items() if reason in used},
        states=STATES_RU,
        month_of=shown_month,
        chart=bar_chart(
            "spent",
            "Израсходовано по видам помощи, ₽",
            [
                Bar(report.programs.get(code, code), kopecks, f"{shown_rubles(kopecks)[:-3]} ₽")
                for code, kopecks in spent.items()
            ],
        ),
    ).encode()


def department_xlsx(report: DepartmentReport) -> bytes:
    """A sheet for each part."""
    title = f"Отчёт за {report.year} год на {report.made_at.astimezone(MOSCOW):%d.%m.%Y %H:%M}"
    parts = _parts(report, report.programs)
    sheets = [SheetTable(name, columns, rows, (title,)) for name, columns, rows in parts]
    return workbook(sheets, title=title, made_at=report.made_at)


def department_csv(report: DepartmentReport) -> bytes:
    """All parts below each other, each with its columns; programs as codes, rubles with a decimal comma."""
    out = io.StringIO(newline="")
    writer = SpreadsheetWriter(out, has_mark=True)
    for name, columns, rows in _parts(report, {}):
        writer.row((name,))
        writer.row(column.title for column in columns)
        writer.rows([_plain(v, c.look) for v, c in zip(row, columns, strict=True)] for row in rows)
        writer.row(())
    return out.getvalue().encode()


def department_json(report: DepartmentReport) -> bytes:
    """For machines: kopecks."""
    return msgspec.json.format(msgspec.json.encode(report), indent=1) + b"\n"


def _sums(months: Sequence[ProgramMonth], of: Callable[[ProgramMonth], int]) -> dict[str, int]:
    found: dict[str, int] = {}
    for month in months:
        found[month.program_code] = found.get(month.program_code, 0) + of(month)
    return found


def _parts(
    report: DepartmentReport, names: Mapping[str, str]
) -> list[tuple[str, Sequence[Column], list[tuple[CellValue, ...]]]]:
    points: list[tuple[CellValue, ...]] = [
        (
            names.get(m.program_code, m.program_code), shown_month(m.month), m.issued_kopecks,
            m.spent_kopecks, *(m.lapsed.get(reason, 0) for reason in Lapse), m.held_kopecks,
            m.outstanding_kopecks,
        )
        for m in report.months
    ]  # fmt: skip
    budgets: list[tuple[CellValue, ...]] = [
        (
            b.kbk or "не указан", b.limit_kopecks, b.sold_kopecks, b.obligation_kopecks, b.paid_kopecks,
            b.forecast_kopecks,
        )
        for b in report.budgets
    ]  # fmt: skip
    claims: list[tuple[CellValue, ...]] = [
        (
            c.claim_id, c.merchant_name, c.agreement_number, c.first_day, c.last_day, STATES_RU[c.state],
            c.net_kopecks, c.age_days, c.due_on, "да" if c.is_missed else "",
        )
        for c in report.claims
    ]  # fmt: skip
    return [("Баллы", POINTS, points), ("Бюджет", BUDGETS, budgets), ("Расчёты", CLAIMS, claims)]


class _Number:
    """Kopecks as rubles: no text that somebody typed, so a minus sign stays."""

    def __init__(self, kopecks: int) -> None:
        self._kopecks = kopecks

    def __str__(self) -> str:
        sign, number = "-" if self._kopecks < 0 else "", abs(self._kopecks)
        return f"{sign}{number // 100},{number % 100:02}"


def _plain(value: CellValue, look: Look) -> object:
    if isinstance(value, int) and look is Look.RUBLES:
        return _Number(value)
    return f"{value:%d.%m.%Y}" if isinstance(value, date) else value
