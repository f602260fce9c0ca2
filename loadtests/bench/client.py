"""The client side of the bench: a process of its own that makes calls when it is told to.

`python -m loadtests.bench.client CONFIG` reads commands from standard input, a JSON line each, and answers
each with a line of JSON. Every target is called by this same code; what differs is a transport of a few
lines.
"""

import asyncio
import json
import random
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import uvloop

from loadtests.bench.baskets import AuthorizeRequests, Cards
from loadtests.bench.belt import Belt
from loadtests.bench.schedule import arrival_times_s
from loadtests.bench.transports import Call, Calls, Transport, open_transport
from tillgate.v1 import purchase_pb2 as wire

SAMPLING_CALLERS = 16
SAMPLED = 600


@dataclass(frozen=True, slots=True)
class ClientConfig:
    """What one client process calls, and with what."""

    transport: str
    port: int
    identity: str
    connections: int
    cards: Cards
    terminal_id: int = 0
    seed: int = 1

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "ClientConfig":
        values = json.loads(text)
        return cls(**{**values, "cards": Cards(**values["cards"])})


@dataclass(slots=True)
class Tally:
    """What a load of calls came to: latencies of answers in µs, and refusals by gRPC's or HTTP's name."""

    latencies_us: list[int] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)
    started: float = field(default_factory=time.perf_counter)
    cpu_before: float = field(default_factory=time.process_time)

    def answered(self, since: float) -> None:
        self.latencies_us.append(round((time.perf_counter() - since) * 1e6))

    def refuse(self, name: str) -> None:
        self.refused[name] = self.refused.get(name, 0) + 1

    def result(self) -> dict[str, Any]:
        return {
            "elapsed_s": time.perf_counter() - self.started,
            "cpu_s": time.process_time() - self.cpu_before,
            "latencies_us": self.latencies_us,
            "refused": self.refused,
        }


class Client:
    """Loads over one transport, in the ways that the bench asks for."""

    def __init__(self, config: ClientConfig, transport: Transport) -> None:
        self._config, self._transport = config, transport
        self._requests = self._requests_of(None, config.seed)
        self._rng = random.Random(config.seed)

    async def closed(self, seconds: float, callers: int, *, checked: bool) -> dict[str, Any]:
        """So many requests in flight, each sent when an answer has come; see `Transport.closed`."""
        tally = Tally()

        def answered(sent: float, answer: Any) -> None:
            tally.answered(sent)
            if checked and not self._is_approved(answer):
                raise RuntimeError(f"the bench got a decline, and declines would flatter: {answer!r}")

        await self._transport.closed(self._requests.next, tally.started + seconds, callers, answered)
        return tally.result()

    async def open(self, seconds: float, rate: float) -> dict[str, Any]:
        """Calls at scheduled times, whatever comes back; a latency counts from the scheduled time.

        An arrival that this process itself sends late is late for the till as well, so it counts too.
        """
        calls, tally = self._calls(), Tally()
        running: set[asyncio.Task[None]] = set()

        async def send(call: Call, scheduled: float) -> None:
            try:
                await call(self._requests.next())
            except calls.errors as error:
                tally.refuse(calls.name_of(error))
            else:
                tally.answered(scheduled)

        for n, after_s in enumerate(arrival_times_s(rate, seconds, self._rng)):
            scheduled = tally.started + after_s
            if (early := scheduled - time.perf_counter()) > 0:
                await asyncio.sleep(early)
            task = asyncio.create_task(send(calls.caller(n), scheduled))
            running.add(task)
            task.add_done_callback(running.discard)
        await asyncio.gather(*running)
        return tally.result()

    async def sample(self) -> dict[str, Any]:
        """Some baskets once; the rows are `sizes.Sampled`."""
        belt = Belt(self._config.seed)
        calls, found, left = self._calls(), [], enumerate([belt.basket() for _ in range(SAMPLED)])

        async def caller(call: Call) -> None:
            for index, basket in left:
                body = self._requests_of([basket], index).next()
                answer = await call(body)
                found.append((index, len(basket.lines), len(body), len(answer), self._is_approved(answer)))

        await asyncio.gather(*(caller(calls.caller(n)) for n in range(SAMPLING_CALLERS)))
        return {"baskets": sorted(found)}

    def _requests_of(self, baskets: Sequence[wire.Basket] | None, seed: int) -> AuthorizeRequests:
        config = self._config
        is_json = config.transport == "json"
        return AuthorizeRequests(
            config.cards, baskets, as_json=is_json, terminal_id=config.terminal_id, seed=seed
        )

    def _calls(self) -> Calls:
        if not isinstance(self._transport, Calls):
            raise TypeError(f"there are no single calls over {self._config.transport}")
        return self._transport

    def _is_approved(self, answer: Any) -> bool:
        outcome = wire.SignedOutcome.FromString(self._transport.payload(answer))
        return outcome.decision == wire.DECISION_APPROVED


async def run(config: ClientConfig) -> None:
    """Obey commands until standard input ends."""
    loop = asyncio.get_running_loop()
    async with open_transport(
        config.transport, config.port, Path(config.identity), config.connections
    ) as transport:
        client = Client(config, transport)
        _say({"ready": True})
        while line := await loop.run_in_executor(None, sys.stdin.readline):
            wanted = json.loads(line)
            if (what := wanted.pop("do")) == "closed":
                _say(await client.closed(**wanted))
            elif what == "open":
                _say(await client.open(**wanted))
            else:
                _say(await client.sample())


def _say(result: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(result) + "\n")
    sys.stdout.flush()


if __name__ == "__main__":
    uvloop.run(run(ClientConfig.from_json(sys.argv[1])))
