"""Throughput: every target in turn, round by round, with the CPU time of all that took part."""

from collections.abc import Callable
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any, Final

from rich.progress import track

from loadtests.bench.clients import Answered, clients
from loadtests.bench.echo import Shape
from loadtests.bench.pgbench import Pgbench, make_pgbench
from loadtests.bench.profiling import record
from loadtests.bench.results import ratio_of, spread_of
from loadtests.bench.sizes import purchase_sizes, written
from loadtests.bench.usage import Meter, Usage, hit_rate, judged_lines
from loadtests.bench.world import CALLERS, World, make_world
from loadtests.serving import Serving

WARM_UP_S: Final = 2.0
SETTLE_S: Final = 1.0
"""Before each round, as pgbench's first second is left out: after a pause caches are others'."""
IN_FLIGHT: Final = {"unary": CALLERS, "exchange": 256, "json": CALLERS}


@dataclass(frozen=True, slots=True)
class Options:
    """How much is measured, and which target is then profiled."""

    rounds: int
    seconds: float
    accounts: int
    workers: tuple[int, ...]
    profile: str = ""


@dataclass(frozen=True, slots=True)
class Round:
    """One measured interval of one target: purchases a second, latencies, and what each purchase took.

    pgbench tells no percentiles: its latency is the mean.
    """

    per_s: float
    p50_ms: float
    p99_ms: float
    client_cpu_us: float
    server_cpu_us: float
    postgres_cpu_us: float
    wal_bytes: float

    @classmethod
    def of_answers(cls, answered: Answered, used: Usage) -> "Round":
        each = 1e6 / answered.count
        return cls(
            per_s=answered.count / answered.elapsed_s,
            p50_ms=answered.percentile_ms(0.5),
            p99_ms=answered.percentile_ms(0.99),
            client_cpu_us=answered.client_cpu_s * each,
            server_cpu_us=used.server_cpu_s * each,
            postgres_cpu_us=used.postgres_cpu_s * each,
            wal_bytes=used.wal_bytes / answered.count,
        )


RunRound = Callable[[], Round]


@dataclass(frozen=True, slots=True)
class Target:
    """A server that answers Authorize in some way: so many processes, of which these are the roots."""

    name: str
    transport: str
    port: int
    server_pids: tuple[int, ...]
    processes: int


class Throughput:
    """The targets of one world, each with what measures a round of it."""

    def __init__(self, world: World, options: Options) -> None:
        self._world, self._options = world, options
        # pgbench has accounts of its own: what it holds does not burden the gateway's.
        self._cards, self._pgbench_cards = world.cards.part(0, 2), world.cards.part(1, 2)
        self._server_pids: dict[str, tuple[int, ...]] = {}
        self._gateways: dict[int, Serving] = {}
        self.targets: dict[str, RunRound] = {}
        self.facts: dict[str, Any] = {}

    def open(self, stack: ExitStack) -> None:
        """Start every target and warm it up."""
        world, options = self._world, self._options
        gateways = {n: stack.enter_context(world.gateway(f"gateway-{n}", n)) for n in options.workers}
        self._gateways = gateways
        shape = self._take_samples(next(iter(gateways.values())).grpc_port)
        for workers, gateway in gateways.items():
            port, pids = stack.enter_context(world.echo(workers, shape))
            self._add(stack, Target(f"echo-{workers}", "unary", port, pids, workers))
            own = (gateway.pid,)
            self._add(stack, Target(f"gateway-{workers}", "unary", gateway.grpc_port, own, workers))
            self._add(stack, Target(f"exchange-{workers}", "exchange", gateway.grpc_port, own, workers))
            self._add(stack, Target(f"json-{workers}", "json", gateway.json_port, own, workers))
        port, pid = stack.enter_context(world.plain())
        self._add(stack, Target("plain", "unary", port, (pid,), 1))
        pgbench = make_pgbench(world.settings, self._cards, self._pgbench_cards)
        self.targets["pgbench"] = lambda: self._pgbench_round(pgbench)

    def profile(self, name: str) -> Path:
        """One more round of a target, watched by py-spy, which slows it; where the stacks are then."""
        return record(self._server_pids[name], self._options.seconds, f"profile-{name}", self.targets[name])

    def written(self) -> dict[str, dict[str, float]]:
        """What a purchase of the gateway and one of pgbench is in the database."""
        url = self._world.settings.database_reader_url
        return {"gateway": written(url, self._cards), "pgbench": written(url, self._pgbench_cards)}

    def lines(self) -> dict[str, dict[str, int]]:
        """Of each gateway so far: the lines whose like its workers remembered, and the new ones."""
        return {f"gateway-{n}": judged_lines(gateway.http_port) for n, gateway in self._gateways.items()}

    def _take_samples(self, port: int) -> Shape:
        """Buy every basket once: those that points pay are measured, and the echo answers in their size."""
        with clients(self._world.client("unary", port, self._cards), 1) as one:
            sampled = one.sample()
        approved = [row for row in sampled if row[4]]
        shape = Shape.of([(lines, answer) for _, lines, _, answer, _ in approved])
        self.facts["baskets"] = {
            "sampled": len(sampled),
            "approved": len(approved),
            **purchase_sizes(approved),
        }
        self.facts["answer"] = asdict(shape)
        return shape

    def _add(self, stack: ExitStack, target: Target) -> None:
        """A target with as many client processes as it has server processes: one would be a bottleneck."""
        config = self._world.client(target.transport, target.port, self._cards)
        together = stack.enter_context(clients(config, target.processes))
        in_flight = IN_FLIGHT[target.transport]
        together.closed(min(WARM_UP_S, self._options.seconds), in_flight, checked=True)
        self._server_pids[target.name] = target.server_pids

        def run() -> Round:
            together.closed(min(SETTLE_S, self._options.seconds), in_flight)
            meter = Meter(self._world, target.server_pids)
            answered = together.closed(self._options.seconds, in_flight)
            return Round.of_answers(answered, meter.read())

        self.targets[target.name] = run

    def _pgbench_round(self, pgbench: Pgbench) -> Round:
        """The first second is left out: there sessions connect and prepare their statements."""
        seconds = round(self._options.seconds)
        with pgbench.running(seconds + 2) as (process, intervals):
            started = next(intervals)
            meter = Meter(self._world, (process.pid,))
            measured = [next(intervals) for _ in range(seconds)]
            used = meter.read()
        lengths = [b.at_s - a.at_s for a, b in pairwise([started, *measured])]
        count = sum(one.tps * length for one, length in zip(measured, lengths, strict=True))
        latency_ms = sum(one.latency_ms for one in measured) / len(measured)
        return Round(
            per_s=count / sum(lengths),
            p50_ms=latency_ms,
            p99_ms=float("nan"),
            client_cpu_us=used.server_cpu_s / count * 1e6,
            server_cpu_us=0.0,
            postgres_cpu_us=used.postgres_cpu_s / count * 1e6,
            wal_bytes=used.wal_bytes / count,
        )


def measure(options: Options) -> dict[str, Any]:
    """The part `throughput` of the results."""
    with make_world(options.accounts) as world, ExitStack() as stack:
        bench = Throughput(world, options)
        bench.open(stack)
        rounds: dict[str, list[Round]] = {name: [] for name in bench.targets}
        before = bench.lines()
        for _ in track(range(options.rounds), "throughput"):
            for name, run in bench.targets.items():
                rounds[name].append(run())
        bench.facts["known_lines"] = {
            name: hit_rate(before[name], lines) for name, lines in bench.lines().items()
        }
        bench.facts["written"] = bench.written()
        if options.profile:
            bench.facts["profile"] = bench.profile(options.profile).name
    return {
        **ratios(rounds, options.workers),
        "facts": bench.facts,
        "options": asdict(options),
        "rounds": {name: [asdict(one) for one in of] for name, of in rounds.items()},
    }


def ratios(rounds: dict[str, list[Round]], workers: tuple[int, ...]) -> dict[str, Any]:
    """The keys that stand for the whole, each from the rounds in pairs as they followed each other.

    The gateway runs with the number of workers that serves most, the echo with as many processes.
    """
    rates = {name: [one.per_s for one in of] for name, of in rounds.items()}
    best = max(workers, key=lambda n: spread_of(rates[f"gateway-{n}"])["median"])
    return {
        "workers": best,
        "unary_over_echo": ratio_of(rates[f"gateway-{best}"], rates[f"echo-{best}"]),
        "exchange_over_pgbench": ratio_of(rates[f"exchange-{best}"], rates["pgbench"]),
        # The plain implementation is one process, so the gateway is one too here.
        "unary_over_plain": ratio_of(rates[f"gateway-{min(workers)}"], rates["plain"]),
    }
