"""Claims as they are read: what documents, payouts, doors and reports are made from."""

from collections.abc import Sequence
from datetime import date, datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct

from gateway.domain.settlement_terms import Evidence, SettlementTerms
from settlement.claims.states import ClaimState


class LineKind(StrEnum):
    """What an operation did to the merchant's income."""

    SALE = "SALE"
    REFUND = "REFUND"
    VOID = "VOID"


class Treatment(StrEnum):
    """What a claim does with a line."""

    INCLUDED = "INCLUDED"
    CARRIED = "CARRIED"
    """Over ceiling or budget, or of a claim whose net is not above zero: left to a later claim."""
    OVER_LIMIT = "OVER_LIMIT"
    """Refused because ceiling or budget do not suffice, where the agreement says so."""
    UNMATCHED = "UNMATCHED"
    """Not claimed as long as its mismatches stand."""


class LineVerdict(StrEnum):
    """What the review says of an included line."""

    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    """Not paid by this claim; may be claimed again once its reason is mended."""
    REFUSED_FOR_GOOD = "REFUSED_FOR_GOOD"


class ClaimLine(Struct, frozen=True):
    """One operation's kopecks under one program: above zero for a sale, below for what was given back.

    `n` counts from 1 in the claim's order (sale date, operation, program). `receipt` is the (ФН, ФД) that it
    matched. `is_earlier` lines were sold before the claim's period.
    """

    n: int
    operation_id: UUID
    program_code: str
    purchase_id: UUID
    kind: LineKind
    sale_date: date
    decided_at: datetime
    outlet_id: int
    terminal_id: int
    amount_kopecks: int
    treatment: Treatment
    mismatches: tuple[str, ...]
    evidence: Evidence
    is_earlier: bool
    receipt: tuple[str, int] | None = None
    verdict: LineVerdict | None = None
    verdict_reason: str = ""


class Subtotal(Struct, frozen=True):
    """Included lines of one outlet and program."""

    outlet_id: int
    outlet_name: str
    outlet_address: str
    kpp: str
    program_code: str
    line_count: int
    sale_kopecks: int
    returned_kopecks: int

    @property
    def net_kopecks(self) -> int:
        """What is claimed."""
        return self.sale_kopecks - self.returned_kopecks


class Participant(Struct, frozen=True):
    """The merchant as its documents name it; `kpp` is "" for an individual entrepreneur."""

    merchant_id: int
    name: str
    full_name: str
    inn: str
    kpp: str
    ogrn: str
    legal_address: str
    signatory_name: str
    signatory_post: str
    signatory_basis: str


class BankAccount(Struct, frozen=True):
    """Where money goes."""

    bic: str
    bank_name: str
    correspondent_account: str
    account: str


class FiledAs(Struct, frozen=True):
    """What the registry said of a claim's parties when it was filed: later changes leave the claim alone."""

    agreement_number: str
    agreement_signed_on: date | None
    terms: SettlementTerms
    participant: Participant
    account: BankAccount | None


class Claim(Struct, frozen=True):
    """A claim without its lines; sums are kopecks of included lines unless they say otherwise.

    `lines_sha256` is the SHA-256 of all lines in canonical form: the same set of entries has the same.
    Agreement, terms, participant and account are those of the day of filing once it is filed, else today's.
    Money still goes to the account that was confirmed last.
    """

    id: int
    agreement_id: int
    agreement_number: str
    agreement_signed_on: date | None
    terms: SettlementTerms
    participant: Participant
    account: BankAccount | None
    first_day: date
    last_day: date
    correction_number: int
    state: ClaimState
    built_at: datetime
    lines_sha256: bytes
    line_count: int
    sale_kopecks: int
    returned_kopecks: int
    carried_kopecks: int
    over_limit_kopecks: int
    unmatched_kopecks: int
    approved_kopecks: int | None
    paid_kopecks: int
    filed_at: datetime | None
    subtotals: Sequence[Subtotal] = ()

    @property
    def net_kopecks(self) -> int:
        """What is claimed."""
        return self.sale_kopecks - self.returned_kopecks
