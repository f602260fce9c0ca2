"""The files of a node as its processes make them: one at a time, in a process of its own.

Making a catalogue of millions of items takes memory that a worker would not give back.
"""

import asyncio
import subprocess
import sys
from contextlib import suppress
from os import SEEK_END
from tempfile import TemporaryFile
from typing import IO, Final

from gateway.goods.book import GoodsBook
from gateway.goods.loader import load_list_book
from gateway.goods.preparing import Prepared, Progress, needed, prepare
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.environment import environment_of
from gateway.runtime.settings import Settings

_SAID_BYTES_MAX: Final = 4_000


class PreparingError(Exception):
    """The process that makes the files has failed; the message is its last words."""


async def prepare_files(settings: Settings, progress: Progress) -> Prepared:
    """Make what is missing and remove what is stale, in this process; waits for another one that does.

    Raises what `prepare` raises, and what the database does.
    """
    lists = load_list_book(settings.lists_dir)
    engine = make_engine(settings.database_url, pool_size=1)
    try:
        book = await GoodsBook.load(engine, lists, settings.goods_dir)
        with book.files.locked():
            async with driver_connection(engine) as connection:
                return await prepare(connection, book.files, needed(book.editions, book.now), progress)
    finally:
        await engine.dispose()


async def prepare_apart(settings: Settings) -> None:
    """Have another process do it, and wait for its end. Raises PreparingError.

    It is started without a fork of this one, in which gRPC may run.
    """
    with TemporaryFile() as said:
        process = await asyncio.to_thread(_start, settings, said)
        try:
            code = await asyncio.to_thread(process.wait)
        except asyncio.CancelledError:
            with suppress(ProcessLookupError):
                process.terminate()
            raise
        if code:
            said.seek(max(said.seek(0, SEEK_END) - _SAID_BYTES_MAX, 0))
            words = said.read().decode(errors="replace").strip().splitlines()
            raise PreparingError(words[-1] if words else f"it ended with exit code {code}")


def _start(settings: Settings, said: IO[bytes]) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-P", "-m", "gateway.cli", "goods", "prepare"],
        env=environment_of(settings),
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=said,
        start_new_session=True,
    )
