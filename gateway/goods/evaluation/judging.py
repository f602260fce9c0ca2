"""Cases judged as a gateway would judge them, from a catalogue and a classifier that need no database."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, Final

import msgspec

from gateway.domain.basket import Line, bare_line
from gateway.domain.judging import Edition
from gateway.goods.evaluation.cases import Case
from gateway.goods.evaluation.rates import Measured
from gateway.goods.explaining import explain, trace_lines
from gateway.goods.sources import GoodsAt

BASKET_LINES: Final = 100
"""Lines judged at once: as many names share a call of the classifier."""

Progress = Callable[[int], None]
"""Told how many lines are judged."""


def judge_cases(cases: Sequence[Case], goods: GoodsAt, progress: Progress) -> Iterator[Measured]:
    """Every case with the decision on it, as lines of a merchant that has confirmed no codes of its own."""
    for start in range(0, len(cases), BASKET_LINES):
        some = cases[start : start + BASKET_LINES]
        judged = goods.judge([_line(case) for case in some], 0)
        yield from map(Measured, some, judged)
        progress(start + len(some))


def _line(case: Case) -> Line:
    return bare_line(case.name, gtin=case.gtin, okpd2=case.okpd2)


def wrong_line(measured: Measured, edition: Edition) -> dict[str, Any]:
    """A wrong decision with its whole trace, as a row of the report."""
    case, explanation = measured.case, explain(measured.judged, edition)
    return {
        "line": case.line,
        "wrong": measured.wrong,
        "name": case.name,
        "gtin": case.gtin,
        "okpd2": case.okpd2,
        "truth_okpd2": case.truth_okpd2,
        "is_queued": measured.is_queued,
        "trace": msgspec.to_builtins(explanation),
        "trace_ru": trace_lines(explanation, russian=True),
    }
