"""Claims as documents get them, made of numbers: no database and no ledger."""

from collections import defaultdict
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

from msgspec.structs import replace

from gateway.domain.settlement_terms import Evidence, SettlementTerms
from settlement.claims.canonical import lines_sha256
from settlement.claims.model import (
    BankAccount,
    Claim,
    ClaimLine,
    LineKind,
    Participant,
    Subtotal,
    Treatment,
)
from settlement.claims.states import ClaimState
from settlement.documents.forms import STANDARD, Form, shipped
from settlement.documents.making import MadeDocuments, make_documents
from settlement.documents.rows import Details, LineDetails, Names, Seal

FIRST_DAY, LAST_DAY = date(2026, 11, 1), date(2026, 11, 30)
BUILT_AT = datetime(2026, 12, 1, 9, 0, tzinfo=UTC)
FILED_AT = BUILT_AT + timedelta(days=1)
DRIVE = "9999078900000001"
OUTLETS = {100: "Магазин 1", 200: "Магазин 2"}
TERMINALS = {11: "Касса 1", 21: "Касса 2"}
PROGRAMS = ("children", "food")
NAMES = Names(OUTLETS, TERMINALS, {"children": "Детские товары"})
"""Of the one program; the other has its code alone."""

PARTICIPANT = Participant(
    merchant_id=1,
    name="ООО «Пример-1»",
    full_name="Общество с ограниченной ответственностью «Пример-1»",
    inn="0000000018",
    kpp="000001001",
    ogrn="1020000000017",
    legal_address="125009, г. Москва, ул. Примерная, д. 1",
    signatory_name="Директор Примера",
    signatory_post="генеральный директор",
    signatory_basis="устав",
)
ACCOUNT = BankAccount("049900101", "ПРИМЕР БАНК", "30101810000000000101", "40702810000000000001")


def line(n: int, kopecks: int, **changes: Any) -> ClaimLine:
    """The n-th line: a sale, or a refund where kopecks are below zero."""
    sold_at = datetime(2026, 11, 1 + n % 30, 9, n % 60, tzinfo=UTC)
    at = n % 2
    made = ClaimLine(
        n=n,
        operation_id=UUID(int=n),
        program_code=PROGRAMS[n % 3 % 2],
        purchase_id=UUID(int=1_000_000 + n),
        kind=LineKind.SALE if kopecks > 0 else LineKind.REFUND,
        sale_date=sold_at.date(),
        decided_at=sold_at,
        outlet_id=(100, 200)[at],
        terminal_id=(11, 21)[at],
        amount_kopecks=kopecks,
        treatment=Treatment.INCLUDED,
        mismatches=(),
        evidence=Evidence.DECLARED,
        is_earlier=False,
        receipt=(DRIVE, n),
    )
    return replace(made, **changes)


def lines_of(amounts: Sequence[int]) -> list[ClaimLine]:
    """A line for each amount."""
    return [line(n, kopecks) for n, kopecks in enumerate(amounts, 1)]


def claim_of(lines: Sequence[ClaimLine], **changes: Any) -> Claim:
    """The filed claim of these lines; its sums are theirs."""
    included: dict[tuple[int, str], list[int]] = defaultdict(list)
    beside = dict.fromkeys(Treatment, 0)
    for one in lines:
        beside[one.treatment] += one.amount_kopecks
        if one.treatment is Treatment.INCLUDED:
            included[one.outlet_id, one.program_code].append(one.amount_kopecks)
    subtotals = [
        Subtotal(
            outlet_id, OUTLETS[outlet_id], f"г. Москва, ул. Примерная, д. {outlet_id}", "000001001", program,
            len(amounts), sum(a for a in amounts if a > 0), -sum(a for a in amounts if a < 0),
        )
        for (outlet_id, program), amounts in sorted(included.items())
    ]  # fmt: skip
    made = Claim(
        id=17,
        agreement_id=7,
        agreement_number="Д-2026/15",
        agreement_signed_on=date(2026, 10, 20),
        terms=SettlementTerms(kbk="12345678901234567890"),
        participant=PARTICIPANT,
        account=ACCOUNT,
        first_day=FIRST_DAY,
        last_day=LAST_DAY,
        correction_number=0,
        state=ClaimState.FILED,
        built_at=BUILT_AT,
        lines_sha256=lines_sha256(lines),
        line_count=len(lines),
        sale_kopecks=sum(one.sale_kopecks for one in subtotals),
        returned_kopecks=sum(one.returned_kopecks for one in subtotals),
        carried_kopecks=beside[Treatment.CARRIED],
        over_limit_kopecks=beside[Treatment.OVER_LIMIT],
        unmatched_kopecks=beside[Treatment.UNMATCHED],
        approved_kopecks=None,
        paid_kopecks=0,
        filed_at=FILED_AT,
        subtotals=subtotals,
    )
    return replace(made, **changes)


SEALS = (Seal(FIRST_DAY, b"\1" * 32, b"\2" * 32, "outcomes-1"), Seal(LAST_DAY))


async def paged(lines: Sequence[ClaimLine], size: int = 1000) -> AsyncIterator[Sequence[ClaimLine]]:
    """Lines as they come from the database."""
    for start in range(0, len(lines), size):
        yield lines[start : start + size]


async def details(lines: Sequence[ClaimLine]) -> Details:
    """A sign and a certificate for each line; the first operation is the sale of what came back."""
    return {
        (one.operation_id, one.program_code): LineDetails(
            (UUID(int=2_000_000 + one.n),),
            1_000_000_000 + one.n,
            None if one.kind is LineKind.SALE else UUID(int=1),
        )
        for one in lines
    }


def standard() -> Form:
    """The form that is shipped."""
    form = shipped(STANDARD)
    assert form
    return form


async def made(claim: Claim, lines: Sequence[ClaimLine], folder: Path, **changes: Any) -> MadeDocuments:
    """All documents of a claim in a folder."""
    how: dict[str, Any] = {
        "details_of": details,
        "names": NAMES,
        "seals": SEALS,
        "form": standard(),
        "folder": folder,
    }
    return await make_documents(claim, paged(lines), **(how | changes))
