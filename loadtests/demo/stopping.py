"""How the demo is stopped by Ctrl-C, at any moment and in order."""

import asyncio
import signal
from collections.abc import Coroutine
from types import FrameType
from typing import Any, Final, TypeVar

_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Result = TypeVar("Result")


def interrupt_on_signals() -> None:
    """From now on a signal raises KeyboardInterrupt in the main thread."""

    def interrupt(_: int, __: FrameType | None) -> None:
        raise KeyboardInterrupt

    for number in _SIGNALS:
        signal.signal(number, interrupt)


def run_stoppable(work: Coroutine[Any, Any, Result]) -> Result:
    """Run something in a loop of its own, in which a signal cancels it, so that all is closed in order.

    Raises asyncio.CancelledError then, and whatever the work raises.
    """

    async def stoppable() -> Result:
        whole = asyncio.current_task()
        if whole is not None:
            for number in _SIGNALS:
                asyncio.get_running_loop().add_signal_handler(number, whole.cancel)
        return await work

    try:
        return asyncio.run(stoppable())
    finally:
        # The loop that has ended took its handlers with it.
        interrupt_on_signals()
