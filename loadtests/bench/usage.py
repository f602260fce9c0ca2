"""What servers and PostgreSQL used between two moments."""

from dataclasses import dataclass

from loadtests.bench.processes import cpu_s
from loadtests.bench.sql import query
from loadtests.bench.world import World

_WAL_BYTES = "SELECT (pg_current_wal_insert_lsn() - '0/0'::pg_lsn)::float"


@dataclass(frozen=True, slots=True)
class Usage:
    """CPU seconds of the servers' processes and of all of PostgreSQL's, bytes of write-ahead log."""

    server_cpu_s: float
    postgres_cpu_s: float
    wal_bytes: float


class Meter:
    """Begins to count when it is made."""

    def __init__(self, world: World, server_pids: tuple[int, ...]) -> None:
        self._world, self._server_pids = world, server_pids
        wal = self._wal_bytes()  # before CPU is read: to ask costs PostgreSQL some
        self._before = Usage(cpu_s(*server_pids), cpu_s(world.postmaster_pid), wal)

    def read(self) -> Usage:
        """What was used since."""
        server, postgres = cpu_s(*self._server_pids), cpu_s(self._world.postmaster_pid)
        before = self._before
        wal = self._wal_bytes() - before.wal_bytes
        return Usage(server - before.server_cpu_s, postgres - before.postgres_cpu_s, wal)

    def _wal_bytes(self) -> float:
        value: float = query(self._world.settings.database_reader_url, _WAL_BYTES)[0][0]
        return value
