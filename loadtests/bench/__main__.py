"""`python -m loadtests.bench`: Authorize against a bare echo, interleaved, medians and spread.

Prints a table and writes loadtests/results/latest.json. Quote the ratio; absolute figures belong to
the machine and the minute.
"""

import asyncio
import json
import os
import platform
import statistics
import tempfile
import time
from dataclasses import dataclass
from itertools import cycle
from pathlib import Path
from typing import Final, TypeAlias

import click
import grpc
import uvloop
from rich.console import Console
from rich.progress import track
from rich.table import Table

from loadtests.bench.world import World, make_world
from loadtests.demo.baskets import DemoBasket, load_baskets
from merchant_sdk.request_ids import new_request_id
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service
from tillgate.v1 import reason_pb2

UnaryCall: TypeAlias = grpc.aio.UnaryUnaryMultiCallable[bytes, bytes]

RESULTS: Final = Path(__file__).parent.parent / "results" / "latest.json"
METHOD: Final = "/tillgate.v1.PurchaseService/Authorize"
ANSWER_BYTES: Final = 1_500
CLOCK_TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Round:
    """One measured interval: calls a second, and CPU µs a call of the client and of the server's process."""

    calls_per_s: float
    client_cpu_us: float
    server_cpu_us: float
    p50_ms: float
    p99_ms: float


@click.command()
@click.option("--rounds", default=5, show_default=True, help="interleaved rounds of each")
@click.option("--seconds", default=4.0, show_default=True, help="length of a round")
@click.option("--callers", default=64, show_default=True, help="calls in flight")
@click.option("--accounts", default=20_000, show_default=True, help="cards with points")
def bench(rounds: int, seconds: float, callers: int, accounts: int) -> None:
    """Measure Authorize against a bare echo with mutual TLS, in turn, with the same client."""
    console = Console()
    with tempfile.TemporaryDirectory(prefix="tillgate-bench-", dir="/var/tmp") as folder:
        Path(folder).chmod(0o755)
        console.print(f"making {accounts:,} cards with points …")
        with make_world(Path(folder), accounts, ANSWER_BYTES) as world:
            results = uvloop.run(_measure(world, rounds, seconds, callers))
    _report(console, results)


async def _measure(world: World, rounds: int, seconds: float, callers: int) -> dict[str, list[Round]]:
    requests = _Requests(world.cards)
    servers = {
        "echo": (world.echo_port, world.echo.pid),
        "authorize": (world.gateway_port, world.gateway.pid),
    }
    results: dict[str, list[Round]] = {name: [] for name in servers}
    for name, (port, pid) in servers.items():
        await _round(world, port, pid, requests, 1.0, callers, checked=name == "authorize")
    for _ in track(range(rounds), "measuring"):
        for name, (port, pid) in servers.items():
            results[name].append(await _round(world, port, pid, requests, seconds, callers))
    return results


class _Requests:
    """Serialized Authorize requests over real baskets and all cards in turn, each with a fresh id."""

    def __init__(self, cards: tuple[str, ...]) -> None:
        self._baskets = cycle([_wire_basket(basket) for basket in load_baskets(2_000)])
        self._cards = cycle(cards)

    def next(self) -> bytes:
        request = service.AuthorizeRequest(
            header=wire.CommandHeader(request_id=str(new_request_id()), shift_number=1),
            card=wire.Card(number=next(self._cards)),
            basket=next(self._baskets),
            accept_partial=True,
        )
        return request.SerializeToString()


def _wire_basket(basket: DemoBasket) -> wire.Basket:
    lines = [
        wire.BasketLine(
            line_number=line.line_number,
            item_name=line.name,
            item_code=line.item_code,
            okpd2=line.okpd2,
            quantity_milli=line.quantity_milli,
            unit_price_kopecks=line.unit_price_kopecks,
            discount_kopecks=line.discount_kopecks,
            amount_kopecks=line.amount_kopecks,
            payment_subject=line.payment_subject,
        )
        for line in basket.lines
    ]
    return wire.Basket(
        lines=lines, total_kopecks=basket.total_kopecks, rounding_kopecks=basket.rounding_kopecks
    )


async def _round(
    world: World,
    port: int,
    pid: int,
    requests: _Requests,
    seconds: float,
    callers: int,
    *,
    checked: bool = False,
) -> Round:
    credentials = grpc.ssl_channel_credentials(
        (world.client_dir / "ca.pem").read_bytes(),
        (world.client_dir / "key.pem").read_bytes(),
        (world.client_dir / "cert.pem").read_bytes(),
    )
    latencies: list[float] = []
    async with grpc.aio.secure_channel(f"localhost:{port}", credentials) as channel:
        call: UnaryCall = channel.unary_unary(METHOD)
        await channel.channel_ready()
        server_before, client_before = _cpu_s(pid), time.process_time()
        started = time.perf_counter()

        async def caller() -> None:
            while time.perf_counter() - started < seconds:
                sent = time.perf_counter()
                answer = await call(requests.next(), timeout=10)
                latencies.append(time.perf_counter() - sent)
                if checked:
                    _check(answer)

        await asyncio.gather(*(caller() for _ in range(callers)))
        elapsed = time.perf_counter() - started
        client_cpu, server_cpu = time.process_time() - client_before, _cpu_s(pid) - server_before
    count = len(latencies)
    cuts = statistics.quantiles(latencies, n=100)
    return Round(
        calls_per_s=count / elapsed,
        client_cpu_us=client_cpu / count * 1e6,
        server_cpu_us=server_cpu / count * 1e6,
        p50_ms=cuts[49] * 1e3,
        p99_ms=cuts[98] * 1e3,
    )


def _check(answer: bytes) -> None:
    """In the warm-up each answer is read: a bench of refusals would flatter."""
    outcome = wire.SignedOutcome.FromString(
        service.AuthorizeResponse.FromString(answer).answer.signed_payload
    )
    if outcome.decision == wire.DECISION_DECLINED and outcome.reason != reason_pb2.REASON_NOTHING_ELIGIBLE:
        raise RuntimeError(f"the bench got {outcome}")


def _cpu_s(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / CLOCK_TICKS_PER_S


def _report(console: Console, results: dict[str, list[Round]]) -> None:
    table = Table(title="Authorize against a bare echo, mutual TLS, interleaved (median, min to max)")
    for heading in ("", "calls/s", "p50 ms", "p99 ms", "client CPU µs", "server CPU µs"):
        table.add_column(heading, justify="right" if heading else "left")
    for name, rounds in results.items():
        cells = [_spread([getattr(r, key) for r in rounds]) for key in Round.__dataclass_fields__]
        table.add_row(name, cells[0], cells[3], cells[4], cells[1], cells[2])
    pairs = zip(results["authorize"], results["echo"], strict=True)
    ratios = [ours.calls_per_s / echo.calls_per_s for ours, echo in pairs]
    console.print(table)
    console.print(f"unary_over_echo, round by round: {_spread(ratios, 3)}")
    summary = {
        "machine": {"cpus": os.cpu_count(), "python": platform.python_version()},
        "unary_over_echo": {"median": statistics.median(ratios), "rounds": ratios},
        "rounds": {name: [vars(r) for r in rounds] for name, rounds in results.items()},
    }
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(summary, indent=1) + "\n")
    console.print(f"written to {RESULTS}")


def _spread(values: list[float], digits: int = 1) -> str:
    middle = statistics.median(values)
    return f"{middle:,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


if __name__ == "__main__":
    bench()
