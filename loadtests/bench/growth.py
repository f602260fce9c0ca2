"""Growth: what a purchase costs in CPU on a small database and on a large one, in turn, both running at once.

Measured are sales, which leave no hold behind: on the small database alone many would lie on an account.
"""

from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any, Final

from rich.progress import track

from loadtests.bench.clients import Clients, clients
from loadtests.bench.history import fill_history
from loadtests.bench.results import ratio_of
from loadtests.bench.usage import Meter
from loadtests.bench.world import CALLERS, World, make_world

WARM_UP_S: Final = 4.0


@dataclass(frozen=True, slots=True)
class Growth:
    """How far the database grows, and how much is measured."""

    small_accounts: int
    accounts: int
    purchases: int
    rounds: int
    seconds: float


@dataclass(frozen=True, slots=True)
class _Side:
    """A database with a gateway and tills of its own."""

    world: World
    gateway_pid: int
    tills: Clients

    def cpu_us(self, seconds: float) -> float:
        """CPU of the gateway and of PostgreSQL together, µs a sale."""
        meter = Meter(self.world, (self.gateway_pid,))
        count = self.tills.closed(seconds, CALLERS).count
        used = meter.read()
        return (used.server_cpu_s + used.postgres_cpu_s) / count * 1e6


def measure(wanted: Growth) -> dict[str, Any]:
    """The part `growth` of the results: µs a sale, and the large side over the small one, round by round."""
    with ExitStack() as stack:
        small = _open(stack, wanted.small_accounts)
        large = _open(stack, wanted.accounts)
        by_accounts = _compare(small, large, wanted, "growth: accounts")
        partitions = fill_history(large.world.settings, wanted.purchases)
        by_purchases = _compare(small, large, wanted, "growth: purchases")
    return {
        "small_accounts": wanted.small_accounts,
        "accounts": wanted.accounts,
        "purchases": wanted.purchases,
        "by_accounts": by_accounts,
        "by_purchases": by_purchases,
        "partitions": partitions,
    }


def _open(stack: ExitStack, accounts: int) -> _Side:
    world = stack.enter_context(make_world(accounts))
    gateway = stack.enter_context(world.gateway("gateway", 1))
    return _Side(world, gateway.pid, stack.enter_context(clients(world.client("sale", gateway.grpc_port), 1)))


def _compare(small: _Side, large: _Side, wanted: Growth, title: str) -> dict[str, Any]:
    for side in (small, large):
        side.tills.closed(WARM_UP_S, CALLERS)
    rounds = [
        (small.cpu_us(wanted.seconds), large.cpu_us(wanted.seconds))
        for _ in track(range(wanted.rounds), title)
    ]
    before, after = [a for a, _ in rounds], [b for _, b in rounds]
    return {"small_cpu_us": before, "large_cpu_us": after, "large_over_small": ratio_of(after, before)}
