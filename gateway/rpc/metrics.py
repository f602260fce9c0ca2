"""What the door counts, for Prometheus: requests by result, latency, and what is in flight."""

from functools import lru_cache
from typing import Final

from prometheus_client import Counter, Gauge, Histogram

REQUESTS: Final = Counter(
    "tillgate_rpc_requests_total",
    "Requests by method, gRPC code, decision and reason",
    ["method", "code", "decision", "reason"],
)
SECONDS: Final = Histogram(
    "tillgate_rpc_seconds",
    "From the whole request read to the answer made",
    ["method"],
    buckets=(0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
)
IN_FLIGHT: Final = Gauge("tillgate_rpc_in_flight", "Requests being served")
DOOR_WAIT: Final = Gauge("tillgate_rpc_door_wait_seconds", "How long the last call waited to be looked at")
HANDSHAKES: Final = Counter("tillgate_door_handshakes_total", "TLS handshakes that began at the gRPC door")
NEWCOMERS_SHARE: Final = Gauge(
    "tillgate_door_newcomers_share", "What is let in of new connections from addresses that are not known"
)

# Labels come from closed sets, and finding a child costs more than counting on it.
requests_by: Final = lru_cache(maxsize=None)(REQUESTS.labels)
seconds_of: Final = lru_cache(maxsize=None)(SECONDS.labels)
