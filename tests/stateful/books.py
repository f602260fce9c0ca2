"""The auditor's books: certificates, purchases, standing, and the passing of time. Plain dicts."""

from datetime import UTC, date, datetime
from fractions import Fraction
from math import floor
from typing import Any

from tests.stateful.world import AGREEMENTS, MOSCOW_AHEAD, PROGRAMS, WIND_DOWN

Book = dict[str, Any]


def moscow_day(instant: datetime) -> date:
    """Moscow has kept UTC+3 since 2014."""
    return (instant.astimezone(UTC) + MOSCOW_AHEAD).date()


def half_up(value: Fraction) -> int:
    """The rounding of fiscal tills."""
    return floor(value + Fraction(1, 2))


class Books:
    """What every certificate and purchase is worth, and what time does to them."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.certificates: dict[str, Book] = {}
        self.purchases: dict[str, Book] = {}
        self.blocked_holders: set[str] = set()
        self.stopped_cards: set[str] = set()
        self.suspended_at: dict[int, datetime] = {}
        self.disabled: set[int] = set()
        self.unbooked: set[str] = set()
        self.refunded: dict[int, list[int]] = {}
        self.closed: set[int] = set()
        self.entombed: set[str] = set()

    def tick(self, now: datetime) -> None:
        """Truth 7: what time does, at the instant when it does it."""
        self.now = now
        held = [p for p in self.purchases.values() if p["state"] == "AUTHORIZED" and p["until"] <= now]
        for purchase in sorted(held, key=lambda p: p["until"]):
            purchase["state"] = "EXPIRED"
            for certificate_id, amount in purchase["hold"].items():
                certificate = self.certificates[certificate_id]
                certificate["held"] -= amount
                if self.come_back(certificate, amount, purchase["until"]):
                    purchase["lost"][certificate_id] = amount
            self.unbooked.add(purchase["holder"])
        for certificate in self.certificates.values():
            if certificate["available"] and certificate["until"] <= now:
                certificate["timed"] += certificate["available"]
                certificate["available"] = 0
                self.unbooked.add(certificate["holder"])

    @staticmethod
    def come_back(certificate: Book, amount: int, at: datetime) -> bool:
        """Points come back at an instant; True if they lapse since the certificate is over by then."""
        if certificate["state"] == "WITHDRAWN":
            certificate["gone"] += amount
            return True
        if at >= certificate["until"]:
            certificate["timed"] += amount
            return True
        certificate["available"] += amount
        return False

    def check_sums(self) -> None:
        """Truth 1, in these books themselves: a model that loses a point judges nobody."""
        for certificate in self.certificates.values():
            parts = [certificate[part] for part in ("available", "held", "spent", "timed", "gone")]
            assert sum(parts) == certificate["nominal"]
            assert min(parts) >= 0

    def balances(self, holder: str) -> dict[str, tuple[int, int, int, int]]:
        """(available, held, spent, lapsed) of each certificate of a holder."""
        return {
            certificate_id: (c["available"], c["held"], c["spent"], c["timed"] + c["gone"])
            for certificate_id, c in self.certificates.items()
            if c["holder"] == holder
        }

    def standing(self, request: Book) -> str | None:
        """Truth 12: a suspended merchant only finishes what it began, for the wind-down time."""
        merchant, outlet, terminal = request["till"]
        is_new = request["kind"] in ("authorize", "sale")
        if merchant in self.suspended_at:
            over = self.suspended_at[merchant] if is_new else self.suspended_at[merchant] + WIND_DOWN
            if self.now >= over:
                return "MERCHANT_SUSPENDED"
        if is_new or request["kind"] == "refund":
            if outlet in self.disabled:
                return "OUTLET_DISABLED"
            if terminal in self.disabled:
                return "TERMINAL_DISABLED"
        return None

    def agreement(self, merchant: int, program: str, day: date) -> int | None:
        """The agreement of a merchant for a program on a day."""
        for fact in AGREEMENTS:
            in_force = fact["from"] <= day and (fact["until"] is None or day < fact["until"])
            if fact["merchant"] == merchant and program in fact["programs"] and in_force:
                return int(fact["id"])
        return None

    def rest_lapses(self, certificate_id: str) -> bool:
        """True if what is left of a certificate lapses with a capture."""
        return bool(PROGRAMS[self.certificates[certificate_id]["program"]].get("rest_lapses"))

    def release(self, purchase: Book) -> None:
        """Void a hold; time may have released it before."""
        if purchase["state"] == "AUTHORIZED":
            for certificate_id, amount in purchase["hold"].items():
                self.certificates[certificate_id]["held"] -= amount
                self.come_back(self.certificates[certificate_id], amount, self.now)
        purchase["state"] = "VOIDED"
