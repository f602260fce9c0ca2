"""What servers and PostgreSQL used between two moments."""

import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass

from prometheus_client.parser import text_string_to_metric_families

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


def judged_lines(http_port: int) -> dict[str, int]:
    """Lines that a gateway has judged since its start: `yes` if the like was remembered, `no` if new."""
    with urllib.request.urlopen(f"http://127.0.0.1:{http_port}/metrics", timeout=10) as response:
        families = text_string_to_metric_families(response.read().decode())
    return {
        sample.labels["known"]: int(sample.value)
        for family in families
        for sample in family.samples
        if sample.name == "tillgate_goods_lines_total"
    }


def hit_rate(before: Mapping[str, int], after: Mapping[str, int]) -> float:
    """What part of the lines judged between two looks was remembered; nan of no lines."""
    known, new = (after[key] - before[key] for key in ("yes", "no"))
    return known / (known + new) if known + new else float("nan")
