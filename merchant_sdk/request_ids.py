"""Request ids: the till's idempotency keys, UUIDv7 (RFC 9562, section 5.7)."""

import secrets
import time
from uuid import UUID


def new_request_id() -> UUID:
    """A fresh UUIDv7 of this moment by the local clock; unique however wrong that clock is."""
    milliseconds = time.time_ns() // 1_000_000 % (1 << 48)
    chance = secrets.randbits(74)
    high, low = chance >> 62, chance & (1 << 62) - 1
    return UUID(int=milliseconds << 80 | 0x7 << 76 | high << 64 | 0b10 << 62 | low)
