"""What is said at the end, for people and for programs."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from rich.console import Console

from loadtests.demo.money import count, money
from loadtests.load.volume import TIMES, Volume

_SHOWN_MAX: Final = 20
_RESTARTED: Final = "restarted"


@dataclass(frozen=True, slots=True)
class Verdict:
    """A day's tally, and whether the day was as it should be."""

    volume: Volume
    tally: Mapping[str, Any]
    is_ledger_clean: bool
    seconds: float
    report: Path

    @property
    def is_good(self) -> bool:
        """True if nothing is to be complained of."""
        return not list(self.complaints())

    def complaints(self) -> Iterator[str]:
        """Each thing that must not be."""
        for kind, times in self.tally["failed_by_kind"].items():
            yield f"{times} failed: {kind}"
        if self.tally["buyers"] != self.volume.purchases:
            yield f"{self.tally['buyers']} buyers served of {self.volume.purchases}"
        if not self.tally["worker_restarted"].startswith(_RESTARTED):
            yield f"no worker was restarted: {self.tally['worker_restarted']}"
        if not self.tally["mended"]:
            yield "no answer was lost: nothing was mended"
        if not self.is_ledger_clean:
            yield "the ledger is not clean"
        yield from self.tally["disagreements"]

    def write(self, path: Path) -> None:
        """Write it as JSON; sums are kopecks."""
        document = {
            "times_published_volume": TIMES,
            "is_whole_day": self.volume.is_whole,
            "purchases": self.volume.purchases,
            "shops": self.volume.shops,
            "tills": self.volume.tills,
            "holders": self.volume.holders,
            "open_s": self.volume.open_s,
            "compression": round(self.volume.compression, 1),
            **self.tally,
            "ledger_verified": self.is_ledger_clean,
            "is_good": self.is_good,
            "seconds": round(self.seconds, 1),
        }
        path.write_text(json.dumps(document, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")

    def tell(self, console: Console) -> None:
        """Print it in a few lines."""
        tally, waited = self.tally, self.tally["waited_for_the_till_ms"]
        mended = ", ".join(f"{what} {count(times)}" for what, times in tally["mended"].items())
        for text in (
            f"{count(tally['buyers'])} buyers: {count(tally['approved'])} purchases approved,"
            f" {count(tally['declined'])} declined; {money(tally['points_kopecks'])} by points,"
            f" {money(tally['own_money_kopecks'])} own money",
            f"Tills that lost answers: {mended or 'none'}",
            f"Gateway: {tally['worker_restarted']}",
            "Buyers who found their till busy or the day late waited"
            f" p50 {waited['p50']} ms, p99 {waited['p99']} ms, at most {waited['max']} ms",
            f"Compared with the tills' own books: {count(tally['shifts_compared'])} shifts,"
            f" {count(tally['operations_compared'])} operations, {count(tally['cards_compared'])} cards",
        ):
            console.print(text, soft_wrap=True)
        complaints = list(self.complaints())
        for complaint in complaints[:_SHOWN_MAX]:
            console.print(f"[red]{complaint}[/red]", soft_wrap=True)
        if complaints:
            console.print(f"[bold red]{count(len(complaints))} complaints[/bold red]")
        else:
            console.print("[bold green]No sale failed, all books agree, the ledger is clean[/bold green]")
        console.print(f"{self.seconds:.0f} s in all; the report is {self.report}", soft_wrap=True)
