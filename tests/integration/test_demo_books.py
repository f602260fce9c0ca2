"""The demo's proof can fail: an answer or a balance that is wrong by a kopeck is found by the books."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from loadtests.demo.books import Books
from loadtests.demo.checks import Part, check_purchase, check_quote, expected_refund
from loadtests.demo.proof import compare_card
from merchant_sdk import (
    Balance,
    Basket,
    CertificateBalance,
    CertificateShare,
    CommandKind,
    Decision,
    Line,
    LineReason,
    Notice,
    Purchase,
    PurchaseLine,
    PurchaseResult,
    PurchaseState,
    Quote,
    Reason,
    Refund,
    RefundedLine,
    RefundLine,
    RefundResult,
    SignedBytes,
)

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
CERTIFICATE = UUID(int=7)
BREAD = Line.piece("ХЛЕБ", unit_price_kopecks=50_00, pieces=2, okpd2="10.71.11")
BEER = Line.piece("ПИВО", unit_price_kopecks=89_90, okpd2="11.05.10.120", payment_subject=30)
BASKET = Basket.of(BREAD, BEER)
POINTS = 100_00


def judged(number: int, line: Line, points: int, *, captured: bool = False) -> PurchaseLine:
    """A line as the gateway answers it."""
    return PurchaseLine(
        line_number=number,
        quantity_milli=line.quantity_milli,
        amount_kopecks=line.amount_kopecks,
        approved_kopecks=points,
        reason=LineReason.ALLOWED if points else LineReason.PROHIBITED,
        rule_id="",
        list_version="",
        evidence_source="declared",
        notice=Notice(),
        shares=(CertificateShare(CERTIFICATE, "food", points, 0),) if points else (),
        captured_quantity_milli=line.quantity_milli * captured,
        captured_amount_kopecks=line.amount_kopecks * captured,
        captured_points_kopecks=points * captured,
        refunded_quantity_milli=0,
        refunded_amount_kopecks=0,
        refunded_points_kopecks=0,
        capped_by_ceiling=False,
    )


def purchase(*, captured: bool) -> Purchase:
    """Bread by points, beer by own money."""
    return Purchase(
        purchase_id=UUID(int=1),
        request_id=UUID(int=2),
        state=PurchaseState.CAPTURED if captured else PurchaseState.AUTHORIZED,
        authorized_at=NOW,
        hold_expires_at=NOW + timedelta(minutes=30),
        captured_at=NOW if captured else None,
        sale_date=NOW.date() if captured else None,
        is_late=False,
        total_kopecks=BASKET.total_kopecks,
        rounding_kopecks=0,
        eligible_kopecks=POINTS,
        certificate_kopecks=POINTS,
        own_money_kopecks=BASKET.total_kopecks - POINTS,
        refunded_kopecks=0,
        shortfall_kopecks=0,
        rest_lapses_kopecks=0,
        approved_partially=False,
        lines=(judged(1, BREAD, POINTS, captured=captured), judged(2, BEER, 0, captured=captured)),
        certificates=(CertificateShare(CERTIFICATE, "food", POINTS, 0),),
        receipts=(),
        outlet_id=1,
        terminal_id=1,
    )


def sold() -> PurchaseResult:
    """The answer of a Sale of the basket."""
    return PurchaseResult(
        **_answer(CommandKind.SALE),
        purchase_if_any=purchase(captured=True),
        available_kopecks=0,
        card_stopped_meanwhile=False,
    )


def refunded(*lines: RefundedLine, own_money_kopecks: int = 0) -> RefundResult:
    """The answer of a Refund."""
    points = sum(line.points_kopecks for line in lines)
    made = Refund(
        refund_id=uuid4(),
        lines=lines,
        points_kopecks=points,
        own_money_kopecks=own_money_kopecks,
        certificates=(CertificateShare(CERTIFICATE, "food", points, points),) if points else (),
        lapsed_kopecks=0,
    )
    return RefundResult(
        **_answer(CommandKind.REFUND), purchase_if_any=purchase(captured=True), refund_if_any=made
    )


def _answer(kind: CommandKind) -> dict[str, Any]:
    return {
        "request_id": uuid4(), "kind": kind, "decision": Decision.APPROVED, "reason": Reason.UNSPECIFIED,
        "notice": Notice(), "decided_at": NOW, "merchant_id": 1, "terminal_id": 1, "concentrator_id": 0,
        "signed": SignedBytes(uuid4().bytes, b"", ""),
    }  # fmt: skip


def balance(available_kopecks: int, held_kopecks: int = 0) -> Balance:
    """A card with the one certificate."""
    certificate = CertificateBalance(
        certificate_id=CERTIFICATE,
        program_code="food",
        program_name_ru="",
        program_name_en="",
        available_kopecks=available_kopecks,
        held_kopecks=held_kopecks,
        last_day=date(2026, 12, 31),
        is_one_shot=False,
        allows_own_money=True,
        is_usable=True,
    )
    return Balance((certificate,), NOW, Reason.UNSPECIFIED, Notice())


def test_a_right_answer_is_found_right() -> None:
    """Nothing is wrong with bread by points and beer by own money."""
    books = Books()
    assert books.purchased(BASKET, sold()) is not None
    assert [] == books.wrong


@pytest.mark.parametrize(
    ("changes", "problem"),
    [
        ({"certificate_kopecks": POINTS - 1}, "points and own money do not make the total"),
        ({"total_kopecks": 1}, "total 1 instead of"),
        ({"certificates": ()}, "the certificates do not make"),
        ({"lines": (judged(1, BREAD, POINTS),)}, "other lines"),
        ({"lines": (judged(1, BREAD, POINTS - 1), judged(2, BEER, 0))}, "the lines do not make"),
        ({"lines": (judged(1, BREAD, 10_10), judged(2, BEER, 89_90))}, "points for «ПИВО»"),
    ],
)
def test_a_wrong_answer_is_found_wrong(changes: dict[str, Any], problem: str) -> None:
    """A kopeck more or less, a line that is missing, a beer by points."""
    wrong = replace(purchase(captured=False), **changes)
    assert any(problem in found for found in check_purchase(BASKET, wrong, is_approved=True))


def test_points_of_a_declined_purchase_are_found() -> None:
    """What is declined takes nothing."""
    problems = check_purchase(BASKET, purchase(captured=False), is_approved=False)
    assert any("on a declined purchase" in found for found in problems)


def test_one_request_with_two_answers_is_found() -> None:
    """The same bytes for ever, or the books say so."""
    books, first = Books(), sold()
    books.answered(first.request_id, first)
    books.answered(first.request_id, replace(first, signed=SignedBytes(b"other", b"", "")))
    assert ["two different answers"] == [found.rpartition("got ")[2] for found in books.wrong]


def test_the_books_know_what_a_shift_comes_to() -> None:
    """A sale of 100 points, of which half a line is returned."""
    books = Books()
    bought = books.purchased(BASKET, sold())
    assert bought is not None
    books.refund(bought, refunded(RefundedLine(1, 1000, 50_00, 50_00)), [RefundLine(1, 1000)])
    assert [] == books.wrong
    totals = books.expected_totals(1, NOW)
    assert (1, POINTS) == (totals.captured_count, totals.captured_kopecks)
    assert (1, 50_00) == (totals.refund_count, totals.refunded_kopecks)
    gone, held = books.taken(NOW)
    assert (50_00, 0) == (gone[CERTIFICATE], held[CERTIFICATE])


def test_a_refund_that_is_a_kopeck_short_is_found() -> None:
    """The till works out for itself what comes back."""
    books = Books()
    bought = books.purchased(BASKET, sold())
    assert bought is not None
    books.refund(bought, refunded(RefundedLine(1, 1000, 50_00, 49_99)), [RefundLine(1, 1000)])
    assert books.wrong


@given(
    amount_kopecks=st.integers(1, 10**7),
    quantity_milli=st.integers(1, 5000),
    data=st.data(),
)
def test_refunds_in_parts_sum_to_the_whole(
    amount_kopecks: int, quantity_milli: int, data: st.DataObject
) -> None:
    """However a line by weight comes back, all of its parts give back all of it, points first."""
    points_kopecks = data.draw(st.integers(0, amount_kopecks))
    captured = {1: Part(quantity_milli, amount_kopecks, points_kopecks)}
    so_far = Part()
    while left := quantity_milli - so_far.quantity_milli:
        asked = RefundLine(1, data.draw(st.integers(1, left)))
        part = expected_refund(captured, {1: so_far}, [asked])[1]
        assert part.points_kopecks <= part.amount_kopecks
        so_far = Part(
            so_far.quantity_milli + part.quantity_milli,
            so_far.amount_kopecks + part.amount_kopecks,
            so_far.points_kopecks + part.points_kopecks,
        )
    assert captured[1] == so_far


def test_a_balance_that_is_a_kopeck_off_is_found() -> None:
    """credited = available + held + taken, for each certificate."""
    credited, gone = {CERTIFICATE: 500_00}, {CERTIFICATE: POINTS}
    assert [] == list(compare_card(credited, balance(400_00), gone, {}))
    assert [] == list(compare_card(credited, balance(300_00, 100_00), gone, {CERTIFICATE: 100_00}))
    for wrong in (balance(400_01), balance(399_99), balance(300_00, 100_00)):
        assert list(compare_card(credited, wrong, gone, {}))
    assert list(compare_card({**credited, uuid4(): 1}, balance(400_00), gone, {}))


def test_a_stopped_card_shows_nothing() -> None:
    """Whoever holds a stopped card is told nothing of what is on it."""
    stopped = replace(balance(400_00), reason=Reason.CARD_STOPPED)
    assert list(compare_card({}, stopped, {}, {}))
    assert [] == list(compare_card({}, replace(stopped, certificates=()), {}, {}))


def quoted(of: Purchase, reason: Reason = Reason.UNSPECIFIED) -> Quote:
    """A quote of the same basket."""
    decision = Decision.APPROVED if reason is Reason.UNSPECIFIED else Decision.DECLINED
    return Quote(
        decision=decision,
        reason=reason,
        notice=Notice(),
        purchase_if_any=of,
        available_kopecks=0,
    )


def test_a_quote_that_promised_more_than_was_decided_is_found() -> None:
    """By line, by a kopeck, and by its reason; one that came true is not."""
    decided = purchase(captured=False)
    result = replace(sold(), purchase_if_any=decided)
    assert [] == list(check_quote(quoted(decided), result))
    bread, beer = decided.lines
    more = replace(bread, approved_kopecks=bread.approved_kopecks + 1)
    (problem,) = check_quote(quoted(replace(decided, lines=(more, beer))), result)
    assert "quoted" in problem
    (problem,) = check_quote(quoted(decided, Reason.INSUFFICIENT_POINTS), result)
    assert "quoted INSUFFICIENT_POINTS" in problem


@pytest.mark.parametrize(
    ("state", "ends_after_s", "ran_out"),
    [
        (PurchaseState.AUTHORIZED, 0.5, True),
        (PurchaseState.AUTHORIZED, -0.5, True),
        (PurchaseState.AUTHORIZED, -5, False),
        (PurchaseState.AUTHORIZED, 5, False),
        (PurchaseState.CAPTURED, 0.5, False),
        (PurchaseState.VOIDED, 0.5, False),
    ],
)
def test_a_hold_that_runs_out_between_quote_and_decision_is_known(
    state: PurchaseState, ends_after_s: float, ran_out: bool
) -> None:
    """Its points are the holder's again: the decision may give more than was quoted, and is not wrong."""
    books = Books()
    books.purchased(BASKET, replace(sold(), purchase_if_any=purchase(captured=False)))
    (bought,) = books.bought.values()
    bought.state, bought.hold_expires_at = state, NOW + timedelta(seconds=ends_after_s)
    assert ran_out is books.hold_ran_out(NOW, NOW + timedelta(seconds=1))
