"""Signals: what is odd about a day, just at its threshold and just below, and what is not."""

from collections.abc import Sequence
from datetime import UTC, datetime, time, timedelta
from uuid import UUID, uuid4

import pytest

from gateway.domain.basket import Line
from gateway.domain.judging import Verdict
from gateway.domain.purchase import JudgedBasket, PurchaseLine, Share
from gateway.domain.reasons import LineReason
from gateway.ledger.signals import Signal, SignalBook, SignalKind, Thresholds

NOON = datetime(2026, 3, 10, 9, tzinfo=UTC)
LIMITS = Thresholds(
    endings_purchases=4,
    endings_share=0.5,
    repeats_purchases=3,
    repeats_within_s=60,
    opens=time(7),
    closes=time(23),
    outside_share=0.5,
    price_times=5.0,
    price_lines=5,
    refused_lines=4,
    refused_share=0.5,
)
CERTIFICATE = UUID(int=1)


def line(kopecks: int, *, okpd2: str = "10.51.11.110", is_allowed: bool = True) -> PurchaseLine:
    """One piece."""
    reason = LineReason.ALLOWED if is_allowed else LineReason.PROHIBITED
    verdict = Verdict(reason, "", "list-1", "okpd2", okpd2)
    shares = (Share(CERTIFICATE, kopecks),) if is_allowed else ()
    return PurchaseLine(Line(1, "Товар", 1000, kopecks, 0, kopecks, okpd2=okpd2), verdict, reason, shares)


def basket(
    *lines: PurchaseLine, at: datetime = NOON, merchant_id: int = 1, account_id: int = 0
) -> JudgedBasket:
    """A basket of a merchant's one shop."""
    account_id = account_id or uuid4().int >> 80
    return JudgedBasket(uuid4(), uuid4(), merchant_id, at, lines, 1, account_id, "")


def signals(baskets: Sequence[JudgedBasket], merchant_id: int | None = None) -> list[Signal]:
    """The signals of a day of these baskets."""
    book = SignalBook(LIMITS)
    for one in baskets:
        book.add(one)
    return book.signals(merchant_id)


def kinds(baskets: Sequence[JudgedBasket]) -> list[SignalKind]:
    """Their kinds."""
    return [signal.kind for signal in signals(baskets)]


def test_a_day_without_purchases_has_no_signals() -> None:
    """Nor has a merchant who sold nothing."""
    assert [] == signals([])
    assert [] == signals([basket(line(1_23))], merchant_id=2)


@pytest.mark.parametrize(("sums", "is_odd"), [((100, 200, 301, 402), True), ((100, 201, 302, 403), False)])
def test_sums_that_end_alike_are_told(sums: tuple[int, ...], is_odd: bool) -> None:
    """Half of them at least."""
    found = signals([basket(line(kopecks)) for kopecks in sums])
    assert is_odd == bool(found)
    if found:
        [signal] = found
        assert (SignalKind.SAME_ENDINGS, 0.5, 0.5) == (signal.kind, signal.figure, signal.threshold)
        assert "2 из 4" in signal.ru
        assert "2 of 4" in signal.en


def test_few_sums_that_end_alike_say_nothing() -> None:
    """Three of three are chance."""
    assert [] == kinds([basket(line(100)) for _ in range(3)])


@pytest.mark.parametrize(("gap_s", "is_odd"), [(30, True), (31, False)])
def test_purchases_by_one_card_in_a_row_are_told(gap_s: int, is_odd: bool) -> None:
    """Three within a minute."""
    some = [basket(line(n), at=NOON + timedelta(seconds=gap_s * n), account_id=7) for n in (1, 2, 3)]
    assert ([SignalKind.RAPID_REPEATS] if is_odd else []) == kinds(some)
    assert [] == kinds([basket(line(n), at=NOON, account_id=n) for n in (1, 2, 3)])


@pytest.mark.parametrize(
    ("hour", "minute", "is_odd"), [(3, 59, True), (4, 0, False), (19, 59, False), (20, 0, True)]
)
def test_purchases_at_night_are_told_by_moscow_time(hour: int, minute: int, is_odd: bool) -> None:
    """Open from 7 to 23, which is 4 to 20 UTC."""
    at = NOON.replace(hour=hour, minute=minute)
    assert ([SignalKind.OUTSIDE_HOURS] if is_odd else []) == kinds([basket(line(1_11), at=at)])


@pytest.mark.parametrize(("kopecks", "is_odd"), [(5_00, True), (4_99, False), (20, True), (21, False)])
def test_prices_far_from_those_of_all_merchants_are_told(kopecks: int, is_odd: bool) -> None:
    """Five times the median of the class, or a fifth of it; whatever the other merchants sell at."""
    usual = [basket(line(1_00), line(1_01), merchant_id=n) for n in (2, 3, 4)]
    usual += [basket(line(99), line(1_00), merchant_id=5)]
    found = signals([*usual, basket(line(kopecks))], merchant_id=1)
    assert ([SignalKind.PRICES_FAR] if is_odd else []) == [signal.kind for signal in found]


def test_prices_of_a_rare_class_are_not_compared() -> None:
    """A median of four lines says nothing."""
    assert [] == kinds([basket(line(n * 100 + n, okpd2="27.51.11.110")) for n in (1, 90)])


@pytest.mark.parametrize(("refused", "is_odd"), [(2, True), (1, False)])
def test_goods_that_are_refused_are_told_by_their_share(refused: int, is_odd: bool) -> None:
    """Half of the lines."""
    lines = [line(n + 100, okpd2="", is_allowed=n >= refused) for n in range(4)]
    assert ([SignalKind.REFUSED_GOODS] if is_odd else []) == kinds([basket(*lines)])
