"""The auditor's judgement of department commands: issue, withdraw, validity, block, correction, expiry."""

from datetime import UTC, date, datetime, time, timedelta

from tests.stateful.books import Book, Books
from tests.stateful.world import MOSCOW_AHEAD, PROGRAMS, PUBLISHED_NOMINALS


def begin_of(day: date) -> datetime:
    """00:00 Moscow, in UTC."""
    return datetime.combine(day, time(), UTC) - MOSCOW_AHEAD


class Stewarding(Books):
    """Rules of what the department decides."""

    def judge_issue(self, request: Book, answer: Book) -> str | None:
        """A known program, a validity that is not over, the published nominal unless the act sets one."""
        until = begin_of(request["last"] + timedelta(days=1))
        if request["program"] not in PROGRAMS:
            return "PROGRAM_UNKNOWN"
        if request["last"] < request["first"] or until <= self.now:
            return "VALIDITY_INVALID"
        if not request["names_own"] and request["nominal"] not in PUBLISHED_NOMINALS.get(
            request["program"], ()
        ):
            return "NOMINAL_NOT_PUBLISHED"
        certificate_id = answer["certificate"]
        assert certificate_id is not None, f"issue: {answer['reason']} for what the rules allow"
        assert certificate_id not in self.certificates
        self.certificates[certificate_id] = {
            "holder": request["holder"], "program": request["program"], "nominal": request["nominal"],
            "available": request["nominal"], "held": 0, "spent": 0, "timed": 0, "gone": 0, "state": "ACTIVE",
            "from": begin_of(request["first"]), "until": until,
        }  # fmt: skip
        return None

    def judge_withdraw(self, request: Book, answer: Book) -> str | None:
        """What is available is gone for good; what is held or spent is gone when it comes back."""
        certificate = self.certificates[request["certificate"]]
        if certificate["state"] == "WITHDRAWN":
            return "CERTIFICATE_WITHDRAWN"
        certificate["state"] = "WITHDRAWN"
        certificate["gone"] += certificate["available"]
        certificate["available"] = 0
        return None

    def judge_validity(self, request: Book, answer: Book) -> str | None:
        """A later last day brings back what time had lapsed; an earlier one lapses at once."""
        certificate = self.certificates[request["certificate"]]
        until = begin_of(request["last"] + timedelta(days=1))
        if until <= certificate["from"]:
            return "VALIDITY_INVALID"
        if certificate["state"] == "WITHDRAWN":
            return "CERTIFICATE_WITHDRAWN"
        if until == certificate["until"]:
            return "ALREADY_IN_STATE"
        certificate["until"] = until
        if self.now < until:
            certificate["available"] += certificate["timed"]
            certificate["timed"] = 0
        else:
            certificate["timed"] += certificate["available"]
            certificate["available"] = 0
        return None

    def judge_block(self, request: Book, answer: Book) -> str | None:
        """A certificate, or the whole account."""
        if "certificate" not in request:
            if (request["holder"] in self.blocked_holders) == request["is_blocked"]:
                return "ALREADY_IN_STATE"
            self.blocked_holders ^= {request["holder"]}
            return None
        certificate = self.certificates[request["certificate"]]
        wanted = "BLOCKED" if request["is_blocked"] else "ACTIVE"
        if certificate["state"] == "WITHDRAWN":
            return "CERTIFICATE_WITHDRAWN"
        if certificate["state"] == wanted:
            return "ALREADY_IN_STATE"
        certificate["state"] = wanted
        return None

    def judge_correct(self, request: Book, answer: Book) -> str | None:
        """Between available and lapsed; of what is lapsed, that which time did not lapse comes back first."""
        certificate = self.certificates[request["certificate"]]
        if request["to"] == "AVAILABLE" and certificate["until"] <= self.now:
            return "VALIDITY_INVALID"
        if certificate["state"] == "WITHDRAWN":
            return "CERTIFICATE_WITHDRAWN"
        amount = request["amount"]
        if request["to"] == "LAPSED":
            if amount > certificate["available"]:
                return "AMOUNT_ABOVE_BALANCE"
            certificate["available"] -= amount
            certificate["gone"] += amount
            return None
        if amount > certificate["timed"] + certificate["gone"]:
            return "AMOUNT_ABOVE_BALANCE"
        first = min(amount, certificate["gone"])
        certificate["gone"] -= first
        certificate["timed"] -= amount - first
        certificate["available"] += amount
        return None

    def judge_expire(self, request: Book, answer: Book) -> str | None:
        """Books what time did, if it did anything since the last approved command."""
        return None if request["holder"] in self.unbooked else "ALREADY_IN_STATE"
