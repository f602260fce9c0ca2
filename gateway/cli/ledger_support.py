"""A committer for commands that give the ledger something to decide; the others do without its weight."""

from collections.abc import Awaitable, Callable
from typing import TypeVar

import uvloop

from gateway.cli.support import with_settings
from gateway.runtime.bootstrap import LedgerParts, start_ledger
from gateway.runtime.keys import load_keys
from gateway.runtime.settings import Settings

Result = TypeVar("Result")


def with_ledger(
    work: Callable[[LedgerParts, Settings], Awaitable[Result]], *, batch_limit: int | None = None
) -> Result:
    """Do a piece of work with a committer of its own, which lives as long as the work."""

    async def started(settings: Settings) -> Result:
        parts = await start_ledger(settings, load_keys(settings), batch_limit=batch_limit)
        try:
            return await work(parts, settings)
        finally:
            await parts.stop()

    return with_settings(lambda settings: uvloop.run(started(settings)))
