"""How reports group, name and write what they show: okrugs, groups of goods, changes, figures."""

from datetime import date, timedelta
from itertools import product

import pytest

from gateway.domain.category import OKPD2_FORM
from settlement.claims.model import LineVerdict, Treatment
from settlement.claims.states import ClaimState
from settlement.reports import districts, goods_groups
from settlement.reports.charts import Bar, bar_chart
from settlement.reports.demand_files import demand_files
from settlement.reports.demand_lines import TableName, demand_lines
from settlement.reports.demand_tables import REST_OF_DISTRICTS, Week
from settlement.reports.districts import OKRUGS, UNKNOWN, district_of
from settlement.reports.goods_groups import OTHER_GOODS, OTHER_KINDS, UNDECIDED, group_of
from settlement.reports.shown import (
    MINUS,
    THIN,
    shown_change,
    shown_days,
    shown_quantity,
    shown_rubles,
)
from settlement.reports.standings import LineFacts, Standing, standing_of
from tests.demand_kit import MONDAY, Bought, tally_of, week_of


@pytest.mark.parametrize(
    ("address", "okrug"),
    [
        ("127018, г. Москва, вн.тер.г. муниципальный округ Марьина Роща, ул. Полковая, д. 1", "СВАО"),
        ("г. Москва, муниципальный округ Бирюлево Восточное, ул. Липецкая, д. 1", "ЮАО"),
        ("г. Москва, район Сокол, Ленинградский пр-кт, д. 1", "САО"),
        ("Москва, Тверской район, ул. Тверская, д. 1", "ЦАО"),
        ("г. Москва, Северо-Восточный административный округ, ул. Мира, д. 1", "СВАО"),
        ("г. Москва, ЮЗАО, ул. Профсоюзная, д. 1", "ЮЗАО"),
        ("г. Москва, г. Зеленоград, корп. 401", "ЗелАО"),
        ("г. Москва, г. Троицк, ул. Центральная, д. 1", "ТАО"),
        ("г. Москва, р-н Северный, ул. Дубнинская, д. 1", "СВАО"),
        ("г. Москва, ул. Тверская, д. 1", UNKNOWN),
        ("г. Москва, Измайловский проезд, д. 1", UNKNOWN),
        ("г. Москва, Донской проезд, д. 1", UNKNOWN),
        ("", UNKNOWN),
    ],
)
def test_an_okrug_is_what_the_address_names(address: str, okrug: str) -> None:
    """By itself, by a district or a town; a street names none."""
    assert okrug == district_of(address)


def test_every_district_lies_in_one_okrug() -> None:
    """Of twelve okrugs; the names are spelled as one."""
    names = [name for found in districts._DATA["districts"].values() for name in found]
    assert len(names) == len({name.casefold() for name in names})
    assert set(OKRUGS) == set(districts._DATA["districts"])
    assert all(district_of(f"г. Москва, муниципальный округ {name}, д. 1") in OKRUGS for name in names)


@pytest.mark.parametrize(
    ("okpd2", "found"),
    [
        ("10.51.11.110", ("Молочные продукты", "Молоко и сливки")),
        ("10.51.55.110", ("Молочные продукты", OTHER_KINDS)),
        ("10.83.13.120", ("Чай, кофе, какао", "Чай")),
        ("10.89.11.110", ("Прочие продукты", OTHER_KINDS)),
        ("01.13.51.000", ("Овощи, бахчевые, бобовые", "Картофель")),
        ("11.05.10.120", (OTHER_GOODS, OTHER_KINDS)),
        ("", (UNDECIDED, OTHER_KINDS)),
    ],
)
def test_a_group_is_that_of_the_longest_prefix(okpd2: str, found: tuple[str, str]) -> None:
    """What no group names is other goods."""
    assert found == group_of(okpd2)


def test_every_kind_lies_in_a_group() -> None:
    """And every prefix is a code, maybe one that is cut after the first digit of its last part."""
    codes = [*goods_groups._GROUPS, *goods_groups._KINDS]
    assert all(OKPD2_FORM.fullmatch(code) for code in codes)
    assert all(group_of(code).group != OTHER_GOODS for code in codes)


def _week(first_day: date, amount: int, tea_buyers: int) -> Week:
    """Five buy milk in one okrug, some buy tea in another; the least is three."""
    lines = [Bought(n, "молоко", "", "САО", amount) for n in range(5)]
    lines += [Bought(n, "чай", "", "ЮАО", 10) for n in range(tea_buyers)]
    return week_of(tally_of(lines, 3), 3, first_day)


def test_a_change_is_made_of_two_published_figures() -> None:
    """A row that was hidden last week has none, nor has a week whose neighbour was not published."""
    before, now = _week(MONDAY - timedelta(days=7), 100, 0), _week(MONDAY, 150, 4)
    found = {(line.table, line.group): line for line in demand_lines(now, before)}
    assert found[TableName.GROUPS, "молоко"].amount_change == 500
    assert found[TableName.GROUPS, "молоко"].quantity_change == 0
    assert found[TableName.GROUPS, "чай"].amount_change is None
    long_ago = _week(MONDAY - timedelta(days=14), 100, 4)
    assert all(line.amount_change is None for line in demand_lines(now, long_ago))


def test_a_rest_is_compared_with_nothing() -> None:
    """It holds other rows each week, though its name stays."""
    lines = [Bought(n, "молоко", "", f"округ {n % 5}", 100) for n in range(5)]
    lines += [Bought(n, "молоко", "", "САО", 100) for n in range(5)]
    weeks = [week_of(tally_of(lines, 3), 3, MONDAY - timedelta(days=7 * n)) for n in (0, 1)]
    [rest] = [line for line in demand_lines(*weeks) if line.district == REST_OF_DISTRICTS]
    assert (rest.is_rest, rest.amount_change) == (True, None)


def test_the_same_tables_make_the_same_files() -> None:
    """Byte for byte; the page fetches nothing and runs nothing."""
    week = _week(MONDAY, 100, 4)
    files = demand_files(week, None, "2026-W47")
    assert files == demand_files(week, None, "2026-W47")
    html = files["demand-2026-W47.html"].decode()
    assert not any(word in html for word in ("<script", "http:", "https:", "url(", "@import", "<img"))


def test_a_chart_tells_its_figures_to_who_cannot_see_it() -> None:
    """In its description; names are escaped and long ones cut."""
    chart = bar_chart("a", "Суммы", [Bar("<чай>", 10, "10 ₽"), Bar("Ж" * 40, 0, "0 ₽")])
    assert "&lt;чай&gt;: 10 ₽; " in chart
    assert 'role="img" aria-labelledby="a-t a-d"' in chart
    assert f">{'Ж' * 33}…<" in chart
    assert "<чай>" not in chart


@pytest.mark.parametrize(
    ("shown", "text"),
    [
        (shown_rubles(123_456_78), f"123{THIN}456,78"),
        (shown_rubles(-5), f"{MINUS}0,05"),
        (shown_quantity(640), "0,64"),
        (shown_quantity(2000), "2"),
        (shown_quantity(1_234_567), f"1{THIN}235"),
        (shown_change(-125), f"{MINUS}12,5{THIN}%"),
        (shown_change(1), f"+0,1{THIN}%"),
        (shown_change(None), "–"),
        (shown_days(date(2026, 11, 16), date(2026, 11, 22)), "16–22 ноября 2026"),
        (shown_days(date(2026, 12, 28), date(2027, 1, 3)), "28 декабря 2026 – 3 января 2027"),
    ],
)
def test_figures_are_written_as_russian_readers_know_them(shown: str, text: str) -> None:
    """Narrow spaces, a comma, a true minus."""
    assert text == shown


def test_every_operation_stands_somewhere() -> None:
    """Whatever is known of it: each state of a claim with each treatment and verdict has its standing."""
    states = [state for state in ClaimState if state not in (ClaimState.DISCARDED, ClaimState.SUPERSEDED)]
    for state, treatment, verdict in product(states, Treatment, (None, *LineVerdict)):
        facts = LineFacts(True, claim_state=state, treatment=treatment, verdict=verdict)
        standing = standing_of(facts)
        assert standing not in (Standing.UNMATCHED, Standing.DEMANDED, Standing.UNDONE)
        if standing is Standing.PAID:
            assert (state, treatment) == (ClaimState.PAID, Treatment.INCLUDED)
        if verdict is LineVerdict.REFUSED_FOR_GOOD:
            assert standing not in (Standing.PAID, Standing.APPROVED)
