"""The demo's baskets are real and whole, every product is mapped, and every line adds up."""

import csv
import gzip
import re
from datetime import timedelta
from decimal import Decimal

import pytest

from gateway.domain.money import price_times_quantity
from loadtests.demo.baskets import (
    PRODUCTS_FILE,
    DemoBasket,
    DemoLine,
    cents,
    load_baskets,
)
from loadtests.demo.categories import (
    DATA_DIR,
    NAME_LENGTH_MAX,
    CategoryRule,
    UnmappedCategoryError,
    category_rules,
    okpd2_by_name,
    rule_for,
)

BEER = ("11.05.10.120", "11.05.10.130", "11.05.10.160")
WINE = ("11.02", "11.03", "11.04")
SPIRITS = ("11.01",)
TOBACCO = ("12.00",)
OKPD2_CODE = re.compile(r"\d{2}(\.\d{1,2}(\.\d{1,2}(\.\d{3})?)?)?")


@pytest.fixture(scope="module")
def baskets() -> list[DemoBasket]:
    """All shipped baskets."""
    return list(load_baskets())


def products() -> list[dict[str, str]]:
    """All shipped products."""
    with gzip.open(PRODUCTS_FILE, "rt", encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def sum_gap_kopecks(line: DemoLine) -> int:
    """How far the amount is from quantity × price − discount."""
    gross_kopecks = price_times_quantity(line.unit_price_kopecks, line.quantity_milli)
    return abs(line.amount_kopecks - (gross_kopecks - line.discount_kopecks))


# --- the shipped excerpt


def test_the_excerpt_holds_at_least_five_thousand_baskets_of_every_day(baskets: list[DemoBasket]) -> None:
    """Enough baskets for the demo, each with its own id, in order of time, from all days of a year."""
    assert len(baskets) >= 5_000
    assert len(baskets) == len({basket.basket_id for basket in baskets})
    assert baskets == sorted(baskets, key=lambda basket: (basket.sold_at, basket.basket_id))
    assert len({basket.sold_at.date() for basket in baskets}) == 365
    assert all(basket.sold_at.utcoffset() == timedelta(0) for basket in baskets)


def test_the_readme_counts_what_the_files_hold(baskets: list[DemoBasket]) -> None:
    """The numbers that the README gives were counted on these very files."""
    readme = (DATA_DIR / "README.md").read_text(encoding="utf-8")
    lines = [line for basket in baskets for line in basket.lines]
    assert f"{len(baskets):,} baskets, {len(lines):,} lines" in readme
    assert f"{len({line.item_code for line in lines}):,} products" in readme
    assert f"{len({basket.outlet for basket in baskets})} stores" in readme
    assert f"{sum(not line.okpd2 for line in lines)} lines have none" in readme


def test_the_files_are_small() -> None:
    """A clone of the repository carries well under two megabytes for the demo."""
    assert sum(path.stat().st_size for path in DATA_DIR.iterdir()) < 2_000_000


def test_lines_are_numbered_from_one_and_no_basket_is_over_the_limit(baskets: list[DemoBasket]) -> None:
    """A basket is acceptable at the till's door: 1 to 200 lines, numbered in order."""
    for basket in baskets:
        assert 1 <= len(basket.lines) <= 200
        assert list(range(1, len(basket.lines) + 1)) == [line.line_number for line in basket.lines]


def test_every_line_adds_up_to_the_kopeck(baskets: list[DemoBasket]) -> None:
    """Amount = quantity × price − discount, all whole, something paid on each line."""
    for basket in baskets:
        assert basket.total_kopecks == sum(line.amount_kopecks for line in basket.lines)
        for line in basket.lines:
            assert sum_gap_kopecks(line) == 0
            assert line.amount_kopecks >= 1
            assert line.discount_kopecks >= 0
            assert line.quantity_milli >= 1


def test_a_matched_coupon_and_a_loyalty_discount_are_both_discounts(baskets: list[DemoBasket]) -> None:
    """Two pieces at 2.89 dollars, 3.55 to the shop of which the maker pays 0.55: 3.00 paid, 2.78 off."""
    (line,) = next(basket.lines for basket in baskets if basket.basket_id == "31198795316")
    assert line.quantity_milli == 2_000
    assert line.unit_price_kopecks == 260_10
    assert line.amount_kopecks == 270_00
    assert line.discount_kopecks == 250_20


def test_fuel_is_sold_in_litres_for_what_the_gallons_cost(baskets: list[DemoBasket]) -> None:
    """Thousandths of a gallon become thousandths of a litre; the price of a litre is plausible."""
    litres = [line for basket in baskets for line in basket.lines if line.okpd2 == "19.20.21"]
    assert litres
    for line in litres:
        assert line.quantity_milli >= 3_785
        assert 40_00 < line.unit_price_kopecks < 80_00


def test_beer_wine_spirits_and_tobacco_are_bought_also_beside_food(baskets: list[DemoBasket]) -> None:
    """What points never pay is well represented, alone and in mixed baskets."""

    def with_a_line_of(codes: tuple[str, ...]) -> list[DemoBasket]:
        return [b for b in baskets if any(line.okpd2.startswith(codes) for line in b.lines)]

    assert len(with_a_line_of(BEER)) >= 200
    assert len(with_a_line_of(WINE)) >= 100
    assert len(with_a_line_of(SPIRITS)) >= 30
    assert len(with_a_line_of(TOBACCO)) >= 150
    denied = BEER + WINE + SPIRITS + TOBACCO
    mixed = [b for b in with_a_line_of(denied) if not all(line.okpd2.startswith(denied) for line in b.lines)]
    assert len(mixed) >= 150


def test_names_are_what_a_russian_till_prints(baskets: list[DemoBasket]) -> None:
    """Upper case, Russian first, within tag 1030, no placeholder left."""
    for line in (line for basket in baskets for line in basket.lines):
        assert line.name == line.name.upper()
        assert re.match(r"[А-Я]", line.name)
        assert len(line.name) <= NAME_LENGTH_MAX
        assert "{" not in line.name


def test_what_is_not_goods_says_so_in_tag_1212(baskets: list[DemoBasket]) -> None:
    """Cash equivalents, services and deposits have no goods code; excise goods are named as such."""
    for line in (line for basket in baskets for line in basket.lines):
        if line.payment_subject in (4, 10, 19):
            assert line.okpd2 == ""
        if line.okpd2.startswith(BEER + TOBACCO[:1]):
            assert line.payment_subject == 30
        if line.okpd2.startswith(WINE + SPIRITS):
            assert line.payment_subject == 2
    subjects = {line.payment_subject for basket in baskets for line in basket.lines}
    assert subjects == {1, 2, 4, 10, 19, 30}


def test_loading_twice_gives_the_same_and_a_limit_gives_its_beginning(baskets: list[DemoBasket]) -> None:
    """No chance and no clock in the load; a shorter run sees the same first baskets."""
    assert baskets == list(load_baskets())
    assert baskets[:25] == list(load_baskets(25))
    assert list(load_baskets(0)) == []


# --- the maps


def test_every_shipped_product_is_mapped() -> None:
    """Each product's category and type finds its row, and no row is found for what is unknown."""
    assert len(products()) == sum(1 for product in products() if rule_for_product(product).till_name)
    with pytest.raises(UnmappedCategoryError, match="'SPACE TRAVEL', type 'ROCKETS'"):
        rule_for("SPACE TRAVEL", "ROCKETS")


def rule_for_product(product: dict[str, str]) -> CategoryRule:
    """The map's row for a row of the product file."""
    return rule_for(product["product_category"], product["product_type"])


def test_every_okpd2_of_both_maps_is_well_formed() -> None:
    """Codes are dot-segmented as the classification writes them, or empty where that is meant."""
    codes = {rule.okpd2 for rule in category_rules()}
    with (DATA_DIR / "name_stems.csv").open(encoding="utf-8") as file:
        stems = [line.rstrip("\n") for line in file if not line.startswith("#")][1:]
    codes |= {stem.rpartition(";")[2] for stem in stems}
    assert not [code for code in codes - {""} if not OKPD2_CODE.fullmatch(code)]


def test_every_category_of_the_map_ends_with_a_row_for_all_its_types() -> None:
    """A type that was never seen still gets its category's code, not an error in the middle of a demo."""
    named = {rule.category for rule in category_rules()} - {"*"}
    assert named == {rule.category for rule in category_rules() if rule.type_pattern == "*"}


@pytest.mark.parametrize(
    ("category", "product_type", "okpd2"),
    [
        ("BEERS/ALES", "BEERALEMALT LIQUORS", "11.05.10.120"),
        ("BEERS/ALES", "BEERALE -NON ALCOHOLIC", "11.05.10.110"),
        ("LIQUOR", "TRADITIONAL VODKA(42 UNDER PRO", "11.01.10.111"),
        ("LIQUOR", "COCKTAIL MIXES-FLUID:ADD LIQ", "11.07.19.159"),
        ("MISC WINE", "NON-ALCOHLIC WINES", "11.07.19.190"),
        ("CONDIMENTS/SAUCES", "COOKING WINES", "11.02.12.190"),
        ("CONDIMENTS/SAUCES", "VINEGAR WINE/RICE", "10.84.11"),
        ("PROCESSED", "CIDER", "10.32.16"),
        ("CIGARETTES", "CIGARETTES", "12.00.11.130"),
        ("TOBACCO OTHER", "CIG LIGHTERS/LTR FLUID/PIPES", "32.99.41"),
        ("SOFT DRINKS", "CARBONATED WATER - UNFLAVORED", "11.07.11.152"),
        ("DIAPERS & DISPOSABLES", "BABY DIAPERS", "17.22.12.120"),
        ("AUDIO/VIDEO PRODUCTS", "TELEVISIONS", "26.40.20"),
        ("COUPON/MISC ITEMS", "ELECTRONIC GIFT CARDS ACTIVATI", ""),
        ("CHEESE", "NOVELTY CANDY", "10.82.23.290"),
    ],
)
def test_near_neighbours_get_different_codes(category: str, product_type: str, okpd2: str) -> None:
    """What only sounds like alcohol or tobacco is not, and what is misfiled goes by its type."""
    assert okpd2 == rule_for(category, product_type).okpd2


@pytest.mark.parametrize(
    ("name", "okpd2"),
    [
        ("Пиво светлое фильтрованное 0,5л ж/б", "11.05.10.120"),
        ("ПИВО СВЕТЛОЕ БЕЗАЛК 0,5Л", "11.05.10.110"),
        ("0,5Л ВОДКА КЛЮКВЕННАЯ", "11.01.10.111"),
        ("ЛИКЕР ШОКОЛАДНЫЙ 0,5Л", "11.01.10.214"),
        ("КОНФЕТЫ С ЛИКЕРОМ 200Г", "10.82.22.130"),
        ("ТОРТ ПЬЯНАЯ ВИШНЯ С КОНЬЯК", "10.71.12"),
        ("ВИНО КРАСНОЕ СУХОЕ 0,75Л", "11.02.12.119"),
        ("УКСУС ВИННЫЙ КРАСНЫЙ 250МЛ", "10.84.11"),
        ("ВИНОГРАД КИШМИШ ВЕС", "01.21.11"),
        ("БОКАЛ ДЛЯ ПИВО 0,5Л", "23.13.13"),
        ("СИГАРЕТЫ С ФИЛЬТРОМ", "12.00.11.130"),
        ("БЕЛЫЕ НОЧИ КОМПАКТ МРЦ 179,00", "12.00.11.130"),
        ("ВОДА СТОЛОВАЯ МРЦ 179,00", "12.00.11.130"),
        ("ЦЫПЛЕНОК ТАБАКА ОХЛ", "10.12.10"),
        ("ШАМПАНСКОЕ ДЕТСКОЕ ЯБЛОКО 0,75Л", "11.07.19.190"),
        ("ХЛЕБ РЖАНОЙ 400Г", "10.71.11.110"),
        ("Молоко пастер. 3,2% 930мл", "10.51.11"),
        ("ТЁРКА", ""),
    ],
)
def test_the_leftmost_word_of_a_name_decides(name: str, okpd2: str) -> None:
    """A till names the thing first; МРЦ tells tobacco wherever it stands; unknown stays unknown."""
    assert okpd2 == okpd2_by_name(name)


@pytest.mark.parametrize(
    ("dollars", "whole_cents"), [("3.5", 350), ("10.0", 1000), ("0.29", 29), ("4.440892e-16", 0)]
)
def test_dollars_are_read_without_floats(dollars: str, whole_cents: int) -> None:
    """The source's sums become whole cents, also where it writes a trace of its own floats."""
    assert whole_cents == cents(dollars) == int(Decimal(dollars) * 100)
