"""Every door of a running gateway under random commands, judged by the same auditor as the pure core.

Tills send what a door lets in, in bytes over mutual TLS; the answers are what the gateway has signed. What is
sent at once may be decided in any order: one order must explain all the answers.
"""

from collections.abc import Callable, Iterator
from copy import deepcopy
from itertools import permutations
from typing import Any

import pytest
from hypothesis import settings
from hypothesis.stateful import run_state_machine_as_test

from gateway.ledger.verify import verify
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests.crash.conftest import MODES
from tests.stateful.door_system import DoorDatabase
from tests.stateful.test_ledger_machine import Answered, LedgerMachine
from tests.stateful.till_machine import Plain, Till
from tests.transports import TRANSPORTS


class DoorMachine(LedgerMachine):
    """The machine at a door."""

    def follow_up(
        self, kind: str, purchase: Plain, till: Till | None, receipt: str = "none", **fields: Any
    ) -> None:
        """What no door lets in is not sent: an attachment of nothing, a capture of a line for nothing."""
        if kind == "capture":
            fields["lines"] = [line for line in fields["lines"] if line["amount"]]
            fields["rounding"] = fields["rounding"] if fields["lines"] else 0
        if kind == "attach" and receipt == "none":
            receipt = "now"
        super().follow_up(kind, purchase, till, receipt, **fields)

    def judge_together(self, answered: Answered) -> Answered:
        """Find the order in which they may have been decided."""
        wrong: AssertionError | None = None
        for order in permutations(answered):
            before = deepcopy(self.auditor)
            try:
                return super().judge_together(list(order))
            except AssertionError as error:
                wrong, self.auditor = error, before
        raise AssertionError("no order explains the answers") from wrong


@pytest.fixture(scope="module", params=MODES)
def database(
    request: pytest.FixtureRequest,
    postgres: EmbeddedPostgres,
    make_database: Callable[[], str],
    valkey: EmbeddedValkey,
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[DoorDatabase]:
    """A gateway of one process or of several, for the examples at all of its doors."""
    folder = tmp_path_factory.mktemp("doors")
    with DoorDatabase(postgres, make_database(), valkey.url, folder, MODES[request.param]) as opened:
        yield opened


@pytest.mark.timeout(900)  # a failure is shrunk first, which may take minutes
@pytest.mark.parametrize("transport", TRANSPORTS)
def test_every_door_agrees_with_the_auditor_after_every_step(database: DoorDatabase, transport: str) -> None:
    """Whatever tills say at a door, and however often: what they are told and what is kept is right."""
    database.transport = transport
    # Six ways share what the ledger's machine has for itself.
    examples = max(settings().max_examples // 25, 1)
    machine = type("DoorMachine", (DoorMachine,), {"database": database})
    run_state_machine_as_test(machine, settings=settings(max_examples=examples))
    report = database.runner.run(verify(database.connection))
    assert () == report.findings
