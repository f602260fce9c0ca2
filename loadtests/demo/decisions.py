"""By which source every line was decided, held against what was really sold; and the cases it led to."""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import partial
from typing import Final
from uuid import UUID

from gateway.domain.category import ClassMap
from gateway.domain.judging import Review, Source
from gateway.domain.policy import moscow_date
from gateway.domain.purchase import JudgedBasket, PurchaseLine
from gateway.domain.reasons import LineReason
from gateway.goods.cases.queries import Case, Misdeclared, list_cases, misdeclared
from gateway.ledger.judged import judged_baskets
from gateway.runtime.collecting import collector_of
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.published import read_editions
from gateway.runtime.settings import Settings
from loadtests.demo.shopping import is_never_paid, truth_of
from merchant_sdk import Basket

SOURCES: Final = (*Source, "payment_subject", "none")
"""What a verdict can name, the most trusted first."""

_FIRST_ID: Final = UUID(int=0)
_LAST_ID: Final = UUID(int=2**128 - 1)
_BASKETS_MAX: Final = 1_000_000
_CASES_MAX: Final = 1_000_000


@dataclass(slots=True)
class Decided:
    """Lines that one source decided: `refused` may be paid by no certificate, `other_program` by another one.

    `mistaken` are allowed goods among the refused, `queued` those at which a person will look, paid or not.
    """

    lines: int = 0
    amount_kopecks: int = 0
    points_kopecks: int = 0
    allowed: int = 0
    other_program: int = 0
    refused: int = 0
    queued: int = 0
    mistaken: int = 0


@dataclass(slots=True)
class Decisions:
    """All lines of the day, by source; the goods' truth is the demo's, and the gateway was never told it.

    `mistakes` counts allowed goods that were refused by (reason, ОКПД2, name); `confused` are lines decided
    as goods of another class than they are.
    """

    by_source: dict[str, Decided] = field(default_factory=lambda: {str(name): Decided() for name in SOURCES})
    prohibited_lines: int = 0
    prohibited_kopecks: int = 0
    prohibited_paid_lines: int = 0
    prohibited_paid_kopecks: int = 0
    confused: int = 0
    mistakes: Counter[tuple[LineReason, str, str]] = field(default_factory=Counter)
    unexplained: list[UUID] = field(default_factory=list)
    cases: list[Case] = field(default_factory=list)
    misdeclared: list[Misdeclared] = field(default_factory=list)

    def disagreements(self) -> list[str]:
        """What must not be: a kopeck for prohibited goods, or a basket that no till knows of."""
        found = [f"purchase of request {request_id} is in no till's books" for request_id in self.unexplained]
        if self.prohibited_paid_lines:
            found.append(f"points paid {self.prohibited_paid_lines} lines of prohibited goods")
        return found

    @property
    def opened(self) -> Counter[Review]:
        """How many cases there are of each kind."""
        return Counter(case.review for case in self.cases)


def decisions_of(
    baskets: Iterable[JudgedBasket], sold: Mapping[UUID, Basket], class_map: ClassMap
) -> Decisions:
    """Count judged lines; `sold` holds by request id what the tills sold."""
    decisions = Decisions()
    for judged in baskets:
        basket = sold.get(judged.request_id)
        if basket is None:
            decisions.unexplained.append(judged.request_id)
            continue
        lines = {line.line_number: line for line in basket.lines}
        for line in judged.lines:
            truth = lines[line.line.line_number]
            _count(decisions, line, truth_of(truth)[0], is_never_paid(truth), class_map)
    return decisions


def _count(
    decisions: Decisions, line: PurchaseLine, true_okpd2: str, is_prohibited: bool, class_map: ClassMap
) -> None:
    paid_kopecks, amount_kopecks = line.approved_kopecks, line.line.amount_kopecks
    one = decisions.by_source[line.verdict.source]
    one.lines += 1
    one.amount_kopecks += amount_kopecks
    one.points_kopecks += paid_kopecks
    one.queued += bool(line.verdict.review)
    if is_prohibited:
        decisions.prohibited_lines += 1
        decisions.prohibited_kopecks += amount_kopecks
        decisions.prohibited_paid_lines += paid_kopecks > 0
        decisions.prohibited_paid_kopecks += paid_kopecks
    if line.verdict.reason is not LineReason.ALLOWED:
        one.refused += 1
        if not is_prohibited:
            one.mistaken += 1
            decisions.mistakes[line.verdict.reason, true_okpd2, line.line.item_name] += 1
        return
    if line.reason is LineReason.ALLOWED:
        one.allowed += 1
    else:
        one.other_program += 1
    is_same = class_map.classes_of(true_okpd2) & class_map.classes_of(line.verdict.okpd2)
    decisions.confused += not is_same


async def read_decisions(settings: Settings, sold: Mapping[UUID, Basket]) -> Decisions:
    """Read all that was decided, and open the cases that it leads to. Nobody may be deciding any more.

    A running gateway opens cases a minute later, when nothing of that minute can still be under way.
    """
    editions = await read_editions(settings)
    today = moscow_date(datetime.now(UTC))
    engine = make_engine(settings.database_url, pool_size=1)
    try:
        collector = collector_of(
            partial(driver_connection, engine),
            lambda instant: editions.at(instant).edition,
            settings,
            is_whole=True,
            nobody_decides=True,
        )
        await collector.run_once()
        async with driver_connection(engine) as connection:
            baskets = await judged_baskets(connection, _FIRST_ID, _LAST_ID, _BASKETS_MAX)
            decisions = decisions_of(baskets, sold, editions.at(datetime.now(UTC)).edition.class_map)
            decisions.cases = await list_cases(connection, limit=_CASES_MAX)
            found = await misdeclared(connection, merchant_id=None, first_day=today, last_day=today)
            decisions.misdeclared = list(found)
    finally:
        await engine.dispose()
    return decisions
