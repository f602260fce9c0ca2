"""What a day seal says and signs: lines of text, which a person can read and which are no outcome.

An outcome is a protobuf message, and this text is none: its first byte would end a group that never began.
"""

import re
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Final

from msgspec import Struct

GENESIS: Final = bytes(32)
"""The previous hash of the first seal."""

_FORM: Final = re.compile(
    r"tillgate day seal 1\n"
    r"day (?P<day>[0-9]{4}-[0-9]{2}-[0-9]{2})\n"
    r"merchants (?P<merchants>0|[1-9][0-9]{0,9})\n"
    r"root (?P<root>[0-9a-f]{64})\n"
    r"previous (?P<previous>[0-9a-f]{64})\n"
    r"sealed (?P<sealed>[0-9T:.-]{26}Z)\n"
)


class Statement(Struct, frozen=True):
    """What is sealed: the root over all merchants of a day, and the hash of the seal of the day before."""

    day: date
    merchant_count: int
    root: bytes
    previous_hash: bytes
    sealed_at: datetime

    @property
    def text(self) -> str:
        """The signed text."""
        sealed = self.sealed_at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds")
        return (
            "tillgate day seal 1\n"
            f"day {self.day.isoformat()}\n"
            f"merchants {self.merchant_count}\n"
            f"root {self.root.hex()}\n"
            f"previous {self.previous_hash.hex()}\n"
            f"sealed {sealed}Z\n"
        )


def read_statement(text: str) -> Statement:
    """The statement of a text; raises ValueError unless it is written exactly so."""
    found = _FORM.fullmatch(text)
    if found is None:
        raise ValueError("it is no statement of a day seal")
    return Statement(
        date.fromisoformat(found["day"]),
        int(found["merchants"]),
        bytes.fromhex(found["root"]),
        bytes.fromhex(found["previous"]),
        datetime.fromisoformat(found["sealed"].removesuffix("Z")).replace(tzinfo=UTC),
    )


def hash_of(text: str) -> bytes:
    """The hash by which the next day's seal names this one."""
    return sha256(text.encode()).digest()
