"""The access log: one line a message, who and how it ended; nothing of the card or the basket."""

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Final
from uuid import UUID

import structlog
from msgspec import Struct, field, structs

LOGGER: Final = "gateway.rpc.access"


class AccessLine(Struct, gc=False):
    """A line as it is written: words of closed sets, ids and times, nothing that would have to be redacted.

    `request_id` is "" where none could be read.
    """

    method: str
    code: str
    decision: str
    reason: str
    merchant_id: int
    terminal_id: int
    concentrator_id: int
    request_id: UUID | str
    duration_ms: float
    event: str = "request"
    level: str = "info"
    logger: str = LOGGER
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))


WriteLine = Callable[[AccessLine], None]
"""Where lines go. Every message comes through here, so it had better cost little."""


def through_structlog() -> WriteLine:
    """Writes lines as any other event is written, in whatever form that is."""
    log = structlog.get_logger(LOGGER).bind()

    def write(line: AccessLine) -> None:
        fields = structs.asdict(line)
        for said_by_structlog in ("event", "level", "logger", "timestamp"):
            del fields[said_by_structlog]
        log.info(line.event, **fields)

    return write
