"""The gate before the JSON door: how much of it one network address may take, decided before any handshake.

A handshake costs the gateway a signature and its client next to nothing, so that whoever begins many could
keep honest tills waiting. Each address has so many connections, so many handshakes under way, and so many
that fail in a row of seconds; beyond that it is hung up on unheard, and others notice nothing.
"""

import asyncio
import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from functools import partial
from ipaddress import IPv6Address, ip_address
from typing import Final

import structlog

ACCEPT_AGAIN_S: Final = 1.0
"""The pause after a connection could not be taken, as when file descriptors are used up."""

BURST_S: Final = 5.0
_PREFIX_BITS: Final = 64
_BACKLOG: Final = 128

_log = structlog.get_logger(__name__)


@dataclass(frozen=True, slots=True)
class GateLimits:
    """What one address may take; of IPv6 a whole /64 is one.

    `failures_per_s` is how many failed handshakes are suffered in the long run, and five times as many at
    once. Many tills may stand behind one address: the limits are for floods, not for shops.
    """

    connections: int = 2_000
    handshakes: int = 128
    failures_per_s: float = 20.0


@dataclass(slots=True)
class _Address:
    connections: int = 0
    handshakes: int = 0
    failures: float = 0.0
    seen_at: float = 0.0
    is_refused: bool = False


class Gate:
    """Takes connections of listening sockets, and hands over those whose handshake succeeds.

    `connected` makes a connection's protocol, and is given what to call when the connection is lost.
    """

    def __init__(
        self,
        connected: Callable[[Callable[[], None]], asyncio.Protocol],
        tls: ssl.SSLContext,
        handshake_timeout_s: float,
        limits: GateLimits,
    ) -> None:
        self._connected = connected
        self._tls = tls
        self._handshake_timeout_s = handshake_timeout_s
        self._limits = limits
        self._loop = asyncio.get_running_loop()
        self._addresses: dict[str, _Address] = {}
        self._handshakes: set[asyncio.Task[None]] = set()
        self._accepting: list[asyncio.Task[None]] = []
        self._listeners: Sequence[socket.socket] = ()

    def open(self, listeners: Sequence[socket.socket]) -> None:
        """Begin to take connections of sockets that listen; the gate closes them."""
        self._listeners = listeners
        self._accepting = [self._loop.create_task(self._accept(one)) for one in listeners]

    async def close(self) -> None:
        """Take no more connections, and end those whose handshake is under way."""
        ending = [*self._accepting, *self._handshakes]
        for task in ending:
            task.cancel()
        await asyncio.gather(*ending, return_exceptions=True)
        for listener in self._listeners:
            listener.close()

    async def _accept(self, listener: socket.socket) -> None:
        while True:
            try:
                client, peer = await self._loop.sock_accept(listener)
            except ConnectionError:
                continue
            except OSError as error:
                _log.error("no connection can be taken", error=str(error))
                await asyncio.sleep(ACCEPT_AGAIN_S)
                continue
            name = address_of(peer[0])
            address = self._admitted(name)
            if address is None:
                client.close()
                continue
            address.connections += 1
            address.handshakes += 1
            task = self._loop.create_task(self._shake_hands(client, name, address))
            self._handshakes.add(task)
            task.add_done_callback(self._handshakes.discard)

    def _admitted(self, name: str) -> _Address | None:
        address = self._addresses.setdefault(name, _Address())
        self._forgive(address)
        limits = self._limits
        is_refused = (
            address.connections >= limits.connections
            or address.handshakes >= limits.handshakes
            or address.failures > limits.failures_per_s * BURST_S - 1
        )
        if is_refused and not address.is_refused:
            _log.warning(
                "an address is hung up on", address=name, connections=address.connections,
                handshakes=address.handshakes, failures=round(address.failures),
            )  # fmt: skip
        address.is_refused = is_refused
        return None if is_refused else address

    def _forgive(self, address: _Address) -> None:
        now = self._loop.time()
        passed_s, address.seen_at = now - address.seen_at, now
        address.failures = max(0.0, address.failures - passed_s * self._limits.failures_per_s)

    async def _shake_hands(self, client: socket.socket, name: str, address: _Address) -> None:
        # Called once: by the connection when it is lost, or here if there never was one.
        left = partial(self._left, name, address)
        try:
            with suppress(OSError):
                client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            await self._loop.connect_accepted_socket(
                lambda: self._connected(left),
                client,
                ssl=self._tls,
                ssl_handshake_timeout=self._handshake_timeout_s,
            )
        except BaseException as error:
            client.close()
            self._forgive(address)
            address.failures += 1
            left()
            # An ssl.SSLError is an OSError, and so is what a handshake that takes too long ends with.
            if not isinstance(error, OSError):
                raise
        finally:
            address.handshakes -= 1

    def _left(self, name: str, address: _Address) -> None:
        address.connections -= 1
        self._forgive(address)
        if address.connections == 0 and address.failures == 0:
            self._addresses.pop(name, None)
            return
        if address.connections == 0:
            self._loop.call_later(BURST_S + 1, self._forget, name, address)

    def _forget(self, name: str, address: _Address) -> None:
        self._forgive(address)
        if address.connections == 0 and self._addresses.get(name) is address:
            del self._addresses[name]


async def listeners_at(host: str, port: int, *, reuse_port: bool) -> list[socket.socket]:
    """Listening sockets at every address of a host, all at one port; raises OSError."""
    loop = asyncio.get_running_loop()
    found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    listeners: list[socket.socket] = []
    try:
        for family, address in dict.fromkeys((family, sockaddr[0]) for family, *_, sockaddr in found):
            # A port that the system chose for the first address is that of the others too.
            at = listeners[0].getsockname()[1] if listeners else port
            listener = socket.create_server(
                (str(address), at), family=family, backlog=_BACKLOG, reuse_port=reuse_port
            )
            listener.setblocking(False)
            listeners.append(listener)
    except BaseException:
        for listener in listeners:
            listener.close()
        raise
    return listeners


def address_of(peer: str) -> str:
    """What counts as one address: of IPv6 its first 64 bits, which is what one customer has."""
    address = ip_address(peer.partition("%")[0])
    if not isinstance(address, IPv6Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(IPv6Address(int(address) >> _PREFIX_BITS << _PREFIX_BITS))
