"""UUIDv7 of an instant (RFC 9562, 5.7): ids that sort by money time and prune partitions."""

import secrets
from datetime import UTC, datetime
from uuid import UUID

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def _milliseconds(instant: datetime) -> int:
    since = instant - _EPOCH
    return (since.days * 86_400 + since.seconds) * 1000 + since.microseconds // 1000


def uuid7(instant: datetime) -> UUID:
    """A new UUIDv7 with the instant's milliseconds and 74 random bits."""
    noise = secrets.randbits(74)
    high = _milliseconds(instant) << 16 | 0x7000 | noise >> 62
    return UUID(int=high << 64 | 0b10 << 62 | noise & (1 << 62) - 1)


def lowest_uuid7(instant: datetime) -> UUID:
    """The lower bound of all UUIDv7 from an instant on: where a month's partition begins."""
    return UUID(int=_milliseconds(instant) << 80)
