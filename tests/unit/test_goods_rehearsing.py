"""Adding a rehearsal up: what changes for a line, with which programs, and in bounded memory."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from uuid import uuid4

from msgspec.structs import replace

from gateway.domain.basket import Line, bare_line
from gateway.domain.category import ListBook, PrefixRule, PriceCeiling, ProhibitedList
from gateway.domain.judging import Edition
from gateway.domain.purchase import JudgedBasket, PurchaseLine
from gateway.domain.reasons import LineReason
from gateway.goods.asking.rehearsal import Change, Rehearsal
from gateway.goods.asking.rehearsing import Bought, ProgramKey, Side, Tally
from gateway.goods.asking.stock import AskedGoods
from gateway.goods.editions import GoodsEdition
from gateway.goods.sources import GoodsAt
from tests.ledger_kit import LISTS

NOW = datetime(2026, 11, 23, tzinfo=UTC)
RULES = LISTS.prohibited[0]
STRICT = ProhibitedList("strict", NOW, "", (*RULES.rules, PrefixRule("milk", "10.51", True, "Молоко")))
FOOD: list[ProgramKey] = [("FOOD", 1)]


def asked(rules: ProhibitedList = RULES, lists: ListBook = LISTS) -> AskedGoods:
    """What judges by a prohibited list and nothing but what the till declares."""
    edition = Edition(rules, lists.class_map)
    return AskedGoods(GoodsEdition(NOW, edition, lists), GoodsAt(edition), None, None)


def sold(name: str, okpd2: str, kopecks: int) -> Line:
    """A line of some goods."""
    return replace(bare_line(name, okpd2=okpd2), amount_kopecks=kopecks, unit_price_kopecks=kopecks)


def bought(*lines: Line, programs: Sequence[ProgramKey] = FOOD) -> Bought:
    """A basket; how it was judged then takes no part."""
    judged = asked().goods.judge(lines, 1)
    stored = tuple(
        PurchaseLine(line, one.verdict, one.verdict.reason, evidence=one.evidence)
        for line, one in zip(lines, judged, strict=True)
    )
    return Bought(JudgedBasket(uuid4(), uuid4(), 1, NOW, stored, 100, 1, ""), programs)


def result(tally: Tally) -> Rehearsal:
    """Everything added up."""
    return tally.result("prohibited", "draft", "now", NOW - timedelta(weeks=4), NOW)


def test_the_same_rules_change_nothing() -> None:
    """Refused stays refused, allowed stays allowed."""
    tally = Tally(Side(asked()), Side(asked()))
    tally.add([bought(sold("Молоко", "10.51.11", 90_00), sold("Пиво", "11.05.10.120", 80_00))])
    found = result(tally)
    assert (0, 1, 2, ()) == (found.changed_lines, found.baskets, found.lines, found.goods)
    assert (90_00, 90_00) == found.payable_kopecks


def test_a_basket_with_two_refused_lines_counts_once_and_its_lines_twice() -> None:
    """Lines, baskets and money are counted apart."""
    tally = Tally(Side(asked()), Side(asked(STRICT)))
    milk = sold("Молоко", "10.51.11", 90_00)
    tally.add([bought(milk, milk, sold("Хлеб", "10.71.11", 40_00)), bought(milk)])
    sums = result(tally).sums[Change.REFUSED]
    assert (3, 2, 1, 1, 270_00) == (sums.lines, sums.baskets, sums.outlets, sums.merchants, sums.kopecks)
    [goods] = result(tally).goods
    assert (LineReason.ALLOWED, LineReason.PROHIBITED) == (goods.before.reason, goods.after.reason)


def test_what_a_program_does_not_pay_is_not_newly_refused() -> None:
    """Milk on a certificate for children's goods; on a card without certificates the lists alone tell."""
    milk = sold("Молоко", "10.51.11", 90_00)
    for programs, lines in (([("CHILDREN", 1)], 0), ([("CHILDREN", 1), ("FOOD", 1)], 1), ([], 1)):
        tally = Tally(Side(asked()), Side(asked(STRICT)))
        tally.add([bought(milk, programs=programs)])
        assert lines == result(tally).sums[Change.REFUSED].lines, programs


def test_a_new_version_of_a_program_is_held_against_the_newest_before() -> None:
    """A ceiling lowers what points pay of bread; a certificate's own version says nothing of it."""
    ceiling = (PriceCeiling("10.71", 30_00),)
    food = replace(LISTS.programs["FOOD", 1], version=2, ceilings=ceiling)
    drafted = replace(LISTS, programs={**LISTS.programs, ("FOOD", 2): food})
    bread = sold("Хлеб", "10.71.11", 40_00)
    tally = Tally(Side(asked(), is_newest=True), Side(asked(lists=drafted), is_newest=True))
    tally.add([bought(bread)])
    assert (1, 10_00) == (
        result(tally).sums[Change.LOWERED].lines,
        result(tally).sums[Change.LOWERED].kopecks,
    )
    back = Tally(Side(asked(lists=drafted), is_newest=True), Side(asked(), is_newest=True))
    back.add([bought(bread)])
    assert 10_00 == result(back).sums[Change.RAISED].kopecks


def test_of_too_many_affected_goods_those_of_the_most_money_are_kept_and_all_are_counted() -> None:
    """Sums stay exact, whatever is forgotten of single goods."""
    tally = Tally(Side(asked()), Side(asked(STRICT)), goods_kept=10)
    for number in range(100):
        tally.add([bought(sold(f"Сыр сорта {number}", "10.51.40", 10_00 + number))])
    tally.add([bought(sold("Масло", "10.51.30", 900_00))])
    found = result(tally)
    assert 101 == found.sums[Change.REFUSED].lines
    assert sum(range(100)) + 100 * 10_00 + 900_00 == found.sums[Change.REFUSED].kopecks
    assert ("Масло", 101) == (found.goods[0].name, found.goods_count)
    assert len(found.goods) <= 10
