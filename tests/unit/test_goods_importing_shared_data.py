"""The readers on real files, if they are at hand: a folder beside the project, or TILLGATE_SHARED_DATA.

None of it may be shipped, so without that folder these tests are skipped.
"""

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest

from gateway.domain.category import is_undivided_subclass
from gateway.goods.importing.catalogue import CatalogueFile, CatalogueRow
from gateway.goods.importing.categories import category_path, load_category_map
from gateway.goods.importing.merging import merged
from gateway.goods.importing.okpd2 import read_okpd2_table
from gateway.goods.importing.problems import RowProblem
from gateway.goods.importing.tables import Column, Table
from gateway.goods.loader import load_list_book

BESIDE: Final = Path(__file__).parents[2].parent / "shared" / "data"
DATA: Final = Path(os.environ.get("TILLGATE_SHARED_DATA", BESIDE))

DENIED_FOLDERS: Final = ("Продукты питания/Алкогольные напитки/", "Табакокурение/")
DENIED_BESIDES: Final = {"E-Pay", "Лотерея", "Хозяйственные товары/Зажигалка"}
WITHOUT_CATEGORY: Final = ("Неклассифицированные/", "Рекламные материалы")


def shared(name: str) -> Path:
    """A file of the shared data; skips the test that asks for an absent one."""
    path = DATA / name
    if not path.is_file():
        pytest.skip(f"{path} is absent; it is not shipped (TILLGATE_SHARED_DATA names another folder)")
    return path


@pytest.fixture
def codes() -> Mapping[str, str]:
    """The published classification, which the test needs whole."""
    return read_okpd2_table(shared("okpd2/okpd_table.tsv")).names


def categories() -> dict[str, int]:
    """Every category of UHTT with the number of its goods in the full source."""
    table = Table(
        shared("uhtt_barcodes/categories_full_path.tsv"), (Column("CategoryName"), Column("n_total"))
    )
    name_at, count_at = table.position("CategoryName"), table.position("n_total")
    return {
        category_path(row[1][name_at]): int(row[1][count_at])
        for row in table.rows()
        if not isinstance(row, RowProblem)
    }


def test_the_table_of_the_classification_is_read_without_a_problem() -> None:
    """Five names stand behind a stray quote and tab."""
    table = read_okpd2_table(shared("okpd2/okpd_table.tsv"))
    assert (20_307, 21, ()) == (len(table.names), len(table.sections), table.problems)
    assert "Пиво крепостью до 0,5%" == table.names["11.05.10.110"]
    assert table.names["68.20.12"].startswith("Услуги по сдаче в аренду")


def test_every_code_of_the_shipped_map_is_one_of_the_classification(codes: Mapping[str, str]) -> None:
    """And none says a whole class by its undivided subclass."""
    for category, code in load_category_map().by_path.items():
        assert not code or code in codes, category
        assert not is_undivided_subclass(code), category


def test_the_shipped_map_knows_every_category_and_names_none_that_is_not_there() -> None:
    """A misspelt category would fall to its folder's code without a word."""
    known = {path.casefold() for path in categories()}
    folders = {"/".join(path.split("/")[:depth]) for path in known for depth in range(1, path.count("/") + 2)}
    by_map = load_category_map()
    assert [] == [path for path in known if by_map.okpd2_of(path) is None]
    assert [] == [path for path in by_map.by_path if path not in folders]


def test_alcohol_and_tobacco_are_denied_and_nothing_else_but_cash_and_lighters() -> None:
    """By the newest shipped list, category by category."""
    by_map, prohibited = load_category_map(), load_list_book().prohibited[-1]
    for category in categories():
        code = by_map.okpd2_of(category)
        rule = prohibited.rule_for(code) if code else None
        is_denied = rule is not None and rule.is_denied
        expected = category.startswith(DENIED_FOLDERS) or category in DENIED_BESIDES
        assert expected is is_denied, f"{category}: {code}"


def test_of_the_rows_with_a_category_ninety_nine_in_a_hundred_get_a_code() -> None:
    """Every GTIN of the file is right, and every code there is in it is read."""
    found = list(CatalogueFile(shared("uhtt_barcodes/uhtt_shared.tsv"), load_category_map()).rows())
    rows = [row for row in found if isinstance(row, CatalogueRow)]
    assert 66_679 == len(rows) == len(found)
    categorised = [row for row in rows if not row.category.startswith(WITHOUT_CATEGORY)]
    coded = sum(bool(row.okpd2) for row in categorised)
    assert coded >= 0.99 * len(categorised)
    assert 63_000 < coded


def test_rows_of_the_catalogue_merge_into_one_for_each_gtin() -> None:
    """Sorted by GTIN they are what a store keeps."""
    catalogue = CatalogueFile(shared("uhtt_barcodes/uhtt_shared.tsv"), load_category_map())
    rows = sorted(
        (row for row in catalogue.rows() if isinstance(row, CatalogueRow)), key=lambda row: row.gtin14
    )
    assert sorted({row.gtin14 for row in rows}) == [goods.gtin14 for goods in merged(rows)]


def test_goods_with_alcohol_by_another_source_are_not_allowed_by_their_category() -> None:
    """Open Food Facts tells alcohol by volume; what both name must not get a code that passes."""
    table = Table(shared("open_food_facts/off_products.tsv"), (Column("gtin", ("code",)), Column("alcohol")))
    gtin_at, alcohol_at = table.position("gtin"), table.position("alcohol")
    alcoholic = {
        row[1][gtin_at].zfill(14)
        for row in table.rows()
        if not isinstance(row, RowProblem) and 1.2 <= float(row[1][alcohol_at] or 0) <= 60
    }
    prohibited = load_list_book().prohibited[-1]
    catalogue = CatalogueFile(shared("uhtt_barcodes/uhtt_shared.tsv"), load_category_map())
    for row in catalogue.rows():
        if isinstance(row, CatalogueRow) and row.gtin14 in alcoholic and row.okpd2:
            rule = prohibited.rule_for(row.okpd2)
            assert rule is not None, row
            assert rule.is_denied, row


def test_names_that_sound_like_alcohol_or_tobacco_are_not_denied_by_their_category() -> None:
    """Wine vinegar, glasses for beer, chicken «табака»; lighters are named by the list itself."""
    prohibited = load_list_book().prohibited[-1]
    traps = CatalogueFile(shared("uhtt_barcodes/uhtt_keyword_traps_sample.tsv"), load_category_map())
    for row in traps.rows():
        assert isinstance(row, CatalogueRow)
        rule = prohibited.rule_for(row.okpd2)
        assert row.category in DENIED_BESIDES or rule is None or not rule.is_denied, row
