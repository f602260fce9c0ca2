"""What can be wrong with an imported file: as a whole, or one row of it."""

from pathlib import Path
from typing import Final

from msgspec import Struct

_VALUE_SHOWN_CHARS: Final = 80


class ImportFileError(ValueError):
    """A file cannot be imported; `path` is the file, `problems` say why, by column and line."""

    def __init__(self, path: Path, *problems: str) -> None:
        super().__init__(f"{path}: {'; '.join(problems)}")
        self.path = path
        self.problems = problems


class RowProblem(Struct, frozen=True, gc=False):
    """What is wrong with the row at `line` (the header is line 1), in Russian and English.

    `column` is "" if the row as a whole is meant; `value` is the cell that is wrong, cut short.
    """

    line: int
    column: str
    ru: str
    en: str
    value: str = ""


def row_problem(line: int, column: str, texts: tuple[str, str], value: str = "") -> RowProblem:
    """A problem with its texts (Russian, English) and as much of the cell as a report can show."""
    return RowProblem(line, column, *texts, shortened(value, _VALUE_SHOWN_CHARS))


def shortened(text: str, length_max: int) -> str:
    """A text that fits a message: what is beyond `length_max` characters becomes "…"."""
    return text if len(text) <= length_max else text[: length_max - 1] + "…"
