"""Reads an ED807 file: the full directory of participants of the payment system, as the bank publishes it.

Format UFEBS, namespace urn:cbr-ru:ed:v2.0. Files declare Windows-1251 and are sometimes UTF-8: what the bytes
are decides. The file comes from outside: no DTD, no entities, no more than BYTES_MAX.
"""

import re
from collections.abc import Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Final, NoReturn
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from msgspec import Struct

from gateway.registry.bic.errors import BicFileCode, BicFileError
from gateway.registry.requisites import has_right_key

BYTES_MAX: Final = 64 << 20

_NAMESPACE: Final = "{urn:cbr-ru:ed:v2.0}"
_FULL: Final = "FIRR"
_CORRESPONDENT_TYPES: Final = ("CRSA", "UTRA")
_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,80}encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CP1251: Final = (b"windows-1251", b"cp1251")
_SHOWN_CHARS: Final = 60


class Restriction(Struct, frozen=True):
    """A restriction of a participant or of one of its accounts, by its code (URRS, LMRS, CLRS, …)."""

    code: str
    since: date


class BankAccount(Struct, frozen=True):
    """An account of a participant; `kept_by` is the BIK of the office of the Bank of Russia."""

    account: str
    kind: str
    kept_by: str
    since: date
    until: date | None
    status: str
    restrictions: tuple[Restriction, ...]

    @property
    def is_correspondent(self) -> bool:
        """Whether it stands in payments as its owner's: open, a bank's or the Treasury's."""
        is_open = self.until is None and self.status in ("", "ACAC")
        return is_open and self.kind in _CORRESPONDENT_TYPES


class BicEntry(Struct, frozen=True):
    """A participant, as its entry says."""

    bic: str
    name: str
    region: str
    locality: str
    participant_type: str
    status: str
    since: date
    until: date | None
    restrictions: tuple[Restriction, ...]
    accounts: tuple[BankAccount, ...]

    @property
    def correspondent_account(self) -> str:
        """The first that stands in payments as its own, "" for none; some have two."""
        return next((one.account for one in self.accounts if one.is_correspondent), "")


class BicFile(Struct, frozen=True):
    """A whole directory of one business day; a day may have several versions."""

    business_day: date
    day_version: int
    content_sha256: bytes
    entries: tuple[BicEntry, ...]


def read_bic_file(path: Path) -> BicFile:
    """Read and check a whole file; every account's key is among the checks.

    Raises BicFileError, OSError.
    """
    with path.open("rb") as file:
        data = file.read(BYTES_MAX + 1)
    if len(data) > BYTES_MAX:
        raise BicFileError(BicFileCode.TOO_LARGE, limit=BYTES_MAX)
    return parse_bic_file(data)


def parse_bic_file(data: bytes) -> BicFile:
    """The same of bytes."""
    root = _root(data)
    if root.tag != f"{_NAMESPACE}ED807":
        raise BicFileError(BicFileCode.WRONG_ROOT, root=_shown(root.tag))
    info = root.get("InfoTypeCode", "")
    if info != _FULL:
        raise BicFileError(BicFileCode.NOT_FULL, info=_shown(info))
    entries: dict[str, BicEntry] = {}
    for element in root.iterfind(f"{_NAMESPACE}BICDirectoryEntry"):
        entry = _entry(element)
        if entry.bic in entries:
            raise BicFileError(BicFileCode.BIC_TWICE, bic=entry.bic)
        entries[entry.bic] = entry
    if not entries:
        raise BicFileError(BicFileCode.NO_ENTRIES)
    return BicFile(
        business_day=_day(root, "BusinessDay", "ED807"),
        day_version=_version(root),
        content_sha256=sha256(data).digest(),
        entries=tuple(entries.values()),
    )


def _root(data: bytes) -> Element:
    try:
        # The text's own encoding is settled: what the file declares is not asked again.
        found: Element = fromstring(_text(data), forbid_dtd=True)
    except DefusedXmlException:
        raise BicFileError(BicFileCode.XML_FORBIDDEN) from None
    except (ParseError, ValueError, RecursionError) as error:
        raise BicFileError(BicFileCode.NOT_XML, what=_shown(str(error))) from None
    return found


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        declared = _DECLARED.match(data[:200])
        if declared is None or declared[1].lower() not in _CP1251:
            raise BicFileError(BicFileCode.ENCODING_UNKNOWN) from None
    try:
        return data.decode("cp1251")
    except UnicodeDecodeError:
        raise BicFileError(BicFileCode.ENCODING_UNKNOWN) from None


def _entry(element: Element) -> BicEntry:
    bic = _attribute(element, "BIC", "BICDirectoryEntry")
    if not (len(bic) == 9 and bic.isascii() and bic.isdigit()):
        _refuse_value("BICDirectoryEntry", "BIC", bic)
    where = f"BIC {bic}"
    info = element.find(f"{_NAMESPACE}ParticipantInfo")
    if info is None:
        raise BicFileError(BicFileCode.VALUE_MISSING, where=where, attribute="ParticipantInfo")
    locality = " ".join(filter(None, (info.get("Tnp", ""), info.get("Nnp", ""))))
    return BicEntry(
        bic=bic,
        name=_attribute(info, "NameP", where),
        region=info.get("Rgn", ""),
        locality=locality,
        participant_type=_attribute(info, "PtType", where),
        status=info.get("ParticipantStatus", ""),
        since=_day(info, "DateIn", where),
        until=_day_or_none(info, "DateOut", where),
        restrictions=tuple(_restrictions(info, "RstrList", "Rstr", where)),
        accounts=tuple(_account(one, bic) for one in element.iterfind(f"{_NAMESPACE}Accounts")),
    )


def _account(element: Element, bic: str) -> BankAccount:
    where = f"BIC {bic}"
    account = _attribute(element, "Account", where)
    kept_by = _attribute(element, "AccountCBRBIC", where)
    if not (len(account) == 20 and account.isascii() and account.isdigit()):
        _refuse_value(where, "Account", account)
    if not (len(kept_by) == 9 and kept_by.isascii() and kept_by.isdigit()):
        _refuse_value(where, "AccountCBRBIC", kept_by)
    if not has_right_key(account, kept_by, in_bank_of_russia=True):
        raise BicFileError(BicFileCode.KEY_WRONG, bic=bic, account=account)
    return BankAccount(
        account=account,
        kind=_attribute(element, "RegulationAccountType", where),
        kept_by=kept_by,
        since=_day(element, "DateIn", where),
        until=_day_or_none(element, "DateOut", where),
        status=element.get("AccountStatus", ""),
        restrictions=tuple(_restrictions(element, "AccRstrList", "AccRstr", where)),
    )


def _restrictions(element: Element, tag: str, name: str, where: str) -> Iterator[Restriction]:
    for one in element.iterfind(f"{_NAMESPACE}{tag}"):
        yield Restriction(_attribute(one, name, where), _day(one, f"{name}Date", where))


def _attribute(element: Element, name: str, where: str) -> str:
    value = element.get(name)
    if not value:
        raise BicFileError(BicFileCode.VALUE_MISSING, where=where, attribute=name)
    if "\0" in value:
        _refuse_value(where, name, value)
    return value


def _day(element: Element, name: str, where: str) -> date:
    value = _attribute(element, name, where)
    try:
        return date.fromisoformat(value)
    except ValueError:
        _refuse_value(where, name, value)


def _day_or_none(element: Element, name: str, where: str) -> date | None:
    return _day(element, name, where) if element.get(name) else None


def _version(root: Element) -> int:
    value = root.get("DirectoryVersion", "0")
    if not (value.isascii() and value.isdigit() and len(value) <= 2):
        _refuse_value("ED807", "DirectoryVersion", value)
    return int(value)


def _refuse_value(where: str, attribute: str, value: str) -> NoReturn:
    raise BicFileError(BicFileCode.VALUE_WRONG, where=where, attribute=attribute, value=_shown(value))


def _shown(text: str) -> str:
    return text if len(text) <= _SHOWN_CHARS else f"{text[:_SHOWN_CHARS]}…"
