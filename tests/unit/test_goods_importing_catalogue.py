"""Catalogues of goods: GTINs, codes by the row or its category, and rows that are told instead of taken."""

import tracemalloc
from collections.abc import Mapping
from pathlib import Path
from typing import Final

import pytest
from biip.upc import Upc
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from stdnum import ean

from gateway.goods.identity.gtin import read_gtin
from gateway.goods.importing.catalogue import CatalogueFile, CatalogueRow
from gateway.goods.importing.categories import CategoryMap
from gateway.goods.importing.category_tree import Category
from gateway.goods.importing.merging import MergedGoods, merged
from gateway.goods.importing.problems import ImportFileError, RowProblem
from gateway.rpc.validation.fields import check_gtin
from gateway.rpc.validation.findings import Findings
from tests.reference_kit import gtin

MAP: Final = CategoryMap(
    "1", "test", {"еда": "10", "еда/напитки": "11.07", "еда/напитки/пиво": "11.05.10", "прочее": ""}
)
UHTT: Final = "ID\tUPCEAN\tName\tCategoryID\tCategoryName\tBrandID\tBrandName\n"
TEA: Final = "4600000000015"
BEER: Final = "4600000000022"
JUICE: Final = "4600000000039"

plain_digits: Final = st.sampled_from([8, 12, 13, 14]).flatmap(
    lambda length: st.text("0123456789", min_size=length, max_size=length)
)
codes: Final = st.one_of(
    plain_digits,
    plain_digits.map(lambda code: code[:-1] + ean.calc_check_digit(code[:-1])),
    st.from_regex(r"[01][0-9]{6}", fullmatch=True).map(lambda payload: Upc.parse(payload).as_upc_e()),
    st.sampled_from([8, 12, 13, 14]).map(lambda length: "0" * length),
    st.text("0123456789xО٤", min_size=1, max_size=16),
)
"""Codes as tills and catalogues write them: of any length, right as GTIN, as UPC-E, as both or as neither."""


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a catalogue goes."""
    return tmp_path / "catalogue.csv"


def read(
    path: Path, content: str, tree: Mapping[str, Category] | None = None, encoding: str = "utf-8"
) -> list[CatalogueRow | RowProblem]:
    """All rows and problems of a catalogue with this content."""
    path.write_bytes(content.encode(encoding))
    return list(CatalogueFile(path, MAP, tree).rows())


def told(found: list[CatalogueRow | RowProblem]) -> list[tuple[int, str, str, str]]:
    """Line, column, text and value of every problem."""
    return [(p.line, p.column, p.en, p.value) for p in found if isinstance(p, RowProblem)]


def taken(found: list[CatalogueRow | RowProblem]) -> list[CatalogueRow]:
    """The rows that were taken."""
    return [row for row in found if isinstance(row, CatalogueRow)]


def test_a_file_of_uhtt_is_read_as_it_is(path: Path) -> None:
    """Tabs without quoting; the category's path without the marks of its folders."""
    content = UHTT + (
        f'7\t{BEER}\tПиво "Ясно" 0,5 л\t12\tЕда (folder)/Напитки (folder)/Пиво\t0\tЯсно\n'
        f"8\t{TEA}\tЧай чёрный\t13\tЕда (folder)/Чай\t0\t\n"
    )
    assert [
        CatalogueRow("0" + BEER, 'Пиво "Ясно" 0,5 л', "11.05.10", "Еда/Напитки/Пиво", "Ясно", 2),
        CatalogueRow("0" + TEA, "Чай чёрный", "10", "Еда/Чай", "", 3),
    ] == read(path, content)


@pytest.mark.parametrize("encoding", ["utf-8-sig", "cp1251"])
@pytest.mark.parametrize("header", ["Штрихкод;Наименование;ОКПД2;Бренд", "barcode;NAME;Okpd2;BrandName"])
def test_a_plain_file_needs_no_more_than_codes_and_names(path: Path, header: str, encoding: str) -> None:
    """As accounting programs write it, under Russian or English names."""
    found = read(path, f"{header}\n{TEA};Чай;10.83.13 ;Ясно\n{JUICE};Сок;;\n", encoding=encoding)
    assert [("10.83.13", "Ясно", ""), ("", "", "")] == [(r.okpd2, r.brand, r.category) for r in taken(found)]
    assert [] == told(found)


@pytest.mark.parametrize(
    ("gtin", "gtin14"),
    [
        ("4600000000015", "04600000000015"),
        (" 4600000000015 ", "04600000000015"),
        ("14600000000012", "14600000000012"),
        ("042100005264", "00042100005264"),
        ("04252614", "00042100005264"),
        ("40170725", "00000040170725"),
        ("10007525", "00000010007525"),
        ("11234502", "00112000003452"),
    ],
)
def test_codes_of_every_length_become_fourteen_digits(path: Path, gtin: str, gtin14: str) -> None:
    """04252614 is UPC-E, the short form of 042100005264; 10007525 is a GTIN-8, 11234502 none."""
    [row] = taken(read(path, f"gtin,name\n{gtin},Чай\n"))
    assert gtin14 == row.gtin14


@pytest.mark.parametrize(
    "gtin",
    [
        "4600000000016",
        "460000000001",
        "46000000000150",
        "4600000000O15",
        "٤٦٠٠٠٠٠٠٠٠٠١٥",
        "0000000000000",
        "00000000",
        "123",
    ],
)
def test_a_code_that_is_no_gtin_is_told_and_left_out(path: Path, gtin: str) -> None:
    """A wrong check digit, a wrong length, no ASCII digits, nothing but zeros."""
    found = read(path, f"gtin,name\n{gtin},Чай\n{TEA},Чай\n")
    assert [3] == [row.line for row in taken(found)]
    [(line, column, text, value)] = told(found)
    assert (2, "gtin", gtin) == (line, column, value)
    assert "check digit" in text


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(st.lists(codes, min_size=1, max_size=30))
def test_the_catalogue_takes_the_codes_that_the_door_takes_and_no_others(
    path: Path, written: list[str]
) -> None:
    """Else a till could send goods that no catalogue can name. Both read the same fourteen digits."""
    found = read(path, "gtin,name\n" + "".join(f"{code},Чай\n" for code in written))
    taken_at = {row.line: row.gtin14 for row in taken(found)}
    for line, code in enumerate(written, start=2):
        findings = Findings()
        check_gtin(code, "gtin", findings)
        assert (line in taken_at) == (not findings), code
        assert taken_at.get(line, "") == ("" if findings else read_gtin(code)), code


def test_a_row_without_a_code_or_without_a_name_is_told_and_left_out(path: Path) -> None:
    """Neither says anything about goods."""
    found = read(path, f"gtin,name,brand\n,Чай,Ясно\n{TEA}, \u200b,Ясно\n")
    assert [(2, "gtin", "is empty", ""), (3, "name", "is empty", "")] == told(found)
    assert [] == taken(found)


def test_a_name_is_taken_as_a_label_shows_it(path: Path) -> None:
    """Blanks of every kind become one; what cannot be seen would hide a word from every search."""
    [row] = taken(read(path, f"gtin;name\n{TEA};\u00a0 Во\u200bд\u00adка \x00 \u00a00,5\u00a0л\n"))
    assert "Водка 0,5 л" == row.name


def test_the_code_of_the_row_comes_before_that_of_its_category(path: Path) -> None:
    """The catalogue says more of a row than of a category."""
    found = read(
        path, f"gtin,name,category,okpd2\n{TEA},Квас,Еда/Напитки,11.07.19.121\n{BEER},A,Еда/Напитки,\n"
    )
    assert ["11.07.19.121", "11.07"] == [row.okpd2 for row in taken(found)]


def test_a_malformed_code_is_told_and_the_category_speaks_instead(path: Path) -> None:
    """Without the row, beer would become goods of which nothing is known."""
    found = read(path, f"gtin,name,category,okpd2\n{BEER},Пиво,Еда/Напитки/Пиво,1105\n")
    assert [(2, "okpd2", "is no ОКПД2 code", "1105")] == told(found)
    assert ["11.05.10"] == [row.okpd2 for row in taken(found)]


def test_a_category_that_the_map_does_not_know_is_told_and_leaves_the_row_without_a_code(path: Path) -> None:
    """The name is still good; a category without a code on purpose is no problem, nor is none at all."""
    found = read(
        path, f"gtin,name,category\n{TEA},Чай,Мебель/Стол\n{BEER},Пиво,Прочее/Всякое\n{JUICE},Сок,\n"
    )
    assert [(2, "category", "is a category that the map does not know", "Мебель/Стол")] == told(found)
    assert [("Мебель/Стол", ""), ("Прочее/Всякое", ""), ("", "")] == [
        (r.category, r.okpd2) for r in taken(found)
    ]


def test_beside_a_tree_rows_name_their_category_by_its_id(path: Path) -> None:
    """The code of the tree comes first, then the map of paths; an id that the tree lacks is told."""
    tree = {"5": Category("Еда/Напитки/Пиво", ""), "6": Category("Полка 6", "10.51")}
    found = read(path, f"gtin,name,category_id\n{BEER},Пиво,5\n{TEA},Сыр, 6\n{JUICE},Сок,7\n", tree)
    assert [(4, "category_id", "is a category that the tree does not have", "7")] == told(found)
    assert [("Еда/Напитки/Пиво", "11.05.10"), ("Полка 6", "10.51"), ("", "")] == [
        (row.category, row.okpd2) for row in taken(found)
    ]


def test_a_tree_is_of_no_use_to_a_file_without_ids(path: Path) -> None:
    """Refused before any row would be left without a code."""
    with pytest.raises(ImportFileError, match="no column category_id"):
        read(path, f"gtin,name,category\n{TEA},Чай,Еда\n", {})


def test_a_gtin_in_two_categories_keeps_the_codes_of_both(path: Path) -> None:
    """The reader gives both rows; merged they have two codes, and the conflict names the later row."""
    found = read(path, f"gtin,name,category\n{BEER},Пиво,Еда/Напитки/Пиво\n{BEER},Ясно,Еда/Напитки\n")
    assert [] == told(found)
    [goods] = merged(taken(found))
    assert ("0" + BEER, "Пиво", ("11.05.10", "11.07")) == (goods.gtin14, goods.name, goods.okpd2)
    [conflict] = goods.conflicts
    assert (3, "okpd2", f"0{BEER}: 11.07") == (conflict.line, conflict.column, conflict.value)


def test_rows_that_repeat_one_another_change_nothing(path: Path) -> None:
    """Nor does a row of the same goods that has no code."""
    row = f"{BEER},Пиво,Еда/Напитки/Пиво\n"
    found = taken(read(path, "gtin,name,category\n" + row * 3 + f"{BEER},Пиво,\n{TEA},Чай,\n"))
    found.sort(key=lambda row: row.gtin14)
    assert [
        MergedGoods("0" + TEA, "Чай", ()),
        MergedGoods("0" + BEER, "Пиво", ("11.05.10",)),
    ] == list(merged(found))


def test_rows_that_are_not_sorted_are_not_merged(path: Path) -> None:
    """Otherwise a GTIN would come twice, each time with half of its codes."""
    found = taken(read(path, f"gtin,name\n{BEER},Пиво\n{TEA},Чай\n{BEER},Пиво\n"))
    with pytest.raises(ValueError, match="not sorted by GTIN"):
        list(merged(found))


def test_many_rows_of_many_categories_are_read_in_bounded_memory(path: Path) -> None:
    """Nothing is kept of a row, and of categories no more than a catalogue can have."""
    with path.open("w", encoding="cp1251") as file:
        file.write("Штрихкод;Наименование;Категория\n")
        for number in range(100_000):
            name = f"Чай чёрный байховый крупнолистовой высший сорт № {number}"
            file.write(f"{gtin(number)};{name};Еда/{number % 5000}\n")
    catalogue = CatalogueFile(path, MAP)
    tracemalloc.start()
    try:
        rows = sum(isinstance(row, CatalogueRow) and row.okpd2 == "10" for row in catalogue.rows())
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert 100_000 == rows
    assert peak_bytes < 7_000_000 < catalogue.size_bytes
