"""What is seen while the demo runs: a live board on a terminal, plain lines in a file."""

import asyncio
import time
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table

from gateway.cli.progress import progress_bar
from loadtests.demo.money import count, money
from loadtests.demo.till import Figures

_REFRESH_S: Final = 0.4
_LINE_EVERY_S: Final = 5.0


class View:
    """The console of one run."""

    def __init__(self) -> None:
        self.console = Console(highlight=False)
        if not self.console.is_terminal:
            # A file has no width of its own.
            self.console = Console(highlight=False, width=100)
        self._started_s = time.monotonic()

    def say(self, text: str) -> None:
        """A step, with the seconds since the start."""
        seconds = time.monotonic() - self._started_s
        self.console.print(f"[dim]{seconds:5.1f} s[/dim]  {text}", soft_wrap=True)

    @property
    def seconds(self) -> float:
        """Seconds since the start."""
        return time.monotonic() - self._started_s

    @asynccontextmanager
    async def board(self, figures: Figures, buyers: int) -> AsyncIterator[None]:
        """Show what the tills do until the context ends."""
        show = self._live if self.console.is_terminal else self._lines
        task = asyncio.create_task(show(figures, buyers))
        try:
            yield
        finally:
            task.cancel()
            await asyncio.wait({task})

    async def _live(self, figures: Figures, buyers: int) -> None:
        progress = progress_bar(self.console)
        bar = progress.add_task("buyers", total=buyers, told="")
        with Live(console=self.console, auto_refresh=False, transient=True) as live:
            while True:
                progress.update(bar, completed=figures.stories.total(), told=_so_far(figures, buyers))
                live.update(Group(progress, _counters(figures)), refresh=True)
                await asyncio.sleep(_REFRESH_S)

    async def _lines(self, figures: Figures, buyers: int) -> None:
        while True:
            await asyncio.sleep(_LINE_EVERY_S)
            seen = Tally(figures)
            decided = f"{count(seen.approved)} approved, {count(seen.declined.total())} declined"
            self.say(f"{_so_far(figures, buyers)} buyers: {decided}, {money(seen.points_kopecks)} by points")


def _so_far(figures: Figures, buyers: int) -> str:
    return f"{count(figures.stories.total())} of {count(buyers)}"


class Tally:
    """Sums of the purchases so far."""

    def __init__(self, figures: Figures) -> None:
        self.asked = len(figures.results)
        self.approved = self.undone = 0
        self.points_kopecks = self.own_money_kopecks = 0
        self.declined: Counter[str] = Counter()
        for result in figures.results:
            if result.is_undone:
                self.undone += 1
            elif result.is_approved:
                self.approved += 1
                self.points_kopecks += result.purchase.certificate_kopecks
                self.own_money_kopecks += result.purchase.own_money_kopecks
            else:
                self.declined[result.reason.name] += 1


def _counters(figures: Figures) -> RenderableType:
    seen = Tally(figures)
    grid = Table.grid(padding=(0, 3))
    for _ in range(4):
        grid.add_column()
    grid.add_row(
        f"approved [green]{count(seen.approved)}[/green]",
        f"declined [yellow]{count(seen.declined.total())}[/yellow]",
        f"undone {count(seen.undone)}",
        f"calls {count(figures.calls)}",
    )
    grid.add_row(
        f"by points [green]{money(seen.points_kopecks)}[/green]",
        f"own money {money(seen.own_money_kopecks)}",
        f"lost answers mended {count(figures.repaired.total())}",
        f"late captures {count(figures.counts['late captures'])}",
    )
    return grid
