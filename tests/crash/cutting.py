"""Cutting the line between a gateway and its database: at chosen moments, and with or without a word."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import asyncpg
from sqlalchemy.engine import make_url

from tests.crash.harness import CARDS, Town
from tests.crash.processes import eventually

_SESSIONS = """
SELECT pid FROM pg_stat_activity
WHERE usename = 'tillgate_gateway' AND datname = current_database() AND coalesce(wait_event_type, '') LIKE $1
  AND coalesce(wait_event, '') LIKE $2 AND (state = 'active' OR $1 = '%')"""

_WAITED_FOR = """
SELECT count(*) FROM pg_stat_activity
WHERE usename = 'tillgate_gateway' AND $1 = ANY (pg_blocking_pids(pid))"""

_SOCKET = ".s.PGSQL.5432"


async def sessions(connection: asyncpg.Connection, waiting_for: str = "%", event: str = "%") -> list[int]:
    """Process ids of the gateways' sessions, all or those that wait for something (pg_stat_activity)."""
    return [row["pid"] for row in await connection.fetch(_SESSIONS, waiting_for, event)]


async def session_waiting(connection: asyncpg.Connection, waiting_for: str, event: str = "%") -> int:
    """The one session that comes to wait for something."""
    found: list[int] = []

    async def has_come() -> bool:
        found[:] = await sessions(connection, waiting_for, event)
        return bool(found)

    await eventually(has_come, f"a session of the gateway waits for {waiting_for} {event}")
    [pid] = found
    return pid


async def end_sessions(connection: asyncpg.Connection, *pids: int) -> None:
    """pg_terminate_backend, and return when the sessions are gone."""
    await connection.execute("SELECT pg_terminate_backend(p) FROM unnest($1::int[]) AS p", pids)

    async def are_gone() -> bool:
        left = "SELECT count(*) FROM pg_stat_activity WHERE pid = ANY ($1::int[])"
        return 0 == int(await connection.fetchval(left, pids))

    await eventually(are_gone, "the sessions end")


@asynccontextmanager
async def accounts_locked(town: Town, count: int = CARDS) -> AsyncIterator[int]:
    """Somebody else locks the accounts of the first cards: their writes wait, with the reading done.

    Yields the process id of the session that locks.
    """
    async with town.connect() as connection, connection.transaction():
        await connection.execute("SELECT FROM card_account ORDER BY id LIMIT $1 FOR UPDATE", count)
        yield connection.get_server_pid()


async def waited_for(connection: asyncpg.Connection, pid: int) -> bool:
    """Whether a session of the gateways waits for what that session has locked."""
    return bool(await connection.fetchval(_WAITED_FOR, pid))


@dataclass
class Wire:
    """A Unix socket in front of the database's own, whose answers can be held back and whose line be cut."""

    database_directory: Path
    _may_answer: asyncio.Event = field(default_factory=asyncio.Event)
    _lines: set[asyncio.Task[None]] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._may_answer.set()

    def hold_answers(self) -> None:
        """From now on nothing that the database says arrives."""
        self._may_answer.clear()

    def silence(self) -> None:
        """No connection of now says anything any more, and none of them ends; new ones are let through."""
        self._may_answer.clear()
        self._may_answer = asyncio.Event()
        self._may_answer.set()

    def cut(self) -> None:
        """End all connections; what was held back is lost. New ones are let through."""
        for task in self._lines:
            task.cancel()
        self._may_answer.set()

    async def end(self) -> None:
        """Cut the line for good."""
        lines = list(self._lines)
        self.cut()
        await asyncio.gather(*lines, return_exceptions=True)

    async def connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Carry one connection, until either side ends it or the line is cut."""
        task = asyncio.current_task()
        assert task is not None
        self._lines.add(task)
        try:
            answers, asks = await asyncio.open_unix_connection(self.database_directory / _SOCKET)
            try:
                async with asyncio.TaskGroup() as group:
                    group.create_task(_carry(reader, asks, None))
                    group.create_task(_carry(answers, writer, self._may_answer))
            finally:
                asks.transport.abort()
        except (asyncio.CancelledError, OSError, ExceptionGroup):
            pass  # the line is cut, which is what this is for
        finally:
            writer.transport.abort()
            self._lines.discard(task)


async def _carry(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, may_pass: asyncio.Event | None
) -> None:
    while data := await reader.read(65_536):
        if may_pass is not None:
            await may_pass.wait()
        writer.write(data)
        await writer.drain()
    raise ConnectionError("one side has ended the connection")


@asynccontextmanager
async def wire_to_database(town: Town) -> AsyncIterator[tuple[Wire, dict[str, str]]]:
    """A wire, and the settings of a gateway that reaches its database over it alone."""
    directory = make_url(town.database_url).query["host"]
    assert isinstance(directory, str)
    # A socket's path must be short.
    with TemporaryDirectory(prefix="wire-", dir="/tmp") as folder:
        wire = Wire(Path(directory))
        settings = {name: value.replace(directory, folder) for name, value in town.settings.items()}
        server = await asyncio.start_unix_server(wire.connect, Path(folder) / _SOCKET)
        try:
            yield wire, settings
        finally:
            server.close()
            await wire.end()
