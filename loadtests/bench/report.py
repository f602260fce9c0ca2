"""The figures as tables: for a terminal, and as Markdown for a decision record."""

import statistics
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from rich.console import Console
from rich.table import Table

from loadtests.bench.results import RATIOS, spread_of


@dataclass(frozen=True, slots=True)
class Sheet:
    """A table of texts with the line that tells what it is."""

    title: str
    headings: tuple[str, ...]
    rows: Sequence[tuple[str, ...]]


def sheets(results: dict[str, Any]) -> list[Sheet]:
    """A table for each part that was measured."""
    return [make(results[part]) for part, make in _SHEETS if part in results]


def show(results: dict[str, Any], console: Console) -> None:
    """Print the tables."""
    for sheet in sheets(results):
        table = Table(title=sheet.title, title_justify="left")
        for n, heading in enumerate(sheet.headings):
            table.add_column(heading, justify="right" if n else "left")
        for row in sheet.rows:
            table.add_row(*row)
        console.print(table)


def markdown(results: dict[str, Any]) -> str:
    """The same tables as Markdown."""
    parts = []
    for sheet in sheets(results):
        rules = ("---", *("---:" for _ in sheet.headings[1:]))
        lines = [f"| {' | '.join(cells)} |" for cells in (sheet.headings, rules, *sheet.rows)]
        parts.append(f"**{sheet.title}**\n\n" + "\n".join(lines) + "\n")
    return "\n".join(parts)


def spread(values: Iterable[float], digits: int = 0) -> str:
    """Median with smallest and largest."""
    found = spread_of(list(values))
    middle, low, high = (f"{found[key]:,.{digits}f}" for key in ("median", "min", "max"))
    return f"{middle} ({low} to {high})"


def _median(rounds: list[dict[str, float]], key: str, digits: int = 0) -> str:
    value = statistics.median(one[key] for one in rounds)
    return "–" if value != value else f"{value:,.{digits}f}"


def _throughput(part: dict[str, Any]) -> Sheet:
    sizes, rows = part["facts"]["baskets"], []
    keys = ("p50_ms", "p99_ms", "client_cpu_us", "server_cpu_us", "postgres_cpu_us", "wal_bytes")
    for name, rounds in part["rounds"].items():
        rows.append((name, spread(one["per_s"] for one in rounds), *(_median(rounds, key) for key in keys)))
    rows.extend((key, spread(part[key]["rounds"], 3), *("" for _ in keys)) for key in RATIOS)
    title = (
        f"Throughput, {len(part[RATIOS[0]]['rounds'])} interleaved rounds, {part['measured_at']}; baskets of"
        f" {sizes['lines']['mean']:.1f} lines, answers of {sizes['answer_bytes']['mean']:,.0f} bytes;"
        f" a purchase's µs of CPU; remembered of the gateway's lines: {_known(part['facts'])}"
    )
    return Sheet(
        title, ("", "purchases/s", "p50 ms", "p99 ms", "client", "server", "PostgreSQL", "WAL B"), rows
    )


def _known(facts: dict[str, Any]) -> str:
    """The hit rate of the memory of judged lines, of each gateway."""
    rates = facts.get("known_lines", {})
    return ", ".join(f"{rate:.1%} ({name})" for name, rate in rates.items()) or "–"


def _written(part: dict[str, Any]) -> Sheet:
    by_side = part["facts"]["written"]
    names = list(by_side["gateway"])
    rows = [(side, *(f"{values[name]:,.1f}" for name in names)) for side, values in by_side.items()]
    headings = ("", *(name.removesuffix("_bytes").replace("_", " ") for name in names))
    return Sheet("Rows and mean bytes a purchase in the tables", headings, rows)


def _latency(part: dict[str, Any]) -> Sheet:
    keys = ("asked_per_s", "served_per_s", "refused_per_s")
    rows = [
        (
            rate,
            *(_median(rounds, key) for key in keys),
            *(_median(rounds, key, 1) for key in ("p50_ms", "p99_ms", "p99_9_ms")),
        )
        for rate, rounds in part["rates"].items()
    ]
    title = f"Latency at the till, open loop, {part['workers']} gateway processes, {part['measured_at']}"
    return Sheet(title, ("rate", "asked/s", "served/s", "refused/s", "p50 ms", "p99 ms", "p99.9 ms"), rows)


_FLOOD_KEYS: Final = ("asked_per_s", "served_per_s", "refused_per_s")


def _flood(part: dict[str, Any]) -> Sheet:
    rows = [
        (
            f"{float(share):g} × capacity",
            *(_median(rounds, key) for key in _FLOOD_KEYS),
            _by_name(rounds),
            *(spread(one[key] for one in rounds) for key in ("p50_ms", "p99_ms")),
        )
        for share, rounds in part["shares"].items()
    ]
    rows += _beside_strangers(part.get("strangers", []))
    capacity = spread(one["capacity_per_s"] for one in next(iter(part["shares"].values())))
    title = (
        f"Flood, tills and gateway on processors of their own, capacity {capacity} purchases/s,"
        f" {part['measured_at']}"
    )
    return Sheet(title, ("", "asked/s", "served/s", "refused/s", "by name", "p50 ms", "p99 ms"), rows)


def _beside_strangers(rounds: list[dict[str, Any]]) -> list[tuple[str, ...]]:
    if not rounds:
        return []
    tries = _median(rounds, "tries_per_s")
    return [
        (
            said,
            *(_median([one[key] for one in rounds], figure) for figure in _FLOOD_KEYS),
            "–",
            *(spread(one[key][figure] for one in rounds) for figure in ("p50_ms", "p99_ms")),
        )
        for key, said in (
            ("alone", "honest alone"),
            ("among", f"honest beside {tries} bad certificates/s"),
            ("bounded", "the same, handshakes bounded"),
        )
    ]


def _by_name(rounds: list[dict[str, float]]) -> str:
    refused = sum(one["refused_per_s"] for one in rounds)
    return f"{sum(one['by_name_per_s'] for one in rounds) / refused:.0%}" if refused else "–"


def _growth(part: dict[str, Any]) -> Sheet:
    rows = [
        (
            said,
            spread(part[key]["small_cpu_us"]),
            spread(part[key]["large_cpu_us"]),
            spread(part[key]["large_over_small"]["rounds"], 3),
        )
        for said, key in (
            (f"{part['accounts']:,} accounts", "by_accounts"),
            (f"and {part['purchases']:,} purchases in 24 months", "by_purchases"),
        )
    ]
    title = f"Growth, CPU µs a sale of gateway and PostgreSQL, {part['measured_at']}"
    return Sheet(title, ("", f"{part['small_accounts']:,} accounts", "grown", "ratio"), rows)


def _memory(part: dict[str, Any]) -> Sheet:
    keys = ("first_mib", "last_mib", "max_mib", "slope_mib_per_hour")
    row = (f"{part['minutes']:g} minutes, {part['sales']:,} sales", *(f"{part[key]:,.1f}" for key in keys))
    title = f"Memory of a worker under load, after its warm-up, {part['measured_at']}"
    return Sheet(title, ("", "first MiB", "last MiB", "largest MiB", "slope MiB/h"), [row])


def _startup(part: dict[str, Any]) -> Sheet:
    row = ("process start to ready", f"{part['first_s']:.2f}", spread(part["rounds"], 2))
    return Sheet(f"Start of a worker, {part['measured_at']}", ("", "first s", "later s"), [row])


_SHEETS: Final[tuple[tuple[str, Callable[[dict[str, Any]], Sheet]], ...]] = (
    ("throughput", _throughput),
    ("throughput", _written),
    ("latency", _latency),
    ("flood", _flood),
    ("growth", _growth),
    ("memory", _memory),
    ("startup", _startup),
)
