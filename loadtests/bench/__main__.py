"""`python -m loadtests.bench`: measure, print tables, keep the figures in loadtests/results/latest.json.

Figures of parts that are not measured this time stay as they were.
"""

import os
import platform
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import click
from rich.console import Console

from loadtests.bench import flood, growth, latency, memory, startup, throughput
from loadtests.bench.report import markdown, show
from loadtests.bench.results import LATEST, load, merge, store

PARTS = ("throughput", "latency", "flood", "growth", "memory", "startup")


def _parts(_: click.Context, __: click.Parameter, value: str) -> list[str]:
    parts = value.split(",")
    if unknown := set(parts) - set(PARTS):
        raise click.BadParameter(f"{', '.join(sorted(unknown))}: there are {', '.join(PARTS)}")
    return parts


def _numbers(_: click.Context, __: click.Parameter, value: str) -> tuple[int, ...]:
    try:
        return tuple(int(number) for number in value.split(","))
    except ValueError:
        raise click.BadParameter("numbers with commas") from None


@click.command()
@click.option("--only", default=",".join(PARTS), show_default=True, callback=_parts, help="parts to measure")
@click.option("--rounds", default=9, show_default=True, help="interleaved rounds of each target")
@click.option("--seconds", default=5.0, show_default=True, help="length of most rounds")
@click.option("--workers", default="1,2", show_default=True, callback=_numbers, help="gateway processes")
@click.option("--accounts", default=200_000, show_default=True, help="cards with points")
@click.option("--latency-seconds", default=9.0, show_default=True, help="length of a round at a fixed rate")
@click.option("--minutes", default=10.0, show_default=True, help="how long memory is watched")
@click.option("--growth-accounts", default=2_000_000, show_default=True, help="accounts of the large one")
@click.option("--growth-purchases", default=1_000_000, show_default=True, help="purchases of its two years")
@click.option("--profile", default="", help="a target of throughput to record with py-spy, such as gateway-1")
def bench(
    only: list[str],
    rounds: int,
    seconds: float,
    workers: tuple[int, ...],
    accounts: int,
    latency_seconds: float,
    minutes: float,
    growth_accounts: int,
    growth_purchases: int,
    profile: str,
) -> None:
    """Measure the gateway against honest yardsticks, in turn, on this machine."""
    grown = growth.Growth(10_000, growth_accounts, growth_purchases, rounds, seconds)
    measures: dict[str, Callable[[], dict[str, Any]]] = {
        "throughput": lambda: throughput.measure(
            throughput.Options(rounds, seconds, accounts, workers, profile)
        ),
        "latency": lambda: latency.measure(accounts, max(workers), latency_seconds, rounds),
        "flood": lambda: flood.measure(accounts, seconds, rounds),
        "growth": lambda: growth.measure(grown),
        "memory": lambda: memory.measure(accounts, minutes),
        "startup": lambda: startup.measure(rounds),
    }
    results = load()
    for part in only:
        measured = measures[part]()
        where = {"measured_at": f"{datetime.now(UTC):%Y-%m-%d %H:%M} UTC", "machine": _machine()}
        results = merge(results, part, {**where, **measured})
        store(results)
    show(results, Console())
    LATEST.with_suffix(".md").write_text(markdown(results), encoding="utf-8")
    click.echo(f"written to {LATEST} and latest.md beside it")


def _machine() -> dict[str, Any]:
    return {
        "cpus": os.cpu_count(),
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[2], 1),
    }


if __name__ == "__main__":
    bench()
