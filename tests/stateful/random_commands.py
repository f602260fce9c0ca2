"""Random commands of tills and of the department, clock jumps, and changes of standing.

Ordinary commands are as frequent as odd ones: a machine that is mostly declined shows little.
"""

from datetime import timedelta

from hypothesis import strategies as st
from hypothesis.stateful import initialize, precondition, rule

from tests.stateful.books import moscow_day
from tests.stateful.till_machine import Lines, Till, TillMachine
from tests.stateful.world import GOODS, HOLDERS, PROGRAMS, TILLS

amounts = st.one_of(st.sampled_from([1, 99, 50_00, 60_00, 75_00, 300_00]), st.integers(1, 200_00))
quantities = st.sampled_from([1000, 2000, 333, 3000, 1])
lines_of_any_goods = st.lists(
    st.tuples(st.sampled_from(sorted(GOODS)), amounts, quantities), min_size=1, max_size=4
)
lines_of_usual_goods = st.lists(
    st.tuples(st.sampled_from(["milk", "fridge", "bread", "toy", "beer"]), st.integers(1, 60_00), quantities),
    min_size=1,
    max_size=4,
)
holders, tills, picks = st.sampled_from(HOLDERS), st.sampled_from(TILLS), st.integers(0, 1000)
programs = st.sampled_from(sorted(PROGRAMS))
receipt_times = st.sampled_from(["none", "now", "in hold", "before", "return"])
mostly_in_hold = st.sampled_from(
    ["in hold", "in hold", "in hold", "in hold", "none", "now", "before", "return"]
)
rarely = st.sampled_from(["none", "none", "in hold"])
own_tills = st.sampled_from(TILLS[:2])
odd_programs = st.sampled_from(["", "", "durable", "keeps_rest", "points_only"])
some_parts = st.lists(st.sampled_from([4, 4, 4, 2, 1, 0, -1]), min_size=4, max_size=4)


class RandomCommands(TillMachine):
    """The rules that every system is driven by."""

    # The department

    @initialize(
        wanted=st.lists(st.tuples(holders, programs, st.integers(1, 400_00), st.integers(0, 4)), max_size=4)
    )
    def begin(self, wanted: list[tuple[str, str, int, int]]) -> None:
        """Nobody can buy anything without certificates."""
        usual = [(holder, program, 150_00, 4) for holder in HOLDERS for program in ("food", "any", "durable")]
        for holder, program, nominal, days in usual + wanted:
            self.issue(holder, program, nominal, days, began=-30, names_own=True)

    @rule(
        holder=holders,
        program=programs,
        nominal=st.sampled_from([30_00, 100_00, 1500_00]),
        days=st.sampled_from([4, 4, 3, 1, 0, -1]),
        began=st.sampled_from([-30, -30, -30, 1, 6]),
        names_own=st.sampled_from([True, True, False]),
    )
    def issue(self, holder: str, program: str, nominal: int, days: int, began: int, names_own: bool) -> None:
        """A certificate whose last day is soon, or was yesterday; some begin only tomorrow."""
        today = moscow_day(self.system.now)
        self.send(
            "issue",
            holder=holder,
            program=program,
            nominal=nominal,
            first=today + timedelta(days=began),
            last=today + timedelta(days=days),
            names_own=names_own,
        )

    @rule(
        what=st.sampled_from(
            ["validity", "validity", "block", "account", "withdraw", "to lapsed", "to available", "expire"]
        ),
        number=picks,
        days=st.sampled_from([-400, -1, 0, 1, 4]),
        is_blocked=st.sampled_from([False, False, True]),
        amount=amounts,
    )
    def steward(self, what: str, number: int, days: int, is_blocked: bool, amount: int) -> None:
        """Acts of the department on a certificate or its account; corrections also above the balance."""
        certificate = self.certificate(number)
        holder = self.auditor.certificates[certificate]["holder"]
        match what:
            case "validity":
                last = moscow_day(self.system.now) + timedelta(days=days)
                self.send("validity", certificate=certificate, last=last)
            case "block":
                self.send("block", holder=holder, certificate=certificate, is_blocked=is_blocked)
            case "account":
                self.send("block", holder=holder, is_blocked=is_blocked)
            case "withdraw":
                self.send("withdraw", certificate=certificate)
            case "expire":
                self.send("expire", holder=holder)
            case _:
                to = what.removeprefix("to ").upper()
                self.send("correct", certificate=certificate, to=to, amount=amount)

    # The tills

    @rule(holder=holders, till=own_tills, basket=lines_of_usual_goods, program=odd_programs)
    def hold(self, holder: str, till: Till, basket: Lines, program: str) -> None:
        """An ordinary basket of usual goods, paid as far as the points go."""
        program = program if self.holds(holder, program) else ""
        self.authorize("authorize", holder, holder, till, basket, 0, program, [], True, None, "none")

    @rule(holder=holders, till=own_tills, basket=lines_of_usual_goods, program=odd_programs, receipt=rarely)
    def sell(self, holder: str, till: Till, basket: Lines, program: str, receipt: str) -> None:
        """The same in one command."""
        program = program if self.holds(holder, program) else ""
        self.authorize("sale", holder, holder, till, basket, 0, program, [], True, None, receipt)

    @rule(number=picks, basket=lines_of_usual_goods)
    def hold_before_the_last_day_ends(self, number: int, basket: Lines) -> None:
        """Ten minutes before a certificate is over: the hold outlives it."""
        certificate = self.auditor.certificates[self.certificate(number)]
        coming = certificate["until"] - timedelta(minutes=10)
        if coming >= self.system.now:
            self.system.now = coming
            self.hold(certificate["holder"], TILLS[0], basket, "")

    def holds(self, holder: str, program: str) -> bool:
        """True if the holder has a certificate of the program."""
        return (holder, program) in {
            (c["holder"], c["program"]) for c in self.auditor.certificates.values() if c["state"] == "ACTIVE"
        }

    @rule(
        kind=st.sampled_from(["authorize", "authorize", "sale"]),
        holder=holders,
        card=st.sampled_from(["", "", "/2"]),
        till=tills,
        basket=lines_of_any_goods,
        rounding=st.sampled_from([0, 0, 1, 99]),
        program=st.one_of(st.just(""), programs),
        chosen=st.one_of(st.just([]), st.lists(picks, max_size=2)),
        partial=st.booleans(),
        replaces=st.one_of(st.none(), picks),
        receipt=receipt_times,
    )
    def buy_oddly(
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
    ) -> None:
        """A basket, at any till, in every manner of asking."""
        card = holder + card
        self.authorize(
            kind, holder, card, till, basket, rounding, program, chosen, partial, replaces, receipt
        )

    @precondition(lambda self: self.in_state("AUTHORIZED"))
    @rule(number=picks, parts=st.one_of(st.none(), some_parts), receipt=receipt_times)
    def capture_hold(self, number: int, parts: list[int] | None, receipt: str) -> None:
        """Before the hold ends, by its own till."""
        purchase = self.auditor.purchases[self.pick(self.in_state("AUTHORIZED"), number)]
        self.capture(purchase, None, parts, 0, receipt)

    @precondition(lambda self: self.in_state("EXPIRED"))
    @rule(number=picks, parts=st.one_of(st.none(), some_parts), receipt=mostly_in_hold)
    def capture_late(self, number: int, parts: list[int] | None, receipt: str) -> None:
        """After the hold ended, with and without a receipt that proves the sale."""
        purchase = self.auditor.purchases[self.pick(self.in_state("EXPIRED"), number)]
        self.capture(purchase, None, parts, 0, receipt)

    @precondition(lambda self: self.in_state("CAPTURED"))
    @rule(
        number=picks,
        parts=st.one_of(st.none(), st.lists(st.sampled_from([0, 1, 333, 1000]), min_size=4, max_size=4)),
        receipt=receipt_times,
    )
    def refund_sold(self, number: int, parts: list[int] | None, receipt: str) -> None:
        """What is left of a captured purchase, or some quantity of some lines."""
        purchase = self.auditor.purchases[self.pick(self.in_state("CAPTURED"), number)]
        self.refund(purchase, None, parts, receipt)

    @precondition(lambda self: self.in_state("AUTHORIZED") or self.in_state("CAPTURED"))
    @rule(number=picks)
    def void_soon(self, number: int) -> None:
        """A hold or a sale, by its own till."""
        chosen = self.pick(self.in_state("AUTHORIZED") + self.in_state("CAPTURED"), number)
        self.follow_up("void", self.auditor.purchases[chosen], None)

    @precondition(lambda self: self.purchases)
    @rule(
        kind=st.sampled_from(["capture", "void", "refund", "attach", "attach"]),
        number=picks,
        till=st.one_of(st.none(), tills),
        parts=st.one_of(st.none(), some_parts),
        rounding=st.sampled_from([0, 1, 99]),
        receipt=receipt_times,
    )
    def follow_up_oddly(
        self, kind: str, number: int, till: Till | None, parts: list[int] | None, rounding: int, receipt: str
    ) -> None:
        """Anything about any purchase from any till."""
        purchase = self.auditor.purchases[self.pick(self.purchases, number)]
        match kind:
            case "capture":
                self.capture(purchase, till, parts, rounding, receipt)
            case "refund":
                self.refund(purchase, till, parts, receipt)
            case _:
                self.follow_up(kind, purchase, till, "none" if kind == "void" else receipt)

    # Time and standing

    @rule(minutes=st.sampled_from([1, 10, 31, 31, 45, 24 * 60, 73 * 60]))
    def wait(self, minutes: int) -> None:
        """Some minutes, or over midnight, or beyond late captures."""
        self.system.now += timedelta(minutes=minutes)

    @rule(number=picks, seconds=st.sampled_from([0, 0, -1, 1]))
    def wait_for_an_end(self, number: int, seconds: int) -> None:
        """To the very end of a hold or of a certificate, a second before it or after."""
        ends = [p["until"] for p in self.auditor.purchases.values() if p["state"] == "AUTHORIZED"]
        ends += [c["until"] for c in self.auditor.certificates.values()]
        coming = sorted({end for end in ends if end > self.system.now}, reverse=True)
        if coming:
            self.system.now = max(self.system.now, self.pick(coming, number) + timedelta(seconds=seconds))

    @rule(
        till=tills,
        what=st.sampled_from(["merchant", "outlet", "terminal", "card"]),
        ago=st.sampled_from([-1, 0, 29, 30]),
        holder=holders,
    )
    def change_standing(self, till: Till, what: str, ago: int, holder: str) -> None:
        """Stop a holder's second card, suspend a merchant, disable an outlet or a terminal.

        Cards stay stopped; the others are reinstated by the next change.
        """
        merchant, outlet, terminal = till
        if what == "card":
            self.system.stop_card(f"{holder}/2")
            self.auditor.stopped_cards.add(f"{holder}/2")
        elif self.system.suspended_at or self.system.disabled:
            self.system.suspended_at.clear()
            self.system.disabled.clear()
        elif what == "merchant":
            self.system.suspended_at[merchant] = self.system.now - timedelta(days=ago)
        else:
            self.system.disabled.add(outlet if what == "outlet" else terminal)
        self.auditor.suspended_at = dict(self.system.suspended_at)
        self.auditor.disabled = set(self.system.disabled)
