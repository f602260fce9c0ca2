"""Truth 9 under any order of captures, refunds, receipts, builds, filings, cuts, payments and demands."""

from collections.abc import Callable, Iterator
from datetime import date
from enum import Enum
from typing import Any, TypeVar

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from gateway.domain.settlement_terms import OverLimit, Period
from settlement.claims.demand_model import Demand
from settlement.claims.demands import offset, returned, sue
from settlement.claims.errors import ClaimCode
from settlement.claims.model import Claim
from settlement.claims.states import ClaimState, ClaimStep
from settlement.errors import SettlementError
from settlement.review.errors import ReviewCode
from settlement.review.objections import REOPENS
from tests.claims_kit import CLERK
from tests.stateful.claims_system import NOW, ClaimsDatabase, ClaimsSystem, Sold

MONTHS = tuple(date(2026 + n // 12, n % 12 + 1, 1) for n in range(9, 15))
"""October to March: two quarters, over the end of a budget year."""

Rule = TypeVar("Rule", bound=Callable[..., None])

picks = st.integers(0, 1000)
months = st.sampled_from(MONTHS)
days = st.dates(MONTHS[1], date(2027, 2, 28))
kopecks = st.integers(1, 500)
verdicts = st.sampled_from(("REFUSED", "REFUSED_FOR_GOOD"))
parts = st.dictionaries(st.sampled_from(("FOOD", "CLOTHES")), kopecks, min_size=1)

baskets = st.lists(st.tuples(days, parts), min_size=1, max_size=4)
terms = st.fixed_dictionaries(
    {
        "period": st.sampled_from(Period),
        "may_net_refunds": st.booleans(),
        "over_limit": st.sampled_from(OverLimit),
        "evidence": st.integers(0, 1),
        "revenue_kbk": st.just("1" * 20),
    }
)

NO_DRAFT = (
    ClaimCode.NOTHING_TO_CLAIM, ClaimCode.CLAIM_ACCEPTED, ClaimCode.PERIOD_UNFIT, ClaimCode.PERIOD_FILED
)  # fmt: skip
NOT_FILED = (
    ClaimCode.CLAIM_STALE, ClaimCode.NET_NOT_POSITIVE, ClaimCode.CLAIM_ACCEPTED, ClaimCode.LIMIT_EXCEEDED,
    ClaimCode.TERMS_CHANGED, ClaimCode.PERIOD_UNFIT, ClaimCode.PERIOD_FILED,
)  # fmt: skip

_S = ClaimState
UNPAID = (_S.APPROVED, _S.APPROVED_IN_PART, _S.PAYABLE, _S.PARTLY_PAID)


def there_is(*states: ClaimState) -> Callable[[Rule], Rule]:
    """Only while there is a claim in one of some states."""
    return precondition(lambda self: any(one.state in states for one in self.claims))


class ClaimsMachine(RuleBasedStateMachine):
    """One agreement, whose kopecks are counted after every step."""

    database: ClaimsDatabase
    system: ClaimsSystem

    @initialize(
        ceiling=st.none() | st.integers(300, 3000),
        limits=st.dictionaries(st.sampled_from((2026, 2027)), st.integers(300, 3000)),
        said=terms,
        first=baskets,
    )
    def begin(
        self,
        ceiling: int | None,
        limits: dict[int, int],
        said: dict[str, Any],
        first: list[tuple[date, dict[str, int]]],
    ) -> None:
        """An agreement with terms of its own, under which something was sold."""
        self.ceiling = ceiling
        self.claims: list[Claim] = []
        self.waiting: list[Demand] = []
        self.period: Period = said["period"]
        self.system = self.database.make_system(ceiling, limits, said)
        self.sell(first, has_receipt=True)

    def run(self, work: Any) -> Any:
        """Wait for a piece of work."""
        return self.database.run(work)

    def pick(self, number: int, *states: ClaimState) -> Claim:
        """One of the claims in some states."""
        found = [one for one in self.claims if one.state in states]
        return found[number % len(found)]

    def allow(self, work: Any, *codes: Enum) -> Any:
        """What came of it, or None if it was refused for one of these reasons."""
        try:
            return self.run(work)
        except SettlementError as error:
            if error.code not in codes:
                raise
            return None

    @rule(sold=baskets, has_receipt=st.booleans())
    def sell(self, sold: list[tuple[date, dict[str, int]]], has_receipt: bool) -> None:
        """Captures of any day, early or late."""
        for day, part in sold:
            self.run(self.system.capture(day, part, has_receipt=has_receipt))

    @precondition(lambda self: any(not s.has_receipt and not s.is_void for s in self.system.sold))
    @rule(number=picks)
    def attach(self, number: int) -> None:
        """A receipt comes after its sale."""
        waiting = [s for s in self.system.sold if not s.has_receipt and not s.is_void]
        self.run(self.system.attach(waiting[number % len(waiting)]))

    @precondition(lambda self: any(sum(s.left.values()) for s in self.system.sold))
    @rule(number=picks, share=st.integers(1, 4))
    def refund(self, number: int, share: int) -> None:
        """A part of a purchase, or the whole of it, comes back."""
        left = [s for s in self.system.sold if sum(s.left.values())]
        of: Sold = left[number % len(left)]
        back = {c: -(-k * share // 4) for c, k in of.left.items() if k}
        self.run(self.system.refund(of, back))

    @precondition(lambda self: any(self.is_voidable(s) for s in self.system.sold))
    @rule(number=picks)
    def void(self, number: int) -> None:
        """A capture without a receipt is undone."""
        fit = [s for s in self.system.sold if self.is_voidable(s)]
        self.run(self.system.void(fit[number % len(fit)]))

    @staticmethod
    def is_voidable(of: Sold) -> bool:
        """Nothing stands on it yet."""
        return not of.is_void and not of.has_receipt and of.left == of.kopecks

    @there_is(_S.DRAFT, _S.FILED)
    @rule(said=terms)
    def amend(self, said: dict[str, Any]) -> None:
        """An addendum, also in the middle of a quarter."""
        self.period = said["period"]
        self.run(self.system.amend(said))

    def first_day(self, month: date) -> date:
        """The first day of the period that has a month."""
        return month if self.period is Period.MONTH else month.replace(month=(month.month - 1) // 3 * 3 + 1)

    @rule(month=months)
    def build(self, month: date) -> None:
        """Build a draft; built once more it is the same, byte for byte."""
        draft = self.allow(self.system.build(month), *NO_DRAFT)
        if draft is not None:
            again = self.run(self.system.build(month))
            assert (draft.id, draft.lines_sha256) == (again.id, again.lines_sha256)

    @there_is(_S.DRAFT)
    @rule(number=picks)
    def file_later(self, number: int) -> None:
        """A draft that things may have happened since."""
        draft = self.pick(number, _S.DRAFT)
        self.allow(self.system.file(draft), *NOT_FILED)

    @rule(month=months)
    def build_and_file(self, month: date) -> None:
        """What was built just now is never stale."""
        draft = self.allow(self.system.build(self.first_day(month)), *NO_DRAFT)
        if draft is not None:
            self.allow(self.system.file(draft), ClaimCode.NET_NOT_POSITIVE)

    @rule(month=months)
    def claim_and_pay(self, month: date) -> None:
        """A period goes all its way without an objection."""
        draft = self.allow(self.system.build(self.first_day(month)), *NO_DRAFT)
        filed = None if draft is None else self.allow(self.system.file(draft), ClaimCode.NET_NOT_POSITIVE)
        if filed is not None:
            self.run(self.system.step(filed, ClaimStep.TAKE_UP))
            self.run(self.system.decide(filed, [], "REFUSED"))
            self.run(self.system.step(filed, ClaimStep.MAKE_PAYABLE))
            [claim] = [one for one in self.run(self.system.claims(_S.PAYABLE)) if one.id == filed.id]
            self.run(self.system.pay(claim, claim.net_kopecks))

    @there_is(_S.FILED, _S.UNDER_REVIEW)
    @rule(number=picks, month=months, more=kopecks, verdict=verdicts)
    def give_back_before_the_decision(self, number: int, month: date, more: int, verdict: str) -> None:
        """Something comes back while its claim is looked at, another one is filed, and its sale is cut."""
        claim = self.pick(number, _S.FILED, _S.UNDER_REVIEW)
        claimed = self.run(self.system.purchases_of(claim))
        left = [s for s in self.system.sold if s.id in claimed and any(s.left.values())]
        if left:
            of = left[number % len(left)]
            self.run(self.system.refund(of, {c: -(-k // 4) for c, k in of.left.items() if k}))
            self.run(self.system.capture(of.day, {"FOOD": more}, has_receipt=True))
            self.build_and_file(month)
        [claim] = [one for one in self.run(self.system.claims()) if one.id == claim.id]
        if claim.state is _S.FILED:
            self.run(self.system.step(claim, ClaimStep.TAKE_UP))
        if claim.state in (_S.FILED, _S.UNDER_REVIEW):
            self.run(self.system.decide(claim, [one.id for one in left], verdict))

    @there_is(_S.FILED)
    @rule(number=picks)
    def take_up(self, number: int) -> None:
        """The department begins."""
        self.run(self.system.step(self.pick(number, _S.FILED), ClaimStep.TAKE_UP))

    @there_is(_S.UNDER_REVIEW)
    @rule(number=picks)
    def send_back(self, number: int) -> None:
        """The department wants a correction."""
        self.run(self.system.step(self.pick(number, _S.UNDER_REVIEW), ClaimStep.RETURN_TO_MERCHANT))

    @there_is(_S.UNDER_REVIEW)
    @rule(
        number=picks,
        refused=st.lists(picks, max_size=3),
        verdict=st.sampled_from(("REFUSED", "REFUSED_FOR_GOOD")),
    )
    def decide(self, number: int, refused: list[int], verdict: str) -> None:
        """Some purchases are cut out of a claim."""
        claim = self.pick(number, _S.UNDER_REVIEW)
        sold = [s.id for s in self.system.sold]
        self.run(self.system.decide(claim, [sold[n % len(sold)] for n in refused], verdict))

    @there_is(*REOPENS)
    @rule(number=picks)
    def object_to(self, number: int) -> None:
        """An objection is upheld: the review opens again."""
        claim = self.pick(number, *REOPENS)
        codes = ReviewCode.NOTHING_TO_OBJECT, ReviewCode.LINES_CLAIMED_AGAIN, ClaimCode.LIMIT_EXCEEDED
        self.allow(self.system.object_to(claim), *codes)

    @there_is(*UNPAID)
    @rule(number=picks, share=st.integers(1, 3))
    def pay(self, number: int, share: int) -> None:
        """A part or the rest is paid."""
        claim = self.pick(number, *UNPAID)
        if claim.state in (_S.APPROVED, _S.APPROVED_IN_PART):
            self.run(self.system.step(claim, ClaimStep.MAKE_PAYABLE))
        left = (claim.approved_kopecks or 0) - claim.paid_kopecks
        self.run(self.system.pay(claim, -(-left * share // 3)))

    @there_is(_S.PAID, _S.RETURNED_BY_BANK)
    @rule(number=picks)
    def bounce(self, number: int) -> None:
        """The bank sends the money back, and it is paid again later."""
        claim = self.pick(number, _S.PAID, _S.RETURNED_BY_BANK)
        if claim.state is _S.PAID:
            self.run(self.system.bounce(claim))
        else:
            self.run(self.system.step(claim, ClaimStep.PAY_AGAIN))

    @there_is(_S.PAID)
    @rule(is_last=st.booleans())
    def demand(self, is_last: bool) -> None:
        """What can lower no claim is demanded back."""
        self.run(self.system.demand(is_last=is_last))

    @precondition(lambda self: self.waiting)
    @rule(number=picks, what=st.sampled_from(("return", "offset", "sue")), share=st.integers(1, 2))
    def answer_demand(self, number: int, what: str, share: int) -> None:
        """Money comes back, the demand is given up, or it goes to court."""
        one, connection = self.waiting[number % len(self.waiting)], self.system.connection
        if what == "return":
            work = returned(connection, one.id, -(-one.left_kopecks * share // 2), by=CLERK)
        elif what == "sue":
            work = sue(connection, one.id, by=CLERK)
        else:
            work = offset(connection, one.id, on=NOW.date(), by=CLERK)
        codes = (ClaimCode.DEMAND_STEP_NOT_ALLOWED, ClaimCode.DEMAND_OTHER_YEAR)
        self.allow(self.system.in_transaction(work), *codes)

    @invariant()
    def every_kopeck_is_in_one_place(self) -> None:
        """Truth 9, and the ledger's sums are those of the machine's own count."""
        self.claims = self.run(self.system.claims())
        self.waiting = self.run(self.system.demands())
        found = self.run(self.system.identity())
        assert found.holds, found
        counted = (self.system.captured_kopecks, self.system.refunded_kopecks)
        assert counted == (found.captured_kopecks, found.refunded_kopecks)
        assert found.not_netted_kopecks >= 0
        claimed = found.under_review_kopecks + found.approved_kopecks + found.paid_kopecks
        if self.ceiling is not None:
            assert claimed <= self.ceiling
        assert not self.run(self.system.lowered()), "a purchase takes more from claims than it brings"
        assert all(use.left_kopecks >= 0 for use in self.run(self.system.budgets()))


@pytest.fixture
def database(database_url: str) -> Iterator[ClaimsDatabase]:
    """A database with a clock that stands still."""
    made = ClaimsDatabase(database_url)
    yield made
    made.close()


def test_truth_9_holds_for_any_order_of_what_happens(database: ClaimsDatabase) -> None:
    """After every step each captured kopeck is in one place, and claims stay below the ceiling."""
    machine = type("Machine", (ClaimsMachine,), {"database": database})
    examples = max(settings().max_examples // 6, 1)
    run_state_machine_as_test(machine, settings=settings(max_examples=examples, stateful_step_count=30))
