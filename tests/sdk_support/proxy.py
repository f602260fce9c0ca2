"""A wire that can be cut: a TCP proxy between a till and a gateway."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field


@dataclass
class Wire:
    """Carries bytes both ways, until it is told otherwise.

    `connections` is how many tills have made; `pieces` is in how many they have said what they said.
    """

    target_port: int
    port: int = 0
    connections: int = 0
    pieces: int = 0
    is_mute: bool = False
    is_down: bool = False
    _writers: list[asyncio.StreamWriter] = field(default_factory=list)
    _pumps: set[asyncio.Task[None]] = field(default_factory=set)

    def mute(self) -> None:
        """From now on nothing comes back from the gateway, while what the till says still arrives."""
        self.is_mute = True

    def cut(self) -> None:
        """Break all connections and take no new one."""
        self.is_down = True
        for writer in self._writers:
            writer.transport.abort()
        self._writers.clear()

    def mend(self) -> None:
        """Carry new connections as at first."""
        self.is_mute = self.is_down = False

    async def connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of a till."""
        if self.is_down:
            writer.transport.abort()
            return
        self.connections += 1
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self.target_port)
        self._writers += [writer, far_writer]
        for source, sink, is_answer in ((reader, far_writer, False), (far_reader, writer, True)):
            pump = asyncio.create_task(self._pump(source, sink, is_answer))
            self._pumps.add(pump)
            pump.add_done_callback(self._pumps.discard)

    async def _pump(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter, is_answer: bool) -> None:
        with suppress(ConnectionError):
            while data := await source.read(65_536):
                self.pieces += not is_answer
                if not (is_answer and self.is_mute):
                    sink.write(data)
                    await sink.drain()
        sink.transport.abort()

    async def close(self) -> None:
        """End everything."""
        self.cut()
        await asyncio.gather(*self._pumps, return_exceptions=True)


@asynccontextmanager
async def wire_to(port: int) -> AsyncIterator[Wire]:
    """A wire to a loopback port."""
    wire = Wire(port)
    server = await asyncio.start_server(wire.connected, "127.0.0.1", 0)
    wire.port = server.sockets[0].getsockname()[1]
    try:
        yield wire
    finally:
        server.close()
        await wire.close()
        await server.wait_closed()
