"""Backups by PostgreSQL's own programs: base backups, and the write-ahead log as it is written.

    DIR/base/20261122T171900Z   one base backup, verified; the name is the time of its end, UTC
    DIR/wal/                    the log since then, kept by pg_receivewal

Together they restore any instant after a base backup's end (see `restore`). Keys, certificates and settings
are in no database and have to be kept apart.
"""

import os
import re
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import FrameType
from typing import Final

from sqlalchemy import make_url

SLOT: Final = "tillgate_archive"
"""The replication slot for which the server keeps what the archive does not have yet."""

_NAME_FORMAT: Final = "%Y%m%dT%H%M%SZ"
_DIGIT: Final = "[0-9]"
_FIRST_SEGMENT = re.compile(r"^START WAL LOCATION: .* \(file ([0-9A-F]{24})\)$", re.MULTILINE)


class BackupError(Exception):
    """A backup cannot be taken or restored; the text says why, in the program's own words if it was one."""


@dataclass(frozen=True, order=True)
class BaseBackup:
    """A base backup that is whole: anything that broke off never gets such a name."""

    ended_at: datetime
    path: Path

    @property
    def first_segment(self) -> str:
        """The file of the write-ahead log that a recovery begins with."""
        found = _FIRST_SEGMENT.search((self.path / "backup_label").read_text(encoding="utf-8"))
        if found is None:
            raise BackupError(f"{self.path / 'backup_label'} does not say where its log begins")
        return found[1]


@dataclass(frozen=True)
class Archive:
    """A directory with base backups and the write-ahead log."""

    directory: Path

    @property
    def wal(self) -> Path:
        """Where the log is kept."""
        return self.directory / "wal"

    @property
    def bases(self) -> list[BaseBackup]:
        """The base backups, oldest first."""
        found = []
        for path in (self.directory / "base").glob(f"{_DIGIT * 8}T{_DIGIT * 6}Z"):
            ended_at = datetime.strptime(path.name, _NAME_FORMAT).replace(tzinfo=UTC)
            found.append(BaseBackup(ended_at, path))
        return sorted(found)

    def take_base(self, programs: Path, url: str) -> BaseBackup:
        """Copy the running server and verify the copy; raises BackupError, and then leaves nothing behind."""
        folder = self.directory / "base"
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        partial = Path(tempfile.mkdtemp(prefix="incomplete-", dir=folder))
        try:
            flags = ["--checkpoint=fast", "--wal-method=stream", "--manifest-checksums=SHA256"]
            run([programs / "pg_basebackup", "--pgdata", partial, "--label=tillgate", *flags], url)
            verify_copy(programs, partial)
            ended_at = datetime.now(UTC).replace(microsecond=0)
            final = folder / ended_at.strftime(_NAME_FORMAT)
            partial.rename(final)
        except BaseException:
            shutil.rmtree(partial, ignore_errors=True)
            raise
        return BaseBackup(ended_at, final)

    def keep_newest(self, programs: Path, count: int) -> list[BaseBackup]:
        """Remove all base backups but the newest, and the log that none of those needs; what was removed."""
        bases = self.bases
        removed, kept = bases[:-count], bases[-count:]
        for base in removed:
            # Without its label it is no backup any more, wherever the removal breaks off.
            base.path.rename(base.path.with_name(f"removed-{base.path.name}"))
            shutil.rmtree(base.path.with_name(f"removed-{base.path.name}"))
        if removed and self.wal.is_dir():
            run([programs / "pg_archivecleanup", self.wal, kept[0].first_segment])
        return removed

    def follow(self, programs: Path, url: str) -> None:
        """Keep the log as it is written, until SIGTERM or SIGINT; a lost connection is made again.

        The server keeps for SLOT what has not arrived here. Raises BackupError if it cannot be begun.
        """
        self.wal.mkdir(mode=0o700, parents=True, exist_ok=True)
        program: list[str | Path] = [programs / "pg_receivewal", f"--slot={SLOT}"]
        run([*program, "--create-slot", "--if-not-exists"], url)
        command = [*map(str, program), "--directory", str(self.wal), "--synchronous"]
        child = subprocess.Popen(command, env=libpq_environment(url))

        def stop(*_: int | FrameType | None) -> None:
            child.send_signal(signal.SIGINT)

        previous = {number: signal.signal(number, stop) for number in (signal.SIGTERM, signal.SIGINT)}
        try:
            code = child.wait()
        finally:
            for number, handler in previous.items():
                signal.signal(number, handler)
        if code:
            raise BackupError(f"pg_receivewal ended with {code}; what it said stands above")


def verify_copy(programs: Path, copy: Path) -> None:
    """Check every file of a base backup against its manifest; raises BackupError."""
    run([programs / "pg_verifybackup", "--quiet", copy])


def run(command: list[str | Path], url: str = "") -> None:
    """Run one of PostgreSQL's programs to its end; raises BackupError with what it said."""
    try:
        done = subprocess.run(
            [str(part) for part in command],
            env=libpq_environment(url),
            capture_output=True,
            text=True,
            check=False,
        )
    except FileNotFoundError:
        raise BackupError(
            f"there is no {command[0]}: TILLGATE_POSTGRES_BIN_DIR names PostgreSQL's programs"
        ) from None
    if done.returncode:
        raise BackupError(f"{Path(command[0]).name}: {done.stderr.strip() or done.stdout.strip()}")


def libpq_environment(url: str) -> Mapping[str, str]:
    """What PostgreSQL's programs connect by; in a command line everybody could read the password."""
    environment = {"PATH": os.environ.get("PATH", ""), "LC_ALL": "C.UTF-8"}
    if not url:
        return environment
    parsed = make_url(url)
    _, options = parsed.get_dialect()().create_connect_args(parsed)
    names = {"host": "PGHOST", "port": "PGPORT", "user": "PGUSER", "password": "PGPASSWORD"}
    names |= {"target_session_attrs": "PGTARGETSESSIONATTRS", "ssl": "PGSSLMODE"}
    for option, name in names.items():
        value = options.get(option)
        if value is not None:
            environment[name] = ",".join(map(str, value)) if isinstance(value, list) else str(value)
    return environment
