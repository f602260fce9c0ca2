"""Restoring a backup, to its end or to an instant: PostgreSQL recovers it in a directory beside the target.

The target gets its name when the recovered server has stopped in order; what breaks off before leaves none.
"""

import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from gateway.runtime import embedded_place as place
from gateway.runtime.backup import Archive, BackupError, BaseBackup, verify_copy
from gateway.runtime.embedded import EmbeddedPostgres
from gateway.runtime.embedded_place import Account

RECOVERY_TIMEOUT_S: Final = 24 * 3600.0
_SEGMENT_DIGITS: Final = 24
_TIMELINE_DIGITS: Final = 8


def choose_base(archive: Archive, until: datetime | None) -> BaseBackup:
    """The newest base backup that ended by then; raises BackupError if there is none."""
    fit = [base for base in archive.bases if until is None or base.ended_at <= until]
    if fit:
        return fit[-1]
    if archive.bases:
        first = archive.bases[0].ended_at
        raise BackupError(
            f"the oldest backup in {archive.directory} ended at {first.isoformat()}, after that"
        )
    raise BackupError(f"there is no backup in {archive.directory}")


@contextmanager
def recovered(
    archive: Archive, target: Path, *, until: datetime | None = None, bin_dir: Path | None = None
) -> Iterator[EmbeddedPostgres]:
    """The recovered server, on a private socket while the context lasts; left in order, it becomes `target`.

    `until` is the instant at which recovery stops, None for the end of the archive. Raises BackupError if the
    target is not empty or the backup not whole, EmbeddedServerError with the server's words if it cannot get
    there, for instance since the archive ends before `until`.
    """
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise BackupError(f"{target} is not empty: a restore never writes over anything")
    base = choose_base(archive, until)
    target.parent.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix=f".{target.name}-restoring-", dir=target.parent))
    work.chmod(0o755)
    home = place.home_for(work)
    try:
        account = place.account_for(target.parent)
        data, wal = home / "postgres", home / "wal"
        shutil.copytree(base.path, data, symlinks=True)
        server = EmbeddedPostgres(work, settings=_settings(home, until), bin_dir=bin_dir)
        verify_copy(server.bin_dir, data)
        _copy_log(archive.wal, wal, base.first_segment)
        # The server's own settings may lie outside of its data, and a standby's would make it follow again.
        (data / "postgresql.conf").touch()
        (data / "standby.signal").unlink(missing_ok=True)
        (data / "recovery.signal").touch()
        (home / "pg_hba.conf").write_text("local all all trust\n")
        _give(home, account)
        server.start_timeout_s = RECOVERY_TIMEOUT_S
        with server:
            yield server
        if target.exists():
            target.rmdir()
        shutil.move(data, target)
    finally:
        shutil.rmtree(work, ignore_errors=True)
        shutil.rmtree(home, ignore_errors=True)


def _settings(home: Path, until: datetime | None) -> dict[str, str]:
    settings = {
        "archive_mode": "off",
        "hba_file": str(home / "pg_hba.conf"),
        # Nobody is let in before the end of recovery, and no limit has to be as high as it once was.
        "hot_standby": "off",
        "restore_command": f'cp "{str(home / "wal").replace("%", "%%")}/%f" "%p"',
        "ssl": "off",
        "synchronous_standby_names": "",
    }
    if until is not None:
        settings["recovery_target_time"] = until.astimezone(UTC).isoformat()
        settings["recovery_target_action"] = "promote"
    return settings


def _copy_log(archive: Path, copy: Path, first: str) -> None:
    """Copies the log since `first`: the server may run under an account that cannot read the archive."""
    copy.mkdir(mode=0o700)
    names = {file.name.removesuffix(".partial") for file in archive.iterdir()} if archive.is_dir() else set()
    for name in names:
        is_segment = len(name) == _SEGMENT_DIGITS and name[_TIMELINE_DIGITS:] >= first[_TIMELINE_DIGITS:]
        if not is_segment and not name.endswith(".history"):
            continue
        # The last file is still being written, and may be finished at this very moment.
        for found in (archive / name, archive / f"{name}.partial", archive / name):
            with suppress(FileNotFoundError):
                shutil.copyfile(found, copy / name)
                break


def _give(home: Path, account: Account) -> None:
    (home / "postgres").chmod(0o700)
    if account.is_own:
        return
    for name in ("postgres", "wal", "pg_hba.conf"):
        path = home / name
        for found in (path, *path.rglob("*")):
            os.chown(found, account.uid, account.gid, follow_symlinks=False)
