"""The act of reconciliation: balances that follow from movements, the same on paper and in the workbook."""

from datetime import UTC, date, datetime, timedelta
from io import BytesIO

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import load_workbook
from pypdf import PdfReader

from settlement.documents.act import Act, Movement, MovementKind, act_of, act_pdf, act_xlsx
from settlement.documents.forms import RECONCILIATION, Form, shipped
from settlement.errors import SettlementError
from tests.documents_kit import PARTICIPANT

FIRST, LAST = date(2026, 11, 1), date(2026, 11, 30)
MADE_AT = datetime(2026, 12, 1, 9, tzinfo=UTC)

MOVEMENTS = st.lists(
    st.builds(
        Movement,
        st.dates(FIRST - timedelta(days=40), LAST + timedelta(days=40)),
        st.sampled_from(MovementKind),
        st.just("расчёт № 1"),
        st.integers(1, 10**9),
    ),
    max_size=20,
)


def form() -> Form:
    """The form that is shipped."""
    found = shipped(RECONCILIATION)
    assert found
    return found


def act() -> Act:
    """90 approved and 90 paid before; 100 filed, 80 approved and 50 paid in the period, 20 demanded."""
    before = FIRST - timedelta(days=1)
    return act_of(
        PARTICIPANT, "Д-1", FIRST, LAST, 0,
        [
            Movement(before, MovementKind.APPROVED, "расчёт № 1", 90_00),
            Movement(before, MovementKind.PAID, "п/п 1, расчёт № 1", 60_00),
            Movement(FIRST, MovementKind.FILED, "расчёт № 2", 100_00),
            Movement(date(2026, 11, 10), MovementKind.APPROVED, "расчёт № 2", 80_00),
            Movement(date(2026, 11, 11), MovementKind.PAID, "п/п 2, расчёт № 2", 50_00),
            Movement(LAST, MovementKind.DEMANDED, "требование № 1", 20_00),
            Movement(LAST + timedelta(days=1), MovementKind.PAID, "п/п 3, расчёт № 2", 30_00),
        ],
    )  # fmt: skip


def test_balances_follow_from_movements() -> None:
    """What was before opens, what comes later is left out, what is only filed changes nothing."""
    made = act()
    assert (30_00, 40_00) == (made.opening_kopecks, made.closing_kopecks)
    assert 4 == len(made.movements)


@given(MOVEMENTS, st.integers(0, 29))
def test_one_period_closes_where_the_next_opens(movements: list[Movement], days: int) -> None:
    """However a time is cut, the balances meet."""
    cut = FIRST + timedelta(days=days)
    whole = act_of(PARTICIPANT, None, FIRST, LAST, 0, movements)
    first = act_of(PARTICIPANT, None, FIRST, cut, 0, movements)
    assert whole.opening_kopecks == first.opening_kopecks
    if cut < LAST:
        second = act_of(PARTICIPANT, None, cut + timedelta(days=1), LAST, 0, movements)
        assert first.closing_kopecks == second.opening_kopecks
        assert whole.closing_kopecks == second.closing_kopecks


def test_a_period_that_ends_before_it_begins_is_refused() -> None:
    """By its name."""
    with pytest.raises(SettlementError, match="PERIOD_BACKWARDS"):
        act_of(PARTICIPANT, None, LAST, FIRST, 0, [])


def test_paper_and_workbook_say_the_same_balances() -> None:
    """And who owes whom, in words."""
    printed = act_pdf(form(), act(), MADE_AT)
    text = " ".join(" ".join(page.extract_text() for page in PdfReader(BytesIO(printed)).pages).split())
    assert (
        "задолженность Департамента перед участником составляет 40,00 руб. (Сорок рублей 00 копеек)" in text
    )
    assert "Стр. 1 из 1" in text
    book = load_workbook(BytesIO(act_xlsx(act(), MADE_AT)))
    rows = list(book["Акт сверки"].iter_rows(values_only=True))
    balances = {row[1]: row[6] for row in rows if row[1]}
    assert (30, 40) == (balances["Сальдо на начало периода"], balances["Сальдо на конец периода"])


def test_the_same_act_makes_the_same_bytes() -> None:
    """In both formats."""
    assert act_pdf(form(), act(), MADE_AT) == act_pdf(form(), act(), MADE_AT)
    assert act_xlsx(act(), MADE_AT) == act_xlsx(act(), MADE_AT)


def test_an_act_without_movements_is_an_act() -> None:
    """Nobody owes anything, and it says so; a merchant in debt is named."""
    empty = act_of(PARTICIPANT, None, FIRST, LAST, 0, [])
    text = " ".join(PdfReader(BytesIO(act_pdf(form(), empty, MADE_AT))).pages[0].extract_text().split())
    assert "задолженности нет" in text
    owing = act_of(PARTICIPANT, None, FIRST, LAST, -20_00, [])
    text = " ".join(PdfReader(BytesIO(act_pdf(form(), owing, MADE_AT))).pages[0].extract_text().split())
    assert "задолженность участника перед Департаментом составляет 20,00 руб." in text
