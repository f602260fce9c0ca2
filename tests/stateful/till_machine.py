"""How a machine sends commands to whatever decides them, and lets the auditor judge each answer."""

from abc import abstractmethod
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Protocol, TypeVar

from hypothesis.stateful import RuleBasedStateMachine

from tests.stateful.auditor import Auditor
from tests.stateful.world import START

Plain = dict[str, Any]
T = TypeVar("T")
Till = tuple[int, int, int]
Lines = list[tuple[str, int, int]]


class System(Protocol):
    """What decides: the pure core alone, or the ledger on its database."""

    now: datetime
    suspended_at: dict[int, datetime]
    disabled: set[int]
    stopped_cards: set[str]

    def run(self, request: Plain) -> Plain:
        """Decide a request now and return the answer in plain words."""
        ...

    def stop_card(self, card: str) -> None:
        """Put a card on the stop list."""
        ...

    def balances(self, holder: str) -> dict[str, tuple[int, int, int, int]]:
        """(available, held, spent, lapsed) of each certificate of a holder."""
        ...

    def picture(self) -> Any:
        """Everything that a declined command must leave as it was."""
        ...

    def check(self) -> None:
        """Truths 1 and 2: parts sum to the nominal, entries to the parts."""
        ...


class TillMachine(RuleBasedStateMachine):
    """Sends commands; after each the system and the auditor must agree."""

    @abstractmethod
    def make_system(self) -> System:
        """A system with the holders' accounts and nothing on them."""

    def __init__(self) -> None:
        super().__init__()
        self.system = self.make_system()
        self.system.now = START
        self.auditor = Auditor(START)
        self.purchases: list[str] = []
        self.sent: list[Plain] = []
        self.documents = self.first_document()

    def first_document(self) -> int:
        """The number before the first fiscal document of this machine."""
        return 0

    # What every command goes through

    def send(self, kind: str, **fields: Any) -> Plain:
        """Send a request, let the auditor judge the answer, compare all balances."""
        request = {"kind": kind, "id": self.new_request_id(), **fields}
        before = self.system.picture()
        answer = self.system.run(request)
        self.auditor.judge(request, answer, self.system.now)
        if answer["reason"] is None and self.auditor.is_on_an_account(request):
            holder = self.auditor.holder_of(request, answer)
            assert self.auditor.balances(holder) == self.system.balances(holder)
        else:
            assert before == self.system.picture(), "a declined command changed something"
        self.system.check()
        self.sent.append(request)
        return answer

    @abstractmethod
    def new_request_id(self) -> str:
        """A request id that was never used."""

    def pick(self, values: Sequence[T], number: int) -> T:
        """One of some values; the latest for 0, so that examples shrink to what was made last."""
        return values[-1 - number % len(values)]

    def certificate(self, number: int) -> str:
        """One of the certificates."""
        return self.pick(list(self.auditor.certificates), number)

    def receipts(self, when: str, purchase: Plain | None) -> list[Plain]:
        """At most one receipt, dated as told."""
        if when == "none":
            return []
        self.documents += 1
        began = purchase["since"] if purchase and "since" in purchase else self.system.now
        at = {"in hold": began + timedelta(minutes=12), "before": began - timedelta(minutes=6)}
        kind = "RETURN" if when == "return" else "SALE"
        key = ("9999078900000001", self.documents)
        return [{"key": key, "kind": kind, "at": at.get(when, self.system.now)}]

    def authorize(
        self,
        kind: str,
        holder: str,
        card: str,
        till: Till,
        basket: Lines,
        rounding: int,
        program: str,
        chosen: list[int],
        partial: bool,
        replaces: int | None,
        receipt: str,
    ) -> Plain:
        """Send a basket and remember its purchase."""
        own = [i for i in self.purchases if self.auditor.purchases[i]["merchant"] == till[0]]
        replaced = self.pick(own, replaces) if own and replaces is not None else None
        request = self.basket_request(kind, till, holder, basket, partial)
        request |= {"card": card, "program": program, "replaces": replaced}
        request["rounding"] = min(rounding, sum(line["amount"] for line in request["lines"]) - 1)
        request["certificates"] = [self.certificate(number) for number in chosen]
        request["replaces_request"] = self.auditor.purchases[replaced]["request"] if replaced else None
        request["receipts"] = self.receipts(receipt, None) if kind == "sale" else []
        answer = self.send(**request)
        if answer["purchase"]:
            self.purchases.append(answer["purchase"]["id"])
        return answer

    @staticmethod
    def basket_request(kind: str, till: Till, holder: str, basket: Lines, is_partial: bool) -> Plain:
        """A basket asked for in the plainest way, all but its id."""
        lines: list[Plain] = [
            {"n": 10 * (n + 1), "good": good, "quantity": quantity, "amount": amount}
            for n, (good, amount, quantity) in enumerate(basket)
        ]
        return {
            "kind": kind, "till": till, "holder": holder, "card": holder, "lines": lines, "rounding": 0,
            "program": "", "certificates": [], "partial": is_partial, "replaces": None,
            "replaces_request": None, "receipts": [],
        }  # fmt: skip

    def in_state(self, state: str) -> list[str]:
        """The purchases that are in a state now."""
        self.auditor.tick(self.system.now)
        return [i for i in self.purchases if self.auditor.purchases[i]["state"] == state]

    def capture(
        self, purchase: Plain, till: Till | None, parts: list[int] | None, rounding: int, receipt: str
    ) -> None:
        """Whole, or some of its lines: 0 nothing of it, 4 all of it, -1 more than there is."""
        lines = []
        for part, (n, line) in zip(parts or (), sorted(purchase.get("lines", {}).items()), strict=False):
            extra = 1 if part < 0 else 0
            share = 4 if part < 0 else part
            quantity, amount = line["quantity"] * share // 4, line["amount"] * share // 4
            if quantity:
                lines.append({"n": n, "quantity": quantity, "amount": amount + extra})
        self.follow_up("capture", purchase, till, receipt, lines=lines, rounding=rounding)

    def refund(self, purchase: Plain, till: Till | None, parts: list[int] | None, receipt: str) -> None:
        """Quantities of lines; of a purchase that has none, of a line that nobody knows."""
        numbers = sorted(purchase.get("lines", {10: None}))
        lines = [{"n": n, "quantity": q} for n, q in zip(numbers, parts or (), strict=False) if q > 0]
        self.follow_up("refund", purchase, till, receipt, lines=lines)

    def follow_up(
        self, kind: str, purchase: Plain, till: Till | None, receipt: str = "none", **fields: Any
    ) -> None:
        """A command about a purchase."""
        own_till = purchase["merchant"], purchase["outlet"], purchase["terminal"]
        receipts = self.receipts(receipt, purchase)
        self.send(kind, purchase=purchase["id"], till=till or own_till, receipts=receipts, **fields)
