"""One gateway process from its start to its end: alone, or as one of several workers."""

import asyncio
import gc
import os
import signal
import sys
from collections.abc import Callable
from typing import Final

import structlog

from gateway.runtime.bootstrap import Gateway, StartLedger, WorkerPlace, start_ledger
from gateway.runtime.settings import Settings

_YOUNG_OBJECTS: Final = 50_000


async def serve(
    settings: Settings, place: WorkerPlace | None = None, *, ledger: StartLedger = start_ledger
) -> None:
    """Run a gateway until SIGTERM or SIGINT, as a worker also until its parent is gone, then drain it.

    Raises what `Gateway.start` raises.
    """
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopping.set)
    if place is not None:
        structlog.contextvars.bind_contextvars(worker=place.number)
        _call_at_end_of_input(stopping.set)
    gateway = await Gateway.start(settings, place, ledger=ledger)
    _collect_rarely()
    await stopping.wait()
    await gateway.drain()


def _call_at_end_of_input(parent_is_gone: Callable[[], None]) -> None:
    """The parent holds the other end of stdin, which ends with the parent, whatever it dies of."""
    loop = asyncio.get_running_loop()
    source = sys.stdin.fileno()

    def read() -> None:
        if not os.read(source, 1):
            loop.remove_reader(source)
            parent_is_gone()

    loop.add_reader(source, read)


def _collect_rarely() -> None:
    """Let the garbage collector leave alone what stays for ever, and look at the rest less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_YOUNG_OBJECTS)
