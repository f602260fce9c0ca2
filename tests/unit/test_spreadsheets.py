"""CSV for people: no cell is a formula, and every writer of the project sees to it in one way."""

import csv
import io
from datetime import date
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gateway
from gateway.spreadsheets import SpreadsheetWriter, neutral

ROOT = Path(gateway.__file__).parents[1]
SOURCES = sorted(
    path
    for room in ("gateway", "merchant_sdk", "settlement", "loadtests")
    for path in (ROOT / room).rglob("*.py")
)
SPREADSHEETS = ROOT / "gateway" / "spreadsheets.py"
WORKBOOKS = ROOT / "gateway" / "workbooks.py"


@pytest.mark.parametrize(
    "cell",
    [
        "=1+1",
        "+1",
        "-1",
        "@SUM(A1)",
        "\t=1",
        "\r=1",
        "\n=1",
        "  =1",
        "\u00a0=1",
        "=",
        "\uff1d1",
        "\uff20SUM(A1)",
    ],
)
def test_no_cell_is_a_formula(cell: str) -> None:
    """Whatever a spreadsheet would compute is a text."""
    assert f"'{cell}" == neutral(cell)


@pytest.mark.parametrize("cell", ["", "a=1", "Хлеб - белый", "'=1", " 7", 17, -17, date(2026, 1, 1), None])
def test_other_cells_stay_as_they_are(cell: object) -> None:
    """Texts that are none, and numbers, which are computed by nobody."""
    assert neutral(cell) == cell


@given(st.lists(st.lists(st.text(st.characters(codec="utf-8")), min_size=2, max_size=3), min_size=1))
def test_whatever_is_written_is_read_back_as_texts(rows: list[list[str]]) -> None:
    """Separators, quotes and line ends inside of cells included; what is neutral already is not changed."""
    out = io.StringIO(newline="")
    SpreadsheetWriter(out, has_mark=True).rows(rows)
    written = out.getvalue()
    assert written.startswith("\ufeff")
    read = list(csv.reader(io.StringIO(written.removeprefix("\ufeff"), newline=""), delimiter=";"))
    assert [[neutral(cell) for cell in row] for row in rows] == read
    assert all(neutral(cell) == cell for row in read for cell in row)


def test_every_writer_of_the_project_is_this_one() -> None:
    """No other module writes CSV by itself, nor workbooks."""
    assert {SPREADSHEETS, WORKBOOKS} <= set(SOURCES)
    own_ways = ("csv.writer(", "csv.DictWriter(", "DictWriter(", "openpyxl", "xlsxwriter")
    others = [
        str(path.relative_to(ROOT))
        for path in SOURCES
        if path not in (SPREADSHEETS, WORKBOOKS)
        and any(way in path.read_text(encoding="utf-8") for way in own_ways)
    ]
    assert [] == others
