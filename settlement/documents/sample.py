"""A made-up claim: what a new form is printed with before it is stored."""

from datetime import UTC, date, datetime
from typing import Final

from gateway.domain.settlement_terms import SettlementTerms
from settlement.claims.model import BankAccount, Claim, Participant, Subtotal
from settlement.claims.states import ClaimState
from settlement.documents.act import Act, Movement, MovementKind, act_of, act_pdf
from settlement.documents.claim_pdf import claim_pdf
from settlement.documents.forms import RECONCILIATION, Form
from settlement.documents.rows import Seal, Summary

_FIRST_DAY: Final = date(2026, 11, 1)
_LAST_DAY: Final = date(2026, 11, 30)
_MADE_AT: Final = datetime(2026, 12, 1, 9, tzinfo=UTC)

_PARTICIPANT: Final = Participant(
    merchant_id=1,
    name="ООО «Пример»",
    full_name="Общество с ограниченной ответственностью «Пример»",
    inn="0000000018",
    kpp="000001001",
    ogrn="1020000000017",
    legal_address="г. Москва, ул. Примерная, д. 1",
    signatory_name="Первый",
    signatory_post="директор",
    signatory_basis="устав",
)

CLAIM: Final = Claim(
    id=1,
    agreement_id=1,
    agreement_number="1",
    agreement_signed_on=date(2026, 10, 1),
    terms=SettlementTerms(kbk="1" * 20, personal_account="1", obligation_number="1"),
    participant=_PARTICIPANT,
    account=BankAccount("049900101", "ПРИМЕР БАНК", "", "40702810000000000001"),
    first_day=_FIRST_DAY,
    last_day=_LAST_DAY,
    correction_number=1,
    state=ClaimState.FILED,
    built_at=_MADE_AT,
    lines_sha256=bytes(32),
    line_count=3,
    sale_kopecks=100_00,
    returned_kopecks=10_00,
    carried_kopecks=1_00,
    over_limit_kopecks=2_00,
    unmatched_kopecks=3_00,
    approved_kopecks=None,
    paid_kopecks=0,
    filed_at=_MADE_AT,
    subtotals=(Subtotal(1, "Магазин", "г. Москва", "000001001", "food", 3, 100_00, 10_00),),
)

ACT: Final[Act] = act_of(
    _PARTICIPANT, None, _FIRST_DAY, _LAST_DAY, 0,
    [
        Movement(_FIRST_DAY, MovementKind.APPROVED, "расчёт № 1", 90_00),
        Movement(_LAST_DAY, MovementKind.PAID, "расчёт № 1", 90_00),
    ],
)  # fmt: skip


def check_printable(form: Form) -> None:
    """Print a sample by a form; raises SettlementError FORM_UNSAFE or FORM_BROKEN."""
    if form.name == RECONCILIATION:
        act_pdf(form, ACT, _MADE_AT)
    else:
        claim_pdf(
            form,
            Summary(
                CLAIM,
                "0" * 64,
                (Seal(_FIRST_DAY, b"", b"\0" * 32, "key"), Seal(_LAST_DAY)),
                {"food": "Продукты питания"},
            ),
        )
