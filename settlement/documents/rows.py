"""Rows of the register of operations: what stands in its columns, whatever the format."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import Enum
from typing import Final
from uuid import UUID

from msgspec import Struct

from settlement.claims.model import Claim, ClaimLine, LineKind, LineVerdict, Treatment
from settlement.matching.mismatches import Mismatch


class LineDetails(Struct, frozen=True):
    """What a register tells of a line beyond the claim.

    `certificates` are the ids of the certificates that paid or got back, which are no card numbers and known
    to the till; `original_operation_id` is the sale of what was given back.
    """

    certificates: Sequence[UUID] = ()
    fiscal_sign: int | None = None
    original_operation_id: UUID | None = None


class Names(Struct, frozen=True):
    """What people call the merchant's outlets and terminals by their ids, and programs by their codes."""

    outlets: Mapping[int, str]
    terminals: Mapping[int, str]
    programs: Mapping[str, str]


class Seal(Struct, frozen=True):
    """The seal of a day that a claim covers; without hash and key the day has none yet."""

    day: date
    root: bytes | None = None
    hash: bytes | None = None
    key_id: str = ""


class Summary(Struct, frozen=True):
    """What stands below the rows of a register, and in every other document of the claim.

    `programs` are the names of programs by their codes.
    """

    claim: Claim
    control_sum: str
    seals: Sequence[Seal]
    programs: Mapping[str, str]


class RegisterRow(Struct, frozen=True, gc=False):
    """One row; texts are as they were said, and each format makes them harmless in its way.

    Program and reason stand there in words for people, and as codes.
    """

    n: int
    decided_at: datetime
    outlet: str
    terminal: str
    operation_id: str
    purchase_id: str
    kind: str
    program: str
    program_code: str
    certificates: str
    amount_kopecks: int
    drive_number: str
    document_number: int | None
    fiscal_sign: int | None
    original_operation_id: str
    sale_date: date
    is_earlier: bool
    treatment: str
    verdict: str
    reason: str
    reason_codes: str


class Look(Enum):
    """What kind of thing a column holds."""

    COUNT = "COUNT"
    MOMENT = "MOMENT"
    DAY = "DAY"
    TEXT = "TEXT"
    SUM = "SUM"


class RegisterColumn(Struct, frozen=True):
    """A column: its title, the width in characters, the field of the row, and that of its codes if any."""

    title: str
    width: int
    look: Look
    field: str
    codes: str = ""


COLUMNS: Final = (
    RegisterColumn("№", 8, Look.COUNT, "n"),
    RegisterColumn("Дата и время (МСК)", 19, Look.MOMENT, "decided_at"),
    RegisterColumn("Магазин", 24, Look.TEXT, "outlet"),
    RegisterColumn("Касса", 14, Look.TEXT, "terminal"),
    RegisterColumn("Операция", 37, Look.TEXT, "operation_id"),
    RegisterColumn("Покупка", 37, Look.TEXT, "purchase_id"),
    RegisterColumn("Вид операции", 12, Look.TEXT, "kind"),
    RegisterColumn("Вид помощи", 31, Look.TEXT, "program", "program_code"),
    RegisterColumn("Сертификат (псевдоним)", 37, Look.TEXT, "certificates"),
    RegisterColumn("Баллы (руб.)", 14, Look.SUM, "amount_kopecks"),
    RegisterColumn("ФН", 18, Look.TEXT, "drive_number"),
    RegisterColumn("ФД", 10, Look.COUNT, "document_number"),
    RegisterColumn("ФПД", 12, Look.COUNT, "fiscal_sign"),
    RegisterColumn("Исходная операция", 37, Look.TEXT, "original_operation_id"),
    RegisterColumn("Дата реализации", 12, Look.DAY, "sale_date"),
    RegisterColumn("Прошлый период", 9, Look.TEXT, "is_earlier"),
    RegisterColumn("В расчёте", 14, Look.TEXT, "treatment"),
    RegisterColumn("Решение", 22, Look.TEXT, "verdict"),
    RegisterColumn("Причина", 48, Look.TEXT, "reason", "reason_codes"),
)

KINDS: Final[Mapping[LineKind, str]] = {
    LineKind.SALE: "продажа",
    LineKind.REFUND: "возврат",
    LineKind.VOID: "отмена",
}
TREATMENTS: Final[Mapping[Treatment, str]] = {
    Treatment.INCLUDED: "включено",
    Treatment.CARRIED: "перенесено",
    Treatment.OVER_LIMIT: "сверх лимита",
    Treatment.UNMATCHED: "не сверено",
}
VERDICTS: Final[Mapping[LineVerdict | None, str]] = {
    None: "",
    LineVerdict.APPROVED: "принято",
    LineVerdict.REFUSED: "отклонено",
    LineVerdict.REFUSED_FOR_GOOD: "отклонено окончательно",
}

_NO_DETAILS: Final = LineDetails()

Details = Mapping[tuple[UUID, str], LineDetails]
"""By operation and program."""


def rows_of(lines: Sequence[ClaimLine], details: Details, names: Names) -> Iterator[RegisterRow]:
    """The rows of lines."""
    for line in lines:
        more = details.get((line.operation_id, line.program_code), _NO_DETAILS)
        drive_number, document_number = line.receipt or ("", None)
        original = more.original_operation_id
        yield RegisterRow(
            n=line.n,
            decided_at=line.decided_at,
            outlet=names.outlets.get(line.outlet_id) or str(line.outlet_id),
            terminal=names.terminals.get(line.terminal_id) or str(line.terminal_id),
            operation_id=str(line.operation_id),
            purchase_id=str(line.purchase_id),
            kind=KINDS[line.kind],
            program=names.programs.get(line.program_code, line.program_code),
            program_code=line.program_code,
            certificates=" ".join(map(str, more.certificates)),
            amount_kopecks=line.amount_kopecks,
            drive_number=drive_number,
            document_number=document_number,
            fiscal_sign=more.fiscal_sign,
            original_operation_id="" if original is None else str(original),
            sale_date=line.sale_date,
            is_earlier=line.is_earlier,
            treatment=TREATMENTS[line.treatment],
            verdict=VERDICTS[line.verdict],
            reason=line.verdict_reason or "; ".join(map(_in_words, line.mismatches)),
            reason_codes=line.verdict_reason or ", ".join(line.mismatches),
        )


def _in_words(mismatch: str) -> str:
    known = Mismatch.__members__.get(mismatch)
    return mismatch if known is None else known.ru


def totals_of(claim: Claim) -> tuple[tuple[str, int], ...]:
    """The sums below a register, each with its title."""
    return (
        ("Реализовано с использованием ЭСС", claim.sale_kopecks),
        ("Возвращено", -claim.returned_kopecks),
        ("Итого к возмещению", claim.net_kopecks),
        ("Перенесено (в расчёт не входит)", claim.carried_kopecks),
        ("Сверх лимита (в расчёт не входит)", claim.over_limit_kopecks),
        ("Не сверено (в расчёт не входит)", claim.unmatched_kopecks),
    )
