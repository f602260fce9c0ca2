"""Where embedded servers live, and under whose account they run.

PostgreSQL refuses to run as root. Started by root it runs as an ordinary account, which must be able to enter
its data directory and to read the server's programs; a home such as /root lets it do neither. Then both go
to a directory of root's below /var/tmp, named after the path that they stand for.
"""

import fcntl
import hashlib
import os
import pwd
import shutil
import stat
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import IO

PUBLIC_ROOT = Path("/var/tmp")  # noqa: S108 - directories made here are checked for their owner
MEMORY_ROOT = Path("/dev/shm")  # noqa: S108 - likewise
MEMORY_FREE_BYTES_MIN = 2 * 1024**3
SOCKET_ROOT = Path("/tmp")  # noqa: S108 - a socket's path may have no more than 107 bytes

# The arguments `user` and `group` of subprocess would do the same, but with them it forks, and a fork dies
# now and then in gRPC's handlers if this process has calls open. Without them the start is a vfork.
_BECOME = (
    "import os, sys; uid, gid = map(int, sys.argv[1:3]); os.setgroups([]); os.setgid(gid); os.setuid(uid);"
    " os.execv(sys.argv[3], sys.argv[3:])"
)


class EmbeddedServerError(RuntimeError):
    """An embedded server cannot be started or kept; the text says why and what helps."""


@dataclass(frozen=True)
class Account:
    """The system account that a server runs under."""

    uid: int
    gid: int

    @property
    def is_own(self) -> bool:
        """Whether it is the account of this very process."""
        return self.uid == os.geteuid()

    def command(self, *program: str) -> list[str]:
        """The command line that runs a program under this account, as the very process that is started."""
        if self.is_own:
            return list(program)
        return [sys.executable, "-I", "-S", "-c", _BECOME, str(self.uid), str(self.gid), *program]

    def may(self, test_flag: str, path: Path) -> bool:
        """Whether the account may read (`-r`) a file or enter (`-x`) a directory."""
        command = self.command("/usr/bin/test", test_flag, str(path))
        done = subprocess.run(command, cwd="/", check=False)
        return done.returncode == 0


def account_for(directory: Path) -> Account:
    """The account a server with this data directory runs under: one's own, but for root its owner or nobody.

    Raises EmbeddedServerError if the directory belongs to somebody else.
    """
    owner = directory.stat() if directory.exists() else None
    if os.geteuid() != 0:
        if owner is not None and owner.st_uid != os.geteuid():
            raise EmbeddedServerError(
                f"{directory} belongs to another user; choose another data_dir or remove it"
            )
        return Account(os.geteuid(), os.getegid())
    if owner is not None and owner.st_uid != 0:
        return Account(owner.st_uid, owner.st_gid)
    nobody = pwd.getpwnam("nobody")
    return Account(nobody.pw_uid, nobody.pw_gid)


def home_for(data_dir: Path) -> Path:
    """The directory for the servers of `data_dir`: below it if their account can enter it."""
    home = data_dir.absolute() / "embedded"
    home.mkdir(mode=0o755, parents=True, exist_ok=True)
    if os.geteuid() != 0 or account_for(home / "postgres").may("-x", home):
        return home
    return _owned_directory(PUBLIC_ROOT / _name_for(home), 0o755, os.geteuid())


def memory_root() -> Path:
    """Where throw-away files may lie in memory; on disk where memory is short, as in many containers."""
    if os.access(MEMORY_ROOT, os.W_OK) and shutil.disk_usage(MEMORY_ROOT).free >= MEMORY_FREE_BYTES_MIN:
        return MEMORY_ROOT
    return PUBLIC_ROOT


def socket_directory(directory: Path, account: Account) -> Path:
    """A short private directory for the sockets of the server in `directory`, the same at each start."""
    return _owned_directory(SOCKET_ROOT / _name_for(directory), 0o700, account.uid, account.gid)


def readable_package(package: Path, version: str, account: Account) -> Path:
    """The directory of a wheel's package, or a copy of it that `account` can read."""
    probe = next(path for path in sorted(package.rglob("*")) if path.is_file())
    if account.is_own or account.may("-r", probe):
        return package
    copy = PUBLIC_ROOT / _name_for(package / version)
    if not copy.exists():
        partial = copy.with_name(f"{copy.name}.{os.getpid()}")
        # The programs find their libraries in the directory that the wheel put beside its package.
        unneeded = shutil.ignore_patterns("*.a", "include")
        for directory in (package, package.with_name(f"{package.name}.libs")):
            if directory.exists():
                shutil.copytree(directory, partial / directory.name, ignore=unneeded)
        for path in (partial, *partial.rglob("*")):
            path.chmod(0o755 if path.is_dir() or path.stat().st_mode & stat.S_IXUSR else 0o644)
        try:
            partial.rename(copy)
        except OSError:  # Another process was faster; its copy is the same.
            shutil.rmtree(partial)
    return _owned_directory(copy, 0o755, os.geteuid()) / package.name


def private_directory(path: Path, account: Account) -> Path:
    """Makes `path`, entered by `account` alone."""
    path.mkdir(mode=0o700)
    if not account.is_own:
        os.chown(path, account.uid, account.gid)
    return path


def lock(path: Path, what: str) -> IO[str]:
    """Takes the lock file `path`, which the death of this process gives back.

    Raises EmbeddedServerError if another process holds it, and names that process.
    """
    try:
        file = path.open("a+")
    except PermissionError:
        raise EmbeddedServerError(f"{path} belongs to another user: choose another data_dir") from None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        file.seek(0)
        holder = file.read().strip() or "unknown"
        file.close()
        raise EmbeddedServerError(
            f"{what} in {path.parent} is in use by process {holder}: stop it or choose another data_dir"
        ) from None
    file.truncate(0)
    file.write(f"{os.getpid()}\n")
    file.flush()
    return file


def _name_for(path: Path) -> str:
    return "tillgate-" + hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _owned_directory(path: Path, mode: int, uid: int, gid: int = -1) -> Path:
    """Makes a directory in a place where anybody may write, or refuses what somebody else put there."""
    try:
        path.mkdir(mode=mode)
        if uid != os.geteuid():
            os.chown(path, uid, gid)
        path.chmod(mode)
    except FileExistsError:
        found = path.lstat()
        if not stat.S_ISDIR(found.st_mode) or found.st_uid != uid or found.st_mode & 0o022:
            raise EmbeddedServerError(f"{path} was made by another user; remove it") from None
    return path
