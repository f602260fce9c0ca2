"""What a line is about, as the department can decide it once for all further lines."""

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from msgspec import Struct

from gateway.domain.basket import Line
from gateway.domain.judging import Source
from gateway.goods.identity.in_store import InStoreTemplates
from gateway.goods.identity.item import identify
from gateway.goods.names.folding import fold


class SubjectKind(StrEnum):
    """By what goods are known."""

    GTIN = "gtin"
    IN_STORE = "in_store"
    """A merchant's own code, which means nothing elsewhere."""
    NAME = "name"


class Subject(Struct, frozen=True, order=True):
    """Goods as lines name them: `key` is a GTIN of 14 digits, a merchant's own code, or a folded name.

    `merchant_id` is 0 but for a merchant's own code.
    """

    kind: SubjectKind
    merchant_id: int
    key: str


RULE_PREFIX: Final = "confirmed:"
"""How the rules made here are called in evidence: "confirmed:17"."""

SPOKEN_BY: Final[Mapping[SubjectKind, frozenset[str]]] = {
    SubjectKind.GTIN: frozenset({Source.MARKING, Source.CATALOGUE}),
    SubjectKind.IN_STORE: frozenset({Source.IN_STORE}),
    SubjectKind.NAME: frozenset({Source.CONFIRMED_NAME}),
}
"""As which source of evidence a rule on a subject speaks."""


def subject_of(line: Line, merchant_id: int, templates: InStoreTemplates) -> Subject:
    """What a merchant's line is best known by: a GTIN, else the merchant's own code, else the folded name.

    The key of a name is empty if no letter or digit is in it.
    """
    identity = identify(line, templates)
    if identity.gtins:
        return Subject(SubjectKind.GTIN, 0, identity.gtins[0])
    own = identity.in_store.plu if identity.in_store is not None else identity.item_code
    if own:
        return Subject(SubjectKind.IN_STORE, merchant_id, own)
    return Subject(SubjectKind.NAME, 0, fold(line.item_name))
