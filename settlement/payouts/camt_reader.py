"""Reads statements in ISO 20022 camt.053 (001.02 as 1C DirectBank has it, 001.08, and those between).

The file comes from outside: no DTD, no entities. Elements are found by their local names, since versions
differ by little: the status of an entry is a text or a code, an amount of a part stands at two places.
"""

import re
from collections.abc import Collection, Iterator
from datetime import date
from hashlib import sha256
from typing import Final
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import fromstring
from msgspec import Struct

from settlement.payouts.errors import EntryCode, PayoutCode, PayoutError
from settlement.payouts.model import rubles
from settlement.payouts.statement import (
    ENTRIES_MAX,
    Direction,
    Entry,
    EntryError,
    Problem,
    Statement,
    StatementFormat,
    kopecks_of,
    shown,
)

_ROOT: Final = re.compile(r"\{urn:iso:std:iso:20022:tech:xsd:camt\.053\.001\.[0-9]{2}\}Document")
_DECLARED: Final = re.compile(rb"""<\?xml[^>]{0,80}encoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']""")
_CP1251: Final = (b"windows-1251", b"cp1251")
_CURRENCIES: Final = ("RUB", "RUR")
_BOOKED: Final = "BOOK"
_TAGS_MAX: Final = 3_000_000
"""An entry has some fifty; empty elements by the million would fill the memory within the bytes allowed."""
_NO_ID: Final = "NOTPROVIDED"
_DIRECTIONS: Final = {"DBIT": Direction.DEBIT, "CRDT": Direction.CREDIT}


class _Booking(Struct):
    """An entry of the bank; a batch has parts, of which each is an entry of ours."""

    n: int
    element: Element
    direction: Direction
    booked_on: date
    amount_kopecks: int
    is_reversal: bool


def read_camt(data: bytes, accounts: Collection[str]) -> Statement:
    """The statement of one of our accounts.

    Raises PayoutError TOO_MANY_TAGS, ENCODING_UNKNOWN, XML_FORBIDDEN, NOT_XML, FORMAT_UNKNOWN,
    VALUE_MISSING, VALUE_WRONG, TOO_MANY_ENTRIES, FOREIGN_STATEMENT, TOTALS_DIFFER. What is wrong with one
    entry is among its problems.
    """
    root = _root(data)
    statements = root.findall("BkToCstmrStmt/Stmt")
    if not statements:
        raise PayoutError(PayoutCode.VALUE_MISSING, where="BkToCstmrStmt", field="Stmt")
    account = _own_account(statements, accounts)
    elements = [one for statement in statements for one in statement.iterfind("Ntry")]
    if len(elements) > ENTRIES_MAX:
        raise PayoutError(PayoutCode.TOO_MANY_ENTRIES, limit=ENTRIES_MAX)
    entries: list[Entry] = []
    problems: list[Problem] = []
    not_booked = 0
    for n, element in enumerate(elements, start=1):
        try:
            if _status(element) != _BOOKED:
                not_booked += 1
                continue
            entries += _entries(_booking(n, element))
        except EntryError as error:
            problems.append(error.at(n))
    if len(entries) > ENTRIES_MAX:
        raise PayoutError(PayoutCode.TOO_MANY_ENTRIES, limit=ENTRIES_MAX)
    if not problems and not not_booked:
        _check_totals(statements, entries)
    days = [day for one in statements for day in _period(one)]
    return Statement(
        format=StatementFormat.CAMT,
        sha256=sha256(data).digest(),
        account=account,
        first_day=min(days),
        last_day=max(days),
        entries=entries,
        problems=problems,
        not_booked=not_booked,
    )


def _root(data: bytes) -> Element:
    if data.count(b"<") > _TAGS_MAX:
        raise PayoutError(PayoutCode.TOO_MANY_TAGS, limit=_TAGS_MAX)
    try:
        # The text's own encoding is settled: what the file declares is not asked again.
        found: Element = fromstring(_text(data), forbid_dtd=True)
    except DefusedXmlException:
        raise PayoutError(PayoutCode.XML_FORBIDDEN) from None
    except (ParseError, ValueError, RecursionError) as error:
        raise PayoutError(PayoutCode.NOT_XML, what=shown(str(error))) from None
    if not _ROOT.fullmatch(found.tag):
        raise PayoutError(PayoutCode.FORMAT_UNKNOWN)
    for element in found.iter():
        element.tag = element.tag.rpartition("}")[2]
    return found


def _text(data: bytes) -> str:
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError:
        declared = _DECLARED.match(data[:200])
        if declared is None or declared[1].lower() not in _CP1251:
            raise PayoutError(PayoutCode.ENCODING_UNKNOWN) from None
    try:
        return data.decode("cp1251")
    except UnicodeDecodeError:
        raise PayoutError(PayoutCode.ENCODING_UNKNOWN) from None


def _own_account(statements: list[Element], accounts: Collection[str]) -> str:
    said = {_account(one, "Acct") for one in statements}
    if "" in said:
        raise PayoutError(PayoutCode.VALUE_MISSING, where="Stmt", field="Acct")
    if len(said) != 1 or not said <= {*accounts}:
        raise PayoutError(PayoutCode.FOREIGN_STATEMENT, account=", ".join(shown(one) for one in sorted(said)))
    return said.pop()


def _account(element: Element, name: str) -> str:
    return _of(element, f"{name}/Id/Othr/Id") or _of(element, f"{name}/Id/IBAN")


def _of(element: Element, path: str) -> str:
    """The text of the first element at a path; "" without one."""
    return (element.findtext(path) or "").strip()


def _status(element: Element) -> str:
    return _of(element, "Sts/Cd") or _of(element, "Sts")


def _booking(n: int, element: Element) -> _Booking:
    direction = _DIRECTIONS.get(_of(element, "CdtDbtInd"))
    if direction is None:
        raise EntryError(EntryCode.VALUE_WRONG, field="CdtDbtInd", value=shown(_of(element, "CdtDbtInd")))
    text = _of(element, "BookgDt/Dt") or _of(element, "BookgDt/DtTm")[:10]
    booked_on = _date_of(text)
    if booked_on is None:
        raise EntryError(EntryCode.VALUE_WRONG, field="BookgDt", value=shown(text))
    is_reversal = _of(element, "RvslInd") in ("true", "1")
    return _Booking(n, element, direction, booked_on, _amount(element.find("Amt")), is_reversal)


def _amount(element: Element | None) -> int:
    if element is None:
        raise EntryError(EntryCode.VALUE_MISSING, field="Amt")
    currency = element.get("Ccy", "")
    if currency not in _CURRENCIES:
        raise EntryError(EntryCode.VALUE_WRONG, field="Amt/@Ccy", value=shown(currency))
    amount = kopecks_of(element.text or "")
    if not amount:
        raise EntryError(EntryCode.VALUE_WRONG, field="Amt", value=shown(element.text or ""))
    return amount


def _entries(booking: _Booking) -> list[Entry]:
    parts = booking.element.findall("NtryDtls/TxDtls")
    if not parts:
        return [_entry(booking, booking.element, booking.amount_kopecks)]
    if len(parts) == 1:
        return [_entry(booking, parts[0], booking.amount_kopecks)]
    amounts = [_part_amount(one) for one in parts]
    if sum(amounts) != booking.amount_kopecks:
        raise EntryError(
            EntryCode.PARTS_DIFFER, parts=rubles(sum(amounts)), whole=rubles(booking.amount_kopecks)
        )
    return [_entry(booking, one, amount) for one, amount in zip(parts, amounts, strict=True)]


def _part_amount(part: Element) -> int:
    found = part.find("Amt")
    return _amount(part.find("AmtDtls/TxAmt/Amt") if found is None else found)


def _entry(booking: _Booking, part: Element, amount_kopecks: int) -> Entry:
    said = _of(part, "Refs/EndToEndId")
    # Some banks give the number of the order as the id, since Russian orders have no other.
    number = _of(part, "RmtInf/Strd/RfrdDocInf/Nb") or _of(part, "Refs/InstrId")
    other = "Cdtr" if booking.direction is Direction.DEBIT else "Dbtr"
    parties = part.find("RltdPties")
    return Entry(
        n=booking.n,
        direction=booking.direction,
        booked_on=booking.booked_on,
        amount_kopecks=amount_kopecks,
        order_number=number or (said if said.isdigit() else ""),
        order_date=_date_of(_of(part, "RmtInf/Strd/RfrdDocInf/RltdDt")) or None,
        end_to_end_id="" if said == _NO_ID else said,
        counterparty_account="" if parties is None else _account(parties, f"{other}Acct"),
        counterparty_inn=_party(parties, other, "Id/OrgId/Othr/Id"),
        counterparty_name=_party(parties, other, "Nm"),
        purpose=_purpose(part),
        is_return=booking.is_reversal or part.find("RtrInf") is not None,
    )


def _party(parties: Element | None, name: str, path: str) -> str:
    """A value of a party, which newer versions put one level deeper."""
    if parties is None:
        return ""
    return _of(parties, f"{name}/{path}") or _of(parties, f"{name}/Pty/{path}")


def _purpose(part: Element) -> str:
    """The text as it was before it was cut into pieces, and what the bank adds to it."""
    pieces = "".join(one.text or "" for one in part.iterfind("RmtInf/Ustrd"))
    return " ".join(filter(None, (pieces.strip(), _of(part, "AddtlTxInf"))))


def _period(statement: Element) -> Iterator[date]:
    texts = [_of(statement, f"FrToDt/{name}")[:10] for name in ("FrDtTm", "ToDtTm")]
    if not all(texts):
        texts = [_of(one, "Dt/Dt") or _of(one, "Dt/DtTm")[:10] for one in statement.iterfind("Bal")]
    if not texts:
        raise PayoutError(PayoutCode.VALUE_MISSING, where="Stmt", field="FrToDt")
    for text in texts:
        found = _date_of(text)
        if found is None:
            raise PayoutError(PayoutCode.VALUE_WRONG, where="Stmt", field="FrToDt", value=shown(text))
        yield found


def _date_of(text: str) -> date | None:
    if len(text) != 10 or not text.isascii():
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None


def _check_totals(statements: list[Element], entries: list[Entry]) -> None:
    for name, direction in (("TtlDbtNtries", Direction.DEBIT), ("TtlCdtNtries", Direction.CREDIT)):
        texts = [_of(one, f"TxsSummry/{name}/Sum") for one in statements]
        if not all(texts):
            continue
        declared = 0
        for text in texts:
            kopecks = kopecks_of(text)
            if kopecks is None:
                raise PayoutError(PayoutCode.VALUE_WRONG, where="TxsSummry", field=name, value=shown(text))
            declared += kopecks
        counted = sum(one.amount_kopecks for one in entries if one.direction is direction)
        if declared != counted:
            raise PayoutError(
                PayoutCode.TOTALS_DIFFER, what=name, declared=rubles(declared), counted=rubles(counted)
            )
