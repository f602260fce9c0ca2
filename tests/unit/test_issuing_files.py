"""Files of certificates: encodings, delimiters, broken lines, all in bounded memory."""

import json
from pathlib import Path

import pytest

from gateway.ledger.issuing.cells import REQUIRED, Row
from gateway.ledger.issuing.files import LINE_MAX_BYTES, CertificateFile, FileError
from tests.issuing_kit import cells, csv_text, token_of


def rows_of(path: Path, content: bytes | str) -> list[Row]:
    """All rows of a file with this content."""
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return list(CertificateFile(path, token_of).rows())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Where a CSV file goes."""
    return tmp_path / "certificates.csv"


@pytest.mark.parametrize("delimiter", [";", ","])
@pytest.mark.parametrize("bom", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("newline", ["\n", "\r\n"])
def test_csv_is_read_as_spreadsheets_write_it(path: Path, delimiter: str, bom: bytes, newline: str) -> None:
    """Either delimiter, with or without a byte order mark, either line end, quotes where needed."""
    body = 'Комиссия "Юг"; отдел, 2'
    text = csv_text(cells(1, act_body=body), cells(2), delimiter=delimiter).replace("\n", newline)
    first, second = rows_of(path, bom + text.encode())
    assert first.command
    assert (body, "ref-2") == (first.command.act.body, second.issue_ref)
    assert [2, 3] == [first.number, second.number]


def test_columns_may_stand_in_any_order_and_the_optional_ones_be_absent(path: Path) -> None:
    """The header says what is where."""
    names = sorted(REQUIRED, reverse=True)
    [row] = rows_of(path, ";".join(names) + "\n" + ";".join(cells()[name] for name in names))
    assert row.command
    assert not row.command.names_own_nominal
    assert row.card_token is None


@pytest.mark.parametrize(
    ("header", "told"),
    [
        ("", "no header"),
        ("\n", "no header"),
        (csv_text().replace("holder_id", "holder"), "unknown columns: holder; missing columns: holder_id"),
        (csv_text().replace("card_series", "card_number"), "repeated columns: card_number"),
        ("ref-1;9643100000000000001;FOOD\n", "the first line is no header"),
    ],
)
def test_a_file_whose_header_is_wrong_is_refused_as_a_whole(path: Path, header: str, told: str) -> None:
    """By the names of the columns; a file without a header shows nothing of its cells."""
    with pytest.raises(FileError, match=told) as refused:
        rows_of(path, header)
    assert "9643100000000000001" not in str(refused.value)


def test_a_broken_line_spoils_no_other(path: Path) -> None:
    """An unclosed quote, a missing cell, bytes that are not UTF-8, a line without an end to it."""
    good = csv_text(cells(1), cells(2), cells(3), cells(4), cells(5)).encode().splitlines()
    broken = [
        *good[:2],
        good[2].replace(b"ref-2", b'"ref-2'),
        b"x" * (3 * LINE_MAX_BYTES),
        b"ref-9;too;few",
        b"",
        good[3].replace("Комиссия".encode(), "Комиссия".encode("cp1251")),
        good[5],
    ]
    rows = rows_of(path, b"\n".join(broken))
    assert [2, 3, 4, 5, 7, 8] == [row.number for row in rows]
    assert [True, False, False, False, False, True] == [row.command is not None for row in rows]
    told = [row.problem.en for row in rows if row.problem]
    assert "the quotes are wrong" == told[0]
    assert "the line is too long" == told[1]
    assert "3 columns, and the header has 13" == told[2]
    assert "is not UTF-8" == told[3]
    problem = rows[4].problem
    assert problem
    assert "act_body" == problem.column


def test_the_position_tells_how_far_a_file_is_read(path: Path) -> None:
    """To its very end, over long lines too: the progress bar ends full."""
    path.write_bytes(csv_text(cells(1)).encode() + b"y" * (2 * LINE_MAX_BYTES))
    file = CertificateFile(path, token_of)
    positions = [file.position_bytes for _ in file.rows()]
    assert positions == sorted(positions)
    assert file.size_bytes == file.position_bytes


def test_json_lines_hold_the_same_rows(tmp_path: Path) -> None:
    """Texts, or a number for a version and true or false for own_nominal."""
    typed = {**cells(2), "program_version": 1, "own_nominal": True, "card_number": None}
    text = "\ufeff" + json.dumps(cells(1)) + "\n\n" + json.dumps(typed, ensure_ascii=False) + "\n"
    first, second = rows_of(tmp_path / "certificates.jsonl", text)
    assert first.command
    assert second.command
    assert [1, 3] == [first.number, second.number]
    assert (False, True) == (first.command.names_own_nominal, second.command.names_own_nominal)


@pytest.mark.parametrize(
    ("line", "column"),
    [
        ("{", ""),
        ("[]", ""),
        ("5", ""),
        (json.dumps({**cells(), "nominal": "500.00"}), "nominal"),
        (json.dumps({**cells(), "9643100000000000001": ""}), ""),
        (json.dumps({**cells(), "nominal_rubles": 500.00}), "nominal_rubles"),
        (json.dumps({**cells(), "nominal_rubles": 500}), "nominal_rubles"),
        (json.dumps({**cells(), "own_nominal": 1}), "own_nominal"),
        (json.dumps({**cells(), "program_version": True}), "program_version"),
        (json.dumps({name: text for name, text in cells().items() if name != "act_date"}), "act_date"),
    ],
)
def test_a_wrong_json_line_is_refused_alone(tmp_path: Path, line: str, column: str) -> None:
    """By its member; a float is no amount."""
    wrong, right = rows_of(tmp_path / "certificates.jsonl", f"{line}\n{json.dumps(cells())}")
    assert wrong.problem
    assert column == wrong.problem.column
    assert right.command
