"""Certificates, the card account they live on, and the only way their points move."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from msgspec import Struct
from msgspec.structs import replace

from gateway.domain.purchase import Purchase


class CertificateState(StrEnum):
    """Whether a certificate may be spent, validity aside."""

    ACTIVE = "ACTIVE"
    BLOCKED = "BLOCKED"
    WITHDRAWN = "WITHDRAWN"


class Bucket(StrEnum):
    """Where the points of a certificate are; they sum to its nominal."""

    AVAILABLE = "AVAILABLE"
    HELD = "HELD"
    SPENT = "SPENT"
    LAPSED = "LAPSED"


class EntryKind(StrEnum):
    """Why points moved."""

    ISSUE = "ISSUE"
    HOLD = "HOLD"
    RELEASE = "RELEASE"
    CAPTURE = "CAPTURE"
    LATE_CAPTURE = "LATE_CAPTURE"
    VOID = "VOID"
    REFUND = "REFUND"
    LAPSE = "LAPSE"
    REOPEN = "REOPEN"
    WITHDRAW = "WITHDRAW"
    CORRECTION = "CORRECTION"


class Entry(Struct, frozen=True, gc=False):
    """One movement of points inside a certificate; append-only, the balances' only source.

    `source` None means issue: the nominal comes into being.
    """

    certificate_id: UUID
    purchase_id: UUID | None
    kind: EntryKind
    source: Bucket | None
    target: Bucket
    amount_kopecks: int


class LedgerViolationError(Exception):
    """A decision would break `nominal = available + held + spent + lapsed`, each part ≥ 0."""


class Certificate(Struct, frozen=True, gc=False):
    """One credit of points under one program (зачисление на ЭСС).

    `valid_until` is the first instant at which it can no longer be spent: 00:00 Moscow of
    the day after its last day. `restorable_kopecks` is the part of `lapsed_kopecks` that
    lapsed because time passed, and comes back if an act extends the validity.
    """

    id: UUID
    program_code: str
    program_version: int
    nominal_kopecks: int
    available_kopecks: int
    held_kopecks: int
    spent_kopecks: int
    lapsed_kopecks: int
    restorable_kopecks: int
    valid_from: datetime
    valid_until: datetime
    state: CertificateState = CertificateState.ACTIVE

    def is_open(self, now: datetime) -> bool:
        """True if points that come back now may be spent again one day."""
        return self.state is not CertificateState.WITHDRAWN and now < self.valid_until

    def is_usable(self, now: datetime) -> bool:
        """True if a purchase may be authorized on it now."""
        return self.state is CertificateState.ACTIVE and self.valid_from <= now < self.valid_until


_FIELD = {
    Bucket.AVAILABLE: "available_kopecks",
    Bucket.HELD: "held_kopecks",
    Bucket.SPENT: "spent_kopecks",
    Bucket.LAPSED: "lapsed_kopecks",
}


class Account(Struct, frozen=True, gc=False):
    """A card account with everything that one decision may need of it.

    `purchases` holds the holds whose time is over and whatever the commands at hand refer to; never all.
    """

    id: int
    version: int
    last_decided_at: datetime
    is_blocked: bool
    certificates: Mapping[UUID, Certificate]
    purchases: Mapping[UUID, Purchase]


class Posting:
    """The working copy of one command: moves points, collects entries, yields the new account.

    A declined command throws its posting away, so a refusal leaves nothing behind.
    """

    def __init__(self, account: Account, now: datetime) -> None:
        self.account = account
        self.now = now
        self.certificates = dict(account.certificates)
        self.purchases = dict(account.purchases)
        self.entries: list[Entry] = []
        self.is_blocked = account.is_blocked

    def move(
        self,
        certificate_id: UUID,
        kind: EntryKind,
        source: Bucket,
        target: Bucket,
        amount_kopecks: int,
        purchase_id: UUID | None = None,
        *,
        restorable: bool = False,
    ) -> None:
        """Move points between two buckets of a certificate and write the entry.

        `restorable` says that the points go to, or come from, the part of LAPSED that an
        extension of validity brings back. Raises LedgerViolationError if the source holds less
        than the amount.
        """
        if amount_kopecks == 0:
            return
        certificate = self.certificates[certificate_id]
        rest = getattr(certificate, _FIELD[source]) - amount_kopecks
        if amount_kopecks < 0 or rest < 0:
            raise LedgerViolationError(
                f"{kind} of {amount_kopecks} from {source} of certificate {certificate_id}"
            )
        changes = {
            _FIELD[source]: rest,
            _FIELD[target]: getattr(certificate, _FIELD[target]) + amount_kopecks,
        }
        if target is Bucket.LAPSED and restorable:
            changes["restorable_kopecks"] = certificate.restorable_kopecks + amount_kopecks
        elif source is Bucket.LAPSED:
            kept = certificate.restorable_kopecks - (amount_kopecks if restorable else 0)
            changes["restorable_kopecks"] = max(min(kept, rest), 0)
        self.certificates[certificate_id] = replace(certificate, **changes)
        self.entries.append(Entry(certificate_id, purchase_id, kind, source, target, amount_kopecks))

    def give_back(
        self,
        certificate_id: UUID,
        kind: EntryKind,
        source: Bucket,
        amount_kopecks: int,
        purchase_id: UUID,
        at: datetime,
    ) -> int:
        """Return points of a purchase as of `at`: to AVAILABLE, or to LAPSED if it is over.

        Returns how much lapsed (0 or the amount).
        """
        certificate = self.certificates[certificate_id]
        if certificate.is_open(at):
            self.move(certificate_id, kind, source, Bucket.AVAILABLE, amount_kopecks, purchase_id)
            return 0
        expired = certificate.state is not CertificateState.WITHDRAWN
        self.move(
            certificate_id, kind, source, Bucket.LAPSED, amount_kopecks, purchase_id, restorable=expired
        )
        return amount_kopecks

    def put(self, purchase: Purchase) -> None:
        """Keep the new state of a purchase."""
        self.purchases[purchase.id] = purchase

    def put_certificate(self, certificate: Certificate) -> None:
        """Keep a certificate whose validity, state or restorable part changed; never to move points."""
        self.certificates[certificate.id] = certificate

    def add(self, certificate: Certificate) -> None:
        """Bring a newly issued certificate into being with its ISSUE entry."""
        self.certificates[certificate.id] = certificate
        self.entries.append(
            Entry(certificate.id, None, EntryKind.ISSUE, None, Bucket.AVAILABLE, certificate.nominal_kopecks)
        )

    def result(self) -> Account:
        """The account after the command, decided at `now`."""
        return replace(
            self.account,
            last_decided_at=self.now,
            is_blocked=self.is_blocked,
            certificates=self.certificates,
            purchases=self.purchases,
        )
