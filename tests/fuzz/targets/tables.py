"""Delimited tables, the catalogue, its tree of categories, and the table of ОКПД2."""

import os

from gateway.goods.importing.catalogue import CatalogueFile
from gateway.goods.importing.categories import load_category_map
from gateway.goods.importing.category_tree import read_category_tree
from gateway.goods.importing.okpd2 import read_okpd2_table
from gateway.goods.importing.problems import ImportFileError, RowProblem
from tests.fuzz.targets import scratch

CATEGORIES = load_category_map()
PATH = scratch() / f"tillgate-fuzz-table-{os.getpid()}.csv"


def check(data: bytes) -> None:
    """The first byte chooses the reader; problems of rows have a line and both texts."""
    which, data = (data[0] % 3, data[1:]) if data else (0, b"")
    PATH.write_bytes(data)
    problems: list[RowProblem] = []
    try:
        if which == 0:
            for row in CatalogueFile(PATH, CATEGORIES).rows():
                if isinstance(row, RowProblem):
                    problems.append(row)
                else:
                    assert row.name, row
        elif which == 1:
            read_category_tree(PATH)
        else:
            problems += read_okpd2_table(PATH).problems
    except ImportFileError as error:
        assert error.problems
    finally:
        PATH.unlink()
    assert all(one.line > 0 and one.ru and one.en for one in problems), problems
