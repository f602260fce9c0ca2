"""Counts a week's demand line by line; memory grows with the kinds of goods, not with the purchases.

Counted is what points paid at least in part, less what was given back before the report is made. What a buyer
paid alone, beside the certificate, is nobody's business here.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec
from msgspec import Struct

from settlement.reports.demand_tables import Tally
from settlement.reports.disclosure import Cell
from settlement.reports.goods_groups import group_of


class SoldPurchase(Struct, frozen=True, gc=False):
    """A captured purchase as the ledger keeps it: its lines, its capture, the lines of its refunds, JSON."""

    account_id: int
    outlet_id: int
    lines: str
    capture: str
    refunds: Sequence[str] = ()


class _Number(Struct, gc=False):
    line_number: int


class _Code(Struct, gc=False):
    okpd2: str = ""


class _JudgedLine(Struct, gc=False):
    line: _Number
    verdict: _Code


class _Points(Struct, gc=False):
    amount_kopecks: int


class _MovedLine(Struct, gc=False):
    """What was captured of a line, or given back of it."""

    line_number: int
    quantity_milli: int
    amount_kopecks: int
    shares: tuple[_Points, ...]
    shortfall_kopecks: int = 0

    @property
    def points_kopecks(self) -> int:
        return sum([share.amount_kopecks for share in self.shares])


class _Captured(Struct, gc=False):
    lines: tuple[_MovedLine, ...]


_judged: Final = msgspec.json.Decoder(tuple[_JudgedLine, ...]).decode
_captured: Final = msgspec.json.Decoder(_Captured).decode
_given_back: Final = msgspec.json.Decoder(tuple[_MovedLine, ...]).decode


class Counter:
    """Adds purchases to a tally; `districts` names the district of each outlet."""

    def __init__(self, districts: Mapping[int, str], accounts_min: int) -> None:
        self._districts = districts
        self._limit = accounts_min
        self._cells: dict[tuple[str, str, str], Cell] = {}

    @property
    def tally(self) -> Tally:
        """What was counted so far."""
        return self._cells

    def add(self, purchases: Iterable[SoldPurchase]) -> None:
        """Count more purchases."""
        for purchase in purchases:
            codes = {item.line.line_number: item.verdict.okpd2 for item in _judged(purchase.lines)}
            back = _back_by_line(purchase.refunds)
            district = self._districts[purchase.outlet_id]
            for line in _captured(purchase.capture).lines:
                quantity, amount, points = line.quantity_milli, line.amount_kopecks, line.points_kopecks
                if found := back.get(line.line_number):
                    quantity, amount, points = quantity - found[0], amount - found[1], points - found[2]
                if points > 0 and quantity > 0:
                    key = (*group_of(codes[line.line_number]), district)
                    cell = self._cells.get(key)
                    if cell is None:
                        cell = self._cells[key] = Cell(self._limit)
                    own = max(amount - points - line.shortfall_kopecks, 0)
                    cell.take(purchase.account_id, amount, quantity, own)


def _back_by_line(refunds: Sequence[str]) -> dict[int, tuple[int, int, int]]:
    """Quantity, amount and points that were given back, by line."""
    back: dict[int, tuple[int, int, int]] = {}
    for text in refunds:
        for line in _given_back(text):
            quantity, amount, points = back.get(line.line_number, (0, 0, 0))
            back[line.line_number] = (
                quantity + line.quantity_milli,
                amount + line.amount_kopecks,
                points + line.points_kopecks,
            )
    return back
