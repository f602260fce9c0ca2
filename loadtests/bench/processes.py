"""Processes of a bench: ended with the context that started them; CPU time and memory from /proc."""

import os
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, Self

TICKS_PER_S: Final = os.sysconf("SC_CLK_TCK")
END_TIMEOUT_S: Final = 10.0
PAGE_BYTES: Final = os.sysconf("SC_PAGE_SIZE")


@dataclass(frozen=True, slots=True)
class ProcessStat:
    """One line of /proc/PID/stat; `cpu_ticks` includes that of children that ended and were waited for."""

    pid: int
    parent_pid: int
    cpu_ticks: int
    resident_bytes: int

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the line; the name of a program may hold spaces and parentheses, so it is cut out first."""
        head, _, tail = text.rpartition(")")
        fields = tail.split()
        return cls(
            pid=int(head.split(" ", 1)[0]),
            parent_pid=int(fields[1]),
            cpu_ticks=sum(map(int, fields[11:15])),
            resident_bytes=int(fields[21]) * PAGE_BYTES,
        )


def read_stat(pid: int) -> ProcessStat | None:
    """The state of a process, or None if it has ended."""
    try:
        return ProcessStat.parse(Path(f"/proc/{pid}/stat").read_text())
    except (FileNotFoundError, ProcessLookupError):
        return None


def tree(root_pid: int) -> list[ProcessStat]:
    """A process and its living descendants; empty if it has ended."""
    stats = [s for name in os.listdir("/proc") if name.isdigit() and (s := read_stat(int(name))) is not None]
    children: dict[int, list[ProcessStat]] = {}
    for stat in stats:
        children.setdefault(stat.parent_pid, []).append(stat)
    found = [stat for stat in stats if stat.pid == root_pid]
    for stat in found:  # grows while it is walked
        found.extend(children.get(stat.pid, ()))
    return found


def cpu_s(*root_pids: int) -> float:
    """CPU seconds that these processes and all that they ever started have used."""
    return sum(stat.cpu_ticks for pid in root_pids for stat in tree(pid)) / TICKS_PER_S


@contextmanager
def child(
    command: list[str], *, variables: Mapping[str, str] | None = None, **options: Any
) -> Iterator["subprocess.Popen[bytes]"]:
    """A process that is told to end with the context, and waited for; `options` are those of Popen."""
    process = subprocess.Popen(command, env={**os.environ, **(variables or {})}, **options)
    try:
        yield process
    finally:
        process.terminate()
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        for pipe in (process.stdin, process.stdout, process.stderr):
            if pipe is not None:
                pipe.close()
