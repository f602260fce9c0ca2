"""What a scripted gateway can do to a call instead of simply answering it."""

import asyncio
from dataclasses import dataclass, field

from grpc import StatusCode


@dataclass(frozen=True)
class Refuse:
    """Fails before anything is decided. With a `reason` it carries the gateway's own details."""

    status: StatusCode
    reason: str = ""
    field: str = ""
    line_number: int | None = None
    retry_after_s: float | None = None


@dataclass(frozen=True)
class LoseAnswer:
    """Decides, then fails with a status: the till cannot know."""

    status: StatusCode


@dataclass(frozen=True)
class Hang:
    """Decides, then keeps the answer until the client's deadline is over."""


@dataclass
class Hold:
    """Keeps the call until `release` is set, then decides and answers; `arrived` says that it came."""

    arrived: asyncio.Event = field(default_factory=asyncio.Event)
    release: asyncio.Event = field(default_factory=asyncio.Event)


@dataclass(frozen=True)
class Forge:
    """Answers with something that must not be believed.

    `signature`, `key`: not signed by the gateway; `request`, `kind`, `terminal`, `merchant`, `decision`:
    well signed, but of another one, or of none.
    """

    what: str


Fault = Refuse | LoseAnswer | Hang | Hold | Forge
