"""`python -m loadtests.settlement`: claims of a month, at growing sizes.

Figures go to loadtests/results/settlement.json. Building is measured as the command
that the department runs, in a process of its own beside the database.
"""

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click
from msgspec import Struct, to_builtins
from rich.console import Console
from rich.table import Table

from gateway.runtime.settings import Settings
from loadtests.bench.clients import clients
from loadtests.bench.results import LATEST
from loadtests.bench.world import CALLERS, make_world
from loadtests.serving import urls_of
from loadtests.settlement.filling import last_month, make_merchants, sell

RESULTS: Final = LATEST.with_name("settlement.json")
_ACCOUNTS: Final = 20_000
_SAMPLES_S: Final = 6.0


class Size(Struct, frozen=True):
    """One size, measured: `build_s` for all claims of the month, of which each command took its part."""

    purchases: int
    lines: int
    merchants: int
    build_s: float
    draft_s: float
    check_s: float
    peak_mb: float


class Ran(Struct, frozen=True):
    """A command that ended well."""

    seconds: float
    peak_mb: float


@click.command()
@click.option("--sizes", default="250000,500000,1000000", show_default=True, help="purchases of the month")
@click.option("--merchants", default=700, show_default=True, help="participants that sold them")
def bench(sizes: str, merchants: int) -> None:
    """Measure how long the claims of a month take, and how that grows."""
    month = last_month(datetime.now(UTC))
    measured: list[Size] = []
    with make_world(_ACCOUNTS) as world:
        with ExitStack() as stack:
            gateway = stack.enter_context(world.gateway("gateway", 1))
            tills = stack.enter_context(clients(world.client("sale", gateway.grpc_port), 1))
            tills.closed(_SAMPLES_S, CALLERS)
        make_merchants(world.settings, merchants)
        sold = 0
        for size in (int(text) for text in sizes.split(",")):
            filled = sell(world.settings, month, size - sold, sold)
            sold = size
            period = ("--period", f"{month:%Y-%m}")
            built = run(world.settings, "claims", "build", *period, "--by", "bench")
            checked = run(world.settings, "claims", "check-all", *period)
            measured.append(
                Size(
                    filled.purchases,
                    filled.lines,
                    merchants,
                    round(built.seconds + checked.seconds, 1),
                    built.seconds,
                    checked.seconds,
                    max(built.peak_mb, checked.peak_mb),
                )
            )
            show(measured)
    write(measured)


def run(settings: Settings, *command: str) -> Ran:
    """Run `tillgate …` on the settings' servers; raises click.ClickException if it fails.

    Peak memory is that of the command's own process.
    """
    variables = {**os.environ, "TILLGATE_DATA_DIR": str(settings.data_dir), **urls_of(settings)}
    started = time.monotonic()
    with subprocess.Popen([Path(sys.executable).parent / "tillgate", *command], env=variables) as process:
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise click.ClickException(f"tillgate {' '.join(command)} ended with {process.returncode}")
    return Ran(round(time.monotonic() - started, 2), round(used.ru_maxrss / 1024, 1))


def show(measured: Sequence[Size]) -> None:
    """A table of what was measured so far."""
    table = Table(
        "purchases", "lines", "merchants", "built in s", "drafts", "checks", "peak MB", "µs a purchase"
    )
    for size in measured:
        each = size.build_s / size.purchases * 1e6
        table.add_row(
            f"{size.purchases:,}", f"{size.lines:,}", f"{size.merchants:,}", f"{size.build_s:.1f}",
            f"{size.draft_s:.1f}", f"{size.check_s:.1f}", f"{size.peak_mb:.0f}", f"{each:.0f}",
        )  # fmt: skip
    Console().print(table)


def write(measured: Sequence[Size]) -> None:
    """Keep the largest size at the top, and every size under `growth`."""
    content: dict[str, Any] = to_builtins(measured[-1])
    content["growth"] = to_builtins(measured)
    content["measured_at"] = datetime.now(UTC).isoformat(timespec="seconds")
    content["machine"] = {"cpus": os.cpu_count(), "python": platform.python_version()}
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    bench()
