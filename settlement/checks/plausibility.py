"""Whether a claim's sales look like a shop's: counted as they stream by, in bounded memory, pure.

Thresholds are the project's own choice. A finding is a reason to look, never proof, and drops no line.
"""

import math
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import datetime, timedelta, timezone
from statistics import median
from typing import Final

from settlement.checks.findings import CheckCode, Finding, finding
from settlement.ledger_reader.receipts_prices import PRICE_LINES_MIN, paid_lines
from settlement.ledger_reader.receipts_sold import Sold

BUSY_HOUR_PURCHASES: Final = 60
"""A cashier serves one buyer a minute at best; points alone are never all of a till's buyers."""
BUSY_HOUR_TIMES: Final = 8
"""So many times a till's usual hour is worth a look, from `BUSY_HOUR_MIN` purchases on."""
BUSY_HOUR_MIN: Final = 20
ENDING_SALES_MIN, ENDING_PERCENT = 50, 60
NIGHT_SALES_MIN, NIGHT_PERCENT = 10, 10
PRICE_TIMES: Final = 10
MIX_LINES_MIN, MIX_USUAL_PERCENT, MIX_MONEY_PERCENT, MIX_LINE_PERCENT = 50, 70, 30, 10

# Moscow has had no summer time since 2014, and a fixed offset is many times faster than its zone.
_MOSCOW: Final = timezone(timedelta(hours=3))
# Prices are counted in steps of 2 %: the median is that near, whatever their number.
_STEP: Final = math.log(1.02)


class _Prices:
    """How many lines of a class have which price, and the highest."""

    def __init__(self) -> None:
        self.counts: Counter[int] = Counter()
        self.highest, self.highest_n = 0, 0

    def add(self, kopecks: int, n: int) -> None:
        self.counts[_step(kopecks)] += 1
        if kopecks > self.highest:
            self.highest, self.highest_n = kopecks, n

    def finding(self, okpd2: str, median_kopecks: int | None) -> Finding | None:
        """Without a median of all merchants its own counts, if it is of enough lines."""
        total = self.counts.total()
        if median_kopecks is not None:
            code, middle = CheckCode.UNIT_PRICE, _step(median_kopecks)
        elif total >= PRICE_LINES_MIN:
            code, middle = CheckCode.UNIT_PRICE_WITHIN, self._middle(total)
            median_kopecks = round(math.exp(middle * _STEP))
        else:
            return None
        limit = middle + round(math.log(PRICE_TIMES) / _STEP)
        count = sum(lines for step, lines in self.counts.items() if step > limit)
        if not count:
            return None
        return finding(
            code, okpd2=okpd2, count=count, total=total, times=PRICE_TIMES, median=median_kopecks,
            highest=self.highest, n=self.highest_n,
        )  # fmt: skip

    def _middle(self, total: int) -> int:
        """The step in which the median lies."""
        before = 0
        for step in sorted(self.counts):
            before += self.counts[step]
            if before * 2 >= total:
                break
        return step


def _step(kopecks: int) -> int:
    return round(math.log(kopecks) / _STEP)


class Plausibility:
    """Takes sales one by one; `findings` tells what is worth a look.

    `medians` are the prices of the period by class, over all merchants, in kopecks.
    """

    def __init__(self, medians: Mapping[str, int]) -> None:
        self._medians = medians
        self._hours: Counter[tuple[int, int]] = Counter()
        self._hour_kopecks: Counter[tuple[int, int]] = Counter()
        self._endings: dict[int, Counter[int]] = {}
        self._nights: Counter[int] = Counter()
        self._prices: dict[str, _Prices] = {}
        self._lines: dict[int, Counter[str]] = {}
        self._money: dict[int, Counter[str]] = {}

    def add(self, sold: Sold) -> None:
        """One more sale."""
        seconds = int(sold.decided_at.timestamp())
        hour = sold.terminal_id, seconds // 3600
        self._hours[hour] += 1
        self._hour_kopecks[hour] += sold.amount_kopecks
        outlet = sold.outlet_id
        endings = self._endings.get(outlet)
        if endings is None:
            endings = self._endings[outlet] = Counter()
            self._lines[outlet], self._money[outlet] = Counter(), Counter()
        endings[sold.amount_kopecks % 100] += 1
        # Hours of Moscow: three ahead of UTC.
        if not 6 <= (seconds // 3600 + 3) % 24 < 23:
            self._nights[outlet] += 1
        lines, money, prices = self._lines[outlet], self._money[outlet], self._prices
        for okpd2, item in paid_lines(sold.lines):
            lines[okpd2] += 1
            money[okpd2] += item.line.amount_kopecks
            if okpd2 not in prices:
                prices[okpd2] = _Prices()
            if item.line.unit_price_kopecks > 0:
                prices[okpd2].add(item.line.unit_price_kopecks, sold.n)

    def findings(self) -> list[Finding]:
        """All that is worth a look, in the same order for the same sales."""
        found = [*self._busy_tills(), *self._of_outlets()]
        priced = (
            prices.finding(okpd2, self._medians.get(okpd2)) for okpd2, prices in sorted(self._prices.items())
        )
        return found + [one for one in priced if one is not None]

    def _busy_tills(self) -> Iterator[Finding]:
        of_till: dict[int, list[int]] = {}
        for (terminal_id, _), count in self._hours.items():
            of_till.setdefault(terminal_id, []).append(count)
        usual = {terminal_id: median(counts) for terminal_id, counts in of_till.items()}
        for (terminal_id, hour), count in sorted(self._hours.items()):
            is_unusual = count >= BUSY_HOUR_MIN and count > BUSY_HOUR_TIMES * usual[terminal_id]
            if count <= BUSY_HOUR_PURCHASES and not is_unusual:
                continue
            began = datetime.fromtimestamp(hour * 3600, _MOSCOW)
            yield finding(
                CheckCode.BUSY_TILL, terminal_id=terminal_id, count=count, hour=f"{began:%d.%m.%Y %H:%M}",
                kopecks=self._hour_kopecks[terminal_id, hour], usual=usual[terminal_id],
            )  # fmt: skip

    def _of_outlets(self) -> Iterator[Finding]:
        for outlet_id, endings in sorted(self._endings.items()):
            total = endings.total()
            # The ending of the smallest number wins a tie: the same sales tell the same.
            ending = min(endings, key=lambda kopecks, of=endings: (-of[kopecks], kopecks))  # type: ignore[misc]
            percent = endings[ending] * 100 // total
            # Prices in whole rubles are no sign of anything.
            if ending and total >= ENDING_SALES_MIN and percent >= ENDING_PERCENT:
                yield finding(
                    CheckCode.SAME_ENDING, outlet_id=outlet_id, percent=percent, total=total,
                    ending=f"{ending:02}",
                )  # fmt: skip
            night = self._nights[outlet_id]
            if night >= NIGHT_SALES_MIN and night * 100 >= NIGHT_PERCENT * total:
                yield finding(
                    CheckCode.NIGHT_SALES, outlet_id=outlet_id, percent=night * 100 // total, total=total
                )
            yield from self._mix(outlet_id)

    def _mix(self, outlet_id: int) -> Iterator[Finding]:
        """The kind of shop is what most of its lines are."""
        lines, money = self._lines[outlet_id], self._money[outlet_id]
        total, total_money = lines.total(), money.total()
        if total < MIX_LINES_MIN:
            return
        usual, count = max(sorted(lines.items()), key=lambda item: item[1])
        if count * 100 < MIX_USUAL_PERCENT * total:
            return
        for okpd2 in sorted(lines):
            line_percent, percent = lines[okpd2] * 100 // total, money[okpd2] * 100 // total_money
            if okpd2 != usual and line_percent <= MIX_LINE_PERCENT and percent >= MIX_MONEY_PERCENT:
                yield finding(
                    CheckCode.GOODS_UNLIKE_SHOP, outlet_id=outlet_id, usual=usual, okpd2=okpd2,
                    usual_percent=count * 100 // total, line_percent=line_percent, percent=percent,
                )  # fmt: skip
