"""GTINs and a shop's own codes, and the identity of a line that is made of them."""

from contextlib import suppress
from dataclasses import dataclass

from gateway.goods.identity.gtin import GTIN_DIGITS, read_gtin
from gateway.goods.identity.in_store import (
    NO_TEMPLATES,
    PRICE_AFTER_2_AND_KIND,
    WEIGHT_AFTER_2,
    WEIGHT_IN_TWELVE,
    InStoreTemplate,
    InStoreTemplates,
)
from gateway.goods.identity.item import identify
from gateway.goods.identity.problems import Problem

TEMPLATES = (
    NO_TEMPLATES,
    InStoreTemplates((WEIGHT_AFTER_2,)),
    InStoreTemplates((PRICE_AFTER_2_AND_KIND, WEIGHT_IN_TWELVE)),
)


@dataclass(frozen=True)
class Line:
    """The codes of a line."""

    gtin: str
    marking_code: str
    item_code: str


def check(data: bytes) -> None:
    """Codes of a line, one a line of the input; its last line is a template that a shop might write."""
    gtin, marking_code, item_code, pattern, *_ = (
        *data.decode("utf-8", "replace").split("\n", 3), "", "", "",
    )  # fmt: skip
    read = read_gtin(gtin)
    assert isinstance(read, Problem) or (len(read) == GTIN_DIGITS and read.isascii() and read.isdigit())
    templates = [*TEMPLATES]
    with suppress(ValueError):
        templates.append(InStoreTemplates((InStoreTemplate(pattern),)))
    for known in templates:
        identity = identify(Line(gtin, marking_code, item_code), known)
        assert all(len(one) == GTIN_DIGITS for one in identity.gtins), identity
        if identity.in_store is not None:
            assert identity.in_store.quantity_milli >= 0
            assert identity.in_store.amount_kopecks >= 0
