"""Connections to the one PostgreSQL of several that may take writes, and no answer that a standby lacks.

A URL may name several hosts. With `target_session_attrs=read-write` a host is chosen that takes writes, and
proves it by a commit, which waits for the synchronous standby if the host wants one. Thereby

* a primary that came back without its standby is passed over, however alive it looks;
* whatever such a connection reads has reached the standby: a commit that nobody was told of becomes visible
  after a crash before it is replicated, and a till must not be told of it any earlier.
"""

import asyncio
from collections.abc import Sequence
from contextlib import suppress
from typing import Any, Final

import asyncpg

READ_WRITE: Final = "read-write"
SESSION_ATTRIBUTES: Final = ("any", "primary", "standby", READ_WRITE, "read-only", "prefer-standby")

HOST_TIMEOUT_S: Final = 3.0
FAREWELL_TIMEOUT_S: Final = 1.0

# It changes nothing and is a commit like that of a purchase, with a record in the write-ahead log.
_PROOF: Final = "SELECT pg_logical_emit_message(true, 'tillgate', '')"

_FAILURES = (
    OSError,
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
)


class _Connection(asyncpg.Connection):  # type: ignore[misc]
    """A connection that hangs up on a silent server instead of cancelling its statement.

    A commit that waits for the standby and is cancelled counts as done on the primary alone, for every
    session to see; left in peace, it stays unseen until the standby has it.
    """

    may_cancel = True

    def _cancel_current_command(self, *waiters: asyncio.Future[None]) -> None:
        if self.may_cancel:
            super()._cancel_current_command(*waiters)
        else:
            self._loop.call_soon(self.terminate)


class Hosts:
    """Opens the connections of one engine; the host that served last is asked first."""

    def __init__(self) -> None:
        self._preferred = 0

    async def connect(
        self,
        *,
        host: str | Sequence[str] | None = None,
        port: int | Sequence[int] | None = None,
        **options: Any,
    ) -> asyncpg.Connection:
        """A connection to the first host that answers as the options ask; they are those of asyncpg.

        Raises what asyncpg and sockets raise; of several hosts, ConnectionError with what each one said.
        """
        if host is None or isinstance(host, str):
            return await _open(host=host, port=port, **options)
        ports = [port] * len(host) if port is None or isinstance(port, int) else list(port)
        refusals = []
        for number in [(self._preferred + n) % len(host) for n in range(len(host))]:
            try:
                connection = await _open(host=host[number], port=ports[number], **options)
            except _FAILURES as error:
                refusals.append(f"{host[number]}: {error or 'no answer in time'}")
            else:
                self._preferred = number
                return connection
        raise ConnectionError(f"no host can be used: {'; '.join(refusals)}")


async def _open(*, target_session_attrs: str = "any", **options: Any) -> asyncpg.Connection:
    """A connection to one host, which has proved itself if it must take writes."""
    connection: _Connection = await asyncpg.connect(
        target_session_attrs=target_session_attrs,
        connection_class=_Connection,
        **{"timeout": HOST_TIMEOUT_S, **options},
    )
    if target_session_attrs == READ_WRITE:
        try:
            await connection.execute(_PROOF, timeout=HOST_TIMEOUT_S)
        except TimeoutError:
            # The proof itself is cancelled, or each further attempt would leave a waiting session behind.
            with suppress(*_FAILURES):
                await connection.close(timeout=FAREWELL_TIMEOUT_S)
            raise TimeoutError("it takes writes, but a commit gets no answer: is its standby away?") from None
        except BaseException:
            connection.terminate()
            raise
    connection.may_cancel = False
    return connection
