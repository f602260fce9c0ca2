"""Reconciliation: what was handed on against what statements say."""

from datetime import timedelta

from gateway.runtime.database import driver_connection
from settlement.payouts.reconciling import FindingKind, Reconciliation, reconcile
from tests.payouts_kit import DAY, Line, Treasury, came_back, camt, onec, paid

KIND = FindingKind


async def compared(treasury: Treasury, days: int = 0) -> Reconciliation:
    """The day of the statements, and some after it."""
    async with driver_connection(treasury.engine) as connection:
        return await reconcile(connection, DAY, DAY + timedelta(days))


def found(one: Reconciliation) -> list[tuple[FindingKind, str, int]]:
    """What does not agree, with the transfer and the sum."""
    return [(finding.kind, finding.transfer, finding.amount_kopecks) for finding in one.findings]


async def test_everything_agrees_when_every_transfer_was_executed(treasury: Treasury) -> None:
    """Sums of both sides beside it; drafts are no transfers yet."""
    for n in (1, 2):
        await treasury.claim(await treasury.merchant(n), 1000 * n)
    one, other = (await treasury.sent()).transfers
    await treasury.claim(await treasury.merchant(4), 7)
    await treasury.made()
    await treasury.imported(onec(paid(one), paid(other), Line(5, "Прочее поступление", is_credit=True)))
    seen = await compared(treasury)
    assert seen.is_whole
    assert (2, 3000, 3000, 0) == (
        seen.transfer_count, seen.transfer_kopecks, seen.executed_kopecks, seen.returned_kopecks,
    )  # fmt: skip
    assert (3, 3000, 5) == (seen.entry_count, seen.debit_kopecks, seen.credit_kopecks)


async def test_what_is_missing_extra_or_differs_is_named(treasury: Treasury) -> None:
    """Each by its transfer or by the entry of the statement."""
    for n in (1, 2, 4, 5):
        await treasury.claim(await treasury.merchant(n), 1000)
    missing, part, back, over = (await treasury.sent()).transfers
    await treasury.imported(
        camt(
            paid(part, 300),
            paid(back),
            came_back(back),
            Line(77, "Аренда", number="99"),
            paid(over),
            paid(over, 1),
        ),
        sets_aside=True,
    )
    assert [
        (KIND.MISSING, missing.end_to_end_id, 1000),
        (KIND.IN_PART, part.end_to_end_id, 700),
        (KIND.RETURNED, back.end_to_end_id, 1000),
        (KIND.EXTRA, "", 77),
        (KIND.DIFFERS, over.end_to_end_id, 1),
        (KIND.NO_STATEMENT, "", 0),
    ] == found(await compared(treasury, days=1))


async def test_a_change_in_the_database_shows(treasury: Treasury) -> None:
    """What is noted of a transfer is the sum of its entries, or somebody wrote it there."""
    await treasury.claim(await treasury.merchant(1), 1000)
    (one,) = (await treasury.sent()).transfers
    await treasury.imported(onec(paid(one)))
    await treasury.sql("UPDATE transfer SET executed_kopecks = 0, state = 'EXPORTED'")
    assert [KIND.BROKEN, KIND.MISSING] == [kind for kind, *_ in found(await compared(treasury))]
