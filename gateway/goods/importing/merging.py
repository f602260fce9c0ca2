"""One GTIN in many rows of a catalogue: its name, and every code that a row gives it."""

from collections.abc import Iterable, Iterator
from itertools import groupby
from operator import attrgetter
from typing import Final

from msgspec import Struct

from gateway.goods.importing.catalogue import CatalogueRow
from gateway.goods.importing.problems import RowProblem, row_problem

_OTHER_CODE: Final = (
    "у этого GTIN есть и другой код ОКПД2: действуют оба",
    "this GTIN has another ОКПД2 code, too: both hold",
)


class MergedGoods(Struct, frozen=True):
    """What all rows of a GTIN say: the name of the first, and the distinct codes in the order of the rows.

    `okpd2` is empty if no row has a code. More than one code is no error: goods are denied by any of them.
    `conflicts` name the first row of every further code.
    """

    gtin14: str
    name: str
    okpd2: tuple[str, ...]
    conflicts: tuple[RowProblem, ...] = ()


def merged(rows: Iterable[CatalogueRow]) -> Iterator[MergedGoods]:
    """Merge rows that are sorted by GTIN; rows that repeat one another change nothing.

    Raises ValueError if they are not sorted: the same GTIN would come twice.
    """
    last = ""
    for gtin14, group in groupby(rows, key=attrgetter("gtin14")):
        if gtin14 < last:
            raise ValueError(f"the rows are not sorted by GTIN: {gtin14} comes after {last}")
        last = gtin14
        yield _of_one_gtin(list(group))


def _of_one_gtin(rows: list[CatalogueRow]) -> MergedGoods:
    row_of: dict[str, CatalogueRow] = {}
    for row in rows:
        if row.okpd2:
            row_of.setdefault(row.okpd2, row)
    conflicts = (
        row_problem(row.line, "okpd2", _OTHER_CODE, f"{rows[0].gtin14}: {row.okpd2}")
        for row in list(row_of.values())[1:]
    )
    return MergedGoods(rows[0].gtin14, rows[0].name, tuple(row_of), tuple(conflicts))
