"""What decisions were worth: counts and rates of the lines whose truth is known."""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any

from msgspec import Struct

from gateway.domain.category import GoodsClass
from gateway.domain.judging import Judged, Review
from gateway.domain.reasons import LineReason
from gateway.goods.evaluation.cases import Case
from gateway.goods.evaluation.wilson import wilson_interval


class Wrong(StrEnum):
    """How a decision can be wrong."""

    FALSE_ACCEPT = "false_accept"
    """Prohibited goods that points would pay."""
    FALSE_REJECT = "false_reject"
    """Allowed goods that points would not pay."""


class Measured(Struct, frozen=True, gc=False):
    """A case and the decision on it. A queued line is paid or not as its verdict says."""

    case: Case
    judged: Judged

    @property
    def is_paid(self) -> bool:
        """Whether points may pay the line, as far as the prohibited list goes."""
        return self.judged.verdict.reason is LineReason.ALLOWED

    @property
    def is_queued(self) -> bool:
        """Whether somebody is to look at its goods."""
        return self.judged.verdict.review is not Review.NONE

    @property
    def wrong(self) -> Wrong | None:
        """How the decision is wrong, None if it is right."""
        if self.is_paid == self.case.is_prohibited:
            return Wrong.FALSE_ACCEPT if self.is_paid else Wrong.FALSE_REJECT
        return None


def summary_of(measured: Iterable[Measured]) -> dict[str, Any]:
    """Counts, rates (parts of 1) and their 95 % Wilson intervals, over all lines and by deciding source."""
    lines = list(measured)
    by_source: dict[str, list[Measured]] = {}
    for line in lines:
        by_source.setdefault(line.judged.verdict.source, []).append(line)
    return {**_rates(lines), "by_source": {source: _rates(by_source[source]) for source in sorted(by_source)}}


def _rates(lines: list[Measured]) -> dict[str, Any]:
    wrong = Counter(line.wrong for line in lines)
    prohibited = sum(line.case.is_prohibited for line in lines)
    queued = sum(line.is_queued for line in lines)
    paid = sum(line.is_paid for line in lines)
    return {
        "lines": len(lines),
        "prohibited": prohibited,
        "allowed": len(lines) - prohibited,
        "decided_allowed": sum(line.is_paid and not line.is_queued for line in lines),
        "decided_refused": sum(not line.is_paid and not line.is_queued for line in lines),
        "queued": queued,
        "queued_and_paid": paid - sum(line.is_paid and not line.is_queued for line in lines),
        "false_accepts": wrong[Wrong.FALSE_ACCEPT],
        "false_rejects": wrong[Wrong.FALSE_REJECT],
        **rate("false_accept", wrong[Wrong.FALSE_ACCEPT], prohibited),
        **rate("false_reject", wrong[Wrong.FALSE_REJECT], len(lines) - prohibited),
        **rate("queue", queued, len(lines)),
    }


def rate(name: str, hits: int, trials: int) -> dict[str, Any]:
    """`NAME_rate` and its interval; both null of no trials."""
    if trials == 0:
        return {f"{name}_rate": None, f"{name}_interval": None}
    return {
        f"{name}_rate": round(hits / trials, 6),
        f"{name}_interval": [round(bound, 6) for bound in wilson_interval(hits, trials)],
    }


def program_rates(
    pairs: Iterable[tuple[str, str]],
    programs: Mapping[str, frozenset[GoodsClass]],
    classes_of: Callable[[str], frozenset[GoodsClass]],
) -> dict[str, dict[str, Any]]:
    """By program: how often it would pay goods that are none of its own, and not pay its own.

    Of pairs (true ОКПД2, decided ОКПД2; "" if refused); `programs` are their classes by code.
    """
    known = [(classes_of(truth), classes_of(decided) if decided else frozenset()) for truth, decided in pairs]
    rates = {}
    for code, own in programs.items():
        outside = [decided for truth, decided in known if own.isdisjoint(truth)]
        inside = [decided for truth, decided in known if not own.isdisjoint(truth)]
        accepted = sum(not own.isdisjoint(decided) for decided in outside)
        refused = sum(own.isdisjoint(decided) for decided in inside)
        rates[code] = {
            "outside": len(outside),
            "inside": len(inside),
            **rate("outside_program_accept", accepted, len(outside)),
            **rate("inside_program_reject", refused, len(inside)),
        }
    return rates
