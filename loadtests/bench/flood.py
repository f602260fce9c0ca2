"""A flood: more than the gateway can serve, and what those who are served feel of it.

The gateway and its PostgreSQL have half of the processors, the tills the other half: else a flood would take
from the gateway the processors that it is to be answered with. Each round first finds what the gateway
serves at most, since a shared machine is faster in one minute than in the next.

The second flood is of strangers: handshakes with certificates that the door does not trust, beside tills at
half of the capacity, who are measured with and without them, at this gateway, which bounds no handshakes, and
at one that does as shipped.
"""

import os
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final

from rich.progress import track

from loadtests.bench.clients import Clients, clients
from loadtests.bench.latency import WARM_UP_S, at_the_till
from loadtests.bench.strangers import make_stranger, strangers
from loadtests.bench.world import CALLERS, make_world

SHARES: Final = (0.5, 0.9, 1.5, 2.5)
"""Of the capacity; the first two are no floods, and say what there is to keep."""
BY_NAME: Final = "RESOURCE_EXHAUSTED"
HONEST_SHARE: Final = 0.5
"""Of the capacity; what honest tills ask for beside strangers."""
SETTLE_S: Final = 3.0
"""A flood lasts; a bound takes a second or two to find its share."""
HANDSHAKES_PER_S: Final = 50
"""What is shipped for production."""
STRANGERS_PER_S: Final = 200.0
"""Handshakes with bad certificates: some 12,000 a minute, from one address."""


def measure(accounts: int, seconds: float, rounds: int) -> dict[str, Any]:
    """The part `flood` of the results: by share of the capacity, and beside strangers, every round.

    Raises RuntimeError on a machine with one processor.
    """
    serving, asking = _halves()
    with ExitStack() as stack:
        with _on(serving):
            world = stack.enter_context(make_world(accounts))
            gateway = stack.enter_context(world.gateway("gateway", len(serving)))
        with _on(asking):
            tills = stack.enter_context(clients(world.client("unary", gateway.grpc_port), len(asking)))
        folder = Path(stack.enter_context(TemporaryDirectory()))
        make_stranger(folder)
        limits = folder / "limits.toml"
        limits.write_text(f"[handshakes]\nper_s = {HANDSHAKES_PER_S}\n", encoding="utf-8")
        with _on(serving):
            bounded = world.gateway("bounded", len(serving), TILLGATE_LIMITS_FILE=str(limits))
            bounding = stack.enter_context(bounded)
        with _on(asking):
            others = stack.enter_context(clients(world.client("unary", bounding.grpc_port), len(asking)))
        others.closed(WARM_UP_S, CALLERS)
        tills.closed(WARM_UP_S, CALLERS)
        found: dict[str, list[dict[str, Any]]] = {str(share): [] for share in SHARES}
        beside: list[dict[str, Any]] = []
        for _ in track(range(rounds), "flood"):
            capacity = tills.closed(seconds, CALLERS)
            per_s = capacity.count / capacity.elapsed_s
            for share in SHARES:
                answered = tills.open(seconds, share * per_s)
                by_name = answered.refused.get(BY_NAME, 0) / seconds
                till = at_the_till(answered, seconds)
                found[str(share)].append({"capacity_per_s": per_s, "by_name_per_s": by_name, **till})
            with _on(asking):
                unbounded = _beside_strangers(tills, gateway.grpc_port, folder, seconds, per_s)
                bounded_too = _beside_strangers(others, bounding.grpc_port, folder, seconds, per_s)
                beside.append({**unbounded, "bounded": bounded_too["among"]})
    return {"workers": len(serving), "seconds": seconds, "shares": found, "strangers": beside}


def _beside_strangers(
    tills: Clients, port: int, folder: Path, seconds: float, capacity_per_s: float
) -> dict[str, Any]:
    """What honest tills feel alone and beside strangers, one after the other, in the same minute.

    Raises RuntimeError if a stranger was let in.
    """
    rate = HONEST_SHARE * capacity_per_s
    alone = at_the_till(tills.open(seconds, rate), seconds)
    with strangers(port, folder, STRANGERS_PER_S) as knocking:
        time.sleep(SETTLE_S)
        among = at_the_till(tills.open(seconds, rate), seconds)
        said = knocking.end()
    if said["heard"]:
        raise RuntimeError(f"{said['heard']} strangers were let in")
    return {"alone": alone, "among": among, "tries_per_s": said["tries_per_s"]}


def _halves() -> tuple[set[int], set[int]]:
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise RuntimeError("a flood needs two processors: one for the gateway and one for the tills")
    return set(cores[: len(cores) // 2]), set(cores[len(cores) // 2 :])


@contextmanager
def _on(cores: set[int]) -> Iterator[None]:
    """What is started within it runs on these processors for as long as it lives."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)
