"""`tillgate serve --workers N` as an operator meets it: one port, one page of health, and no gap."""

import asyncio
import os
import re
import signal
from collections.abc import AsyncIterator
from contextlib import ExitStack
from operator import itemgetter
from pathlib import Path

import orjson
import pytest

from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from merchant_sdk import Card, Concentrator, TillCredentials
from tests import wire_kit
from tests.crash.cutting import accounts_locked, sessions
from tests.crash.harness import Town, found_town
from tests.crash.journal import Sent
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import begin_sale, tills_at
from tests.processes import frozen
from tests.sdk_support.buyers import MILK, buying, outcomes_and_sales
from tests.sdk_support.tills import PATIENT
from tillgate.v1 import purchase_pb2 as wire

WORKERS = 2


@pytest.fixture
async def town(
    postgres: EmbeddedPostgres, database_name: str, valkey: EmbeddedValkey, tmp_path: Path
) -> Town:
    """A small town, whose gateways log what they do."""
    founded = await found_town(postgres, database_name, valkey.url, tmp_path / "data", cards=2)
    changes = {"TILLGATE_LOG_LEVEL": "info", "TILLGATE_DECISION_MAX_AGE_S": "60"}
    return founded.with_settings(changes)


@pytest.fixture
async def gateway(town: Town, tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    """Its gateway, ready, in several workers."""
    with GatewayProcess(town.settings, tmp_path / "gateway.log", workers=WORKERS) as process:
        yield await process.start_ready()


def is_running(pid: int) -> bool:
    """Whether a process is more than an entry that nobody has collected yet."""
    try:
        return bool(Path(f"/proc/{pid}/cmdline").read_bytes())
    except OSError:
        return False


async def unwell(gateway: GatewayProcess) -> dict[str, str]:
    """What /readyz says of each check that is not well."""
    _, body = await gateway.get("/readyz")
    checks: dict[str, str] = orjson.loads(body)["checks"] if body else {}
    return {name: said for name, said in checks.items() if said != "ok"}


async def test_one_page_speaks_for_all_workers_and_names_the_one_that_is_unwell(
    gateway: GatewayProcess,
) -> None:
    """Metrics of each under its number; readiness is green only if every worker's is."""
    assert WORKERS == len(gateway.worker_pids())
    assert (200, "ok\n") == await gateway.get("/healthz")
    _, metrics = await gateway.get("/metrics")
    lines = metrics.splitlines()
    for worker in ("0", "1", "parent"):
        assert 1 == sum(line.startswith(f'process_open_fds{{worker="{worker}"}}') for line in lines)
    assert 1 == lines.count("# TYPE tillgate_rpc_in_flight gauge")
    with frozen(sorted(gateway.worker_pids())[1]):
        said = await unwell(gateway)
        assert {"worker 1": "no answer within 4 s"} == said
    await eventually(gateway.says_ready, "readiness is green again by itself")


async def test_a_worker_that_dies_is_started_again_and_no_sale_fails(
    town: Town, gateway: GatewayProcess
) -> None:
    """SIGKILL in the middle of sales: the SDK asks the other worker, under the same request ids."""
    async with buying(town, gateway.address) as buyers:
        await buyers.progress(50)
        os.kill(gateway.worker_pids()[0], signal.SIGKILL)
        await eventually(lambda: "a worker has ended" in gateway.log, "its parent sees it")
        await eventually(gateway.says_ready, "another has taken its place")
        await buyers.progress(50)
    await buyers.assert_each_sold_once(town)
    assert 1 == gateway.log.count("SIGKILL")
    assert 1 == await gateway.metric("tillgate_worker_restarts_total")


async def test_workers_are_renewed_in_turn_and_no_sale_fails(town: Town, gateway: GatewayProcess) -> None:
    """SIGHUP: every worker is another process afterwards, with the settings of now."""
    before = set(gateway.worker_pids())
    async with buying(town, gateway.address) as buyers:
        await buyers.progress(50)
        gateway.send_signal(signal.SIGHUP)
        await eventually(lambda: WORKERS == gateway.log.count("a worker was replaced"), "all are replaced")
        await buyers.progress(50)
    await buyers.assert_each_sold_once(town)
    after = set(gateway.worker_pids())
    assert (WORKERS, set()) == (len(after), before & after)
    assert "a worker has ended" not in gateway.log
    assert "Traceback" not in gateway.log


async def test_workers_stay_if_their_successors_cannot_be_started(town: Town, tmp_path: Path) -> None:
    """A mistake in the configuration file of now costs nothing but a line in the log."""
    file = tmp_path / "tillgate.toml"
    file.write_text("")
    settings = {**town.settings, "TILLGATE_CONFIG": str(file)}
    with GatewayProcess(settings, tmp_path / "gateway.log", workers=WORKERS) as gateway:
        await gateway.start_ready()
        before = gateway.worker_pids()
        file.write_text('hold_ttl = "nonsense"')
        gateway.send_signal(signal.SIGHUP)
        await eventually(lambda: "workers are not replaced any further" in gateway.log, "it gives up")
        assert "did you mean hold_ttl_s?" in gateway.log
        assert before == gateway.worker_pids()
        assert await gateway.says_ready()


async def test_a_stop_lets_every_worker_answer_what_it_has_begun(town: Town, gateway: GatewayProcess) -> None:
    """SIGTERM to the parent alone: sales at both workers are answered, then all processes are gone."""
    workers = gateway.worker_pids()
    # The kernel chooses a worker for each connection, so there are more tills than it will come to.
    many = [client for _ in range(8) for client in town.clients]
    async with tills_at(many, gateway.address) as tills, town.connect() as connection:
        async with accounts_locked(town):
            waiting, selling = iter(tills), list[asyncio.Task[Sent]]()
            while 0 in (await gateway.in_flight()).values():
                selling.append(begin_sale(next(waiting), town.cards[0]))

                async def is_begun() -> bool:
                    return len(selling) == sum((await gateway.in_flight()).values())

                await eventually(is_begun, "the sale is begun")

            async def are_decided() -> bool:
                return WORKERS == len(await sessions(connection, "Lock"))

            await eventually(are_decided, "both workers wait for the account")
            gateway.send_signal(signal.SIGTERM)

            async def is_draining() -> bool:
                return "the gateway is stopping" == (await unwell(gateway)).get("draining")

            await eventually(is_draining, "readiness turns red")
        sent = await asyncio.gather(*selling)
        assert [] == [command.errors for command in sent if command.errors]
    assert 0 == await gateway.exit_code()
    assert [False] * WORKERS == [is_running(pid) for pid in workers]
    assert "Traceback" not in gateway.log


def pid_of(gateway: GatewayProcess, worker: str) -> int:
    """The process that a worker of this number is now."""
    [pid] = [
        pid
        for pid in gateway.worker_pids()
        if f"\0--number\0{worker}\0" in Path(f"/proc/{pid}/cmdline").read_text()
    ]
    return pid


def ended_streams(gateway: GatewayProcess) -> list[str]:
    """The code with which each stream has ended, in order."""
    return re.findall(r" code=(\w+) .* method=Exchange ", gateway.log)


async def test_a_stream_whose_worker_stops_is_gone_on_with_under_the_same_ids(
    town: Town, tmp_path: Path
) -> None:
    """What was read is answered, the rest is sent again on a new stream; nothing is lost or done twice."""
    read, count = 4, 40
    settings = {**town.settings, "TILLGATE_EXCHANGE_IN_FLIGHT": str(read)}
    with GatewayProcess(settings, tmp_path / "gateway.log", workers=WORKERS) as gateway:
        await gateway.start_ready()
        credentials = TillCredentials.from_folder(town.clients[0].folder, endpoint=gateway.address)
        async with Concentrator(credentials, PATIENT) as chain:
            requests = [chain.prepare_sale(Card(town.cards[0]), MILK) for _ in range(count)]
            async with accounts_locked(town):
                selling = [asyncio.create_task(chain.send(request)) for request in requests]

                async def is_full() -> bool:
                    # The stream itself is one more.
                    return read + 1 in (await gateway.in_flight()).values()

                await eventually(is_full, "the stream is read no further")
                busy = max((await gateway.in_flight()).items(), key=itemgetter(1))[0]
                os.kill(pid_of(gateway, busy), signal.SIGTERM)
                await eventually(lambda: "draining" in gateway.log, "the worker stops")
            sold = await asyncio.gather(*selling)
        await eventually(lambda: 2 == len(ended_streams(gateway)), "the other stream ends with its client")
    assert [(sale.request_id, True) for sale in requests] == [(s.request_id, s.is_approved) for s in sold]
    assert (count, count) == await outcomes_and_sales(town)
    assert "OK" == ended_streams(gateway)[0]


async def test_workers_whose_parent_was_killed_drain_by_themselves(
    town: Town, gateway: GatewayProcess
) -> None:
    """Nobody would start them again or speak for them; a new parent finds the port free."""
    workers = gateway.worker_pids()
    gateway.process.kill()
    gateway.process.wait()
    await eventually(lambda: not any(map(is_running, workers)), "the workers end")
    assert WORKERS == gateway.log.count("draining")
    await gateway.start_ready()
    async with tills_at(town.clients[:1], gateway.address) as tills:
        sent = await tills[0].send("Sale", wire_kit.sale(card=wire.Card(number=town.cards[0])))
    assert wire.DECISION_APPROVED == sent.outcome.decision


@pytest.mark.parametrize("workers", [1, 2])
async def test_two_gateways_never_share_a_port(
    town: Town, gateway: GatewayProcess, tmp_path: Path, workers: int
) -> None:
    """Not even where both have workers, which do share theirs: the second is told by name."""
    with ExitStack() as stack:
        others = {}
        for name in ("TILLGATE_GRPC_PORT", "TILLGATE_JSON_PORT", "TILLGATE_HTTP_PORT"):
            settings = {**town.settings, name: gateway.variables[name]}
            log = tmp_path / f"{name}.log"
            others[name] = stack.enter_context(GatewayProcess(settings, log, workers=workers))
            others[name].start()
        for name, other in others.items():
            assert 1 == await other.exit_code()
            assert name in other.log
            assert gateway.variables[name] in other.log
            assert "Traceback" not in other.log
    assert await gateway.says_ready()


async def test_a_gateway_whose_workers_cannot_start_says_why_once(town: Town, tmp_path: Path) -> None:
    """One worker is tried before the others; the parent ends as the gateway in one process does."""
    settings = {**town.settings, "TILLGATE_SIGNING_KEY_FILE": "/nowhere/key.pem"}
    with GatewayProcess(settings, tmp_path / "gateway.log", workers=WORKERS) as process:
        process.start()
        assert 1 == await process.exit_code()
        assert 1 == process.log.count("/nowhere/key.pem: No such file or directory")
        assert "a worker could not be started: it ended with exit code 1" in process.log
        assert "Traceback" not in process.log
