"""From the start of the process until it says that it may be given work; the database runs already."""

import time
from typing import Any

from rich.progress import track

from loadtests.bench.results import spread_of
from loadtests.bench.world import make_world

ACCOUNTS = 1_000
"""The start does not read accounts."""


def measure(rounds: int) -> dict[str, Any]:
    """The part `startup` of the results: seconds to ready, start by start."""
    seconds = []
    with make_world(ACCOUNTS) as world:
        for n in track(range(rounds + 1), "startup"):
            started = time.perf_counter()
            with world.gateway(f"gateway-{n}", 1):
                seconds.append(time.perf_counter() - started)
    # The first start reads the program from disk; it is told apart.
    return {"first_s": seconds[0], "seconds": spread_of(seconds[1:]), "rounds": seconds[1:]}
