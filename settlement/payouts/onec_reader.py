"""Reads statements in 1CClientBankExchange, as banks write them.

What files declare of their encoding is often wrong (`Windows` and UTF-8 inside), so the bytes decide; keys
come in any case, sections with blank lines between them. A document has moved money only if it says on which
day: without ДатаСписано or ДатаПоступило it is an order, our own drafts among them.
"""

import re
from collections.abc import Collection, Iterator
from datetime import date
from hashlib import sha256
from typing import Final, NoReturn

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

MARK: Final = "1CClientBankExchange"

_ENCODINGS: Final = ("utf-8-sig", "cp1251", "cp866")
_DATE: Final = re.compile(r"([0-9]{2})\.([0-9]{2})\.([0-9]{4})")
_LINE_MAX_CHARS: Final = 4096
_FIELDS_MAX: Final = 200
_PURPOSE: Final = "назначениеплатежа"
_KEPT_OPEN: Final = {"расчсчет", "документ"}
"""Keys of the head that may stand there more than once."""


class _Section(Struct):
    """Keys in lower case with their values, and which of them stood there twice."""

    n: int
    fields: dict[str, str]
    doubled: list[str]
    last: str = ""


class _File(Struct):
    head: _Section
    accounts: list[str]
    balances: list[_Section]
    documents: list[_Section]


def read_onec(data: bytes, accounts: Collection[str]) -> Statement:
    """The statement of one of our accounts.

    Raises PayoutError ENCODING_UNKNOWN, FORMAT_UNKNOWN, CUT_OFF, VALUE_MISSING, VALUE_WRONG,
    TOO_MANY_ENTRIES, FOREIGN_STATEMENT, TOTALS_DIFFER. What is wrong with one entry is among its problems.
    """
    file = _sections(_text(data))
    account = _own_account(file, accounts)
    first_day, last_day = _head_day(file.head, "ДатаНачала"), _head_day(file.head, "ДатаКонца")
    if last_day < first_day:
        value = f"{last_day:%d.%m.%Y}"
        raise PayoutError(PayoutCode.VALUE_WRONG, where=MARK, field="ДатаКонца", value=value)
    entries: list[Entry] = []
    problems: list[Problem] = []
    not_booked = 0
    for document in file.documents:
        try:
            found = list(_entries(document, account))
        except EntryError as error:
            problems.append(error.at(document.n))
            continue
        entries += found
        not_booked += not found
    if not problems:
        _check_totals(file, account, entries)
    return Statement(
        format=StatementFormat.ONEC,
        sha256=sha256(data).digest(),
        account=account,
        first_day=first_day,
        last_day=last_day,
        entries=entries,
        problems=problems,
        not_booked=not_booked,
    )


def looks_like_onec(data: bytes) -> bool:
    """Whether a file begins as this format does, in any encoding."""
    return data[:200].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(MARK.encode())


def _text(data: bytes) -> str:
    for encoding in _ENCODINGS:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "версияформата" in text[:1000].casefold() and "\0" not in text:
            return text.rstrip("\x1a")
    raise PayoutError(PayoutCode.ENCODING_UNKNOWN)


def _sections(text: str) -> _File:
    lines = text.replace("\r\n", "\n").replace("\r", "\n").split("\n")
    file = _File(_Section(0, {}, []), [], [], [])
    current, ends, is_whole, has_mark = file.head, "", False, False
    for number, raw in enumerate(lines, start=1):
        line = raw.strip()
        if not line or is_whole:
            continue
        if len(line) > _LINE_MAX_CHARS:
            _refuse(number, "…", line)
        key, has_value, value = line.partition("=")
        key, value = key.strip().casefold(), value.strip()
        if not has_mark:
            has_mark = line == MARK
            if not has_mark:
                raise PayoutError(PayoutCode.FORMAT_UNKNOWN)
        elif key in ("секциярасчсчет", "секциядокумент"):
            if ends:
                raise PayoutError(PayoutCode.CUT_OFF, what=_ENDS[ends])
            current, ends = _opened(file, key)
        elif ends and key == ends:
            current, ends = file.head, ""
        elif key == "конецфайла" and not ends:
            is_whole = True
        else:
            _take(current, key, value if has_value else None, line, number)
            if current is file.head and key == "расчсчет":
                file.accounts.append(value)
    if not is_whole:
        raise PayoutError(PayoutCode.CUT_OFF, what=_ENDS.get(ends, "КонецФайла"))
    return file


_ENDS: Final = {"конецрасчсчет": "КонецРасчСчет", "конецдокумента": "КонецДокумента"}


def _opened(file: _File, key: str) -> tuple[_Section, str]:
    if key == "секциярасчсчет":
        file.balances.append(_Section(len(file.balances) + 1, {}, []))
        return file.balances[-1], "конецрасчсчет"
    if len(file.documents) >= ENTRIES_MAX:
        raise PayoutError(PayoutCode.TOO_MANY_ENTRIES, limit=ENTRIES_MAX)
    file.documents.append(_Section(len(file.documents) + 1, {}, []))
    return file.documents[-1], "конецдокумента"


def _take(section: _Section, key: str, value: str | None, line: str, number: int) -> None:
    """Keep a value; some banks break a long purpose into lines without a key."""
    if value is None:
        if section.last != _PURPOSE:
            _refuse(number, "строка", line)
        section.fields[_PURPOSE] += f" {line}"
        return
    if len(section.fields) >= _FIELDS_MAX:
        _refuse(number, "строка", line)
    if key in section.fields and key not in _KEPT_OPEN:
        section.doubled.append(key)
    section.fields[key] = value
    section.last = key


def _own_account(file: _File, accounts: Collection[str]) -> str:
    said = {*file.accounts, *(one.fields.get("расчсчет", "") for one in file.balances)} - {""}
    if not said:
        raise PayoutError(PayoutCode.VALUE_MISSING, where=MARK, field="РасчСчет")
    own = sorted(said & {*accounts})
    if len(own) != 1:
        raise PayoutError(PayoutCode.FOREIGN_STATEMENT, account=", ".join(shown(one) for one in sorted(said)))
    return own[0]


def _entries(document: _Section, account: str) -> Iterator[Entry]:
    if document.doubled:
        raise EntryError(EntryCode.VALUE_TWICE, field=shown(document.doubled[0]))
    payer, payee = (_accounts(document, who) for who in ("плательщик", "получатель"))
    if account not in (*payer, *payee):
        raise EntryError(EntryCode.FOREIGN)
    amount = _amount(document)
    left, came = _day(document, "ДатаСписано"), _day(document, "ДатаПоступило")
    order_date = _day(document, "Дата")
    if order_date is None:
        raise EntryError(EntryCode.VALUE_MISSING, field="Дата")
    purpose = document.fields.get(_PURPOSE, "") or _joined(document)
    sides = (
        (Direction.DEBIT, payer, left, "получатель", payee),
        (Direction.CREDIT, payee, came, "плательщик", payer),
    )
    for direction, own, booked_on, other, its_accounts in sides:
        if account in own and booked_on is not None:
            yield Entry(
                n=document.n,
                direction=direction,
                booked_on=booked_on,
                amount_kopecks=amount,
                order_number=document.fields.get("номер", ""),
                order_date=order_date,
                counterparty_account=next(filter(None, its_accounts), ""),
                counterparty_inn=document.fields.get(f"{other}инн", ""),
                counterparty_name=document.fields.get(other, "") or document.fields.get(f"{other}1", ""),
                purpose=purpose,
            )


def _accounts(document: _Section, who: str) -> tuple[str, str]:
    """The party's own account first; beside it the bank's, where the bank stands in between."""
    return document.fields.get(f"{who}расчсчет", ""), document.fields.get(f"{who}счет", "")


def _joined(document: _Section) -> str:
    return " ".join(filter(None, (document.fields.get(f"{_PURPOSE}{n}", "") for n in range(1, 7))))


def _amount(document: _Section) -> int:
    text = document.fields.get("сумма", "")
    amount = kopecks_of(text)
    if not amount:
        raise EntryError(EntryCode.VALUE_WRONG, field="Сумма", value=shown(text))
    return amount


def _day(document: _Section, field: str) -> date | None:
    text = document.fields.get(field.casefold(), "")
    if not text:
        return None
    found = _date_of(text)
    if found is None:
        raise EntryError(EntryCode.VALUE_WRONG, field=field, value=shown(text))
    return found


def _head_day(head: _Section, field: str) -> date:
    text = head.fields.get(field.casefold(), "")
    if not text:
        raise PayoutError(PayoutCode.VALUE_MISSING, where=MARK, field=field)
    found = _date_of(text)
    if found is None:
        raise PayoutError(PayoutCode.VALUE_WRONG, where=MARK, field=field, value=shown(text))
    return found


def _date_of(text: str) -> date | None:
    found = _DATE.fullmatch(text)
    if found is None:
        return None
    try:
        return date(int(found[3]), int(found[2]), int(found[1]))
    except ValueError:
        return None


def _check_totals(file: _File, account: str, entries: list[Entry]) -> None:
    own = [one for one in file.balances if one.fields.get("расчсчет") == account]
    for field, direction in (("ВсегоСписано", Direction.DEBIT), ("ВсегоПоступило", Direction.CREDIT)):
        texts = [one.fields.get(field.casefold(), "") for one in own]
        if not texts or not all(texts):
            continue
        counted = sum(one.amount_kopecks for one in entries if one.direction is direction)
        declared = 0
        for text in texts:
            kopecks = kopecks_of(text)
            if kopecks is None:
                raise PayoutError(
                    PayoutCode.VALUE_WRONG, where="СекцияРасчСчет", field=field, value=shown(text)
                )
            declared += kopecks
        if declared != counted:
            raise PayoutError(
                PayoutCode.TOTALS_DIFFER, what=field, declared=rubles(declared), counted=rubles(counted)
            )


def _refuse(number: int, field: str, line: str) -> NoReturn:
    raise PayoutError(PayoutCode.VALUE_WRONG, where=f"line {number}", field=field, value=shown(line))
