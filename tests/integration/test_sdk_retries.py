"""What either client sends again, with which id, and what it does not."""

from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path
from uuid import UUID

import pytest
from grpc import StatusCode

from merchant_sdk import (
    ByRequestId,
    DeadlineExceededError,
    InvalidRequestError,
    JournalRecord,
    MemoryJournal,
    Method,
    NotFoundError,
    OverloadedError,
    Reason,
    RequestIdConflictError,
    UnauthenticatedError,
    UnavailableError,
    new_request_id,
)
from tests.sdk_support.faults import Hang, LoseAnswer, Refuse
from tests.sdk_support.tills import FLAVOURS, HOLDER, MILK_AND_BEER, PATIENT, Bench, bench

GONE = Refuse(StatusCode.UNAVAILABLE)
BUSY = Refuse(StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", retry_after_s=0.01)
LOST = LoseAnswer(StatusCode.UNAVAILABLE)
LATE = LoseAnswer(StatusCode.DEADLINE_EXCEEDED)
STOPPED = LoseAnswer(StatusCode.CANCELLED)


@pytest.fixture(params=FLAVOURS)
async def at(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Bench]:
    """A scripted gateway with a till of each flavour before it."""
    async with bench(request.param, tmp_path / "till-1") as opened:
        yield opened


class _RefusingJournal(MemoryJournal):
    def remember(self, record: JournalRecord) -> None:
        raise OSError("the disk is full")


async def test_the_request_id_is_known_before_the_first_byte_is_sent(at: Bench) -> None:
    """A prepared request has its id while nothing has been sent, and arrives under that id."""
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    assert [] == at.gateway.calls
    result = await at.till.send(request)
    assert request.request_id == result.request_id
    assert 7 == request.request_id.version


async def test_the_callback_is_told_the_request_id_before_the_first_byte_is_sent(at: Bench) -> None:
    """`on_request_id` runs while nothing has been sent."""
    told: list[tuple[UUID, int]] = []

    def note(request_id: UUID) -> None:
        told.append((request_id, len(at.gateway.calls)))

    result = await at.till.sale(HOLDER, MILK_AND_BEER, on_request_id=note)
    assert [(result.request_id, 0)] == told


async def test_nothing_is_sent_that_the_journal_cannot_remember(at: Bench) -> None:
    """A journal that fails stops the sale before it leaves the till."""
    async with at.another_till(journal=_RefusingJournal()) as till:
        with pytest.raises(OSError, match="the disk is full"):
            await till.sale(HOLDER, MILK_AND_BEER)
    assert [] == at.gateway.calls


@pytest.mark.parametrize("fault", [LOST, LATE, STOPPED], ids=["unavailable", "deadline", "cancelled"])
async def test_a_lost_answer_is_repaired_with_the_same_bytes(at: Bench, fault: LoseAnswer) -> None:
    """The gateway decided and its answer was lost: the same request again gets that answer, once for all."""
    at.gateway.script(Method.SALE, fault)
    result = await at.till.sale(HOLDER, MILK_AND_BEER)
    first, second = at.gateway.calls_of(Method.SALE)
    assert result.is_approved
    assert first.body == second.body
    assert 404_78 == at.gateway.book.points_taken_kopecks()
    assert () == at.till.open_requests()


async def test_an_answer_that_comes_after_the_deadline_is_fetched_with_the_same_id(at: Bench) -> None:
    """A real deadline passes while the answer is withheld; the second attempt gets the stored one."""
    at.gateway.script(Method.SALE, Hang())
    async with at.another_till(replace(PATIENT, attempt_timeout_s=3.0)) as till:
        await till.get_balance(HOLDER)
        result = await till.sale(HOLDER, MILK_AND_BEER)
    assert result.is_approved
    assert 2 == len(at.gateway.calls_of(Method.SALE))


async def test_a_gateway_that_is_away_for_a_while_is_asked_until_it_is_back(at: Bench) -> None:
    """UNAVAILABLE is retried with back-off as long as there is time."""
    at.gateway.script(Method.CAPTURE, *[GONE] * 5)
    hold = await at.till.authorize(HOLDER, MILK_AND_BEER)
    result = await at.till.capture(hold.purchase.ref)
    assert result.is_approved
    assert 6 == len(at.gateway.calls_of(Method.CAPTURE))


async def test_a_busy_gateway_is_asked_again_after_the_wait_it_names(at: Bench) -> None:
    """RESOURCE_EXHAUSTED with RetryInfo is retried with the same id."""
    at.gateway.script(Method.SALE, BUSY, BUSY)
    result = await at.till.sale(HOLDER, MILK_AND_BEER)
    assert result.is_approved
    assert 1 == len({call.body for call in at.gateway.calls_of(Method.SALE)})


async def test_a_wait_longer_than_the_time_left_is_not_waited_for(at: Bench) -> None:
    """The caller gets OverloadedError at once, with the wait; nothing was done, so nothing stays open."""
    at.gateway.script(Method.SALE, Refuse(StatusCode.RESOURCE_EXHAUSTED, "OVERLOADED", retry_after_s=3600))
    with pytest.raises(OverloadedError) as caught:
        await at.till.sale(HOLDER, MILK_AND_BEER)
    assert 3600 == caught.value.retry_after_s
    assert [Method.SALE] == at.gateway.methods_called
    assert () == at.till.open_requests()


async def test_a_malformed_request_is_not_retried_and_tells_field_and_line(at: Bench) -> None:
    """INVALID_ARGUMENT raises what the gateway said, in the language of the configuration."""
    at.gateway.script(
        Method.SALE,
        Refuse(StatusCode.INVALID_ARGUMENT, "LINE_SUM_MISMATCH", "basket.lines[2].amount_kopecks", 3),
    )
    told: list[UUID] = []
    with pytest.raises(InvalidRequestError) as caught:
        await at.till.sale(HOLDER, MILK_AND_BEER, on_request_id=told.append)
    error = caught.value
    assert Reason.LINE_SUM_MISMATCH is error.reason
    assert ("basket.lines[2].amount_kopecks", 3) == (error.field, error.line_number)
    assert "LINE_SUM_MISMATCH in en" == error.localized_message("en")
    assert told == [error.request_id]
    assert ["basket.lines[2].amount_kopecks"] == [violation.field for violation in error.violations]
    assert [Method.SALE] == at.gateway.methods_called
    assert () == at.till.open_requests()


async def test_a_request_id_with_another_body_is_a_conflict_that_names_the_field(at: Bench) -> None:
    """ALREADY_EXISTS is the till's own fault and is not retried."""
    at.gateway.script(
        Method.SALE, Refuse(StatusCode.ALREADY_EXISTS, "REQUEST_ID_CONFLICT", "basket.total_kopecks")
    )
    with pytest.raises(RequestIdConflictError, match=r"REQUEST_ID_CONFLICT basket\.total_kopecks"):
        await at.till.sale(HOLDER, MILK_AND_BEER)
    assert 1 == len(at.gateway.calls)


async def test_a_revoked_key_is_not_retried(at: Bench) -> None:
    """UNAUTHENTICATED raises at once."""
    at.gateway.script(Method.REFUND, Refuse(StatusCode.UNAUTHENTICATED, "CLIENT_REVOKED"))
    with pytest.raises(UnauthenticatedError):
        await at.till.refund(ByRequestId(new_request_id()))
    assert 1 == len(at.gateway.calls)


async def test_a_purchase_that_is_not_there_yet_is_not_asked_for_again(at: Bench) -> None:
    """NOT_FOUND is told to the caller, who knows whether to wait."""
    with pytest.raises(NotFoundError):
        await at.till.get_purchase(ByRequestId(new_request_id()))
    assert [Method.GET_PURCHASE] == at.gateway.methods_called


async def test_a_read_that_finds_no_gateway_raises_within_its_time(at: Bench) -> None:
    """A read leaves nothing behind, so the last error is raised and nothing is undone."""
    at.gateway.standing_faults[Method.GET_BALANCE] = GONE
    with pytest.raises((UnavailableError, DeadlineExceededError)):
        await at.till.get_balance(HOLDER, timeout_s=0.2)
    assert {Method.GET_BALANCE} == set(at.gateway.methods_called)


async def test_sending_a_settled_request_again_gets_the_same_answer(at: Bench) -> None:
    """One request id has one answer, to the byte."""
    request = at.till.prepare_sale(HOLDER, MILK_AND_BEER)
    assert (await at.till.send(request)) == (await at.till.send(request))
