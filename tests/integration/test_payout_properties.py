"""Whatever order statements come in: never more is paid than approved, and every kopeck has its transfer."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from gateway.runtime.database import driver_connection
from loadtests.demo.applicants import account
from settlement.payouts.entries import apply_entry, dismiss_entry, waiting_entries
from settlement.payouts.errors import PayoutCode, PayoutError
from settlement.payouts.matching import Effect
from settlement.payouts.reconciling import FindingKind, reconcile
from settlement.payouts.storing import TRANSFER, transfer_of
from tests.payouts_kit import DAY, SECOND, Line, Treasury, came_back, camt, onec, paid

AMOUNT = 10


@dataclass(frozen=True)
class Told:
    """One line of a statement, by which transfer it is of."""

    is_return: bool
    nth: int
    kopecks: int


_TOLD = st.builds(Told, st.booleans(), st.integers(0, 3), st.integers(1, AMOUNT))
_STATEMENTS = st.lists(st.lists(_TOLD, min_size=1, max_size=4), min_size=1, max_size=4)
_STEPS = st.tuples(_STATEMENTS, st.booleans(), st.booleans(), st.integers(0, 2))
_DECIDED = st.lists(st.tuples(st.integers(0, 9), st.none() | st.integers(0, 3)), max_size=4)

_SUMS = """
SELECT c.id, c.state, c.approved_kopecks, c.paid_kopecks,
  coalesce(sum(t.executed_kopecks - t.returned_kopecks), 0)::bigint AS kept_kopecks,
  count(*) FILTER (WHERE t.state IN ('DRAFT', 'EXPORTED')) AS open_count,
  coalesce(sum(t.amount_kopecks - t.executed_kopecks)
    FILTER (WHERE t.state IN ('DRAFT', 'EXPORTED')), 0)::bigint AS open_kopecks
FROM claim c LEFT JOIN transfer t ON t.claim_id = c.id GROUP BY c.id ORDER BY c.id"""

_IDENTITY = """
SELECT id, end_to_end_id, payout_id, claim_id, order_number, amount_kopecks, payee::text, purpose
FROM transfer ORDER BY id"""


async def hold(treasury: Treasury, known: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """What always holds; returns the transfers as they are, of which those known before have not changed."""
    async with treasury.work() as connection:
        for row in await connection.fetch(_SUMS):
            assert row["kept_kopecks"] == row["paid_kopecks"] <= row["approved_kopecks"]
            assert row["paid_kopecks"] + row["open_kopecks"] <= row["approved_kopecks"]
            assert 1 >= row["open_count"]
            assert (row["state"] == "PAID") <= (row["paid_kopecks"] == row["approved_kopecks"])
            assert (row["state"] == "RETURNED_BY_BANK") <= (row["open_count"] == 0)
        now = [tuple(row) for row in await connection.fetch(_IDENTITY)]
    assert known == now[: len(known)]
    assert FindingKind.BROKEN not in await found_in(treasury)
    return now


async def found_in(treasury: Treasury) -> list[FindingKind]:
    """What the reconciliation finds."""
    async with driver_connection(treasury.engine) as connection:
        return [one.kind for one in (await reconcile(connection, DAY, DAY)).findings]


async def lines_of(treasury: Treasury, told: Sequence[Told]) -> list[Line]:
    """A bank's lines about the transfers that were handed on."""
    async with treasury.work() as connection:
        rows = await connection.fetch(f"{TRANSFER} WHERE state <> 'DRAFT' ORDER BY id")
    transfers = [transfer_of(row) for row in rows]
    return [
        (came_back if one.is_return else paid)(transfers[one.nth % len(transfers)], one.kopecks)
        for one in told
    ]


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(steps=_STEPS, decided=_DECIDED)
async def test_never_more_is_paid_than_approved(
    treasury: Treasury, steps: Any, decided: list[tuple[int, int | None]]
) -> None:
    """Parts, returns, the same file twice in both formats, new accounts and new transfers between them.

    In the end persons apply or dismiss what was set aside, and the last statement comes once more.
    """
    statements, twice, in_camt, again_after = steps
    await treasury.sql("TRUNCATE statement, transfer, payout, claim_history, claim CASCADE")
    count = await treasury.sql("SELECT count(*) FROM merchant")
    merchants = [await treasury.merchant(count + n) for n in (1, 2)]
    claims = [await treasury.claim(one, AMOUNT) for one in merchants]
    await treasury.sent(*claims)
    known = await hold(treasury, [])
    for n, told in enumerate(statements):
        lines = await lines_of(treasury, told)
        for write in (onec, camt) if twice else ((camt,) if in_camt else (onec,)):
            await treasury.imported(write(*lines), sets_aside=True)
        known = await hold(treasury, known)
        if n >= again_after:
            for merchant, claim in zip(merchants, claims, strict=True):
                await treasury.account(merchant, account(1000 + len(known) + claim))
                await paid_again(treasury, claim)
            known = await hold(treasury, known)
    for nth, to in decided:
        await decide(treasury, nth, to)
        known = await hold(treasury, known)
    again = await treasury.imported(onec(*lines, Line(1, "ещё одна", number="99")), sets_aside=True)
    assert 0 == again.count(Effect.EXECUTED) + again.count(Effect.RETURNED)


async def decide(treasury: Treasury, nth: int, to: int | None) -> None:
    """Apply one of the entries that wait to a transfer, or dismiss it; what cannot be is refused."""
    async with treasury.work() as connection:
        waiting = await waiting_entries(connection)
        rows = await connection.fetch(f"{TRANSFER} WHERE state <> 'DRAFT' ORDER BY id")
    if not waiting:
        return
    name = waiting[nth % len(waiting)].name
    try:
        async with treasury.work() as connection:
            if to is None:
                await dismiss_entry(connection, name, by=SECOND, reason="не наша")
            else:
                target = rows[to % len(rows)]["end_to_end_id"]
                await apply_entry(connection, name, to=target, by=SECOND, reason="письмо")
    except PayoutError as error:
        if error.code not in (PayoutCode.ENTRY_UNFIT, PayoutCode.ENTRY_KNOWN):
            raise


async def paid_again(treasury: Treasury, claim: int) -> None:
    """One more register for a claim, if there is anything to pay."""
    try:
        await treasury.sent(claim)
    except PayoutError as error:
        if error.code not in (PayoutCode.TRANSFER_OPEN, PayoutCode.CLAIM_NOT_PAYABLE):
            raise
