"""Files of certificates, CSV or JSON lines, read line by line in bounded memory.

A line is a row, whatever it holds: an unclosed quote spoils its own line and no other. Line numbers
are those that an editor shows; the header of a CSV file is line 1.
"""

import csv
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import BinaryIO, Final

import msgspec

from gateway.ledger.issuing.cells import COLUMNS, REQUIRED, Problem, Row, TokenOf, read_row, refused

LINE_MAX_BYTES: Final = 64 * 1024
DELIMITERS: Final = (";", ",")
JSON_SUFFIXES: Final = (".jsonl", ".ndjson")

_NAME: Final = re.compile(r"[a-z_]{1,32}", re.ASCII)
_BOM: Final = b"\xef\xbb\xbf"

Cells = Mapping[str, str]


class FileError(Exception):
    """The file as a whole cannot be read; the text says why."""


class CertificateFile:
    """The rows of a file; `position_bytes` tells how far it has been read, of `size_bytes`.

    `delimiter` is that of a CSV file, and of the result of any. Raises FileError where no row could
    be right: no header, or one with other columns. Raises OSError.
    """

    def __init__(self, path: Path, token_of: TokenOf) -> None:
        self.path = path
        self.size_bytes = path.stat().st_size
        self.position_bytes = 0
        self.delimiter = DELIMITERS[0]
        self._token_of = token_of
        self._names: list[str] = []
        self._is_json = path.suffix.lower() in JSON_SUFFIXES
        if not self._is_json:
            with path.open("rb") as file:
                self._read_header(next(self._lines(file), (1, ""))[1] or "")

    def rows(self) -> Iterator[Row]:
        """Every row that is not blank, in the order of the file."""
        self.position_bytes = 0
        with self.path.open("rb") as file:
            for number, line in self._lines(file):
                if line is None:
                    yield refused(number, Problem("", "строка слишком длинная", "the line is too long"))
                elif line.strip() and (self._is_json or number > 1):
                    cells = _json_cells(line) if self._is_json else self._csv_cells(line)
                    if isinstance(cells, Problem):
                        yield refused(number, cells)
                    else:
                        yield read_row(number, cells, self._token_of)

    def _lines(self, file: BinaryIO) -> Iterator[tuple[int, str | None]]:
        """Line numbers with their texts; None stands for a line beyond the limit."""
        number = 0
        while raw := file.readline(LINE_MAX_BYTES + 1):
            number += 1
            self.position_bytes += len(raw)
            is_too_long = len(raw) > LINE_MAX_BYTES
            while is_too_long and raw and not raw.endswith(b"\n"):
                raw = file.readline(LINE_MAX_BYTES)
                self.position_bytes += len(raw)
            if is_too_long:
                yield number, None
                continue
            if number == 1:
                raw = raw.removeprefix(_BOM)
            # What is not UTF-8 becomes lone surrogates, by which the cell that holds it is named.
            yield number, raw.decode("utf-8", "surrogateescape").rstrip("\r\n")

    def _read_header(self, header: str) -> None:
        if not header.strip():
            raise FileError("the file has no header")
        self.delimiter = max(DELIMITERS, key=header.count)
        self._names = [name.strip() for name in _split(header, self.delimiter) or ()]
        _check_header(self._names)

    def _csv_cells(self, line: str) -> Cells | Problem:
        cells = _split(line, self.delimiter)
        if cells is None:
            return Problem("", "кавычки расставлены неверно", "the quotes are wrong")
        if len(cells) != len(self._names):
            return Problem(
                "",
                f"столбцов {len(cells)}, а в заголовке {len(self._names)}",
                f"{len(cells)} columns, and the header has {len(self._names)}",
            )
        return dict(zip(self._names, cells, strict=True))


def _split(line: str, delimiter: str) -> list[str] | None:
    try:
        return next(csv.reader((line,), delimiter=delimiter, strict=True))
    except csv.Error:
        return None


def _check_header(names: list[str]) -> None:
    wrong = {
        "unknown": sorted(set(names) - COLUMNS),
        "missing": [name for name in REQUIRED if name not in names],
        "repeated": sorted({name for name in names if names.count(name) > 1}),
    }
    problems = [f"{what} columns: {', '.join(found)}" for what, found in wrong.items() if found]
    if problems:
        # A file without a header has cells here, and they are nobody's to read.
        shown = "; ".join(problems) if wrong["missing"] != list(REQUIRED) else "the first line is no header"
        raise FileError(f"{shown}; expected {', '.join(REQUIRED)} and what is wanted of the others")


def _shown(name: str) -> str:
    """A name that somebody meant as one; anything else may be a value in the wrong place."""
    return name if _NAME.fullmatch(name) else ""


def _json_cells(line: str) -> Cells | Problem:
    """The members of an object; texts, but a version may be a number and own_nominal true or false."""
    try:
        found = msgspec.json.decode(line.encode("utf-8", "surrogateescape"), type=dict[str, object])
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return Problem("", "не объект JSON в UTF-8", "is no JSON object in UTF-8")
    unknown = next(iter(found.keys() - COLUMNS), None)
    if unknown is not None:
        return Problem(_shown(unknown), "неизвестное поле", "is an unknown member")
    cells = {}
    for name, value in found.items():
        if name == "own_nominal" and isinstance(value, bool):
            cells[name] = "yes" if value else "no"
        elif name == "program_version" and isinstance(value, int) and not isinstance(value, bool):
            cells[name] = str(value)
        elif isinstance(value, str):
            cells[name] = value
        elif value is not None:
            return Problem(name, "не текст", "is not a text")
    return cells
