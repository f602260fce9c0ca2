"""What the day's decisions look like: by source, mistakes, cases, wrong declarations."""

from collections.abc import Iterator, Mapping
from typing import Any, Final

from rich.console import RenderableType

from gateway.domain.judging import Review, Source
from loadtests.demo.decisions import Decided, Decisions
from loadtests.demo.money import count, money
from loadtests.demo.tables import table

SOURCES: Final[Mapping[str, str]] = {
    Source.MARKING: "marking code",
    Source.CATALOGUE: "GTIN catalogue",
    Source.IN_STORE: "shop's own code",
    Source.DECLARED: "declared ОКПД2",
    Source.CONFIRMED_NAME: "confirmed name",
    Source.NAME: "name, by classifier",
    "payment_subject": "tag 1212",
    "none": "nothing known",
}
"""What a verdict can name, in words that fit a column."""

REVIEWS: Final[Mapping[Review, str]] = {
    Review.UNKNOWN: "unknown",
    Review.CONTRADICTION: "sources disagree",
    Review.DOUBT: "name unclear",
}

CASES_SHOWN: Final = 8
MISTAKES_SHOWN: Final = 6


def goods_tables(decisions: Decisions) -> Iterator[RenderableType]:
    """What is printed."""
    yield _by_source(decisions)
    lines, paid = decisions.prohibited_lines, decisions.prohibited_paid_lines
    colour = "red" if paid else "green"
    yield (
        f"Prohibited goods on the belt, by what they truly were: {count(lines)} lines,"
        f" {money(decisions.prohibited_kopecks)}. Paid by points: [bold {colour}]{count(paid)} lines,"
        f" {money(decisions.prohibited_paid_kopecks)}[/bold {colour}]."
    )
    yield from _mistakes(decisions)
    yield from _cases(decisions)
    yield from _misdeclared(decisions)


def _by_source(decisions: Decisions) -> RenderableType:
    total = Decided()
    rows = []
    for name, one in decisions.by_source.items():
        for part in Decided.__slots__:
            setattr(total, part, getattr(total, part) + getattr(one, part))
        if one.lines:
            rows.append((SOURCES[name], *_cells(one)))
    rows.append(("[bold]all[/bold]", *_cells(total)))
    headings = ("decided by", "lines", "sum", "by points", "allowed", "other program", "refused", "queued")
    return table("Lines, by the source that decided", headings, rows)


def _cells(one: Decided) -> tuple[str, ...]:
    sums = (money(one.amount_kopecks), money(one.points_kopecks))
    counts = (one.allowed, one.other_program, one.refused, one.queued)
    return count(one.lines), *sums, *map(count, counts)


def _mistakes(decisions: Decisions) -> Iterator[RenderableType]:
    total = decisions.mistakes.total()
    rows = [
        (name, okpd2, reason.name, count(times))
        for (reason, okpd2, name), times in decisions.mistakes.most_common(MISTAKES_SHOWN)
    ]
    title = (
        f"Goods refused that are not prohibited: {count(total)} lines;"
        f" taken for another class of goods: {count(decisions.confused)}"
    )
    yield table(title, ("name on the till", "ОКПД2 in truth", "refused as", "times"), rows, texts=2)


def _cases(decisions: Decisions) -> Iterator[RenderableType]:
    opened = decisions.opened
    told = ", ".join(f"{REVIEWS[review]} {count(times)}" for review, times in opened.most_common())
    rows = [
        (
            case.examples[-1].item_name,
            f"{case.subject.kind} {case.subject.key}" if case.subject.kind != "name" else "name",
            REVIEWS[case.review],
            count(case.line_count),
            money(case.amount_kopecks),
        )
        for case in decisions.cases[:CASES_SHOWN]
    ]
    title = f"Goods cases opened: {count(len(decisions.cases))}" + (f" ({told})" if told else "")
    yield table(title, ("goods, for example", "known by", "why", "lines", "sum"), rows, texts=2)


def _misdeclared(decisions: Decisions) -> Iterator[RenderableType]:
    rows = [
        (
            f"merchant {one.merchant_id}",
            count(one.declared_count),
            count(one.checked_count),
            count(one.differing_count),
            money(one.differing_kopecks),
            "" if one.rate is None else f"{one.rate:.1%}",
        )
        for one in decisions.misdeclared
    ]
    headings = ("ОКПД2 declared by", "lines", "could be checked", "other goods", "sum", "rate")
    yield table("Wrong declarations, as the department sees them", headings, rows)


def document(decisions: Decisions) -> dict[str, Any]:
    """The same for programs; sums are kopecks."""
    return {
        "decisions_by_source": {
            name: {part: getattr(one, part) for part in Decided.__slots__}
            for name, one in decisions.by_source.items()
        },
        "prohibited_lines": decisions.prohibited_lines,
        "prohibited_kopecks": decisions.prohibited_kopecks,
        "prohibited_paid_lines": decisions.prohibited_paid_lines,
        "prohibited_paid_kopecks": decisions.prohibited_paid_kopecks,
        "allowed_refused_lines": decisions.mistakes.total(),
        "confused_lines": decisions.confused,
        "goods_cases": {str(review): times for review, times in decisions.opened.items()},
        "misdeclared_lines": {one.merchant_id: one.differing_count for one in decisions.misdeclared},
    }
