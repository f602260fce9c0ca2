"""Latency at the till at fixed arrival rates: an open loop, which does not wait for a slow gateway.

A latency counts from the moment at which the till wanted to send. So a pause of the gateway is felt by all
that arrive during it, and a machine that can't hold a rate shows it.
"""

from contextlib import ExitStack
from typing import Any, Final

from rich.progress import track

from loadtests.bench.clients import Answered, clients
from loadtests.bench.world import CALLERS, make_world

RATES: Final = (100, 500, 1_500)
WARM_UP_S: Final = 3.0


def measure(accounts: int, workers: int, seconds: float, rounds: int) -> dict[str, Any]:
    """The part `latency` of the results: by rate, every round."""
    with make_world(accounts) as world, ExitStack() as stack:
        gateway = stack.enter_context(world.gateway("gateway", workers))
        tills = stack.enter_context(clients(world.client("unary", gateway.grpc_port), workers))
        tills.closed(WARM_UP_S, CALLERS)
        found: dict[str, list[dict[str, Any]]] = {str(rate): [] for rate in RATES}
        for _ in track(range(rounds), "latency"):
            for rate in RATES:
                found[str(rate)].append(at_the_till(tills.open(seconds, rate), seconds))
    return {"workers": workers, "seconds": seconds, "rates": found}


def at_the_till(answered: Answered, seconds: float) -> dict[str, Any]:
    """Percentiles in ms, what was asked for, and what of it was answered in the time that it was asked in."""
    refused = sum(answered.refused.values())
    return {
        "asked_per_s": (answered.count + refused) / seconds,
        "served_per_s": answered.count / max(seconds, answered.elapsed_s),
        "refused_per_s": refused / seconds,
        "refused": answered.refused,
        "p50_ms": answered.percentile_ms(0.5),
        "p99_ms": answered.percentile_ms(0.99),
        "p99_9_ms": answered.percentile_ms(0.999),
    }
