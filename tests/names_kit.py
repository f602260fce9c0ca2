"""A small catalogue of names, and a classifier that has learned them: for tests of what stands on one."""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Final

from gateway.goods.loader import load_list_book
from gateway.goods.names.labels import Lists
from gateway.goods.names.lexicon import Group, Lexicon
from gateway.goods.names.model import NameModel
from gateway.goods.names.training import Example, train
from tests.reference_kit import gtin

GOODS: Final = {
    "11.01.10.200": ("водка", "коньяк", "виски"),
    "11.05.10.120": ("пиво", "лагер", "эль"),
    "10.71.11.110": ("хлеб", "батон", "булка"),
    "10.51.11.110": ("молоко", "кефир", "ряженка"),
    "14.12.30.110": ("куртка", "брюки", "рубашка"),
}
MAKERS: Final = ("северная", "южная", "заречная", "лесная", "степная", "горная", "озерная", "луговая")
SIZES: Final = ("0,5", "1", "250г", "xl", "300")

LEXICON: Final = Lexicon(
    [
        (Group("vodka", "11.01", is_deny=True, is_sure=True), ["vodka", "absolut"]),
        (Group("wine-hint", "11.02", is_deny=True, is_sure=False), ["reserve"]),
        (Group("sweets", "10.82", is_deny=False, is_sure=True), ["конфеты", "truffles"]),
        (Group("soft-hint", "", is_deny=False, is_sure=False), ["газированный"]),
    ]
)


def examples() -> Iterator[Example]:
    """Every word with every maker and size."""
    for code, words in GOODS.items():
        for word, maker, size in itertools.product(words, MAKERS, SIZES):
            yield Example(f"{word.capitalize()} {maker} {size}", code)


def lists() -> Lists:
    """The lists that come with the gateway, as in force now."""
    book = load_list_book()
    return Lists.at(book, datetime.now(UTC))


@cache
def learned() -> NameModel:
    """The classifier of `examples`."""
    return train(examples(), lists(), LEXICON, "examples", lambda step, done: None)


def catalogue_file(folder: Path) -> Path:
    """The same names as a catalogue in CSV."""
    path = folder / "catalogue.csv"
    rows = [
        f"{gtin(number)},{item.name.replace(',', '.')},{item.okpd2}" for number, item in enumerate(examples())
    ]
    path.write_text("\n".join(["gtin,name,okpd2", *rows]) + "\n", encoding="utf-8")
    return path
