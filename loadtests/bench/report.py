"""The figures as tables, for a terminal."""

from typing import Any

from rich.console import Console
from rich.table import Table

from loadtests.bench.results import spread_of

RATIOS = ("unary_over_echo", "exchange_over_pgbench", "unary_over_plain")
COLUMNS = {
    "p50_ms": "p50 ms",
    "p99_ms": "p99 ms",
    "client_cpu_us": "client µs",
    "server_cpu_us": "server µs",
    "postgres_cpu_us": "PostgreSQL µs",
    "wal_bytes": "WAL B",
}


def show(results: dict[str, Any], console: Console) -> None:
    """Print what is in the results."""
    if "rounds" not in results:
        return
    table = Table(title="Throughput, interleaved rounds; medians, CPU and bytes a purchase")
    for heading in ("", "purchases/s (min to max)", *COLUMNS.values()):
        table.add_column(heading, justify="right" if heading else "left", no_wrap=True)
    for name, rounds in results["rounds"].items():
        cells = [f"{spread_of([one[key] for one in rounds])['median']:,.0f}" for key in COLUMNS]
        table.add_row(name, _spread([one["per_s"] for one in rounds]), *cells)
    console.print(table)
    for key in RATIOS:
        ratio = results[key]
        console.print(f"{key}: {ratio['median']:.3f} ({ratio['min']:.3f} to {ratio['max']:.3f})")
    console.print(results["facts"])


def _spread(values: list[float]) -> str:
    found = spread_of(values)
    return f"{found['median']:,.0f} ({found['min']:,.0f} to {found['max']:,.0f})"
