"""An independent model of what points do: it knows the rules from the design, and nothing of the code.

It keeps plain books (dicts) and judges every answer: the reason of a decline must be the first one that
holds, an approval must be allowed, and its amounts must be those that the rules give. Time is always booked
at once here, while the code books it with the next command: after an approved command both must agree.
"""

from datetime import datetime

from tests.stateful.authorizing import Authorizing
from tests.stateful.books import Book
from tests.stateful.finishing import Finishing
from tests.stateful.stewarding import Stewarding


class Auditor(Authorizing, Finishing, Stewarding):
    """Books of certificates and purchases, and a judge of every answer about them."""

    def judge(self, request: Book, answer: Book, now: datetime) -> None:
        """Judge the answer to a request at an instant, and book it. Raises AssertionError."""
        self.tick(now)
        reason: str | None = getattr(self, f"judge_{request['kind']}")(request, answer)
        assert answer["reason"] == reason, (
            f"{request['kind']}: expected {reason}, answered {answer['reason']}"
        )
        if reason is None and self.is_on_an_account(request):
            self.unbooked.discard(self.holder_of(request, answer))
        elif request["kind"] in ("authorize", "sale") and answer["purchase"]:
            self.book_declined(request, answer)
        self.check_sums()

    def judge_sale(self, request: Book, answer: Book) -> str | None:
        """Authorize and capture in one: both are judged."""
        reason = self.judge_authorize(request, answer)
        if reason is None:
            purchase = self.purchases[answer["purchase"]["id"]]
            total = sum(line["amount"] for line in purchase["lines"].values()) - purchase["rounding"]
            wanted = self.wanted(purchase, purchase["lines"], total)
            self.book_capture(purchase, request, answer, wanted, total)
        return reason

    def book_declined(self, request: Book, answer: Book) -> None:
        """A declined purchase is kept with its lines, on which nothing is paid."""
        told = answer["purchase"]
        assert told["state"] == "DECLINED"
        assert [line["n"] for line in request["lines"]] == [line["n"] for line in told["lines"]]
        assert all(not line["shares"] for line in told["lines"])
        merchant, outlet, terminal = request["till"]
        self.purchases[told["id"]] = {
            "id": told["id"], "request": request["id"], "holder": request["holder"], "merchant": merchant,
            "outlet": outlet, "terminal": terminal, "state": "DECLINED", "hold": {}, "lost": {},
        }  # fmt: skip

    @staticmethod
    def is_on_an_account(request: Book) -> bool:
        """A closed shift and a void before arrival belong to no holder."""
        return request["kind"] != "close" and "absent" not in request

    def holder_of(self, request: Book, answer: Book) -> str:
        """The holder on whose account a request was decided."""
        if "holder" in request:
            return str(request["holder"])
        if "certificate" in request:
            return str(self.certificates[request["certificate"]]["holder"])
        return str(self.purchases[request["purchase"]]["holder"])
