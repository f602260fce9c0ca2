"""What each entry of a statement means for our transfers and demands: pure, from what was read to a plan.

A transfer is found by its own id (in the bank's field or in the purpose), else by number and day of its order
together with the payee's account; a whole sum that comes back also by the number and day of the order that
its purpose names. A demand is found by its number. What fits nothing of ours is OTHER: the department's
account has movements of its own.
"""

import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from hashlib import sha256
from typing import Final

import msgspec
from msgspec import Struct

from gateway.record.writing import kept_text
from settlement.payouts.errors import EntryCode
from settlement.payouts.model import Transfer, TransferState, rubles
from settlement.payouts.purpose import end_to_end_ids_in
from settlement.payouts.statement import Direction, Entry, EntryError, Problem

_RETURN: Final = "возврат"
_ORDER: Final = re.compile(
    r"(?<![0-9])0*([0-9]{1,6})\s+от\s+([0-3][0-9])\.([01][0-9])\.(20[0-9]{2})(?![0-9])"
)
_DEMAND: Final = re.compile(
    r"требовани[а-яё]{1,3}(?:\s+о\s+возврате)?\s+(?:№|N)\s*([0-9]{1,15})(?![0-9])", re.I
)


class Effect(StrEnum):
    """What an entry does."""

    EXECUTED = "EXECUTED"
    RETURNED = "RETURNED"
    DEMAND = "DEMAND"
    OTHER = "OTHER"
    SET_ASIDE = "SET_ASIDE"
    """Nothing, since it contradicts what is known; a person said to leave it for the reconciliation."""
    DISMISSED = "DISMISSED"
    """Nothing: a person said later that it is nothing of ours."""
    DUPLICATE = "DUPLICATE"
    """Nothing, since an earlier statement had it."""


class Demand(Struct, frozen=True):
    """A demand that waits for its money."""

    id: int
    inn: str
    left_kopecks: int


class Planned(Struct, frozen=True):
    """An entry with its key for good, and what is to be done by it."""

    entry: Entry
    key: bytes
    effect: Effect
    transfer: Transfer | None = None
    demand: Demand | None = None
    problem: Problem | None = None


class Known(Struct, frozen=True):
    """What entries are matched against: transfers by their ids and by number and day of their orders."""

    by_id: Mapping[str, Transfer]
    by_order: Mapping[tuple[str, date], Sequence[Transfer]]
    demands: Mapping[int, Demand]
    keys: Collection[bytes]


@dataclass
class _Book:
    """What is left of a transfer while the entries go by."""

    left_kopecks: int
    returnable_kopecks: int
    is_closed: bool


def names_in(entries: Sequence[Entry]) -> tuple[set[str], set[tuple[str, date]], set[int]]:
    """What has to be looked up: ids, (number, day) of orders, numbers of demands."""
    ids = {name for one in entries for name in _ids(one)}
    orders = {order for one in entries for order in _orders(one)}
    demands = {number for one in entries if (number := _demand_number(one)) is not None}
    return ids, orders, demands


def plan(entries: Sequence[Entry], known: Known) -> list[Planned]:
    """What to do, by day, and on a day first what left the account.

    An entry that contradicts what is known is planned as SET_ASIDE, with its problem.
    """
    books: dict[int, _Book] = {}
    demanded: dict[int, int] = {}
    planned = []
    for entry, found, key in _in_order([(one, _matched(one, known)) for one in entries]):
        if key in known.keys:
            planned.append(Planned(entry, key, Effect.DUPLICATE))
            continue
        try:
            if isinstance(found, EntryError):
                raise found
            planned.append(_decided(entry, key, found, books, demanded))
        except EntryError as error:
            transfer = found if isinstance(found, Transfer) else None
            planned.append(Planned(entry, key, Effect.SET_ASIDE, transfer, problem=error.at(entry.n)))
    return planned


def applied(entry: Entry, found: Transfer | Demand) -> Planned:
    """What an entry does of which a person says that it is of this transfer or for this demand.

    Who got the money, or sent it, is what the person answers for; sums and states are checked.
    Raises EntryError.
    """
    if isinstance(found, Demand) and entry.direction is Direction.DEBIT:
        raise EntryError(EntryCode.LEFT_THE_ACCOUNT, demand=found.id)
    anybodys = msgspec.structs.replace(entry, counterparty_account="", counterparty_inn="")
    return _decided(anybodys, b"", found, {}, {})


def key_of(entry: Entry, transfer: str, nth: int) -> bytes:
    """The key of the nth equal movement of a day; `transfer` is the id of ours that it is of, or ""."""
    return sha256(b"%s %d" % (_key_base(entry, transfer), nth)).digest()


_Found = Transfer | Demand | EntryError | None


def _in_order(matched: Sequence[tuple[Entry, _Found]]) -> list[tuple[Entry, _Found, bytes]]:
    """Entries with their keys: the same movement has the same key in every statement that holds it.

    Of equal movements (two parts of the same sum on one day) each has its own, by counting. What a transfer
    of ours moved has the same key in every format. No card number goes into a key: it could be found out.
    """
    seen: Counter[bytes] = Counter()
    keyed = []
    for entry, found in matched:
        name = found.end_to_end_id if isinstance(found, Transfer) else ""
        base = _key_base(entry, name)
        seen[base] += 1
        keyed.append((entry, found, key_of(entry, name, seen[base])))
    return sorted(keyed, key=lambda one: (one[0].booked_on, one[0].direction is Direction.CREDIT, one[0].n))


def _key_base(entry: Entry, transfer: str) -> bytes:
    rest = "" if transfer else [entry.order_number, entry.counterparty_account, kept_text(entry.purpose)]
    return msgspec.json.encode([entry.direction, entry.booked_on, entry.amount_kopecks, transfer, rest])


def _matched(entry: Entry, known: Known) -> _Found:
    number = _demand_number(entry)
    if number is not None and number in known.demands:
        return known.demands[number]
    ids = _ids(entry)
    if len(ids) > 1:
        return EntryError(EntryCode.SEVERAL_TRANSFERS)
    for name in ids:
        found = known.by_id.get(name)
        return EntryError(EntryCode.TRANSFER_UNKNOWN, transfer=name) if found is None else found
    candidates = {
        one.id: one for order in _orders(entry) for one in known.by_order.get(order, ()) if _fits(entry, one)
    }
    return next(iter(candidates.values())) if len(candidates) == 1 else None


def _fits(entry: Entry, one: Transfer) -> bool:
    """Whether an entry that names no id may be of a transfer with this number and day.

    The department's other orders have numbers, too: a debit must be to the payee's account, money that comes
    back must be the whole transfer.
    """
    if one.state in (TransferState.DRAFT, TransferState.DISCARDED):
        return False
    if entry.direction is Direction.CREDIT:
        return entry.amount_kopecks == one.amount_kopecks
    is_to_payee = entry.counterparty_account == one.payee.bank.account
    return is_to_payee and entry.amount_kopecks <= one.amount_kopecks


def _decided(
    entry: Entry,
    key: bytes,
    found: Transfer | Demand | None,
    books: dict[int, _Book],
    demanded: dict[int, int],
) -> Planned:
    if found is None:
        return Planned(entry, key, Effect.OTHER)
    if isinstance(found, Demand):
        _check_demand(entry, found, demanded)
        return Planned(entry, key, Effect.DEMAND, demand=found)
    if found.state in (TransferState.DRAFT, TransferState.DISCARDED):
        name, state = found.end_to_end_id, found.state.value
        raise EntryError(EntryCode.NOT_EXPORTED, transfer=name, state=state)
    book = books.setdefault(found.id, _book(found))
    if entry.direction is Direction.DEBIT:
        _check_debit(entry, found, book)
        book.left_kopecks -= entry.amount_kopecks
        book.returnable_kopecks += entry.amount_kopecks
        return Planned(entry, key, Effect.EXECUTED, found)
    if entry.amount_kopecks > book.returnable_kopecks:
        raise EntryError(
            EntryCode.RETURN_EXCEEDS, transfer=found.end_to_end_id, amount=rubles(entry.amount_kopecks),
            left=rubles(book.returnable_kopecks),
        )  # fmt: skip
    book.returnable_kopecks -= entry.amount_kopecks
    book.is_closed = True
    return Planned(entry, key, Effect.RETURNED, found)


def _book(one: Transfer) -> _Book:
    return _Book(
        one.amount_kopecks - one.executed_kopecks,
        one.executed_kopecks - one.returned_kopecks,
        one.state is TransferState.RETURNED,
    )


def _check_debit(entry: Entry, found: Transfer, book: _Book) -> None:
    name, account = found.end_to_end_id, found.payee.bank.account
    if book.is_closed:
        raise EntryError(EntryCode.TRANSFER_CLOSED, transfer=name)
    if entry.counterparty_account not in ("", account):
        other = entry.counterparty_account
        raise EntryError(EntryCode.ACCOUNT_DIFFERS, transfer=name, account=account, other=other)
    if entry.amount_kopecks > book.left_kopecks:
        amount, left = rubles(entry.amount_kopecks), rubles(book.left_kopecks)
        raise EntryError(EntryCode.MORE_THAN_LEFT, transfer=name, amount=amount, left=left)


def _check_demand(entry: Entry, found: Demand, demanded: dict[int, int]) -> None:
    if entry.counterparty_inn not in ("", found.inn):
        inn = entry.counterparty_inn
        raise EntryError(EntryCode.DEMAND_OF_ANOTHER, demand=found.id, inn=inn)
    left = found.left_kopecks - demanded.get(found.id, 0)
    if entry.amount_kopecks > left:
        amount = rubles(entry.amount_kopecks)
        raise EntryError(EntryCode.DEMAND_EXCEEDS, demand=found.id, amount=amount, left=rubles(left))
    demanded[found.id] = demanded.get(found.id, 0) + entry.amount_kopecks


def _ids(entry: Entry) -> set[str]:
    return {name for text in (entry.end_to_end_id, entry.purpose) for name in end_to_end_ids_in(text)}


def _orders(entry: Entry) -> set[tuple[str, date]]:
    """Orders that an entry may be of: its own for a debit, those that a return names."""
    if entry.direction is Direction.DEBIT:
        return {(entry.order_number, entry.order_date)} if entry.order_number and entry.order_date else set()
    if not entry.is_return and _RETURN not in entry.purpose.casefold():
        return set()
    found = set()
    for number, day, month, year in _ORDER.findall(entry.purpose):
        try:
            found.add((number, date(int(year), int(month), int(day))))
        except ValueError:
            continue
    return found


def _demand_number(entry: Entry) -> int | None:
    """The number of the demand that money coming in is for."""
    found = _DEMAND.search(entry.purpose) if entry.direction is Direction.CREDIT else None
    return int(found[1]) if found else None
