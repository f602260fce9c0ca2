"""A primary with a synchronous standby: two real servers on one machine, each with files of its own."""

import os
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path

from gateway.runtime import embedded_place as place
from gateway.runtime.embedded import EmbeddedPostgres
from tests.crash.harness import Town
from tests.crash.processes import eventually

NAME = "standby"


@dataclass(frozen=True)
class Pair:
    """The two servers, and how a gateway knows them."""

    primary: EmbeddedPostgres
    standby: EmbeddedPostgres

    def settings_of(self, town: Town) -> Mapping[str, str]:
        """The town's settings with both hosts in each URL, the first primary first."""
        hosts = [_socket_directory(server) for server in (self.primary, self.standby)]
        several = f"host={','.join(hosts)}&port=5432,5432&target_session_attrs=read-write"
        return {name: value.replace(f"host={hosts[0]}", several) for name, value in town.settings.items()}

    def after_failover(self, town: Town) -> Town:
        """The town as its owner reaches it on the promoted standby."""
        old, new = map(_socket_directory, (self.primary, self.standby))
        return replace(town, database_url=town.database_url.replace(old, new))

    async def be_synchronous(self) -> None:
        """From now on the primary acknowledges no commit that the standby has not flushed."""
        self.primary.execute(f"ALTER SYSTEM SET synchronous_standby_names = '{NAME}'")
        self.primary.execute("SELECT pg_reload_conf()")
        state = "SELECT sync_state FROM pg_stat_replication"
        await eventually(lambda: self.primary.execute(state) == "sync", "the standby is synchronous")

    async def be_cut_apart(self) -> None:
        """The standby hears no more of the primary; both live on."""
        self.standby.execute("ALTER SYSTEM SET primary_conninfo = ''")
        self.standby.execute("SELECT pg_reload_conf()")
        followers = "SELECT count(*) FROM pg_stat_replication"
        await eventually(lambda: self.primary.execute(followers) == "0", "the standby is gone")

    def lose_the_primary(self) -> None:
        """It dies at once, and its files with it."""
        os.kill(self.primary.pid, signal.SIGKILL)
        shutil.rmtree(self.primary.directory, ignore_errors=True)

    def promote(self) -> None:
        """The standby becomes a primary; returns when it takes writes."""
        assert "t" == self.standby.execute("SELECT pg_promote()")


@contextmanager
def paired(primary: EmbeddedPostgres) -> Iterator[Pair]:
    """A standby beside a running primary, following it."""
    folder = Path(tempfile.mkdtemp(prefix="tillgate-standby-", dir="/var/tmp"))
    folder.chmod(0o755)
    try:
        home = place.home_for(folder)
        account = place.account_for(primary.directory)
        copy = place.private_directory(home / "postgres", account)
        command = [str(primary.bin_dir / "pg_basebackup"), "-D", str(copy), "--write-recovery-conf"]
        command += ["--checkpoint=fast", "-d", f"host={_socket_directory(primary)} user=postgres"]
        command[-1] += f" application_name={NAME}"
        subprocess.run(account.command(*command), cwd="/", check=True)
        with EmbeddedPostgres(folder) as standby:
            yield Pair(primary, standby)
    finally:
        shutil.rmtree(folder)


def _socket_directory(server: EmbeddedPostgres) -> str:
    return server.url().partition("?host=")[2]
