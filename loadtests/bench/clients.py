"""The bench's side of its client processes: tell them what to do, put together what they say."""

import json
import math
import statistics
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from loadtests.bench.client import ClientConfig
from loadtests.bench.processes import child
from loadtests.bench.sizes import Sampled


@dataclass(frozen=True, slots=True)
class Answered:
    """What all clients of a target saw together in one load."""

    elapsed_s: float
    client_cpu_s: float
    latencies_us: list[int] = field(repr=False)
    refused: dict[str, int]

    @property
    def count(self) -> int:
        return len(self.latencies_us)

    def percentile_ms(self, share: float) -> float:
        """The latency in ms that this share (0 to 1) of the answers did not exceed."""
        return percentile(self.latencies_us, share) / 1e3


class Clients:
    """Client processes of one target, which act together."""

    def __init__(self, processes: Sequence["subprocess.Popen[bytes]"]) -> None:
        self._processes = processes

    def closed(self, seconds: float, callers: int, *, checked: bool = False) -> Answered:
        """So many callers, shared among the processes, each sending as soon as it has its answer."""
        each = callers // len(self._processes)
        return self._load({"do": "closed", "seconds": seconds, "callers": each, "checked": checked})

    def open(self, seconds: float, rate: float) -> Answered:
        """Calls at scheduled times, so many a second in all."""
        return self._load({"do": "open", "seconds": seconds, "rate": rate / len(self._processes)})

    def sample(self) -> list[Sampled]:
        """Every basket once, by the first process; see `Client.sample`."""
        self._tell(self._processes[0], {"do": "sample"})
        return [(row[0], row[1], row[2], row[3], row[4]) for row in _hear(self._processes[0])["baskets"]]

    def wait_ready(self) -> None:
        for process in self._processes:
            _hear(process)

    def _load(self, wanted: dict[str, Any]) -> Answered:
        for process in self._processes:
            self._tell(process, wanted)
        said = [_hear(process) for process in self._processes]
        refused: dict[str, int] = {}
        for name, count in (item for one in said for item in one["refused"].items()):
            refused[name] = refused.get(name, 0) + count
        return Answered(
            elapsed_s=statistics.mean(one["elapsed_s"] for one in said),
            client_cpu_s=sum(one["cpu_s"] for one in said),
            latencies_us=sorted(latency for one in said for latency in one["latencies_us"]),
            refused=refused,
        )

    @staticmethod
    def _tell(process: "subprocess.Popen[bytes]", wanted: dict[str, Any]) -> None:
        if process.stdin is None:
            raise RuntimeError("the client was started without a pipe")
        process.stdin.write(json.dumps(wanted).encode() + b"\n")
        process.stdin.flush()


def percentile(ordered: Sequence[float], share: float) -> float:
    """The smallest value that at least this share (0 to 1) of ordered values do not exceed; nan for none."""
    if not ordered:
        return float("nan")
    return ordered[max(0, math.ceil(round(share * len(ordered), 6)) - 1)]


def _hear(process: "subprocess.Popen[bytes]") -> dict[str, Any]:
    line = process.stdout.readline() if process.stdout is not None else b""
    if not line:
        raise RuntimeError(f"a client of the bench ended with {process.wait()}; its error is above")
    said: dict[str, Any] = json.loads(line)
    return said


@contextmanager
def clients(config: ClientConfig, processes: int) -> Iterator[Clients]:
    """So many client processes, connected; cards and connections are shared out among them."""
    with ExitStack() as stack:
        started = []
        for n in range(processes):
            own = replace(
                config,
                cards=config.cards.part(n, processes),
                connections=max(1, config.connections // processes),
                seed=config.seed + n,
            )
            command = [sys.executable, "-m", "loadtests.bench.client", own.to_json()]
            started.append(stack.enter_context(child(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE)))
        together = Clients(started)
        together.wait_ready()
        yield together
