"""The act of reconciliation (акт сверки) between the department and a merchant over any period."""

from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from io import BytesIO
from typing import Final

from msgspec import Struct

from gateway.workbooks import new_workbook, write_text
from settlement.claims.model import Participant
from settlement.documents.errors import DocumentCode
from settlement.documents.forms import Form
from settlement.documents.printing import print_form
from settlement.documents.words import period_in_words, shown_day, shown_moment, shown_sum, sum_in_words
from settlement.errors import SettlementError


class MovementKind(Enum):
    """What happened: its text, and whether it raises (1) or lowers (-1) what the department owes."""

    FILED = ("Подан расчёт", 0)
    APPROVED = ("Принято к возмещению", 1)
    REOPENED = ("Решение отменено", -1)
    PAID = ("Выплачено", -1)
    RETURNED_BY_BANK = ("Возвращено банком", 1)
    DEMANDED = ("Предъявлено требование о возврате", -1)
    DEMAND_RETURNED = ("Возвращено участником по требованию", 1)
    DEMAND_OFFSET = ("Требование погашено зачётом", 1)

    def __init__(self, text: str, sign: int) -> None:
        self.text = text
        self.sign = sign


class Movement(Struct, frozen=True):
    """One movement; kopecks are above zero, the kind says where to."""

    day: date
    kind: MovementKind
    document: str
    kopecks: int

    @property
    def effect_kopecks(self) -> int:
        """What it changes of the balance."""
        return self.kind.sign * self.kopecks


class Act(Struct, frozen=True):
    """What both sides agree on. A balance above zero is owed by the department, below it by the merchant.

    `agreement_number` None is of all agreements of the merchant.
    """

    participant: Participant
    agreement_number: str | None
    first_day: date
    last_day: date
    opening_kopecks: int
    movements: Sequence[Movement]

    @property
    def turnovers(self) -> Mapping[MovementKind, int]:
        """Kopecks of each kind in the period."""
        summed: Counter[MovementKind] = Counter()
        for one in self.movements:
            summed[one.kind] += one.kopecks
        return summed

    @property
    def closing_kopecks(self) -> int:
        """The balance at the end of the period."""
        return self.opening_kopecks + sum(one.effect_kopecks for one in self.movements)


def act_of(
    participant: Participant,
    agreement_number: str | None,
    first_day: date,
    last_day: date,
    opening_kopecks: int,
    movements: Sequence[Movement],
) -> Act:
    """The act of a period; movements before it go into the opening balance, later ones are left out.

    Raises SettlementError PERIOD_BACKWARDS.
    """
    if last_day < first_day:
        raise SettlementError(DocumentCode.PERIOD_BACKWARDS, first_day=first_day, last_day=last_day)
    before = sum(one.effect_kopecks for one in movements if one.day < first_day)
    order = list(MovementKind)
    within = sorted(
        (one for one in movements if first_day <= one.day <= last_day),
        key=lambda one: (one.day, order.index(one.kind), one.document),
    )
    return Act(participant, agreement_number, first_day, last_day, opening_kopecks + before, within)


def act_pdf(form: Form, act: Act, made_at: datetime) -> bytes:
    """The act on paper; raises SettlementError of `print_form`."""
    balance, rows = act.opening_kopecks, []
    for one in act.movements:
        balance += one.effect_kopecks
        rows.append(
            {
                "day": shown_day(one.day),
                "text": one.kind.text,
                "document": one.document,
                "filed": "" if one.kind.sign else shown_sum(one.kopecks),
                "raised": shown_sum(one.kopecks) if one.kind.sign > 0 else "",
                "lowered": shown_sum(one.kopecks) if one.kind.sign < 0 else "",
                "balance": shown_sum(balance),
            }
        )
    closing = act.closing_kopecks
    data = {
        "participant": act.participant,
        "agreement_number": act.agreement_number or "",
        "period": period_in_words(act.first_day, act.last_day),
        "first_day": shown_day(act.first_day),
        "last_day": shown_day(act.last_day),
        "opening": shown_sum(act.opening_kopecks),
        "closing": shown_sum(closing),
        "closing_in_words": sum_in_words(abs(closing)),
        "owes": "none" if not closing else "department" if closing > 0 else "participant",
        "rows": rows,
        "totals": [
            {"text": kind.text, "sum": shown_sum(kopecks)} for kind, kopecks in _in_order(act.turnovers)
        ],
        "made_at": shown_moment(made_at),
    }
    return print_form(form, data, made_at)


_COLUMNS: Final = (
    ("Дата", 12), ("Содержание", 38), ("Документ", 34), ("Заявлено, руб.", 16), ("Увеличение, руб.", 17),
    ("Уменьшение, руб.", 17), ("Сальдо, руб.", 16),
)  # fmt: skip
_PLACES: Final = {0: 3, 1: 4, -1: 5}
_BALANCE: Final = 6


def act_xlsx(act: Act, made_at: datetime) -> bytes:
    """The act as a workbook; the same act and instant make the same bytes."""
    out = BytesIO()
    book = new_workbook(out, title="Акт сверки", made_at=made_at)
    bold = book.add_format({"bold": True})
    money = book.add_format({"num_format": "#,##0.00"})
    money_bold = book.add_format({"num_format": "#,##0.00", "bold": True})
    day = book.add_format({"num_format": "dd.mm.yyyy", "align": "left"})
    sheet = book.add_worksheet("Акт сверки")
    sheet.set_landscape()
    sheet.set_paper(9)
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&R&8Стр. &P из &N")
    agreement = f", договор № {act.agreement_number}" if act.agreement_number else ""
    write_text(sheet, 0, 0, f"Акт сверки за {period_in_words(act.first_day, act.last_day)}", bold)
    write_text(sheet, 1, 0, f"{act.participant.full_name}, ИНН {act.participant.inn}{agreement}")
    for n, (title, width) in enumerate(_COLUMNS):
        sheet.set_column(n, n, width)
        sheet.write_string(3, n, title, bold)
    sheet.repeat_rows(3)
    sheet.freeze_panes(4, 0)
    sheet.write_string(4, 1, "Сальдо на начало периода", bold)
    sheet.write_number(4, _BALANCE, act.opening_kopecks / 100, money_bold)
    row, balance = 5, act.opening_kopecks
    for one in act.movements:
        balance += one.effect_kopecks
        sheet.write_datetime(row, 0, datetime(one.day.year, one.day.month, one.day.day), day)  # noqa: DTZ001
        sheet.write_string(row, 1, one.kind.text)
        write_text(sheet, row, 2, one.document)
        sheet.write_number(row, _PLACES[one.kind.sign], one.kopecks / 100, money)
        sheet.write_number(row, _BALANCE, balance / 100, money)
        row += 1
    sheet.write_string(row, 1, "Сальдо на конец периода", bold)
    sheet.write_number(row, _BALANCE, act.closing_kopecks / 100, money_bold)
    row += 1
    for kind, kopecks in _in_order(act.turnovers):
        row += 1
        sheet.write_string(row, 1, f"Итого: {kind.text.lower()}")
        sheet.write_number(row, _PLACES[kind.sign], kopecks / 100, money)
    book.close()
    return out.getvalue()


def _in_order(turnovers: Mapping[MovementKind, int]) -> list[tuple[MovementKind, int]]:
    return [(kind, turnovers[kind]) for kind in MovementKind if kind in turnovers]
