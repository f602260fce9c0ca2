"""`python -m loadtests.bench`: measure, print tables, keep the figures in loadtests/results/latest.json."""

import click
from rich.console import Console

from loadtests.bench import throughput
from loadtests.bench.report import show
from loadtests.bench.results import load, machine, merge, store

PARTS = ("throughput",)


@click.command()
@click.option("--only", default=",".join(PARTS), show_default=True, help="parts to measure, with commas")
@click.option("--rounds", default=5, show_default=True, help="interleaved rounds of each target")
@click.option("--seconds", default=4.0, show_default=True, help="length of a round")
@click.option("--workers", default="1,2", show_default=True, help="numbers of gateway processes, with commas")
@click.option("--accounts", default=200_000, show_default=True, help="cards with points")
@click.option("--profile", default="", help="a target to record with py-spy in a further round: gateway-1")
def bench(only: str, rounds: int, seconds: float, workers: str, accounts: int, profile: str) -> None:
    """Measure the gateway against honest yardsticks, in turn, on this machine."""
    console = Console()
    parts = only.split(",")
    if unknown := set(parts) - set(PARTS):
        raise click.UsageError(f"no such part: {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    counts = tuple(int(n) for n in workers.split(","))
    results = merge(load(), {"machine": machine()})
    if "throughput" in parts:
        options = throughput.Options(rounds, seconds, accounts, counts, profile)
        results = merge(results, throughput.measure(options))
        store(results)
    show(results, console)


if __name__ == "__main__":
    bench()
