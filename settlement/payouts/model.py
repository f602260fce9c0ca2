"""What a payout register holds: who pays, who is paid, each transfer, and one control sum of all."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from enum import StrEnum
from hashlib import sha256
from typing import Annotated, Final

import msgspec
from msgspec import Meta, Struct

from settlement.claims.model import BankAccount

NAME_MAX_CHARS: Final = 160
"""Payer and payee of a payment order, fields 8 and 16 (Bank of Russia, 762-П)."""

PURPOSE_MAX_CHARS: Final = 210
"""Its purpose, field 24 (the same)."""

_Name = Annotated[str, Meta(min_length=1, max_length=NAME_MAX_CHARS)]
_Digits20 = Annotated[str, Meta(pattern=r"^[0-9]{20}$")]


class PayoutState(StrEnum):
    """Where a register stands."""

    DRAFT = "DRAFT"
    DISCARDED = "DISCARDED"
    EXPORTED = "EXPORTED"
    CLOSED = "CLOSED"
    """Every transfer of it is executed or returned."""


class TransferState(StrEnum):
    """Where a transfer stands."""

    DRAFT = "DRAFT"
    DISCARDED = "DISCARDED"
    EXPORTED = "EXPORTED"
    EXECUTED = "EXECUTED"
    RETURNED = "RETURNED"


class Payer(Struct, frozen=True, forbid_unknown_fields=True):
    """The department as it stands in payment orders.

    `drawer_status` is field 101, `priority` field 21 (5 where the law names none: Civil Code, article 855).
    """

    name: _Name
    inn: Annotated[str, Meta(pattern=r"^[0-9]{10}$")]
    kpp: Annotated[str, Meta(pattern=r"^[0-9]{4}[0-9A-Z]{2}[0-9]{3}$")]
    bic: Annotated[str, Meta(pattern=r"^[0-9]{9}$")]
    bank_name: _Name
    correspondent_account: _Digits20
    account: _Digits20
    bank_city: str = ""
    oktmo: Annotated[str, Meta(pattern=r"^([0-9]{8}|[0-9]{11})?$")] = ""
    drawer_status: Annotated[str, Meta(pattern=r"^([0-9]{2})?$")] = ""
    priority: Annotated[int, Meta(ge=1, le=5)] = 5


class Payee(Struct, frozen=True):
    """A merchant as it stood when the transfer was made; `kpp` is "" for an individual entrepreneur."""

    name: str
    inn: str
    kpp: str
    bank: BankAccount


class Transfer(Struct, frozen=True):
    """One payment of one claim, or of what is left of it.

    `end_to_end_id` is ours for good and stands in the purpose too, since Russian banks answer with nothing
    else. `account_id` is the row of the register's account that was confirmed by two persons. `dated` and
    `order_number` are those of the payment order. `executed_kopecks` counts what left our account, and
    `returned_kopecks` what of it came back.
    """

    id: int
    end_to_end_id: str
    payout_id: int
    claim_id: int
    state: TransferState
    order_number: str
    dated: date
    amount_kopecks: int
    account_id: int
    payee: Payee
    kbk: str
    personal_account: str
    obligation_number: str
    purpose_code: str
    purpose: str
    executed_kopecks: int = 0
    returned_kopecks: int = 0
    executed_on: date | None = None
    returned_on: date | None = None


class ControlSum(Struct, frozen=True):
    """What every file of a register has in common; `sha256` is that of its transfers in canonical form."""

    count: int
    sum_kopecks: int
    sha256: bytes


class Payout(Struct, frozen=True):
    """A register of transfers: a draft for the treasury, which is the one that pays."""

    id: int
    state: PayoutState
    dated: date
    payer: Payer
    control: ControlSum
    made_by: str
    made_at: datetime
    approved_by: str | None
    approved_at: datetime | None
    transfers: Sequence[Transfer] = ()


def control_sum(payer: Payer, transfers: Iterable[Transfer]) -> ControlSum:
    """The control sum of transfers in the order of their ids, whatever order they come in.

    What later becomes of a transfer (its state, what was executed of it) is no part of it.
    """
    ordered = sorted(transfers, key=lambda one: one.id)
    digest = sha256(msgspec.json.encode(payer))
    for one in ordered:
        digest.update(b"\n" + _canonical(one))
    return ControlSum(len(ordered), sum(one.amount_kopecks for one in ordered), digest.digest())


def _canonical(one: Transfer) -> bytes:
    """Field after field as a JSON list: no names, no blanks, nothing that a later version could reorder."""
    bank = one.payee.bank
    return msgspec.json.encode(
        [
            one.end_to_end_id, one.claim_id, one.order_number, one.dated, one.amount_kopecks,
            one.payee.name, one.payee.inn, one.payee.kpp, bank.bic, bank.bank_name,
            bank.correspondent_account, bank.account, one.kbk, one.personal_account, one.obligation_number,
            one.purpose_code, one.purpose,
        ]
    )  # fmt: skip


def rubles(kopecks: int) -> str:
    """An amount as payment files write it: rubles and two digits of kopecks after a point."""
    return f"{kopecks // 100}.{kopecks % 100:02}"
