"""New connections in a flood of handshakes: how many the door begins, and whose come first.

A handshake costs the gateway's processor time, and whoever begins it next to nothing. gRPC shakes hands in C
and bounds nothing, so what is too much must not reach it. While more handshakes begin than the limit, the
kernel drops a share of the packets that would open a connection (`syn_filter`). Addresses at which an
admitted client was heard are let in before others, and thinned only if nobody else is left. Connections
that stand feel nothing; a new till whose packet is dropped gets in some seconds later.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Collection, Iterable
from ipaddress import IPv6Address, ip_address
from pathlib import Path
from typing import Final
from urllib.parse import unquote

import msgspec
import structlog

from gateway.rpc import metrics
from gateway.rpc.syn_filter import Address, filter_port, syn_filter

LOOK_S: Final = 1.0
KNOWN_TIMES: Final = 4
"""How many times the limit known addresses may take before they are thinned as well."""
LEAST_SHARE: Final = 0.01
FASTEST: Final = (0.1, 1.5)
"""By what a share changes at a look, at most."""
KNOWN_MAX: Final = 1_000
"""Addresses that are kept, the last heard ones: a program in the kernel has no more than 4,096 steps."""
KEPT_EVERY_S: Final = 60.0

_log = structlog.get_logger(__name__)


class KnownAddresses:
    """Network addresses at which admitted clients were heard, of all workers of this machine.

    Each worker keeps its own in a file of `folder` and reads the others'; without a folder they are its own.
    """

    def __init__(self, folder: Path | None = None, worker: int = 0) -> None:
        self._folder = folder
        self._file = folder / f"{worker}.json" if folder else None
        self._heard: OrderedDict[str, None] = OrderedDict.fromkeys(_read(self._file) if self._file else ())
        self._clients: set[bytes] = set()
        self._is_changed = False

    def wants(self, fingerprint: bytes) -> bool:
        """Whether it is worth asking gRPC where this client is: once between two keepings."""
        return fingerprint not in self._clients

    def note(self, fingerprint: bytes, peer: str) -> None:
        """An admitted client was heard from gRPC's name of a peer."""
        self._clients.add(fingerprint)
        if (address := address_in(peer)) is None:
            return
        name = str(address)
        self._is_changed = self._is_changed or name not in self._heard
        self._heard[name] = None
        self._heard.move_to_end(name)
        if len(self._heard) > KNOWN_MAX:
            self._heard.popitem(last=False)

    def all(self) -> list[Address]:
        """This worker's, and as many of the others' as fit."""
        found = dict.fromkeys(reversed(self._heard))
        for file in sorted(self._folder.glob("*.json")) if self._folder else ():
            if file != self._file:
                found |= dict.fromkeys(_read(file))
        return [ip_address(name) for name in list(found)[:KNOWN_MAX]]

    def keep(self) -> None:
        """Write what is new for other workers and for the time after a restart; raises OSError."""
        self._clients.clear()
        if self._file is None or not self._is_changed:
            return
        self._file.parent.mkdir(parents=True, exist_ok=True)
        partial = self._file.with_suffix(".partial")
        partial.write_bytes(msgspec.json.encode(list(self._heard)))
        partial.replace(self._file)
        self._is_changed = False


class Shares:
    """What is let in of new connections, from 0 to 1; `limit` is how many handshakes a second are borne."""

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self.others = 1.0
        self.known = 1.0

    @property
    def are_whole(self) -> bool:
        """Whether everybody is let in."""
        return self.others == 1 == self.known

    def look(self, begun_per_s: float) -> None:
        """Choose shares by how many handshakes began a second with those of before."""
        is_spent = self.others == LEAST_SHARE
        self.others = _adjusted(self.others, self._limit, begun_per_s)
        if is_spent or self.known < 1:
            self.known = _adjusted(self.known, KNOWN_TIMES * self._limit, begun_per_s)


class Newcomers:
    """Bounds the handshakes of a gRPC port."""

    def __init__(self, limit: int, known: KnownAddresses) -> None:
        self._known = known
        self._shares = Shares(limit)
        self._begun = 0
        self._seen = 0
        self._task: asyncio.Task[None] | None = None

    def begins(self) -> None:
        """A handshake begins; gRPC says so from a thread of its own."""
        self._begun += 1
        metrics.HANDSHAKES.inc()

    def watch(self, port: int) -> None:
        """Look after a port from now on."""
        self._task = asyncio.create_task(self._look_at(port), name="newcomers")

    async def stop(self) -> None:
        """Look no more; the port ends with its server."""
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait([self._task])

    async def _look_at(self, port: int) -> None:
        loop = asyncio.get_running_loop()
        looked_at = kept_at = loop.time()
        while True:
            await asyncio.sleep(LOOK_S)
            now = loop.time()
            try:
                if now - kept_at >= KEPT_EVERY_S:
                    kept_at = now
                    self._known.keep()
                self._look(port, now - looked_at)
            except OSError as error:
                _log.error("newcomers can't be held back", port=port, error=str(error))
            looked_at = now

    def _look(self, port: int, elapsed_s: float) -> None:
        begun = self._begun
        per_s, self._seen = (begun - self._seen) / elapsed_s, begun
        shares, before = self._shares, (self._shares.others, self._shares.known)
        was_whole = shares.are_whole
        shares.look(per_s)
        metrics.NEWCOMERS_SHARE.set(shares.others)
        if before == (shares.others, shares.known):
            return
        if was_whole:
            _log.warning("newcomers are held back", handshakes_per_s=round(per_s))
        if shares.are_whole:
            _log.info("newcomers are let in again")
        program = None if shares.are_whole else self._program(self._known.all())
        if not filter_port(port, program) and was_whole:
            _log.error("newcomers can't be held back: no listening socket is found", port=port)

    def _program(self, known: Collection[Address]) -> bytes:
        return syn_filter(known, known_share=self._shares.known, share=self._shares.others)


def _adjusted(share: float, limit: float, per_s: float) -> float:
    slowest, fastest = FASTEST
    factor = min(max(limit / per_s, slowest), fastest) if per_s else fastest
    return min(max(share * factor, LEAST_SHARE), 1.0)


def address_in(peer: str) -> Address | None:
    """The network address in gRPC's name of a peer; None of a Unix socket."""
    kind, _, rest = peer.partition(":")
    if kind not in ("ipv4", "ipv6"):
        return None
    found = ip_address(unquote(rest).rpartition(":")[0].strip("[]").partition("%")[0])
    return (found.ipv4_mapped or found) if isinstance(found, IPv6Address) else found


def _read(file: Path) -> Iterable[str]:
    """Addresses of a file; none if it is absent or broken, since nothing but order depends on them."""
    try:
        names = msgspec.json.decode(file.read_bytes(), type=list[str])
        return [str(ip_address(name)) for name in names]
    except (OSError, ValueError):
        return ()
