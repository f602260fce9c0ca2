"""The database is lost and restored to an instant: what tills were told afterwards is named."""

import asyncio
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from gateway.cli import tillgate
from gateway.runtime import embedded_place as place
from gateway.runtime.database import migrate
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from merchant_sdk.archive import OutcomeArchive
from merchant_sdk.signatures import SignedBytes
from tests.crash.harness import Town, assert_clean, found_town
from tests.crash.journal import Sent
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import Till, begin_sale, tills_at
from tests.logs import logging_put_back
from tillgate.v1 import purchase_service_pb2 as service

DATABASE = "town"
TILLGATE = str(Path(sys.executable).with_name("tillgate"))


@dataclass(frozen=True)
class Operator:
    """Somebody with a shell, the settings of a town, and a directory for backups."""

    settings: Mapping[str, str]
    backups: Path

    async def does(self, *arguments: object) -> Result:
        """Run `tillgate …` to its end, in this process but for a loop of its own."""
        with logging_put_back():
            return await asyncio.to_thread(
                CliRunner().invoke, tillgate, [str(a) for a in arguments], env=self.settings
            )

    async def restores(self, target: Path, *more: str) -> Result:
        """`tillgate restore` of its backups."""
        return await self.does(
            "restore", "--from", self.backups, "--to", target, "--database", DATABASE, *more
        )

    @asynccontextmanager
    async def archiving(self, postgres: EmbeddedPostgres) -> AsyncIterator[None]:
        """`tillgate archive` in the background; leaving waits until it has all that is written."""
        command = [TILLGATE, "archive", "--to", str(self.backups)]
        environment = {"PATH": os.environ["PATH"], **self.settings}
        process = subprocess.Popen(command, env=environment)  # noqa: ASYNC220 - it returns at once
        caught_up = (
            "SELECT count(*) FROM pg_stat_replication"
            " WHERE application_name = 'pg_receivewal' AND flush_lsn >= pg_current_wal_flush_lsn()"
        )
        try:
            yield
            await eventually(lambda: postgres.execute(caught_up) == "1", "the archive has everything")
        finally:
            process.send_signal(signal.SIGTERM)
            assert 0 == await asyncio.to_thread(process.wait)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A directory that every account may enter, in memory where there is room."""
    made = Path(tempfile.mkdtemp(prefix="tillgate-restore-", dir=place.memory_root()))
    made.chmod(0o755)
    yield made
    shutil.rmtree(made)


def lose(postgres: EmbeddedPostgres) -> None:
    """The server dies, and its files are gone."""
    os.kill(postgres.pid, signal.SIGKILL)
    shutil.rmtree(postgres.directory, ignore_errors=True)


async def sell(till: Till, cards: Sequence[str], archive: OutcomeArchive) -> list[Sent]:
    """A sale by each card, told and kept by the merchant."""
    sales = [await begin_sale(till, card) for card in cards]
    for sent in sales:
        answer = service.SaleResponse.FromString(sent.answers[0]).answer
        archive.keep(SignedBytes(answer.signed_payload, answer.signature, answer.key_id))
    return sales


async def test_a_lost_database_comes_back_to_an_instant_and_what_it_lacks_is_named(
    valkey: EmbeddedValkey, tmp_path: Path, folder: Path
) -> None:
    """By the tills' signed outcomes; the restored ledger is clean and serves, and says nothing twice."""
    archive = OutcomeArchive(tmp_path / "told.jsonl")
    with EmbeddedPostgres(durable=False) as postgres:
        postgres.execute(f"CREATE DATABASE {DATABASE}")
        await asyncio.to_thread(migrate, postgres.url(DATABASE))
        town = await found_town(postgres, DATABASE, valkey.url, tmp_path / "data", cards=4)
        settings = {**town.settings, "TILLGATE_DATABASE_BACKUP_URL": postgres.url()}
        operator = Operator(settings, folder / "backups")
        with GatewayProcess(town.settings, tmp_path / "gateway.log") as gateway:
            await gateway.start_ready()
            async with operator.archiving(postgres), tills_at(town.clients[:1], gateway.address) as [till]:
                done = await operator.does("backup", "--to", operator.backups, "--keep", "1")
                assert (0, "") == (done.exit_code, done.stderr.removeprefix("copying and verifying\n"))
                kept = await sell(till, town.cards[:2], archive)
                instant = postgres.execute("SELECT to_json(clock_timestamp())").strip('"')
                lost = await sell(till, town.cards[2:], archive)
        address = postgres.url().partition("?host=")[2]
        lose(postgres)

    whole = await operator.restores(folder / "whole")
    assert 0 == whole.exit_code, whole.stderr
    last = lost[-1].outcome.decided_at.ToDatetime(UTC)
    assert f"last decision: {last.isoformat()}\n" in whole.stdout
    target = place.home_for(folder) / "postgres"
    done = await operator.restores(target, "--until", instant)
    assert (0, True) == (done.exit_code, "the ledger is clean" in done.stdout), done.stderr

    with EmbeddedPostgres(folder) as restored:
        moved = {
            name: value.replace(address, restored.url().partition("?host=")[2])
            for name, value in settings.items()
        }
        back = replace(town, database_url=restored.url(DATABASE), settings=moved)
        operator = Operator(moved, operator.backups)
        assert {str(sent.request_id): "lacking" for sent in lost} == await missing(operator, archive, town)
        with GatewayProcess(moved, tmp_path / "gateway.log") as gateway:
            await gateway.start_ready()
            async with tills_at(town.clients[:1], gateway.address) as [till]:
                again = [Sent(s.method, s.request_id, s.terminal_id, s.body) for s in (*kept, *lost)]
                for sent in again:
                    assert await till.deliver(sent), sent.errors
        assert [s.answers[0] for s in kept] == [s.answers[0] for s in again[: len(kept)]]
        assert {str(sent.request_id): "different" for sent in lost} == await missing(operator, archive, town)
        await assert_clean(back)
    await damage_is_noticed(operator, folder / "damaged")


async def missing(operator: Operator, archive: OutcomeArchive, town: Town) -> dict[str, str]:
    """What `tillgate ledger missing` says of each request that is not as it was told."""
    keys = town.clients[0].folder / "outcome_keys.json"
    done = await operator.does("ledger", "missing", archive.path, "--keys", keys, "--json")
    assert 1 == done.exit_code, done.stderr
    said = json.loads(done.stdout)
    assert [] == said["disbelieved"]
    assert all(one["account_id"] and one["points_kopecks"] for one in said["discrepancies"])
    return {one["request_id"]: one["what"] for one in said["discrepancies"]}


async def damage_is_noticed(operator: Operator, target: Path) -> None:
    """A backup with one byte of difference is not restored, and leaves no directory that looks like one."""
    [base] = (operator.backups / "base").iterdir()
    file = next(path for path in base.glob("base/*/*") if path.stat().st_size)
    content = bytearray(file.read_bytes())
    content[0] ^= 1
    file.write_bytes(content)
    before = sorted(target.parent.iterdir())
    done = await operator.restores(target)
    assert (1, True) == (done.exit_code, "pg_verifybackup" in done.stderr)
    assert before == sorted(target.parent.iterdir())
