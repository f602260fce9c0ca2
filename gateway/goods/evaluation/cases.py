"""Lines whose truth is known: what decisions are measured against."""

from collections.abc import Iterator
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.domain.category import OKPD2_FORM
from gateway.goods.importing.problems import ImportFileError, RowProblem, row_problem
from gateway.goods.importing.tables import Column, Progress, Table

COLUMNS: Final = (
    Column("name", is_required=True),
    Column("gtin", is_required=True),
    Column("okpd2", is_required=True),
    Column("truth", is_required=True),
    Column("truth_okpd2"),
)

PROHIBITED: Final = "prohibited"
ALLOWED: Final = "allowed"

_TRUTH: Final = ('не "prohibited" и не "allowed"', 'is neither "prohibited" nor "allowed"')
_CODE: Final = ("не код ОКПД2", "is no ОКПД2 code")


class Case(Struct, frozen=True, gc=False):
    """A till's line: `gtin` and `okpd2` (what the till declares) may be "".

    `is_prohibited` is the truth; `truth_okpd2` the goods' true code where the file tells it, else "".
    """

    line: int
    name: str
    gtin: str
    okpd2: str
    is_prohibited: bool
    truth_okpd2: str


def read_cases(path: Path, progress: Progress | None = None) -> Iterator[Case | RowProblem]:
    """The cases of a table, and the rows that are none; raises ImportFileError as `Table` does."""
    table = Table(path, COLUMNS)
    at = [table.position(column.name) for column in COLUMNS]
    for row in table.rows(progress):
        if isinstance(row, RowProblem):
            yield row
            continue
        line, cells = row
        name, gtin, okpd2, truth, truth_okpd2 = (cells[position].strip() for position in at)
        if truth not in (PROHIBITED, ALLOWED):
            yield row_problem(line, "truth", _TRUTH, truth)
            continue
        wrong = next((code for code in (okpd2, truth_okpd2) if code and not OKPD2_FORM.fullmatch(code)), "")
        if wrong:
            yield row_problem(line, "okpd2", _CODE, wrong)
            continue
        yield Case(line, name, gtin, okpd2, truth == PROHIBITED, truth_okpd2)


def all_cases(path: Path, progress: Progress | None = None) -> list[Case]:
    """Every case of a table; raises ImportFileError if a row is none: a rate of the rest would mislead."""
    cases, problems = list[Case](), list[str]()
    for row in read_cases(path, progress):
        if isinstance(row, RowProblem):
            problems.append(f"line {row.line}: {row.column} {row.value!r} {row.en}")
        else:
            cases.append(row)
    if problems:
        raise ImportFileError(path, *problems[:_PROBLEMS_SHOWN], f"{len(problems)} rows are no cases")
    if not cases:
        raise ImportFileError(path, "has no cases")
    return cases


_PROBLEMS_SHOWN: Final = 10
