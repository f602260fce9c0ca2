"""How often somebody may ask: a bucket of tokens for each address, and one for all together."""

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import unquote

ADDRESSES_KEPT: Final = 10_000


@dataclass(frozen=True, slots=True)
class Rate:
    """So many at once, and so many a second afterwards."""

    burst: int
    per_second: float


PER_ADDRESS: Final = Rate(burst=30, per_second=1.0)
"""A shop may enrol all its tills through one address."""
TOTAL: Final = Rate(burst=200, per_second=50.0)


class Rates:
    """Counts who asks. `clock` tells seconds that never run backwards."""

    def __init__(self, clock: Callable[[], float], each: Rate = PER_ADDRESS, total: Rate = TOTAL) -> None:
        self._clock = clock
        self._each, self._total = each, total
        self._whole = _Bucket(total, clock())
        self._buckets: OrderedDict[str, _Bucket] = OrderedDict()

    def wait_s(self, address: str) -> float:
        """0 if a request may be served now, which it then counts as; else how long to wait with it."""
        now = self._clock()
        bucket = self._buckets.get(address)
        if bucket is None:
            bucket = self._buckets[address] = _Bucket(self._each, now)
            # Who is forgotten begins with a full bucket: the total bounds what that is worth.
            if len(self._buckets) > ADDRESSES_KEPT:
                self._buckets.popitem(last=False)
        else:
            self._buckets.move_to_end(address)
        wait_s = bucket.wait_s(now) or self._whole.wait_s(now)
        if wait_s == 0:
            bucket.take()
            self._whole.take()
        return wait_s


class _Bucket:
    __slots__ = ("_at", "_left", "_rate")

    def __init__(self, rate: Rate, now: float) -> None:
        self._rate, self._left, self._at = rate, float(rate.burst), now

    def wait_s(self, now: float) -> float:
        self._left = min(self._rate.burst, self._left + (now - self._at) * self._rate.per_second)
        self._at = now
        return 0.0 if self._left >= 1 else (1 - self._left) / self._rate.per_second

    def take(self) -> None:
        self._left -= 1


def address_of(peer: str) -> str:
    """The network address in gRPC's name of a peer, without its port; of IPv6 the network, not the host."""
    kind, _, rest = peer.partition(":")
    host = unquote(rest).rpartition(":")[0].strip("[]") if kind in ("ipv4", "ipv6") else rest
    if kind == "ipv6":
        # A /64 belongs to one customer, who may use any of its addresses.
        return ":".join(host.partition("%")[0].split(":")[:4])
    return host
