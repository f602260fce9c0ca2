"""The embedded servers: they keep what they must, come back after a kill, and never meet each other."""

import asyncio
import os
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from redis import Redis
from sqlalchemy import text
from sqlalchemy.ext.asyncio import create_async_engine

from gateway.runtime import embedded_place
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedServerError, EmbeddedValkey
from gateway.runtime.embedded_place import Account

# Starts both servers of a data directory, says where they are, and dies without stopping them.
KILLED_OWNER = """
import os, sys
from pathlib import Path
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
postgres, valkey = EmbeddedPostgres(Path(sys.argv[1])), EmbeddedValkey(Path(sys.argv[1]))
postgres.start(); valkey.start()
postgres.execute("CREATE TABLE kept AS SELECT 7 AS number")
print(postgres.pid, valkey.pid, flush=True)
os.kill(os.getpid(), 9)
"""


@pytest.fixture
def data_dir() -> Iterator[Path]:
    """A data directory that every account may enter, as a project's own is."""
    directory = Path(tempfile.mkdtemp(prefix="tillgate-test-", dir="/var/tmp"))
    directory.chmod(0o755)
    yield directory
    shutil.rmtree(directory)


def runs(pid: int) -> bool:
    """Whether a process exists and is not a dead one that nobody has reaped."""
    try:
        return "State:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return False


def test_postgres_is_reached_through_sqlalchemy(postgres: EmbeddedPostgres) -> None:
    """The URL is one for asyncpg, the server is new enough, and Russian text has upper and lower case."""

    async def ask() -> tuple[int, str]:
        engine = create_async_engine(postgres.url())
        async with engine.connect() as connection:
            query = text("SELECT current_setting('server_version_num')::int, lower('ЁЛКА')")
            row = (await connection.execute(query)).one()
        await engine.dispose()
        return row[0], row[1]

    server_version, lowered = asyncio.run(ask())
    assert server_version >= 150_000
    assert "ёлка" == lowered


def test_postgres_never_runs_as_root(postgres: EmbeddedPostgres) -> None:
    """Root starts it under another account, an ordinary user under his own."""
    owner = Path(f"/proc/{postgres.pid}").stat().st_uid
    assert owner != 0
    assert os.geteuid() in {0, owner}


def test_servers_listen_on_private_sockets_alone(postgres: EmbeddedPostgres, valkey: EmbeddedValkey) -> None:
    """No port is opened, and no other user may enter the sockets' directory."""
    assert "" == postgres.execute("SHOW listen_addresses")
    client = Redis.from_url(valkey.url)
    assert {"port": "0"} == client.config_get("port")
    client.close()
    for directory in (postgres.url().partition("?host=")[2], Path(valkey.url.removeprefix("unix://")).parent):
        assert 0o700 == stat.S_IMODE(Path(directory).stat().st_mode)


def test_a_durable_server_syncs_and_a_throw_away_one_does_not(
    data_dir: Path, postgres: EmbeddedPostgres
) -> None:
    """Losing fsync takes an explicit argument."""
    with EmbeddedPostgres(data_dir) as durable:
        assert "on" == durable.execute("SHOW fsync")
    assert "off" == postgres.execute("SHOW fsync")


def test_data_and_address_survive_a_restart(data_dir: Path) -> None:
    """The next start finds the data where the last stop left it."""
    with EmbeddedPostgres(data_dir) as server:
        url = server.url("tillgate")
        server.execute("CREATE DATABASE tillgate")
        server.execute("CREATE TABLE kept AS SELECT 7 AS number", "tillgate")
    with EmbeddedPostgres(data_dir) as server:
        assert url == server.url("tillgate")
        assert "7" == server.execute("SELECT number FROM kept", "tillgate")


def test_what_was_committed_survives_an_immediate_kill(data_dir: Path) -> None:
    """`kill_immediate` makes no checkpoint, and `start` recovers from the log at the same address."""
    with EmbeddedPostgres(data_dir) as server:
        url, pid = server.url(), server.pid
        server.execute("CREATE TABLE kept AS SELECT 7 AS number")
        server.kill_immediate()
        assert not runs(pid)
        server.start()
        assert url == server.url()
        assert "7" == server.execute("SELECT number FROM kept")


def test_a_stopped_server_leaves_nothing_but_a_named_data_dir(data_dir: Path) -> None:
    """A temporary home and the sockets' directories go with their server."""
    with EmbeddedPostgres(durable=False) as postgres, EmbeddedValkey(data_dir) as valkey:
        gone = [postgres.directory.parent, Path(valkey.url.removeprefix("unix://")).parent]
        pids = [postgres.pid, valkey.pid]
    assert [] == [path for path in gone if path.exists()]
    assert [] == [pid for pid in pids if runs(pid)]
    assert valkey.directory.is_dir()


@pytest.mark.parametrize("kind", [EmbeddedPostgres, EmbeddedValkey])
def test_a_data_dir_in_use_is_refused_and_the_user_of_it_named(
    kind: Callable[[Path], EmbeddedPostgres | EmbeddedValkey], data_dir: Path
) -> None:
    """Two demos cannot write to one database; the second one is told who has it."""
    with kind(data_dir):
        second = kind(data_dir)
        with pytest.raises(
            EmbeddedServerError, match=f"is in use by process {os.getpid()}: stop it or choose"
        ):
            second.start()
    with kind(data_dir):
        pass  # A stop gives it back.


def test_two_data_dirs_do_not_collide(data_dir: Path) -> None:
    """Two demos of two clones run side by side."""
    with EmbeddedValkey(data_dir / "one") as one, EmbeddedValkey(data_dir / "two") as two:
        assert one.url != two.url


def test_servers_of_a_killed_process_are_found_and_replaced(data_dir: Path) -> None:
    """After SIGKILL of their owner the next start stops what was left running, and finds the data."""
    owner = subprocess.run(
        [sys.executable, "-c", KILLED_OWNER, str(data_dir)], capture_output=True, text=True, check=False
    )
    assert -signal.SIGKILL == owner.returncode, owner.stderr
    left_pids = [int(pid) for pid in owner.stdout.split()]
    assert [True, True] == [runs(pid) for pid in left_pids]
    with EmbeddedPostgres(data_dir) as postgres, EmbeddedValkey(data_dir) as valkey:
        assert [False, False] == [runs(pid) for pid in left_pids]
        assert "7" == postgres.execute("SELECT number FROM kept")
        assert runs(valkey.pid)


def test_another_process_s_number_in_a_stale_pid_file_is_let_live(data_dir: Path) -> None:
    """After a reboot the number may belong to somebody else's process, which must not be stopped."""
    with EmbeddedValkey(data_dir) as valkey:
        pid_file = valkey.directory / "valkey.pid"
    stranger = subprocess.Popen(["/bin/cat"], stdin=subprocess.PIPE)
    pid_file.write_text(f"{stranger.pid}\n")
    with EmbeddedValkey(data_dir):
        assert runs(stranger.pid)
    stranger.communicate()
    assert 0 == stranger.returncode


def test_a_failed_start_tells_the_end_of_the_log_and_can_be_repeated(data_dir: Path) -> None:
    """A broken configuration is reported by the server's own words."""
    with EmbeddedPostgres(data_dir) as server:
        configuration = server.directory / "postgresql.conf"
    sound = configuration.read_text()
    configuration.write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedServerError, match="no_such_setting"):
        server.start()
    configuration.write_text(sound)
    with server:
        assert "1" == server.execute("SELECT 1")


def test_data_of_another_postgres_version_is_refused(data_dir: Path) -> None:
    """A newer wheel says that it cannot read the old data, instead of a riddle in a log."""
    with EmbeddedPostgres(data_dir) as server:
        pass
    (server.directory / "PG_VERSION").write_text("9\n")
    with pytest.raises(
        EmbeddedServerError, match=r"was made by PostgreSQL 9, and this is postgres .+: dump it"
    ):
        server.start()


def test_sql_that_fails_is_refused_with_the_server_s_message(postgres: EmbeddedPostgres) -> None:
    """`execute` never swallows an error."""
    with pytest.raises(EmbeddedServerError, match='relation "nowhere" does not exist'):
        postgres.execute("SELECT * FROM nowhere")


def test_a_directory_planted_by_another_user_is_refused(data_dir: Path) -> None:
    """In a place where anybody may write, only a directory of one's own is trusted."""
    planted = embedded_place.socket_directory(data_dir, Account(os.geteuid(), os.getegid()))
    planted.chmod(0o777)
    with pytest.raises(EmbeddedServerError, match=f"{planted} was made by another user; remove it"):
        embedded_place.socket_directory(data_dir, Account(os.geteuid(), os.getegid()))
    planted.rmdir()


def test_programs_that_the_account_cannot_read_are_copied_and_run(data_dir: Path) -> None:
    """A virtual environment in a private home still works: the account gets a copy, libraries included."""
    installed = EmbeddedPostgres().bin_dir.parents[1]
    private = data_dir / "private"
    for package in (installed, installed.with_name(f"{installed.name}.libs")):
        shutil.copytree(package, private / package.name)
    private.chmod(0o700)
    account = embedded_place.account_for(data_dir)
    package = embedded_place.readable_package(private / installed.name, "1", account)
    initdb = package / "pginstall" / "bin" / "initdb"
    command = account.command(str(initdb), "--version")
    subprocess.run(command, check=True, cwd="/", stdout=subprocess.DEVNULL)
    assert account.is_own == (package.parent == private)
    if not account.is_own:
        shutil.rmtree(package.parent)
