"""The excerpt can be made anew from its source, byte for byte, or the command says why not."""

import csv
import gzip
from pathlib import Path

import pytest

from loadtests.demo.baskets import LINES_FILE, PRODUCTS_FILE
from loadtests.demo.build_data import SOURCE_LINES, SOURCE_OKPD2, SOURCE_PRODUCTS, choose, main, spread
from loadtests.demo.categories import category_rules

SOURCE_TEXTS = {
    SOURCE_PRODUCTS: "product_id,manufacturer_id,department,brand,product_category,product_type,"
    "package_size\n"
    "1,9,GROCERY,National,BEERS/ALES,BEERALEMALT LIQUORS,12 OZ\n"
    "2,9,GROCERY,National,EGGS,EGGS - LARGE,1 DZ\n"
    "3,9,FUEL,Private,FUEL,GASOLINE-REG UNLEADED,\n",
    SOURCE_LINES: "store_id,basket_id,product_id,quantity,sales_value,retail_disc,coupon_disc,"
    "coupon_match_disc,week,transaction_timestamp\n"
    "7,12,2,1.0,1.5,0.0,0.0,0.0,1,2017-01-02T10:00:00Z\n"
    "7,11,1,1.0,6.99,1.0,0.0,0.0,1,2017-01-01T10:00:00Z\n"
    "7,11,2,2.0,3.0,0.0,0.0,0.0,1,2017-01-01T10:00:00Z\n"
    "7,13,2,1.0,1.5,0.0,1.5,0.0,1,2017-01-03T10:00:00Z\n"
    "7,14,3,1.0,20.0,0.0,0.0,0.0,1,2017-01-03T11:00:00Z\n"
    "7,15,4,1.0,1.0,0.0,0.0,0.0,1,2017-01-03T12:00:00Z\n"
    "7,16,2,0.0,0.0,0.0,0.0,0.0,1,2017-01-03T13:00:00Z\n",
}


def write_source(folder: Path) -> Path:
    """A source of seven lines, four of them odd, with an ОКПД2 table of exactly the map's codes."""
    codes = sorted({rule.okpd2 for rule in category_rules()} - {""})
    table = "".join(f"{code} \tназвание\n" for code in codes)
    for path, text in {**SOURCE_TEXTS, SOURCE_OKPD2: table}.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text, encoding="utf-8")
    return folder


def build(source: Path, target: Path) -> int:
    """Exit status of the command."""
    return main(["--source", str(source), "--target", str(target)])


def test_the_same_source_gives_the_same_bytes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Two builds differ in nothing; odd lines take their baskets with them and are counted."""
    source = write_source(tmp_path / "source")
    assert [0, 0] == [build(source, tmp_path / place) for place in ("one", "two")]
    for file in (LINES_FILE, PRODUCTS_FILE):
        assert (tmp_path / "one" / file.name).read_bytes() == (tmp_path / "two" / file.name).read_bytes()
    with gzip.open(tmp_path / "one" / LINES_FILE.name, "rt", encoding="utf-8") as lines:
        assert [row["basket_id"] for row in csv.DictReader(lines)] == ["11", "11", "12"]
    printed = capsys.readouterr().out
    assert "source: 7 lines in 6 baskets" in printed
    for reason in ("for which nothing was paid", "of fuel sold by the sum", "without a quantity"):
        assert f"odd lines: 1 {reason}" in printed
    assert "odd lines: 1 of a product that products.csv does not name" in printed
    assert "excerpt: 2 baskets, 3 lines, 2 products" in printed


def test_a_build_without_its_source_says_so(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The command names the absent file and leaves the shipped excerpt alone."""
    assert build(tmp_path / "nowhere", tmp_path / "target") == 2
    assert f"error: no {tmp_path / 'nowhere' / SOURCE_OKPD2}" in capsys.readouterr().err
    assert not (tmp_path / "target").exists()


def test_a_code_that_the_classification_does_not_have_stops_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The map can only use real codes."""
    source = write_source(tmp_path)
    table = (source / SOURCE_OKPD2).read_text(encoding="utf-8")
    (source / SOURCE_OKPD2).write_text(table.replace("01.47.21 ", "01.47.99 "), encoding="utf-8")
    assert build(source, tmp_path / "target") == 2
    assert "codes that the ОКПД2 table does not: 01.47.21" in capsys.readouterr().err


def test_a_product_that_the_map_does_not_know_stops_the_build(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A new category in the source asks for a row, instead of a silent guess."""
    source = write_source(tmp_path)
    with (source / SOURCE_PRODUCTS).open("a", encoding="utf-8") as file:
        file.write("5,9,GROCERY,National,SPACE TRAVEL,ROCKETS,\n")
    assert build(source, tmp_path / "target") == 2
    assert "no row for category 'SPACE TRAVEL', type 'ROCKETS'" in capsys.readouterr().err


def test_all_beer_is_chosen_and_of_other_goods_some_from_the_whole_year() -> None:
    """Forty baskets of eggs on one day are thinned, forty of beer are not; the largest fill a day."""
    products = {
        "1": {"department": "GROCERY", "product_category": "BEERS/ALES", "product_type": "BASIC OPENSTOCK"},
        "2": {"department": "GROCERY", "product_category": "EGGS", "product_type": "EGGS - LARGE"},
    }

    def basket(product_id: str, day: int, lines: int) -> list[dict[str, str]]:
        row = {"product_id": product_id, "transaction_timestamp": f"2017-01-{day:02}T10:00:00Z"}
        return [row] * lines

    beer = {f"1{number:02}": basket("1", 1, 1) for number in range(40)}
    eggs = {f"2{number:02}": basket("2", 2, 1 + (number == 39)) for number in range(40)}
    chosen = choose(eggs | beer, products)
    assert list(beer) == chosen[:40]
    assert len(chosen) == 40 + 16
    assert "239" in chosen
    assert spread(list(eggs), 5) == ["200", "208", "216", "224", "232"]
    assert set(spread(list(eggs), 5)) < set(chosen)
