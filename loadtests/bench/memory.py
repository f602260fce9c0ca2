"""Memory of one worker under a steady load of sales, sampled each second: it must not grow."""

import threading
from statistics import linear_regression
from typing import Any, Final

from rich.progress import track

from loadtests.bench.clients import clients
from loadtests.bench.processes import read_stat
from loadtests.bench.world import CALLERS, make_world

STEP_S: Final = 10.0
WARM_UP_SHARE: Final = 0.2
"""Of the whole time: until then pools and caches fill."""


def measure(accounts: int, minutes: float) -> dict[str, Any]:
    """The part `memory` of the results."""
    steps = range(max(1, round(minutes * 60 / STEP_S)))
    with (
        make_world(accounts) as world,
        world.gateway("gateway", 1) as gateway,
        clients(world.client("sale", gateway.grpc_port), 1) as tills,
        Samples(gateway.pid) as samples,
    ):
        count = sum(tills.closed(STEP_S, CALLERS).count for _ in track(steps, "memory"))
    return {"minutes": minutes, "sales": count, **flatness(samples.resident_bytes)}


class Samples:
    """Resident bytes of a process, each second while the context lasts."""

    def __init__(self, pid: int) -> None:
        self._pid = pid
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._run)
        self.resident_bytes: list[int] = []

    def __enter__(self) -> "Samples":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        self._thread.join()

    def _run(self) -> None:
        while not self._ended.wait(1.0):
            if (stat := read_stat(self._pid)) is not None:
                self.resident_bytes.append(stat.resident_bytes)


def flatness(resident_bytes: list[int]) -> dict[str, float]:
    """First, last and largest sample after the warm-up in MiB, and the slope of a line through them an hour.

    Raises statistics.StatisticsError if there are too few samples.
    """
    steady = [value / 2**20 for value in resident_bytes[int(len(resident_bytes) * WARM_UP_SHARE) :]]
    slope = linear_regression(range(len(steady)), steady).slope
    return {
        "first_mib": steady[0],
        "last_mib": steady[-1],
        "max_mib": max(steady),
        "slope_mib_per_hour": slope * 3600,
    }
