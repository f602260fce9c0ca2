"""What is near its deadline or missed, of everything that has one."""

from datetime import date, datetime, timedelta
from uuid import UUID

from settlement.claims.moving import move
from settlement.claims.states import ClaimState, ClaimStep
from settlement.review.deadlines import Duty
from settlement.review.reminders import Reminder, reminders, running
from tests.review_kit import OPERATOR, SALES, Archive
from tests.signing_kit import AT

TODAY = AT.date()
"""Tuesday, 15 December 2026."""
SOLD = """
INSERT INTO entry (operation_id, n, kind, certificate_id, account_id, purchase_id, agreement_id, sale_date,
  source, target, amount_kopecks, decided_at)
VALUES ($1, 1, 'CAPTURE', $1, 1, $1, $2, $3, 'HELD', 'SPENT', 10000, $4)"""


async def told(archive: Archive, today: date = TODAY) -> list[tuple[Duty, date, bool]]:
    """Duties that people are reminded of."""
    found: list[Reminder] = await reminders(archive.connection, today)
    return [(one.due.duty, one.due.day, one.is_missed) for one in found]


async def step(archive: Archive, claim_id: int, *steps: ClaimStep) -> None:
    """Move a claim."""
    for one in steps:
        async with archive.connection.transaction():
            await move(archive.connection, claim_id, one, by=OPERATOR, reason="акт", approved_by="second")


async def test_a_draft_is_to_be_filed_and_a_filed_claim_reviewed(archive: Archive) -> None:
    """Nothing yet on the 15th; three working days before the 21st and from then on."""
    claim_id = await archive.claim(state=ClaimState.DRAFT)
    assert [] == await told(archive)
    assert [(Duty.FILE, date(2026, 12, 21), False)] == await told(archive, date(2026, 12, 16))
    assert [(Duty.FILE, date(2026, 12, 21), True)] == await told(archive, date(2026, 12, 22))
    await step(archive, claim_id, ClaimStep.FILE)
    assert [] == await told(archive, date(2026, 12, 22))
    assert [(Duty.REVIEW, date(2026, 12, 29), True)] == await told(archive, date(2026, 12, 30))
    assert [Duty.REVIEW] == [one.duty for one in await running(archive.connection, claim_id)]
    assert [] == await running(archive.connection, 999)


async def test_a_draft_that_is_never_filed_is_not_asked_for(archive: Archive) -> None:
    """More came back than was sold: nothing is claimed."""
    claim_id = await archive.claim(SALES, state=ClaimState.DRAFT)
    await archive.connection.execute(
        "UPDATE claim SET returned_kopecks = sale_kopecks WHERE id = $1", claim_id
    )
    assert [] == await told(archive, date(2027, 2, 1))


async def test_an_opened_review_and_a_new_transfer_have_terms_of_their_own(archive: Archive) -> None:
    """Counted from the day on which the review opened again, or the money was to be sent again."""
    claim_id = await archive.claim(state=ClaimState.UNDER_REVIEW)
    await step(archive, claim_id, ClaimStep.APPROVE_IN_PART)
    later = AT + timedelta(days=7)
    await archive.set_clock(later)
    await step(archive, claim_id, ClaimStep.REOPEN)
    assert [(Duty.REVIEW, date(2027, 1, 14), True)] == await told(archive, date(2027, 1, 15))
    await step(archive, claim_id, ClaimStep.APPROVE, ClaimStep.MAKE_PAYABLE)
    assert [(Duty.PAY, date(2027, 1, 14), True)] == await told(archive, date(2027, 1, 15))
    await archive.set_clock(datetime(2027, 1, 18, 9, tzinfo=AT.tzinfo))
    await step(archive, claim_id, ClaimStep.RETURN_BY_BANK)
    assert [] == await told(archive, date(2027, 1, 18))
    await step(archive, claim_id, ClaimStep.PAY_AGAIN)
    assert [(Duty.PAY, date(2027, 2, 1), False)] == await told(archive, date(2027, 2, 1))


async def test_objections_and_demands_are_told_of(archive: Archive) -> None:
    """By the days that were fixed when they began; what is answered and returned is not."""
    claim_id = await archive.claim(state=ClaimState.REFUSED)
    await archive.connection.execute(
        "INSERT INTO claim_objection (claim_id, line_numbers, text, made_by, answer_by)"
        " VALUES ($1, '{}', 'чек есть', 'first', $2)",
        claim_id, TODAY,
    )  # fmt: skip
    await archive.connection.execute(
        "INSERT INTO return_demand (agreement_id, operation_id, program_code, amount_kopecks, reason,"
        " revenue_kbk, purpose, demanded_on, due_on) VALUES ($1, $2, 'FOOD', 100, '-', '', '-', $3, $4)",
        archive.agreement_id, UUID(int=1), TODAY - timedelta(days=20), TODAY - timedelta(days=1),
    )  # fmt: skip
    assert [
        (Duty.RETURN, TODAY - timedelta(days=1), True),
        (Duty.ANSWER, TODAY, False),
    ] == await told(archive)
    await archive.connection.execute("UPDATE return_demand SET state = 'RETURNED'")
    await archive.connection.execute(
        "UPDATE claim_objection SET state = 'DISMISSED', answer = 'нет', answered_by = 'second',"
        " answered_at = tillgate_now()"
    )
    assert [] == await told(archive)


async def test_an_agreement_under_which_was_sold_owes_a_claim(archive: Archive) -> None:
    """Until one is drafted; a discarded draft is none; without sales nothing is owed."""
    filing = date(2026, 12, 21)
    assert [] == await told(archive, filing)
    await archive.connection.execute(SOLD, UUID(int=1), archive.agreement_id, date(2026, 11, 30), AT)
    assert [(Duty.FILE, filing, False)] == await told(archive, filing)
    await archive.claim(state=ClaimState.DISCARDED)
    assert [(Duty.FILE, filing, False)] == await told(archive, filing)
    await archive.claim()
    assert Duty.FILE not in [duty for duty, _, _ in await told(archive, filing)]


async def test_an_agreement_that_claims_by_quarters_owes_one_after_the_quarter(archive: Archive) -> None:
    """Not in December; in January for October to December."""
    await archive.settle_terms(period="QUARTER")
    await archive.connection.execute(SOLD, UUID(int=1), archive.agreement_id, date(2026, 11, 30), AT)
    assert [] == await told(archive, date(2026, 12, 21))
    assert [(Duty.FILE, date(2027, 1, 20), False)] == await told(archive, date(2027, 1, 20))
