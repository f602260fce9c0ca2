"""Rehearses a draft: every line of stored baskets is judged by what is in force, and with the draft in place.

Memory is bounded: verdicts of distinct lines are remembered, and of affected goods those of the most money.
"""

from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.domain.authorize import cap_kopecks
from gateway.domain.basket import Line
from gateway.domain.category import ListBook, Program
from gateway.domain.judging import Judged, Review
from gateway.domain.purchase import JudgedBasket
from gateway.domain.reasons import LineReason
from gateway.goods.asking.rehearsal import (
    AffectedGoods,
    AffectedOutlet,
    Change,
    Decided,
    Rehearsal,
    Sums,
)
from gateway.goods.asking.stock import AskedGoods
from gateway.goods.names.folding import fold

GOODS_SHOWN: Final = 100
OUTLETS_SHOWN: Final = 50
GOODS_KEPT: Final = 50_000
"""When more goods are affected, the half of the least money is forgotten, and only counted."""

ProgramKey = tuple[str, int]


class Bought(Struct, frozen=True):
    """A basket with the programs, (code, version), whose points might have paid."""

    basket: JudgedBasket
    programs: Collection[ProgramKey]


class Side(Struct, frozen=True):
    """What lines are judged by on one side. `is_newest`: by the newest version of each program.

    A certificate keeps the version of its program, so that a draft of programs concerns certificates to come.
    """

    asked: AskedGoods
    is_newest: bool = False

    def programs(self, held: Iterable[ProgramKey]) -> list[Program]:
        """Those that take part: one-shot ones only if no other is held, as a request has to name them."""
        known = self.asked.lists.programs
        newest = _newest(self.asked.lists) if self.is_newest else {}
        found = [known[newest.get(key[0], key)] for key in held if newest.get(key[0], key) in known]
        return [one for one in found if not one.is_one_shot] or found

    def decided(self, judged: Judged, line: Line, programs: Sequence[Program]) -> tuple[Decided, int]:
        """How a line is decided, and what points of these programs may pay of it at most.

        Of a card without certificates the lists alone tell.
        """
        verdict = judged.verdict
        classes = self.asked.goods.classes_of(verdict.okpd2)
        kopecks = max([cap_kopecks(one, line, verdict, classes) for one in programs], default=-1)
        if kopecks < 0:
            kopecks = line.amount_kopecks if verdict.reason is LineReason.ALLOWED else 0
        reason = verdict.reason
        if kopecks:
            reason = LineReason.ALLOWED
        elif reason is LineReason.ALLOWED:
            reason = LineReason.PROGRAM_DOES_NOT_ALLOW
        return Decided(reason, verdict.source, verdict.okpd2, verdict.rule_id), kopecks


def _newest(lists: ListBook) -> dict[str, ProgramKey]:
    newest: dict[str, ProgramKey] = {}
    for code, version in lists.programs:
        newest[code] = max(newest.get(code, (code, version)), (code, version))
    return newest


@dataclass
class _Sums:
    lines: int = 0
    kopecks: int = 0
    baskets: int = 0
    outlets: set[int] = field(default_factory=set)
    merchants: set[int] = field(default_factory=set)

    @property
    def told(self) -> Sums:
        return Sums(self.lines, self.baskets, len(self.outlets), len(self.merchants), self.kopecks)


_GoodsKey = tuple[Change, str, Decided, Decided]


@dataclass
class Tally:
    """Adds baskets up. The result depends on nothing but them, up to GOODS_KEPT affected goods."""

    before: Side
    after: Side
    goods_kept: int = GOODS_KEPT
    baskets: int = 0
    lines: int = 0
    _payable: Counter[bool] = field(default_factory=Counter)
    _queued: Counter[bool] = field(default_factory=Counter)
    _sums: dict[Change, _Sums] = field(default_factory=lambda: {change: _Sums() for change in Change})
    _goods: dict[_GoodsKey, AffectedGoods] = field(default_factory=dict)
    _forgotten: int = 0
    _outlets: dict[tuple[int, int], Counter[Change]] = field(default_factory=lambda: defaultdict(Counter))
    _money: dict[tuple[int, int], Counter[Change]] = field(default_factory=lambda: defaultdict(Counter))

    def add(self, page: Iterable[Bought]) -> None:
        """Judge baskets on both sides, and count what differs.

        All lines of a merchant are judged in one call: the classifier's price is by the call.
        """
        of_merchant: dict[int, list[Bought]] = defaultdict(list)
        for bought in page:
            of_merchant[bought.basket.merchant_id].append(bought)
        for merchant_id, baskets in of_merchant.items():
            lines = [item.line for bought in baskets for item in bought.basket.lines]
            before = iter(self.before.asked.goods.judge(lines, merchant_id))
            after = iter(self.after.asked.goods.judge(lines, merchant_id))
            for bought in baskets:
                count = len(bought.basket.lines)
                self._add(bought, list(islice(before, count)), list(islice(after, count)))

    def _add(self, bought: Bought, before: Sequence[Judged], after: Sequence[Judged]) -> None:
        basket = bought.basket
        lines = [item.line for item in basket.lines]
        programs = self.before.programs(bought.programs), self.after.programs(bought.programs)
        self.baskets += 1
        self.lines += len(lines)
        changes = set()
        for line, now, then in zip(lines, before, after, strict=True):
            self._queued[False] += now.verdict.review is not Review.NONE
            self._queued[True] += then.verdict.review is not Review.NONE
            change = self._count(
                basket,
                line,
                self.before.decided(now, line, programs[0]),
                self.after.decided(then, line, programs[1]),
            )
            if change is not None:
                changes.add(change)
        for change in changes:
            self._sums[change].baskets += 1

    def _count(
        self, basket: JudgedBasket, line: Line, before: tuple[Decided, int], after: tuple[Decided, int]
    ) -> Change | None:
        (now, now_kopecks), (then, then_kopecks) = before, after
        self._payable[False] += now_kopecks
        self._payable[True] += then_kopecks
        if now_kopecks == then_kopecks:
            return None
        if now_kopecks > then_kopecks:
            change = Change.LOWERED if then_kopecks else Change.REFUSED
        else:
            change = Change.RAISED if now_kopecks else Change.ALLOWED
        kopecks = abs(then_kopecks - now_kopecks)
        sums = self._sums[change]
        sums.lines += 1
        sums.kopecks += kopecks
        sums.outlets.add(basket.outlet_id)
        sums.merchants.add(basket.merchant_id)
        outlet = basket.outlet_id, basket.merchant_id
        self._outlets[outlet][change] += 1
        self._money[outlet][change] += kopecks
        self._add_goods(line, change, now, then, kopecks)
        return change

    def _add_goods(self, line: Line, change: Change, before: Decided, after: Decided, kopecks: int) -> None:
        key = change, line.gtin or fold(line.item_name), before, after
        known = self._goods.get(key)
        lines, kopecks = (known.lines + 1, known.kopecks + kopecks) if known else (1, kopecks)
        name = known.name if known else line.item_name
        self._goods[key] = AffectedGoods(change, name, line.gtin, before, after, lines, kopecks)
        if len(self._goods) > self.goods_kept:
            kept = sorted(self._goods.items(), key=lambda item: -item[1].kopecks)[: self.goods_kept // 2]
            self._forgotten += len(self._goods) - len(kept)
            self._goods = dict(kept)

    def result(self, kind: str, version: str, in_force: str, since: datetime, until: datetime) -> Rehearsal:
        """Everything added up, the most affected by money first."""
        goods = sorted(self._goods.values(), key=lambda one: (-one.kopecks, one.name, one.change))
        found = [self._outlet(key) for key in self._outlets]
        outlets = sorted((one for one in found if _weight(one)[0]), key=_weight, reverse=True)
        return Rehearsal(
            kind=kind,
            version=version,
            in_force=in_force,
            since=since,
            until=until,
            baskets=self.baskets,
            lines=self.lines,
            payable_kopecks=(self._payable[False], self._payable[True]),
            queued=(self._queued[False], self._queued[True]),
            sums={change: sums.told for change, sums in self._sums.items()},
            goods=tuple(goods[:GOODS_SHOWN]),
            goods_count=len(goods) + self._forgotten,
            outlets=tuple(outlets[:OUTLETS_SHOWN]),
            outlets_count=len(outlets),
        )

    def _outlet(self, key: tuple[int, int]) -> AffectedOutlet:
        lines, money = self._outlets[key], self._money[key]
        refused, allowed = Change.REFUSED, Change.ALLOWED
        return AffectedOutlet(*key, lines[refused], money[refused], lines[allowed], money[allowed])


def _weight(one: AffectedOutlet) -> tuple[int, int]:
    return one.refused_kopecks + one.allowed_kopecks, -one.outlet_id


async def rehearse(
    connection: asyncpg.Connection,
    tally: Tally,
    pages: AsyncIterator[Sequence[Bought]],
    progress: Callable[[int], None] = lambda _: None,
) -> None:
    """Add all pages of baskets; `progress` is told how many baskets more are added.

    What the catalogue knows of a page is fetched before its lines are judged. Raises the database's errors.
    """
    before, after = tally.before.asked, tally.after.asked
    async for page in pages:
        lines = [(one.basket.merchant_id, item.line) for one in page for item in one.basket.lines]
        await before.fetch(connection, lines)
        if after.catalogue is not before.catalogue:
            await after.fetch(connection, lines)
        tally.add(page)
        progress(len(page))
