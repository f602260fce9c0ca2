"""A cable between one till and the gateway that breaks when it is told to.

It relays TCP, and so sees nothing but encrypted bytes: what it loses is lost for the till as on a real line.
"""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from enum import Enum
from types import TracebackType
from typing import Final, Self

_CHUNK_BYTES: Final = 65_536
_ANSWER_BYTES_MIN: Final = 300
"""A signed answer is longer than this, HTTP/2's own frames are shorter: what is cut then is an answer."""


class Loss(Enum):
    """What gets lost with the connection."""

    REQUEST = "request"
    ANSWER = "answer"


class Cable:
    """Relays connections to the gateway; `endpoint` is what the till is given in its place.

    `troubles` counts what it has made: connections cut and silences. The gateway sees them come from
    `from_address`, if one is named.
    """

    def __init__(self, host: str, port: int, from_address: str | None = None) -> None:
        self._host = host
        self._port = port
        self._from = (from_address, 0) if from_address else None
        self._server: asyncio.Server | None = None
        self._links: set[_Link] = set()
        self._tasks: set[asyncio.Task[None]] = set()
        self._passes = asyncio.Event()
        self._passes.set()
        self._next_loss: Loss | None = None
        self.troubles = 0

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._server is not None:
            self._server.close()
        self._passes.set()
        for link in self._links:
            link.cut()
        await asyncio.gather(*self._tasks, return_exceptions=True)

    @property
    def endpoint(self) -> str:
        """host:port for the till; raises LookupError before the cable is plugged in."""
        if self._server is None:
            raise LookupError("the cable is not plugged in")
        port: int = self._server.sockets[0].getsockname()[1]
        return f"127.0.0.1:{port}"

    @contextmanager
    def losing(self, loss: Loss) -> Iterator[None]:
        """Within the context the next request, or the answer to it, is lost, and the connection with it."""
        self._next_loss = loss
        for link in self._links:
            link.swallowed = 0
            link.has_asked = False
        try:
            yield
        finally:
            self._next_loss = None
            for link in self._links:
                if link.swallowed:
                    link.cut()

    @contextmanager
    def silent(self) -> Iterator[None]:
        """Within the context nothing comes back from the gateway; afterwards all of it does."""
        self.troubles += 1
        self._passes.clear()
        try:
            yield
        finally:
            # Counted at its end too: a call that began within it is as disturbed as one that it met.
            self.troubles += 1
            self._passes.set()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        # A task of the cable's own, so that its end is the cable's to see.
        task = asyncio.create_task(self._relay(reader, writer))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            upstream_reader, upstream_writer = await asyncio.open_connection(
                self._host, self._port, local_addr=self._from
            )
        except OSError:
            writer.transport.abort()
            return
        link = _Link(writer, upstream_writer)
        self._links.add(link)
        try:
            async with asyncio.TaskGroup() as group:
                group.create_task(self._forward(reader, link))
                group.create_task(self._return(upstream_reader, link))
        except* OSError:
            pass  # One side hung up, as may happen at any time; the other is told below.
        finally:
            self._links.discard(link)
            link.cut()

    async def _forward(self, reader: asyncio.StreamReader, link: "_Link") -> None:
        while data := await reader.read(_CHUNK_BYTES):
            if self._next_loss is Loss.REQUEST:
                self._lose(link)
                return
            link.has_asked = True
            link.to_gateway.write(data)
            await link.to_gateway.drain()
        link.cut()

    async def _return(self, reader: asyncio.StreamReader, link: "_Link") -> None:
        while data := await reader.read(_CHUNK_BYTES):
            await self._passes.wait()
            if self._next_loss is Loss.ANSWER and link.has_asked:
                link.swallowed += len(data)
                if link.swallowed >= _ANSWER_BYTES_MIN:
                    self._lose(link)
                    return
                continue
            link.to_till.write(data)
            await link.to_till.drain()
        link.cut()

    def _lose(self, link: "_Link") -> None:
        self._next_loss = None
        self.troubles += 1
        link.cut()


class _Link:
    """One relayed connection."""

    def __init__(self, to_till: asyncio.StreamWriter, to_gateway: asyncio.StreamWriter) -> None:
        self.to_till = to_till
        self.to_gateway = to_gateway
        self.has_asked = False
        self.swallowed = 0

    def cut(self) -> None:
        """Reset both ends at once; what was on its way is gone."""
        self.to_till.transport.abort()
        self.to_gateway.transport.abort()
