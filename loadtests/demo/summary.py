"""The day in figures: tables for who watched, and a file for who did not."""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.columns import Columns
from rich.console import RenderableType

from gateway.domain.reasons import REASONS
from gateway.domain.reasons import Reason as DomainReason
from loadtests.demo import goods_tables, shut_out
from loadtests.demo.books import Books
from loadtests.demo.decisions import Decisions
from loadtests.demo.money import count, money
from loadtests.demo.proof import Proof
from loadtests.demo.receipts import category_of
from loadtests.demo.tables import table
from loadtests.demo.till import Figures
from loadtests.demo.view import Tally
from merchant_sdk import Method, PurchaseState

PERCENTILES = {"p50": 0.50, "p99": 0.99, "p99.9": 0.999}


@dataclass(frozen=True, slots=True)
class Money:
    """What became of the purchases, from the tills' books."""

    captured: int
    captured_kopecks: int
    own_money_kopecks: int
    voided: int
    open_holds: int
    refunds: int
    refunded_kopecks: int

    @classmethod
    def of(cls, all_books: Iterable[Books]) -> "Money":
        """Sums over all tills."""
        books = list(all_books)
        bought = [item for book in books for item in book.bought.values()]
        captured = [item for item in bought if item.state is PurchaseState.CAPTURED]
        return cls(
            captured=len(captured),
            captured_kopecks=sum(item.points_kopecks for item in captured),
            own_money_kopecks=sum(item.own_money_kopecks for item in captured),
            voided=sum(item.state is PurchaseState.VOIDED for item in bought),
            open_holds=sum(item.state is PurchaseState.AUTHORIZED for item in bought),
            refunds=sum(book.refund_count for book in books),
            refunded_kopecks=sum(book.refunded_kopecks for book in books),
        )


@dataclass(frozen=True, slots=True)
class Summary:
    """All that is told at the end."""

    figures: Figures
    money: Money
    proof: Proof
    decisions: Decisions
    is_ledger_clean: bool
    seconds: float

    @property
    def is_proved(self) -> bool:
        """True if every book agrees and the ledger is clean."""
        return self.is_ledger_clean and not self.proof.disagreements

    @property
    def calls_per_s(self) -> float:
        """Calls a second while the tills were open."""
        return self.figures.calls / self.figures.selling_s

    def tables(self) -> Iterator[RenderableType]:
        """What is printed."""
        figures, tally = self.figures, Tally(self.figures)
        yield Columns([self._purchases(tally), self._money()], padding=(0, 4))
        yield table(
            "Declined, by reason",
            ("reason", "what the cashier reads", "times"),
            [
                (name, REASONS[DomainReason[name]].texts.cashier_ru, count(times))
                for name, times in tally.declined.most_common()
            ],
            texts=1,
        )
        yield table(
            "Lines that points did not pay, by category",
            ("category", "lines", "sum"),
            [(name, count(lines), money(kopecks)) for name, lines, kopecks in refused_lines(self.figures)],
        )
        yield from goods_tables.goods_tables(self.decisions)
        yield from self._stories()
        yield from self._mended_and_refused()
        yield self._shut_out()
        yield self._latency()
        rate = f"{count(figures.calls)} calls in {figures.selling_s:.0f} s, {self.calls_per_s:.0f} a second"
        yield f"{rate}. Buyers come at their own pace and share the machine with the gateway: no benchmark."

    def _purchases(self, tally: Tally) -> RenderableType:
        figures = self.figures
        return table(
            "Purchases",
            ("", "times"),
            [
                ("asked for", count(tally.asked)),
                ("approved", count(tally.approved)),
                ("declined", count(tally.declined.total())),
                ("undone, no answer came in time", count(tally.undone)),
                ("voided", count(self.money.voided)),
                ("refunds", count(self.money.refunds)),
                ("holds that ran out", count(figures.counts["holds expired"])),
                ("of these captured late", count(figures.counts["late captures"])),
            ],
        )

    def _money(self) -> RenderableType:
        return table(
            "Money",
            ("", "sum"),
            [
                ("sold for points", money(self.money.captured_kopecks)),
                ("own money added", money(self.money.own_money_kopecks)),
                ("points refunded", money(self.money.refunded_kopecks)),
                ("held at the end of the shift", money(self.proof.held_kopecks)),
                ("merchants' shortfall of late captures", money(self.figures.counts["shortfall_kopecks"])),
            ],
        )

    def _stories(self) -> Iterator[RenderableType]:
        rows = _counted(self.figures.stories)
        half = (len(rows) + 1) // 2
        title = "What happened to the buyers"
        columns = [table(title, ("", "times"), rows[:half]), table("", ("", "times"), rows[half:])]
        yield Columns(columns, padding=(0, 4))

    def _mended_and_refused(self) -> Iterator[RenderableType]:
        mended = table("Lost answers that the SDK mended", ("", "times"), _counted(self.figures.repaired))
        refused = table("Declined as they should be", ("", "times"), _counted(self.figures.refused))
        yield Columns([mended, refused], padding=(0, 4))
        if self.figures.given_up:
            title = "Buyers sent away, no answer in time"
            yield table(title, ("", "times"), _counted(self.figures.given_up))

    def _shut_out(self) -> RenderableType:
        counts = self.figures.counts
        return table(
            "Shut out in the middle of the day, from a second later on",
            ("", "times"),
            [
                ("sales that the suspended merchant asked for", count(counts[shut_out.SUSPENDED_ASKED])),
                ("of these authorized", count(counts[shut_out.SUSPENDED_SOLD])),
                ("earlier purchases that it still refunded", count(counts[shut_out.SUSPENDED_REFUNDS])),
                ("calls of the revoked till", count(counts[shut_out.REVOKED_ASKED])),
                ("of these answered", count(counts[shut_out.REVOKED_ANSWERED])),
            ],
        )

    def _latency(self) -> RenderableType:
        rows = []
        for method, values in sorted(self.figures.latency_ms.items(), key=lambda item: -len(item[1])):
            figures = percentiles(values)
            rows.append((str(method), count(len(values)), *(f"{figures[name]:.1f}" for name in PERCENTILES)))
        title = "Latency of calls that nothing disturbed, ms, as the tills see it"
        return table(title, ("method", "calls", *PERCENTILES), rows)

    def document(self) -> dict[str, Any]:
        """The same for programs; sums are kopecks."""
        figures, tally = self.figures, Tally(self.figures)
        waited_for = figures.latency_ms[Method.AUTHORIZE] + figures.latency_ms[Method.SALE]
        return {
            "purchases": tally.asked,
            "approved": tally.approved,
            "declined": tally.declined.total(),
            "declined_by_reason": dict(tally.declined.most_common()),
            "undone": tally.undone,
            "refunds": self.money.refunds,
            "refunds_after_suspension": figures.counts[shut_out.SUSPENDED_REFUNDS],
            "asked_after_suspension": figures.counts[shut_out.SUSPENDED_ASKED],
            "sold_after_suspension": figures.counts[shut_out.SUSPENDED_SOLD],
            "asked_after_revocation": figures.counts[shut_out.REVOKED_ASKED],
            "answered_after_revocation": figures.counts[shut_out.REVOKED_ANSWERED],
            "voids": self.money.voided,
            "holds_expired": figures.counts["holds expired"],
            "late_captures": figures.counts["late captures"],
            "shortfall_kopecks": figures.counts["shortfall_kopecks"],
            "points_kopecks": self.money.captured_kopecks,
            "own_money_kopecks": self.money.own_money_kopecks,
            "refunded_kopecks": self.money.refunded_kopecks,
            "held_kopecks": self.proof.held_kopecks,
            "lines_refused": {name: lines for name, lines, _ in refused_lines(figures)},
            **goods_tables.document(self.decisions),
            "lost_answers_mended": dict(figures.repaired),
            "other_commands_declined": dict(figures.refused),
            "buyers_sent_away": dict(figures.given_up),
            "stories": dict(figures.stories),
            "calls": figures.calls,
            "calls_per_s": round(self.calls_per_s, 1),
            "purchases_per_s": round(tally.asked / figures.selling_s, 1),
            "latency_ms": percentiles(waited_for),
            "latency_ms_by_method": {str(m): percentiles(v) for m, v in figures.latency_ms.items()},
            "shifts_compared": self.proof.shifts,
            "operations_compared": self.proof.operations,
            "cards_compared": self.proof.cards,
            "disagreements": self.proof.disagreements,
            "ledger_verified": self.is_ledger_clean,
            "seconds": round(self.seconds, 1),
        }

    def write(self, path: Path) -> None:
        """Write summary.json."""
        path.write_text(json.dumps(self.document(), ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def percentiles(values: Sequence[float]) -> dict[str, float]:
    """The p50, p99 and p99.9 of some values: each is one of them. Of none: zeros."""
    ordered = sorted(values) or [0.0]
    last = len(ordered) - 1
    return {
        name: round(ordered[min(int(share * len(ordered)), last)], 2) for name, share in PERCENTILES.items()
    }


def refused_lines(figures: Figures) -> list[tuple[str, int, int]]:
    """(category, lines, kopecks) of the lines that points may not pay, the most frequent first."""
    lines: Counter[str] = Counter()
    kopecks: Counter[str] = Counter()
    for result in figures.results:
        if result.purchase_if_any is None or result.is_undone:
            continue
        for line in result.purchase.refused_lines:
            category = category_of(line)
            lines[category] += 1
            kopecks[category] += line.amount_kopecks
    return [(category, times, kopecks[category]) for category, times in lines.most_common()]


def _counted(counter: Counter[str]) -> list[tuple[str, str]]:
    return [(what, count(times)) for what, times in counter.most_common()]
