"""Catalogues of goods: what a GTIN is called, and which ОКПД2 code it has by the catalogue's word.

Read are the tab-separated files of UHTT and plain CSV with a header; `COLUMNS` says by which names.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from pathlib import Path
from typing import Final

from msgspec import Struct

from gateway.domain.category import CODES_REMEMBERED, OKPD2_FORM
from gateway.goods.identity.gtin import read_gtin
from gateway.goods.identity.problems import Problem
from gateway.goods.importing.categories import CategoryMap, category_path
from gateway.goods.importing.category_tree import Category
from gateway.goods.importing.problems import ImportFileError, RowProblem, row_problem
from gateway.goods.importing.tables import Column, Progress, Table

COLUMNS: Final = (
    Column(
        "gtin",
        ("barcode", "ean", "upcean", "ean13", "upc", "gtin14", "штрихкод", "штрих-код"),
        is_required=True,
    ),
    Column("name", ("product_name", "наименование", "название", "товар"), is_required=True),
    Column("category", ("category_path", "categoryname", "категория")),
    Column("category_id", ("categoryid", "код категории")),
    Column("okpd2", ("окпд2", "окпд 2", "код окпд2")),
    Column("brand", ("brandname", "бренд", "торговая марка")),
)

CATEGORIES_REMEMBERED: Final = 65_536

_Texts = tuple[str, str]

_EMPTY: Final = ("не заполнено", "is empty")
_NO_GTIN: Final = (
    "не GTIN: число цифр или контрольная цифра неверны",
    "is no GTIN: the number of digits or the check digit is wrong",
)
_NO_CODE: Final = ("не код ОКПД2", "is no ОКПД2 code")
_UNKNOWN_CATEGORY: Final = ("категории нет в таблице категорий", "is a category that the map does not know")
_UNKNOWN_ID: Final = ("категории нет в дереве", "is a category that the tree does not have")


class CatalogueRow(Struct, frozen=True, gc=False):
    """One row: `gtin14` has 14 digits, `category` is a path, `line` is that of the file.

    `okpd2` is the row's own code or what its category says, "" if neither says one.
    """

    gtin14: str
    name: str
    okpd2: str
    category: str
    brand: str
    line: int


class CatalogueFile:
    """The rows of a catalogue. With a `tree`, rows name their category by its id, else by its path.

    A category whose code the tree does not tell is looked up in `categories` by its path. Raises
    ImportFileError for a file that is no table, has no column for GTIN or name or, beside a tree, for the id
    of a category, and for one with two columns for the same.
    """

    def __init__(
        self, path: Path, categories: CategoryMap, tree: Mapping[str, Category] | None = None
    ) -> None:
        self._table = Table(path, COLUMNS)
        self._categories = categories
        self._tree = tree
        self._category_column = "category" if tree is None else "category_id"
        self.size_bytes = self._table.size_bytes
        if tree is not None and not self._table.has("category_id"):
            raise ImportFileError(path, "no column category_id, by which a tree names categories")

    def rows(self, progress: Progress | None = None) -> Iterator[CatalogueRow | RowProblem]:
        """Every row, or what is wrong with it, in the order of the file.

        A row without a name or a right GTIN is left out. One with a malformed code or an unknown category is
        told and comes after its problems: its name is still good. Raises what `TextFile.blocks` raises.
        """
        position = self._table.position
        gtin_at, name_at, category_at = position("gtin"), position("name"), position(self._category_column)
        okpd2_at, brand_at = position("okpd2"), position("brand")
        category_of = lru_cache(CATEGORIES_REMEMBERED)(self._category)
        for row in self._table.rows(progress):
            if isinstance(row, RowProblem):
                yield row
                continue
            line, cells = row
            gtin14, name = read_gtin(cells[gtin_at].strip()), _clean(cells[name_at])
            if isinstance(gtin14, Problem) or not name:
                yield _refused(line, gtin14, cells[gtin_at].strip())
                continue
            path, okpd2, problem = category_of(cells[category_at])
            if problem:
                yield row_problem(line, self._category_column, problem, cells[category_at].strip())
            if cells[okpd2_at]:
                own = cells[okpd2_at].strip()
                if _is_code(own):
                    okpd2 = own
                elif own:
                    yield row_problem(line, "okpd2", _NO_CODE, own)
            yield CatalogueRow(gtin14, name, okpd2, path, _clean(cells[brand_at]), line)

    def _category(self, cell: str) -> tuple[str, str, _Texts | None]:
        """Path and code of what a row names as its category, and what is wrong with it."""
        path, okpd2 = category_path(cell), ""
        if self._tree is not None and cell.strip():
            category = self._tree.get(cell.strip())
            if category is None:
                return "", "", _UNKNOWN_ID
            path, okpd2 = category.path, category.okpd2
        if not path or okpd2:
            return path, okpd2, None
        mapped = self._categories.okpd2_of(path)
        return path, mapped or "", _UNKNOWN_CATEGORY if mapped is None else None


def _refused(line: int, read: str | Problem, gtin: str) -> RowProblem:
    if isinstance(read, str):
        return row_problem(line, "name", _EMPTY)
    return row_problem(line, "gtin", _NO_GTIN if gtin else _EMPTY, gtin)


def _clean(text: str) -> str:
    """A text as a label shows it: single blanks, none around it, and nothing that cannot be seen."""
    if text.isprintable() and "  " not in text:
        return text.strip()
    seen = "".join(char for char in text if char.isprintable() or char.isspace())
    return " ".join(seen.split())


@lru_cache(CODES_REMEMBERED)
def _is_code(text: str) -> bool:
    return OKPD2_FORM.fullmatch(text) is not None
