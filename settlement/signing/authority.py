"""Reads a machine-readable power of attorney (машиночитаемая доверенность, МЧД): who may sign for whom.

Format EMCHD_1 of the Federal Tax Service. What matters here are a few attributes, found by their names
wherever the form's version puts them. Its own signature, its registration and its powers are a verifier's to
check. The file comes from outside: no DTD, no entities, no more than BYTES_MAX.
"""

import re
from collections.abc import Iterator
from datetime import date
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from msgspec import Struct

from settlement.errors import SettlementError
from settlement.signing.errors import SigningCode

BYTES_MAX: Final = 1 << 20

_ROOT: Final = "Доверенность"
_FACTS: Final = "СвДов"
_PRINCIPAL: Final = "СвДоверит"
_REPRESENTATIVE: Final = "СвУпПред"
# The head of the principal stands below it too, with an INN of its own.
_ENTITY: Final = "СвРосОрг"
_ENTREPRENEUR: Final = "СвИП"
_NUMBER: Final = re.compile(r"[0-9A-Za-z-]{1,64}")
_INN: Final = re.compile(r"[0-9]{10}([0-9]{2})?")


class Authority(Struct, frozen=True):
    """A power of attorney: whose, for whom, on which days (both inclusive)."""

    number: str
    principal_inn: str
    representative_inns: tuple[str, ...]
    first_day: date
    last_day: date


def read_authority(data: bytes) -> Authority:
    """Read one; raises SettlementError TOO_LARGE, AUTHORITY_FORBIDDEN, AUTHORITY_MALFORMED."""
    if len(data) > BYTES_MAX:
        raise SettlementError(SigningCode.TOO_LARGE, what="МЧД", limit=BYTES_MAX)
    root = _root(data)
    if _name(root) != _ROOT:
        raise _malformed("Доверенность")
    facts = _one(root, _FACTS)
    number = facts.get("НомДовер", "")
    if not _NUMBER.fullmatch(number):
        raise _malformed("НомДовер")
    representatives = {
        inn
        for block in _all(root, _REPRESENTATIVE)
        for one in block.iter()
        if (inn := one.get("ИННФЛ")) is not None
    }
    if not representatives or not all(_INN.fullmatch(inn) for inn in representatives):
        raise _malformed("ИННФЛ")
    return Authority(
        number=number,
        principal_inn=_principal(_one(root, _PRINCIPAL)),
        representative_inns=tuple(sorted(representatives)),
        first_day=_day(facts, "ДатаВыдДовер"),
        last_day=_day(facts, "СрокДейст"),
    )


def _root(data: bytes) -> Element:
    try:
        found: Element = fromstring(data, forbid_dtd=True)
    except DefusedXmlException:
        raise SettlementError(SigningCode.AUTHORITY_FORBIDDEN) from None
    except (ParseError, ValueError, LookupError, RecursionError) as error:
        raise _malformed(type(error).__name__) from None
    return found


def _principal(block: Element) -> str:
    inns = {
        one.get("ИННЮЛ" if _name(one) == _ENTITY else "ИННФЛ")
        for one in block.iter()
        if _name(one) in (_ENTITY, _ENTREPRENEUR)
    }
    if len(inns) != 1 or not (inn := inns.pop()) or not _INN.fullmatch(inn):
        raise _malformed("ИННЮЛ")
    return inn


def _one(root: Element, name: str) -> Element:
    found = [*_all(root, name)]
    if len(found) != 1:
        raise _malformed(name)
    return found[0]


def _all(root: Element, name: str) -> Iterator[Element]:
    return (one for one in root.iter() if _name(one) == name)


def _name(element: Element) -> str:
    return element.tag.rpartition("}")[2]


def _day(element: Element, name: str) -> date:
    try:
        return date.fromisoformat(element.get(name, ""))
    except ValueError:
        raise _malformed(name) from None


def _malformed(what: str) -> SettlementError:
    return SettlementError(SigningCode.AUTHORITY_MALFORMED, what=what)
