"""The real committer on real PostgreSQL under random commands, judged by the same auditor as the pure core.

Besides what the core is tried with: outcomes for ever (replays, other bodies), voids before arrival, unknown
cards, purchases named by request and by receipt, several commands in one batch, closed shifts. At the end the
ledger's own `verify` must agree.
"""

from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule, run_state_machine_as_test

from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError, StoredAnswer
from gateway.ledger.verify import verify
from tests.stateful.ledger_system import LedgerDatabase
from tests.stateful.random_commands import (
    RandomCommands,
    holders,
    lines_of_any_goods,
    lines_of_usual_goods,
    picks,
    tills,
)
from tests.stateful.till_machine import Lines, Plain, System, Till
from tests.stateful.world import HOLDERS, TILLS

Answered = list[tuple[Plain, Plain]]
"""Requests with their answers."""
NOBODY = str(UUID(int=9))
"""The id of no purchase."""


class LedgerMachine(RandomCommands):
    """The machine on the ledger."""

    database: LedgerDatabase

    def make_system(self) -> System:
        """New accounts on the test's database."""
        self.ledger = self.database.make_system()
        self.made = 0
        self.entombed: dict[str, Till] = {}
        return self.ledger

    def first_document(self) -> int:
        """Receipts of different examples never meet either."""
        return self.ledger.number * 10_000

    def new_request_id(self) -> str:
        """Ids of different examples never meet: they stand among the same merchants' outcomes."""
        self.made += 1
        return str(UUID(int=self.ledger.number << 80 | 7 << 76 | 2 << 62 | self.made))

    def follow_up(
        self, kind: str, purchase: Plain, till: Till | None, receipt: str = "none", **fields: Any
    ) -> None:
        """A purchase is named by its id, by its request, or by a receipt in turn."""
        names: list[Any] = [None, ("request", purchase["request"])]
        receipts = sorted(purchase.get("receipts", ())) if purchase["state"] == "CAPTURED" else []
        names += [("receipt", receipts[0])] if receipts else []
        name = names[len(self.sent) % len(names)]
        is_own = till is None or till[0] == purchase["merchant"]
        fields["named_by"] = name if is_own else None
        super().follow_up(kind, purchase, till, receipt, **fields)

    # One outcome for ever (truth 5)

    @precondition(lambda self: self.sent)
    @rule(number=picks)
    def send_again(self, number: int) -> None:
        """The same body gets the same bytes, whatever happened since."""
        request = self.pick(self.sent, number)
        self.expect_replay(request, request["id"])

    @precondition(lambda self: any("card" in r for r in self.sent))
    @rule(number=picks)
    def send_again_with_the_other_card_of_the_account(self, number: int) -> None:
        """A card stands for its account: a re-issued one is the same body."""
        request = self.pick([r for r in self.sent if "card" in r], number)
        if request["holder"] not in HOLDERS:
            return
        self.expect_replay({**request, "card": f"{request['holder']}/2"}, request["id"])

    def expect_replay(self, request: Plain, request_id: str) -> None:
        """The stored answer, byte for byte, and nothing else changes."""
        before = self.ledger.picture()
        (answer,) = self.ledger.submit(request)
        assert isinstance(answer, StoredAnswer)
        assert answer.is_replay
        assert self.ledger.answers[request_id] == answer.sealed
        assert before == self.ledger.picture()

    @precondition(lambda self: any("till" in r for r in self.sent))
    @rule(
        number=picks,
        change=st.sampled_from(["till", "rounding", "partial", "card", "line", "kind", "purchase"]),
    )
    def send_another_body(self, number: int, change: str) -> None:
        """Another body under a used id is refused, and the differing field is named."""
        request = self.pick([r for r in self.sent if "till" in r], number)
        changed, field = self.changed(request, change)
        before = self.ledger.picture()
        (error,) = self.ledger.submit(changed)
        assert isinstance(error, CommandError)
        assert Reason.REQUEST_ID_CONFLICT == error.reason
        assert field == error.field
        assert before == self.ledger.picture()

    def changed(self, request: Plain, change: str) -> tuple[Plain, str]:
        """A request with one thing changed, and the name of the field that differs."""
        is_new = request["kind"] in ("authorize", "sale")
        merchant, outlet, terminal = request["till"]
        if is_new and change == "rounding" and request["rounding"]:
            return {**request, "rounding": request["rounding"] - 1}, "basket.rounding_kopecks"
        if is_new and change == "partial":
            return {**request, "partial": not request["partial"]}, "accept_partial"
        if is_new and change == "card":
            other = "birch" if request["holder"] == "alder" else "alder"
            return {**request, "card": other}, "card"
        if is_new and change == "line":
            first, *others = request["lines"]
            # The unit price of the test's lines is their amount; amount_kopecks comes first in the alphabet.
            line = {**first, "amount": first["amount"] + 1}
            return {**request, "lines": [line, *others]}, "basket.lines[0].amount_kopecks"
        if change == "kind" and not is_new and request["kind"] != "void":
            void = {
                "kind": "void",
                "id": request["id"],
                "till": request["till"],
                "purchase": str(UUID(int=9)),
            }
            return void, "kind"
        if not is_new and change == "purchase" and "purchase" in request:
            return {**request, "named_by": None, "purchase": NOBODY}, self.purchase_field(request)
        return {**request, "till": (merchant, outlet, terminal + 1000)}, "origin.terminal_id"

    def judge_together(self, answered: Answered) -> Answered:
        """Judge requests that were sent at once, in the order in which they were decided, and return it."""
        for request, answer in answered:
            self.auditor.judge(request, answer, self.ledger.now)
        return answered

    @staticmethod
    def purchase_field(request: Plain) -> str:
        """Where a reference to a purchase differs from another by id."""
        name = (request.get("named_by") or ("id",))[0]
        return {"id": "purchase.purchase_id", "request": "purchase", "receipt": "purchase"}[name]

    # A void may come first (truth 6)

    @rule(
        kind=st.sampled_from(["void", "void", "capture", "refund", "attach"]),
        till=tills,
        number=st.one_of(st.none(), picks),
    )
    def name_what_has_not_arrived(self, kind: str, till: Till, number: int | None) -> None:
        """A void of what has not arrived is final; everything else knows no such purchase."""
        absent = self.new_request_id()
        if number is not None and self.entombed:
            absent = self.pick(list(self.entombed), number)
            till = self.entombed[absent]
        fields = {"lines": [], "rounding": 0, "purchase": NOBODY, "named_by": ("request", absent)}
        answer = self.send(kind, till=till, absent=absent, receipts=self.receipts("now", None), **fields)
        if answer["reason"] is None:
            self.entombed[absent] = till

    @precondition(lambda self: self.entombed)
    @rule(number=picks, holder=holders, basket=lines_of_usual_goods)
    def arrive_after_the_void(self, number: int, holder: str, basket: Lines) -> None:
        """Whatever its body, the purchase is declined, with the same bytes each time; nothing moves."""
        absent = self.pick(list(self.entombed), number)
        request = self.basket_request("sale", self.entombed[absent], holder, basket, is_partial=True)
        request["id"] = absent
        before = self.ledger.picture()
        (first,), (second,) = self.ledger.submit(request), self.ledger.submit({**request, "partial": False})
        assert isinstance(first, StoredAnswer)
        assert isinstance(second, StoredAnswer)
        assert "VOIDED_BEFORE_ARRIVAL" == self.ledger.reason_in(first.sealed)
        assert first.sealed == second.sealed
        assert before == self.ledger.picture()

    # Cards and shifts

    @rule(till=tills, basket=lines_of_any_goods)
    def show_an_unknown_card(self, till: Till, basket: Lines) -> None:
        """Nobody's card buys nothing, and leaves no purchase."""
        answer = self.authorize("authorize", "nobody", "nobody", till, basket, 0, "", [], True, None, "none")
        assert answer["purchase"] is None

    @rule(till=tills)
    def close_shift(self, till: Till) -> None:
        """Totals of the till; afterwards its captures are refunded, not voided."""
        request = {"kind": "close", "id": self.new_request_id(), "till": till}
        answer = self.ledger.run(request)
        self.auditor.judge(request, answer, self.ledger.now)
        self.ledger.check()
        self.sent.append(request)

    # Batches

    @rule(
        holder=holders,
        baskets=st.lists(lines_of_usual_goods, min_size=2, max_size=4),
        is_sale=st.booleans(),
        is_partial=st.booleans(),
    )
    def buy_at_several_tills_at_once(
        self, holder: str, baskets: list[Lines], is_sale: bool, is_partial: bool
    ) -> None:
        """Members of one batch on one account: each sees what the one before it left."""
        kind = "sale" if is_sale else "authorize"
        requests = [
            {"id": self.new_request_id()}
            | self.basket_request(kind, TILLS[number % 3], holder, basket, is_partial)
            for number, basket in enumerate(baskets)
        ]
        answers = self.ledger.run_together(*requests)
        judged = self.judge_together(list(zip(requests, answers, strict=True)))
        self.purchases += [answer["purchase"]["id"] for _, answer in judged if answer["purchase"]]
        self.sent.extend(requests)
        self.ledger.check()
        if judged[-1][1]["reason"] is None:
            assert self.auditor.balances(holder) == self.ledger.balances(holder)


@pytest.mark.timeout(900)  # a failure is shrunk first, which may take minutes
def test_the_ledger_agrees_with_the_auditor_after_every_step(database_url: str) -> None:
    """Whatever tills and department do, and however often they say it: the database holds what is right."""
    # Each step is a batch on the database: a quarter of what the profile asks of every property.
    examples = max(settings().max_examples // 4, 1)
    with LedgerDatabase(database_url) as database:
        machine = type("LedgerMachine", (LedgerMachine,), {"database": database})
        run_state_machine_as_test(machine, settings=settings(max_examples=examples))
        report = database.runner.run(verify(database.connection))
        assert () == report.findings
