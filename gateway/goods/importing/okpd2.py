"""The table of ОКПД2, the classification of products: code and name, separated by a tab, without a header."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.domain.category import OKPD2_FORM
from gateway.goods.importing.problems import RowProblem, row_problem
from gateway.goods.importing.tables import Progress, TextFile

_NOT_TWO: Final = ("не код и наименование через табуляцию", "is not a code and a name with a tab between")
_NO_CODE: Final = ("не код ОКПД2", "is no ОКПД2 code")
_NO_NAME: Final = ("не заполнено", "is empty")
_TWICE: Final = ("повторяется", "occurs twice")


@dataclass(frozen=True)
class Okpd2Table:
    """Names by code and, apart from them, by the letter of a section; and the rows that could not be used."""

    names: Mapping[str, str]
    sections: Mapping[str, str]
    problems: tuple[RowProblem, ...]


def read_okpd2_table(path: Path, progress: Progress | None = None) -> Okpd2Table:
    """Read the table. Blanks around codes go, and so do the quote and tab that published copies put before
    some names.

    Of rows with the same code the first holds, and the others are problems. Raises ImportFileError for a file
    that is no text.
    """
    names: dict[str, str] = {}
    sections: dict[str, str] = {}
    problems: list[RowProblem] = []
    for first, lines in TextFile(path).blocks(progress):
        for number, line in enumerate(lines, first):
            if line.strip():
                problems += _take(number, line, names, sections)
    return Okpd2Table(names, sections, tuple(problems))


def _take(number: int, line: str, names: dict[str, str], sections: dict[str, str]) -> list[RowProblem]:
    code, *rest = (cell.strip() for cell in line.split("\t"))
    if len(rest) == 2 and rest[0] == '"':
        rest = [rest[1].removesuffix('"')]
    if len(rest) != 1:
        return [row_problem(number, "", _NOT_TWO, line)]
    is_section = len(code) == 1 and "A" <= code <= "Z"
    if not (is_section or OKPD2_FORM.fullmatch(code)):
        return [row_problem(number, "code", _NO_CODE, code)]
    if not rest[0]:
        return [row_problem(number, "name", _NO_NAME)]
    known = sections if is_section else names
    if code in known:
        return [row_problem(number, "code", _TWICE, code)]
    known[code] = rest[0]
    return []
