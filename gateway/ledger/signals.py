"""Signals: what is odd about a merchant's day, with its figure, its threshold and an explanation.

They are read from judged baskets outside the money path, and block nothing: whoever looks decides. Each has
honest explanations, too, which its text names.
"""

from array import array
from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import datetime, time, timedelta
from enum import StrEnum
from statistics import median

from msgspec import Struct, field

from gateway.domain.policy import MOSCOW
from gateway.domain.purchase import JudgedBasket
from gateway.domain.reasons import LineReason

_CLASS_CHARS = 8
"""Prices are compared within the first three parts of an ОКПД2 code, like 10.51.11."""


class SignalKind(StrEnum):
    """What is odd."""

    SAME_ENDINGS = "SAME_ENDINGS"
    RAPID_REPEATS = "RAPID_REPEATS"
    OUTSIDE_HOURS = "OUTSIDE_HOURS"
    PRICES_FAR = "PRICES_FAR"
    REFUSED_GOODS = "REFUSED_GOODS"


class Thresholds(Struct, frozen=True):
    """From where on something is odd; docs/limits.md tells each. Shares are between 0 and 1."""

    endings_purchases: int
    endings_share: float
    repeats_purchases: int
    repeats_within_s: int
    opens: time
    closes: time
    outside_share: float
    price_times: float
    price_lines: int
    refused_lines: int
    refused_share: float


class Signal(Struct, frozen=True):
    """One oddity of one merchant; `figure` and `threshold` are of the same unit, which the texts name."""

    merchant_id: int
    kind: SignalKind
    figure: float
    threshold: float
    ru: str
    en: str


class _Merchant(Struct):
    """What was seen of one merchant."""

    purchases: int = 0
    outside: int = 0
    lines: int = 0
    refused: int = 0
    endings: Counter[int] = field(default_factory=Counter)
    times_of: dict[tuple[int, int], list[datetime]] = field(default_factory=dict)
    prices: dict[str, "array[int]"] = field(default_factory=dict)


class SignalBook:
    """Takes the baskets of a day, of all merchants, and tells the signals of each."""

    def __init__(self, thresholds: Thresholds) -> None:
        self._thresholds = thresholds
        self._merchants: defaultdict[int, _Merchant] = defaultdict(_Merchant)

    def add(self, basket: JudgedBasket) -> None:
        """One more basket, approved or declined."""
        seen = self._merchants[basket.merchant_id]
        seen.purchases += 1
        if not self._is_open(basket.decided_at.astimezone(MOSCOW).time()):
            seen.outside += 1
        points = sum(line.approved_kopecks for line in basket.lines)
        if points:
            seen.endings[points % 100] += 1
            seen.times_of.setdefault((basket.outlet_id, basket.account_id), []).append(basket.decided_at)
        for item in basket.lines:
            seen.lines += 1
            seen.refused += item.reason is not LineReason.ALLOWED
            okpd2 = item.verdict.okpd2[:_CLASS_CHARS]
            if okpd2 and item.line.quantity_milli:
                price = item.line.amount_kopecks * 1000 // item.line.quantity_milli
                seen.prices.setdefault(okpd2, array("q")).append(price)

    def signals(self, merchant_id: int | None = None) -> list[Signal]:
        """What is odd, by merchant; of one merchant alone, if it is named. Prices are compared with all."""
        medians = self._medians()
        wanted = sorted(self._merchants) if merchant_id is None else [merchant_id]
        return [
            signal
            for one in wanted
            if one in self._merchants
            for signal in self._of(one, self._merchants[one], medians)
        ]

    def _is_open(self, at: time) -> bool:
        opens, closes = self._thresholds.opens, self._thresholds.closes
        return opens <= at < closes if opens < closes else at >= opens or at < closes

    def _medians(self) -> dict[str, float]:
        prices: defaultdict[str, list[int]] = defaultdict(list)
        for seen in self._merchants.values():
            for okpd2, some in seen.prices.items():
                prices[okpd2] += some
        lines = self._thresholds.price_lines
        return {okpd2: median(some) for okpd2, some in prices.items() if len(some) >= lines}

    def _of(self, merchant_id: int, seen: _Merchant, medians: dict[str, float]) -> Iterable[Signal]:
        limits = self._thresholds
        with_points = seen.endings.total()
        if with_points >= limits.endings_purchases:
            ending, count = max(seen.endings.items(), key=lambda pair: (pair[1], -pair[0]))
            share = count / with_points
            if share >= limits.endings_share:
                yield Signal(
                    merchant_id, SignalKind.SAME_ENDINGS, share, limits.endings_share,
                    f"{count} из {with_points} сумм баллами кончаются на ,{ending:02}: так бывает у"
                    " наборов с одной"
                    " ценой и у сумм, набранных вручную",
                    f"{count} of {with_points} sums in points end in .{ending:02}: so do sets of one price,"
                    " and sums that were typed",
                )  # fmt: skip
        within_s = limits.repeats_within_s
        repeats = max((_most_within(times, within_s) for times in seen.times_of.values()), default=0)
        if repeats >= limits.repeats_purchases:
            yield Signal(
                merchant_id, SignalKind.RAPID_REPEATS, repeats, limits.repeats_purchases,
                f"по одной карте в одном магазине {repeats} покупок за {within_s} с: так"
                " бывает у разделённых чеков и у забытых товаров",
                f"{repeats} purchases by one card in one shop within {within_s} s: so it is with"
                " split baskets, and with forgotten goods",
            )  # fmt: skip
        outside = seen.outside / seen.purchases
        if seen.outside and outside >= limits.outside_share:
            hours = f"{limits.opens:%H:%M}–{limits.closes:%H:%M}"
            yield Signal(
                merchant_id, SignalKind.OUTSIDE_HOURS, outside, limits.outside_share,
                f"{seen.outside} из {seen.purchases} покупок вне часов {hours} по Москве: магазин может быть"
                " круглосуточным",
                f"{seen.outside} of {seen.purchases} purchases outside {hours} Moscow time: a shop"
                " may be open all"
                " night",
            )  # fmt: skip
        yield from self._prices(merchant_id, seen, medians)
        if seen.lines >= limits.refused_lines and seen.refused / seen.lines >= limits.refused_share:
            yield Signal(
                merchant_id, SignalKind.REFUSED_GOODS, seen.refused / seen.lines, limits.refused_share,
                f"{seen.refused} из {seen.lines} позиций не оплачиваются баллами: так бывает при"
                " товарах без кодов и"
                " при проверке запретов",
                f"{seen.refused} of {seen.lines} lines may not be paid by points: so it is with"
                " goods without codes,"
                " and with somebody who tries what passes",
            )  # fmt: skip

    def _prices(self, merchant_id: int, seen: _Merchant, medians: dict[str, float]) -> Iterable[Signal]:
        times, far, compared, worst, worst_class = self._thresholds.price_times, 0, 0, 1.0, ""
        for okpd2, prices in seen.prices.items():
            middle = medians.get(okpd2, 0)
            if not middle:
                continue
            for price in prices:
                compared += 1
                ratio = max(price / middle, middle / price if price else float("inf"))
                far += ratio >= times
                if ratio > worst:
                    worst, worst_class = ratio, okpd2
        if far:
            yield Signal(
                merchant_id, SignalKind.PRICES_FAR, worst, times,
                f"цены {far} из {compared} позиций в {times:g} и более раз дальше от медианы"
                " класса, дальше всех класс"
                f" {worst_class}: так бывает у другой фасовки и у неверного кода",
                f"prices of {far} of {compared} lines lie {times:g} times or more from the class"
                " median, class"
                f" {worst_class} the farthest: so it is with other packs, and with a wrong code",
            )  # fmt: skip


def _most_within(times: list[datetime], seconds: int) -> int:
    """The most instants within any span of so many seconds."""
    ordered, first, most, span = sorted(times), 0, 0, timedelta(seconds=seconds)
    for last, instant in enumerate(ordered):
        while instant - ordered[first] > span:
            first += 1
        most = max(most, last - first + 1)
    return most
