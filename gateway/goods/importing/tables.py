"""Delimited text files, read in bounded memory: encoding and delimiter recognised, columns found by name.

A line is a row, whatever it holds: an unclosed quote spoils its own line and no other. Line numbers are
those that an editor shows; the header is line 1.
"""

import codecs
import csv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.goods.importing.problems import ImportFileError, RowProblem, row_problem, shortened

SAMPLE_BYTES: Final = 1 << 20
BLOCK_BYTES: Final = 1 << 18
LINE_MAX_BYTES: Final = 1 << 20
DELIMITERS: Final = ("\t", ";", ",")

_HEADER_SHOWN_CHARS: Final = 500
_UTF16: Final = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_ENCODINGS: Final = {"utf-8": "UTF-8", "cp1251": "Windows-1251"}
_QUOTES: Final = ("кавычки расставлены неверно", "the quotes are wrong")

Progress = Callable[[int, int], None]
"""Called with the bytes read so far and the bytes of the whole file."""

Cells = tuple[int, list[str]]
"""A row: its line number, its cells in the order of the header, and an empty cell for absent columns."""


class Column(Struct, frozen=True):
    """A column that a reader wants: its own name, and other names that files give it."""

    name: str
    aliases: tuple[str, ...] = ()
    is_required: bool = False


class TextFile:
    """The lines of a text file in UTF-8 (with or without a byte order mark) or Windows-1251.

    Raises ImportFileError if it cannot be opened, is empty, is in UTF-16 or is no text at all.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        try:
            self.size_bytes = path.stat().st_size
            self._skip_bytes, self.encoding = self._recognise()
        except OSError as error:
            raise ImportFileError(path, str(error)) from None

    def _recognise(self) -> tuple[int, str]:
        """Bytes of the byte order mark, and the encoding.

        The first sample with a byte beyond ASCII decides. What a file declares says nothing: Russian ones
        that declare Windows are often UTF-8.
        """
        with self.path.open("rb") as file:
            sample = file.read(SAMPLE_BYTES)
            if not sample.removeprefix(codecs.BOM_UTF8):
                raise ImportFileError(self.path, "is empty")
            if sample.startswith(_UTF16):
                raise ImportFileError(self.path, "is UTF-16; save it as UTF-8")
            if b"\0" in sample.partition(b"\n")[0]:
                raise ImportFileError(self.path, "is no text; a spreadsheet must be saved as CSV first")
            if sample.startswith(codecs.BOM_UTF8):
                return len(codecs.BOM_UTF8), "utf-8"
            while sample.isascii():
                sample = file.read(SAMPLE_BYTES)
                if not sample:
                    return 0, "utf-8"
        return 0, "utf-8" if _is_utf8(sample) else "cp1251"

    def blocks(self, progress: Progress | None = None) -> Iterator[tuple[int, list[str]]]:
        """Some lines at a time, with the number of the first of them.

        Raises ImportFileError at a byte that the encoding does not have and at a line beyond
        LINE_MAX_BYTES, by line; OSError.
        """
        number, rest, read_bytes = 1, b"", self._skip_bytes
        with self.path.open("rb") as file:
            file.seek(self._skip_bytes)
            while block := file.read(BLOCK_BYTES):
                read_bytes += len(block)
                whole, newline, rest_of_block = block.rpartition(b"\n")
                if newline:
                    lines = self._decoded(number, rest + whole)
                    yield number, lines
                    number += len(lines)
                    rest = b""
                rest += rest_of_block
                if len(rest) > LINE_MAX_BYTES:
                    raise ImportFileError(self.path, f"line {number} is longer than {LINE_MAX_BYTES} bytes")
                if progress:
                    progress(read_bytes, self.size_bytes)
        if rest:
            yield number, self._decoded(number, rest)

    def _decoded(self, number: int, data: bytes) -> list[str]:
        try:
            text = data.decode(self.encoding)
        except UnicodeDecodeError as error:
            line = number + data.count(b"\n", 0, error.start)
            byte = f"0x{data[error.start]:02X}"
            encoding = _ENCODINGS[self.encoding]
            raise ImportFileError(
                self.path, f"line {line}: byte {byte} is not {encoding}, as the rest of the file is"
            ) from None
        if "\r" in text:
            text = text.replace("\r\n", "\n").removesuffix("\r")
        return text.split("\n")


def _is_utf8(sample: bytes) -> bool:
    """Whether text beyond ASCII is UTF-8, a few broken bytes among it allowed: those are named later.

    Taking such a file for Windows-1251 would spoil every name in it without a word.
    """
    try:
        # The sample may end amid a character.
        codecs.getincrementaldecoder("utf-8")().decode(sample)
    except UnicodeDecodeError:
        text = sample.decode("utf-8", "replace")
        wrong = text.count("\ufffd")
        return sum(not char.isascii() for char in text) > 2 * wrong
    return True


class Table:
    """A file whose first line names its columns; the others are rows.

    Raises ImportFileError for a file that is no text, or whose header lacks a required column or has one
    twice under several names.
    """

    def __init__(self, path: Path, columns: Sequence[Column]) -> None:
        self.path = path
        self._file = TextFile(path)
        self.size_bytes = self._file.size_bytes
        self.encoding = self._file.encoding
        header = next(self._file.blocks())[1][0]
        if not header.strip():
            raise ImportFileError(path, "the first line is empty; it must name the columns")
        self.delimiter = max(DELIMITERS, key=header.count)
        self.header = [name.strip() for name in self._cells(header) or ()]
        self._position_of = self._match(columns)

    def has(self, name: str) -> bool:
        """Whether the file has a wanted column."""
        return name in self._position_of

    def position(self, name: str) -> int:
        """Where a wanted column stands among the cells of a row; an absent one is the empty cell."""
        return self._position_of.get(name, len(self.header))

    def rows(self, progress: Progress | None = None) -> Iterator[Cells | RowProblem]:
        """Every row that is not blank, with as many cells as the header has names, or its problem.

        Raises what `TextFile.blocks` raises.
        """
        width, blank = len(self.header), self.delimiter + " "
        for first, lines in self._file.blocks(progress):
            for number, line in enumerate(lines, first):
                if number == 1 or not line.strip(blank):
                    continue
                cells = self._cells(line)
                if cells is None:
                    yield row_problem(number, "", _QUOTES, line)
                elif len(cells) != width:
                    yield row_problem(number, "", _other_width(len(cells), width), line)
                else:
                    cells.append("")
                    yield number, cells

    def _cells(self, line: str) -> list[str] | None:
        """The cells of a line; None if its quotes are wrong. Files with tabs have no quoting."""
        if self.delimiter == "\t" or '"' not in line:
            return line.split(self.delimiter)
        try:
            return next(csv.reader((line,), delimiter=self.delimiter, strict=True))
        except csv.Error:
            return None

    def _match(self, columns: Sequence[Column]) -> dict[str, int]:
        column_of = {_folded(name): column for column in columns for name in (column.name, *column.aliases)}
        found: dict[str, int] = {}
        problems = []
        for position, name in enumerate(self.header):
            column = column_of.get(_folded(name))
            if column is None:
                continue
            if column.name in found:
                problems.append(f"{self.header[found[column.name]]!r} and {name!r} are both {column.name}")
            found.setdefault(column.name, position)
        for column in columns:
            if column.is_required and column.name not in found:
                aliases = f" (or {', '.join(column.aliases)})" if column.aliases else ""
                problems.append(f"no column {column.name}{aliases}")
        if problems:
            found_names = shortened(", ".join(self.header), _HEADER_SHOWN_CHARS)
            raise ImportFileError(self.path, *problems, f"the columns found are {found_names}")
        return found


def _folded(name: str) -> str:
    return name.strip().casefold().replace("ё", "е")


def _other_width(cells: int, width: int) -> tuple[str, str]:
    return (
        f"столбцов {cells}, а в заголовке {width}",
        f"{cells} columns, and the header has {width}",
    )
