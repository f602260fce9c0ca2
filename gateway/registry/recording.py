"""How what people do to cards is recorded: whoever keeps the audit log gives the function."""

from collections.abc import Mapping
from typing import Any, Protocol

import asyncpg
import structlog

log = structlog.get_logger(__name__)


class Record(Protocol):
    """Writes one entry of the audit log, in the transaction of the connection if it has one."""

    async def __call__(
        self,
        connection: asyncpg.Connection,
        *,
        actor: str,
        action: str,
        subject: str,
        details: Mapping[str, Any],
    ) -> None:
        """Write it, or raise: then what was to be recorded must not happen."""


async def record_in_log(
    connection: asyncpg.Connection,  # noqa: ARG001 - a log of this process needs none
    *,
    actor: str,
    action: str,
    subject: str,
    details: Mapping[str, Any],
) -> None:
    """An entry in the process's own log, where there is no other."""
    log.info("recorded", actor=actor, action=action, subject=subject, details=dict(details))
