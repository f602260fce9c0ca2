"""What the demo's tills tell of their goods, and how the day's decisions are held against the truth."""

from collections import Counter
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from rich.console import Console

from gateway.domain.basket import Line as TillLine
from gateway.domain.judging import Review, Source, Verdict
from gateway.domain.purchase import JudgedBasket, PurchaseLine, Share
from gateway.domain.reasons import LineReason
from gateway.goods.identity.gtin import is_restricted, read_gtin
from gateway.goods.identity.item import identify
from gateway.goods.identity.marking import MarkingForm, read_marking_code
from gateway.goods.importing.catalogue import CatalogueFile, CatalogueRow
from gateway.goods.importing.categories import SHIPPED_UHTT, load_category_map
from gateway.goods.loader import load_list_book
from loadtests.demo.baskets import DemoBasket, load_baskets
from loadtests.demo.decisions import SOURCES, Decisions, decisions_of
from loadtests.demo.goods_tables import document, goods_tables
from loadtests.demo.items import GTIN_PREFIX, Item, catalogue_rows, items_of, names_rows
from loadtests.demo.publishing import write_rows
from loadtests.demo.shopping import SoldLine, basket_of, is_never_paid
from loadtests.demo.telling import (
    EXCISE_PER_MILLE,
    SOFT_DRINK,
    WAYS_PER_MILLE,
    Shops,
    Way,
    own_codes,
    sold_lines,
)
from merchant_sdk import Basket

REQUEST = UUID(int=7)


@pytest.fixture(scope="module")
def baskets() -> list[DemoBasket]:
    """All shipped baskets."""
    return list(load_baskets())


@pytest.fixture(scope="module")
def shops(baskets: list[DemoBasket]) -> Shops:
    """The shops that sell all of their goods."""
    return Shops(items_of(baskets))


@pytest.fixture(scope="module")
def told(baskets: list[DemoBasket], shops: Shops) -> list[tuple[Way, Item, SoldLine]]:
    """Every line as a till of merchant 1 tells it."""
    lines = [line for basket in baskets for line in sold_lines(basket_of(basket))]
    return [(shops.way(line, 1), shops.items[line.item_code], shops.line(line, 1)) for line in lines]


# --- items


def test_every_item_in_a_package_has_a_barcode_of_its_own(shops: Shops) -> None:
    """Valid, for goods in trade, of the demo's range, and no two alike; fruit and fuel have none."""
    items = shops.items.values()
    gtins = [item.gtin for item in items if item.gtin]
    assert len(gtins) == len(set(gtins)) > 8_000
    for gtin in gtins:
        assert gtin.startswith(GTIN_PREFIX)
        assert f"0{gtin}" == read_gtin(gtin)
        assert not is_restricted(f"0{gtin}")
    assert not [item for item in items if item.gtin and item.okpd2.startswith(("01.2", "19.20"))]


def test_the_catalogue_knows_a_part_of_the_barcodes_and_its_files_have_no_problem(
    shops: Shops, tmp_path: Path
) -> None:
    """Three in five are catalogued, and both files are read row by row as they were written."""
    items = shops.items.values()
    with_barcode = [item for item in items if item.gtin]
    assert sum(item.is_catalogued for item in with_barcode) == pytest.approx(
        0.6 * len(with_barcode), rel=0.03
    )
    for rows in (list(catalogue_rows(items)), list(names_rows(items))):
        path = tmp_path / "rows.csv"
        write_rows(path, rows)
        read = list(CatalogueFile(path, load_category_map(SHIPPED_UHTT)).rows())
        assert len(rows) == len(read)
        assert all(isinstance(row, CatalogueRow) and row.okpd2 for row in read)


# --- what tills tell


def test_tills_tell_in_every_way_and_in_the_shares_that_are_stated(
    told: list[tuple[Way, Item, SoldLine]],
) -> None:
    """Ordinary goods by their shares; each way, the wrong code too, occurs often enough to be seen."""
    ways = Counter(way for way, _, _ in told)
    assert set(Way) == ways.keys()
    assert 1_000 == sum(WAYS_PER_MILLE.values()) == sum(EXCISE_PER_MILLE.values())
    packaged = Counter(
        way for way, item, _ in told if item.gtin and not item.okpd2.startswith(("11.0", "12"))
    )
    for way, per_mille in WAYS_PER_MILLE.items():
        assert packaged[way] / packaged.total() == pytest.approx(per_mille / 1000, abs=0.03)


def test_what_a_till_tells_depends_on_item_and_shop_alone(baskets: list[DemoBasket], shops: Shops) -> None:
    """The same basket twice is the same; another merchant tells some of it in another way; no sum changes."""
    again = Shops(items_of(baskets))
    first = [shops.basket(basket, 1) for basket in baskets[:200]]
    assert first == [again.basket(basket, 1) for basket in baskets[:200]]
    assert first != [shops.basket(basket, 2) for basket in baskets[:200]]
    assert [basket.total_kopecks for basket in baskets[:200]] == [basket.total_kopecks for basket in first]


def test_the_truth_of_a_line_stays_whatever_the_till_tells(told: list[tuple[Way, Item, SoldLine]]) -> None:
    """Alcohol under a soft drink's code is still never paid; a name without a code still has its truth."""
    for way, item, line in told:
        assert item.okpd2 == line.true_okpd2
        if way is Way.WRONG_CODE:
            assert (line.okpd2, is_never_paid(line)) == (
                SOFT_DRINK,
                not item.okpd2.startswith("11.05.10.110"),
            )
        if way is Way.NAME:
            assert ("", "", "", "") == (line.gtin, line.okpd2, line.item_code, line.marking_code)


def test_marking_codes_are_read_as_what_they_stand_on(told: list[tuple[Way, Item, SoldLine]]) -> None:
    """A pack of tobacco and a bottle of beer name their barcode, a stamp on wine names none."""
    forms = Counter[MarkingForm]()
    for way, item, line in told:
        if way is Way.MARKED:
            read = read_marking_code(line.marking_code)
            forms[read.form] += 1
            if read.form is not MarkingForm.ALCOHOL_STAMP:
                assert (f"0{item.gtin}",) == identify(line).gtins
    assert {MarkingForm.TOBACCO_PACK, MarkingForm.ALCOHOL_STAMP, MarkingForm.GS1} == forms.keys()


def test_own_codes_are_listed_once_for_each_merchant(baskets: list[DemoBasket], shops: Shops) -> None:
    """A code that two merchants use means something for each of them apart."""
    sold = [(merchant_id, shops.basket(basket, merchant_id)) for merchant_id in (1, 2) for basket in baskets]
    codes = own_codes(sold)
    assert {1, 2} == {merchant_id for merchant_id, _ in codes}
    assert all(shops.items[code].okpd2 == line.true_okpd2 for (_, code), line in codes.items())


# --- decisions


def sold(*lines: tuple[str, str]) -> Basket:
    """A basket of what is truly sold: names with their ОКПД2, a ruble each."""
    return Basket(
        tuple(
            SoldLine(
                item_name=name,
                quantity_milli=1000,
                unit_price_kopecks=100,
                amount_kopecks=100,
                line_number=number,
                true_okpd2=okpd2,
                true_subject=1,
            )
            for number, (name, okpd2) in enumerate(lines, start=1)
        )
    )


def judged(basket: Basket, *decided: tuple[str, str, LineReason, Review, int]) -> JudgedBasket:
    """How the gateway judged it: source, code, reason, review and points of each line."""
    lines = tuple(
        PurchaseLine(
            TillLine(line.line_number, line.item_name, 1000, 100, 0, 100),
            Verdict(reason, "rule", "1", source, okpd2, review),
            reason,
            (Share(REQUEST, points),) if points else (),
        )
        for line, (source, okpd2, reason, review, points) in zip(basket.lines, decided, strict=True)
    )
    return JudgedBasket(REQUEST, REQUEST, 1, datetime.now(UTC), lines, 1, 1, "food")


BASKET = sold(("ПИВО", "11.05.10.120"), ("ХЛЕБ", "10.71.11"), ("МЫЛО", "20.41.31"), ("ВИНОГРАД", "01.21.11"))


def counted(beer_kopecks: int = 0) -> Decisions:
    """Decisions on BASKET: beer refused unless paid, bread paid, soap taken for food, grapes refused."""
    beer = LineReason.ALLOWED if beer_kopecks else LineReason.PROHIBITED
    basket = judged(
        BASKET,
        (Source.CATALOGUE, "11.05.10.120", beer, Review.NONE, beer_kopecks),
        (Source.DECLARED, "10.71.11", LineReason.ALLOWED, Review.NONE, 100),
        (Source.NAME, "10.71.11", LineReason.ALLOWED, Review.DOUBT, 100),
        (Source.NAME, "11.02", LineReason.GOODS_SUSPECTED, Review.DOUBT, 0),
    )
    return decisions_of([basket], {REQUEST: BASKET}, load_list_book().class_map)


def test_lines_are_counted_by_source_and_held_against_the_truth() -> None:
    """Refused by mistake, taken for another class, queued: each is what the truth makes of it."""
    decisions = counted()
    by_name = decisions.by_source[Source.NAME]
    assert (2, 1, 1, 2, 1) == (
        by_name.lines,
        by_name.allowed,
        by_name.refused,
        by_name.queued,
        by_name.mistaken,
    )
    assert (1, 100, 0) == (
        decisions.prohibited_lines,
        decisions.prohibited_kopecks,
        decisions.prohibited_paid_kopecks,
    )
    assert {(LineReason.GOODS_SUSPECTED, "01.21.11", "ВИНОГРАД"): 1} == decisions.mistakes
    assert 1 == decisions.confused
    assert [] == decisions.disagreements()


def test_a_kopeck_for_prohibited_goods_is_a_disagreement() -> None:
    """The day is not proved, and the figure says how much it was."""
    decisions = counted(beer_kopecks=1)
    assert 1 == decisions.prohibited_paid_kopecks
    assert ["points paid 1 lines of prohibited goods"] == decisions.disagreements()


def test_a_purchase_that_no_till_knows_is_a_disagreement() -> None:
    """What was decided and is in nobody's books is named."""
    decisions = decisions_of([judged(sold(("ХЛЕБ", "10.71.11")), (Source.NAME, "10.71.11",
        LineReason.ALLOWED, Review.NONE, 1))], {}, load_list_book().class_map)  # fmt: skip
    assert [f"purchase of request {REQUEST} is in no till's books"] == decisions.disagreements()


def test_every_source_has_a_row_and_the_sums_are_told() -> None:
    """The printed table has the sources that decided anything, the document has all."""
    console = Console(width=100, record=True)
    for part in goods_tables(counted()):
        console.print(part)
    text = console.export_text()
    assert "GTIN catalogue" in text
    assert "shop's own code" not in text
    assert "Paid by points: 0 lines" in text
    assert set(map(str, SOURCES)) == document(counted())["decisions_by_source"].keys()
