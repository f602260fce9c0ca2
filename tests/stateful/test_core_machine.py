"""The pure core under random commands and clock jumps, judged by the auditor after every step.

Shows that `decide` alone keeps the truths of design section 2 that need no database: 1 to 5 (but for the
outcomes), 7, 8 and 12.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test
from msgspec.structs import replace

from gateway.domain.certificate import Account, Entry
from gateway.domain.decide import decide
from gateway.domain.policy import Context, Standing
from gateway.domain.purchase import Purchase
from gateway.goods.sources import goods_by
from tests.builders import check_balances
from tests.stateful.plain import Plain, answer_of, command_of
from tests.stateful.random_commands import RandomCommands
from tests.stateful.till_machine import System
from tests.stateful.world import HOLDERS, LISTS, POLICY, START, agreements_of


class CoreSystem:
    """`decide` with two accounts in memory: what the ledger does around it, without a database."""

    def __init__(self) -> None:
        self.now: datetime = START
        self.suspended_at: dict[int, datetime] = {}
        self.disabled: set[int] = set()
        self.stopped_cards: set[str] = set()
        self.accounts = {
            holder: Account(number, 0, START, False, {}, {}) for number, holder in enumerate(HOLDERS, start=1)
        }
        self.entries: dict[str, list[Entry]] = {holder: [] for holder in HOLDERS}
        self.declined: dict[UUID, Purchase] = {}
        self.holder_of: dict[UUID, str] = {}
        self.made = 0

    def run(self, request: Plain) -> Plain:
        """Find the account, decide, keep what was approved."""
        command, target_id = command_of(request), self.target_of(request)
        holder = self.account_holder(request, target_id)
        account = self.accounts[holder]
        if target_id in self.declined and self.holder_of[target_id] == holder:
            # The ledger reads a declined purchase along with its account where a command names it.
            known = {**account.purchases, target_id: self.declined[target_id]}
            account = replace(account, purchases=known)
        self.made += 1
        operation_id = UUID(int=int(self.now.timestamp() * 1000) << 80 | 7 << 76 | 2 << 62 | self.made)
        context = Context(
            now=self.now,
            operation_id=operation_id,
            policy=POLICY,
            lists=LISTS,
            goods=goods_by(LISTS),
            standing=self.standing(*request["till"]) if "till" in request else None,
            card_stopped=request.get("card") in self.stopped_cards,
        )
        decided = decide(account, command, target_id, context)
        outcome = decided.outcome
        if outcome.is_approved:
            self.accounts[holder] = decided.account
            self.entries[holder].extend(decided.entries)
        else:
            assert decided.account is account
            assert not decided.entries
            if outcome.purchase and outcome.purchase.id == operation_id:
                self.declined[operation_id] = outcome.purchase
        self.holder_of[operation_id] = holder
        return answer_of(outcome)

    def target_of(self, request: Plain) -> UUID | None:
        """The purchase that a request names or replaces, if it is one of its merchant."""
        name = request.get("purchase") or request.get("replaces")
        return UUID(name) if name else None

    def account_holder(self, request: Plain, target_id: UUID | None) -> str:
        """Whose account a request is decided on."""
        if "holder" in request:
            return str(request["holder"])
        thing = request["certificate"] if "certificate" in request else request["purchase"]
        return self.holder_of[UUID(thing)]

    def standing(self, merchant: int, outlet: int, terminal: int) -> Standing:
        """What the registry would say of a till."""
        return Standing(
            merchant_id=merchant,
            outlet_id=outlet,
            terminal_id=terminal,
            suspended_at=self.suspended_at.get(merchant),
            is_outlet_enabled=outlet not in self.disabled,
            is_terminal_enabled=terminal not in self.disabled,
            agreements=agreements_of(merchant),
        )

    def stop_card(self, card: str) -> None:
        """Put a card on the stop list."""
        self.stopped_cards.add(card)

    def balances(self, holder: str) -> dict[str, tuple[int, int, int, int]]:
        """(available, held, spent, lapsed) of each certificate of a holder."""
        return {
            str(c.id): (c.available_kopecks, c.held_kopecks, c.spent_kopecks, c.lapsed_kopecks)
            for c in self.accounts[holder].certificates.values()
        }

    def picture(self) -> Any:
        """The accounts themselves: they are values."""
        return dict(self.accounts)

    def check(self) -> None:
        """Entries sum to balances, balances to the nominal."""
        for holder, account in self.accounts.items():
            check_balances(account.certificates, self.entries[holder])


class CoreMachine(RandomCommands):
    """The machine on the pure core."""

    def make_system(self) -> System:
        """Two accounts in memory."""
        return CoreSystem()

    def new_request_id(self) -> str:
        """The core keeps no outcomes; the ids only have to differ."""
        return str(UUID(int=len(self.sent) + 1))


@pytest.mark.timeout(900)  # a failure is shrunk first, which may take minutes
def test_the_pure_core_agrees_with_the_auditor_after_every_step() -> None:
    """Whatever tills and department do, and whenever: no point is made or lost, no rule is broken."""
    # Cheap enough for more examples than the profile asks of every property.
    examples = max(200, settings().max_examples)
    run_state_machine_as_test(CoreMachine, settings=settings(max_examples=examples))
