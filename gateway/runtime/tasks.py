"""Background work of one event loop: repeated, and ended for certain."""

import asyncio
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from typing import Any, Final

import structlog

log = structlog.get_logger(__name__)

_ASK_AGAIN_S: Final = 0.5


def every(interval_s: float, work: Callable[[], Awaitable[object]], name: str) -> asyncio.Task[None]:
    """Repeat a piece of work until cancelled; a failure is logged, and the next time tried again."""

    async def repeat() -> None:
        while True:
            try:
                await work()
            except Exception:
                log.exception("background work failed", work=name)
            await asyncio.sleep(interval_s)

    return asyncio.create_task(repeat(), name=name)


async def uncut(work: Coroutine[Any, Any, object]) -> None:
    """Do a short piece of work to its end, also if it is cancelled meanwhile; the cancellation follows.

    A connection that is cut while it is made or given back is reported by its library as an error.
    """
    task = asyncio.ensure_future(work)
    is_cancelled = False
    while not task.done():
        try:
            await asyncio.wait({task})
        except asyncio.CancelledError:
            is_cancelled = True
    if is_cancelled:
        task.exception()
        raise asyncio.CancelledError
    await task


async def end(tasks: Sequence[asyncio.Task[object]]) -> None:
    """Cancel tasks and wait until they are done.

    Asked once, a task may go on: libraries lose a cancellation that meets the end of a connect or a
    timeout. So it is asked again until it is done.
    """
    pending = {task for task in tasks if not task.done()}
    while pending:
        for task in pending:
            task.cancel()
        _, pending = await asyncio.wait(pending, timeout=_ASK_AGAIN_S)
