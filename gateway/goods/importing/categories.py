"""What the categories of an imported catalogue mean: a list file that maps their paths to ОКПД2 codes."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from gateway.goods.loader import SHIPPED, ListFileError, read_list_file
from gateway.goods.rows import CategoriesFile

SHIPPED_UHTT: Final = SHIPPED / "categories" / "uhtt.toml"
"""The map for the categories of the open catalogue UHTT."""

_FOLDER: Final = re.compile(r"\s*\(folder\)$", re.IGNORECASE)


def category_path(text: str) -> str:
    """A category path as people read it: without "(folder)", blanks around segments and empty segments."""
    segments = (_FOLDER.sub("", segment.strip()) for segment in text.split("/"))
    return "/".join(segment for segment in segments if segment)


@dataclass(frozen=True)
class CategoryMap:
    """Which ОКПД2 code the goods of a category have; the longest prefix of its path wins."""

    version: str
    catalogue: str
    by_path: Mapping[str, str]
    """By the path in `category_path` form and in lower case; "" if the category is known to have no code."""

    def okpd2_of(self, path: str) -> str | None:
        """The code of a category, "" if the map gives it none on purpose, None if no entry covers it."""
        key = category_path(path).casefold()
        while key:
            code = self.by_path.get(key)
            if code is not None:
                return code
            key = key.rpartition("/")[0]
        return None


def load_category_map(path: Path = SHIPPED_UHTT) -> CategoryMap:
    """Read a map. Raises ListFileError for a wrong key, and for a category that stands in it twice."""
    file = read_list_file(path, CategoriesFile)
    by_path: dict[str, str] = {}
    for category, code in _entries(file):
        key = category_path(category).casefold()
        if not key or key in by_path:
            raise ListFileError(path, f"category {category!r} {'occurs twice' if key else 'has no name'}")
        by_path[key] = code
    return CategoryMap(file.version, file.catalogue, by_path)


def _entries(file: CategoriesFile) -> Iterator[tuple[str, str]]:
    for folder in file.folder:
        yield folder.path, folder.okpd2
        for code, categories in folder.below.items():
            for category in categories:
                yield f"{folder.path}/{category}", code
