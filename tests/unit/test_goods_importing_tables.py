"""Delimited files: what is recognised, what is refused, and that any size is read in bounded memory."""

import tracemalloc
from pathlib import Path
from typing import Final

import pytest

from gateway.goods.importing.problems import ImportFileError, RowProblem
from gateway.goods.importing.tables import BLOCK_BYTES, LINE_MAX_BYTES, SAMPLE_BYTES, Cells, Column, Table

COLUMNS: Final = (
    Column("gtin", ("ean", "штрихкод"), is_required=True),
    Column("name", ("наименование",), is_required=True),
    Column("brand", ("бренд",)),
)
HEADER: Final = "Штрихкод;Наименование"


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a file goes."""
    return tmp_path / "goods.csv"


def table(path: Path, content: bytes | str) -> Table:
    """A table with this content."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return Table(path, COLUMNS)


def cells(path: Path, content: bytes | str) -> list[list[str]]:
    """The wanted cells of every row; all of them must be right."""
    read = table(path, content)
    positions = [read.position(column.name) for column in COLUMNS]
    return [[row[1][at] for at in positions] for row in read.rows() if not isinstance(row, RowProblem)]


def refusal(path: Path, content: bytes | str) -> str:
    """Why a file is refused, whenever that is noticed; the error names the file."""
    with pytest.raises(ImportFileError) as refused:
        list(table(path, content).rows())
    assert path == refused.value.path
    assert str(path) in str(refused.value)
    return "; ".join(refused.value.problems)


@pytest.mark.parametrize("delimiter", ["\t", ";", ","])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1251"])
def test_encoding_delimiter_and_line_ends_are_recognised(
    path: Path, delimiter: str, newline: str, encoding: str
) -> None:
    """Whatever a file declares: what is UTF-8 is read as such, else it is Windows-1251."""
    lines = ["Бренд;Штрихкод;ID;Наименование", "Ясно;1;x;Чай №5", ";2;y;Ёлка", ""]
    content = newline.join(lines).replace(";", delimiter).encode(encoding)
    assert [["1", "Чай №5", "Ясно"], ["2", "Ёлка", ""]] == cells(path, content)


def test_columns_are_found_by_name_or_alias_whatever_the_case(path: Path) -> None:
    """A column that nobody asked for is left alone, an absent one that is not required reads as empty."""
    read = table(path, "ID,EAN, naMe \n7,1,Tea\n")
    assert (False, True) == (read.has("brand"), read.has("name"))
    assert [["1", "Tea", ""]] == cells(path, "ID,EAN, naMe \n7,1,Tea\n")


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b"", "is empty"),
        (b"\xef\xbb\xbf", "is empty"),
        ("\nШтрихкод;Наименование\n", "the first line is empty"),
        ("Штрихкод;Цена\n", "no column name (or наименование); the columns found are Штрихкод, Цена"),
        ("1;Чай\n", "no column gtin (or ean, штрихкод); no column name (or наименование)"),
        ("EAN;Штрихкод;Name\n", "'EAN' and 'Штрихкод' are both gtin"),
        (HEADER.encode("utf-16"), "is UTF-16"),
        (b"PK\x03\x04\x00\x00", "is no text; a spreadsheet must be saved as CSV first"),
        (b"ean;name;" + b"x" * (LINE_MAX_BYTES + 9), "line 1 is longer than"),
    ],
)
def test_a_file_that_is_no_such_table_is_refused_by_name(path: Path, content: bytes | str, told: str) -> None:
    """By the columns that lack and those that were found, before any row is read."""
    assert told in refusal(path, content)


def test_a_file_that_is_not_there_is_refused_by_name(path: Path) -> None:
    """As every other file that cannot be used."""
    with pytest.raises(ImportFileError, match="No such file"):
        Table(path, COLUMNS)


def test_a_header_without_rows_is_a_table_without_rows(path: Path) -> None:
    """Nothing to import is no error."""
    assert [] == cells(path, HEADER)


def test_blank_lines_and_rows_of_nothing_but_delimiters_are_no_rows(path: Path) -> None:
    """Spreadsheets write them below the last row; the numbers of the others stay those of the file."""
    rows = list(table(path, f"{HEADER}\n\n1;Чай\n;\n  \n2;Сок\n;\n").rows())
    assert [(3, ["1", "Чай", ""]), (6, ["2", "Сок", ""])] == rows


def test_quotes_belong_to_files_with_semicolons_or_commas_and_not_to_those_with_tabs(path: Path) -> None:
    """UHTT writes names with quotes as they are."""
    assert [["1", 'Сок "Я"; 1 л', ""]] == cells(path, f'{HEADER}\n1;"Сок ""Я""; 1 л"\n')
    assert [["1", '"Сок ""Я""', ""]] == cells(path, 'ean\tname\n1\t"Сок ""Я""\n')


def test_a_broken_row_is_told_by_its_line_and_spoils_no_other(path: Path) -> None:
    """An unclosed quote, a cell too few, a cell too many."""
    content = f'{HEADER}\n1;Чай\n2;"Сок\n3\n4;Соль;Сахар\n5;Мука\n'
    rows = list(table(path, content).rows())
    problems = [row for row in rows if isinstance(row, RowProblem)]
    assert [2, 6] == [row[0] for row in rows if not isinstance(row, RowProblem)]
    assert [3, 4, 5] == [problem.line for problem in problems]
    assert ["the quotes are wrong", "1 columns, and the header has 2", "3 columns, and the header has 2"] == [
        problem.en for problem in problems
    ]
    assert "столбцов 3, а в заголовке 2" == problems[2].ru
    assert '2;"Сок' == problems[0].value


def test_a_problem_shows_as_much_of_the_row_as_fits(path: Path) -> None:
    """A report must not grow with what is wrong."""
    [problem] = list(table(path, f"{HEADER}\n{'x' * 10_000}\n").rows())
    assert isinstance(problem, RowProblem)
    assert ("x" * 79 + "…") == problem.value


@pytest.mark.parametrize("rows_before", [1, 60_000])
def test_a_byte_that_is_not_utf8_is_named_with_its_line(path: Path, rows_before: int) -> None:
    """Near or far: a file with one broken byte is not taken for Windows-1251, which would spoil all names."""
    good = f"{HEADER}\n" + "4600000000000;Чай чёрный байховый\n" * rows_before
    content = good.encode() + b"2;\xd1\n3;" + "Сок\n".encode()
    told = refusal(path, content)
    assert f"line {rows_before + 2}: byte 0xD1 is not UTF-8" in told


def test_a_byte_that_windows_1251_does_not_have_is_named_with_its_line(path: Path) -> None:
    """0x98 is the one byte without a character."""
    content = f"{HEADER}\n1;Чай\n".encode("cp1251") + b"2;\x98\n"
    assert "line 3: byte 0x98 is not Windows-1251" in refusal(path, content)


@pytest.mark.parametrize("encoding", ["utf-8", "cp1251"])
def test_the_encoding_is_told_by_the_first_bytes_beyond_ascii_however_late_they_come(
    path: Path, encoding: str
) -> None:
    """A catalogue may begin with a megabyte of imported goods."""
    foreign = "4600000000000;Green tea in bags\n" * (SAMPLE_BYTES // 32 + 7)
    content = ("ean;name\n" + foreign + "1;Ёлка\n").encode(encoding)
    assert ["1", "Ёлка", ""] == cells(path, content)[-1]


def test_the_progress_goes_up_to_the_size_of_the_file(path: Path) -> None:
    """In bytes read of all bytes."""
    told: list[tuple[int, int]] = []
    read = table(path, b"\xef\xbb\xbf" + (HEADER + "\n" + "1;Чай\n" * 400_000).encode())
    rows = sum(1 for _ in read.rows(lambda done, total: told.append((done, total))))
    assert 400_000 == rows
    assert len(told) > 2
    assert sorted(told) == told
    assert (path.stat().st_size, read.size_bytes) == told[-1]


def test_two_hundred_thousand_rows_are_read_in_the_memory_of_a_few_blocks(path: Path) -> None:
    """Five million come the same way: nothing is kept of a row that was read."""
    with path.open("w", encoding="utf-8") as file:
        file.write("ean\tname\tbrand\n")
        file.writelines(f"{number:013}\tЧай чёрный байховый, пачка {number}\t\n" for number in range(200_000))
    read = Table(path, COLUMNS)
    tracemalloc.start()
    try:
        last: Cells | RowProblem = (0, [])
        for last in read.rows():  # noqa: B007 - the last row is what is looked at
            pass
        peak_bytes = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert (200_001, ["0000000199999", "Чай чёрный байховый, пачка 199999", "", ""]) == last
    assert read.size_bytes > 40 * BLOCK_BYTES
    assert peak_bytes < 15 * BLOCK_BYTES
