"""`tillgate serve` as an operator meets it: probes, a graceful end, and clear words when it can't start."""

import asyncio
import signal
import socket
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from tempfile import TemporaryDirectory

import orjson
import pytest
from grpc_health.v1 import health_pb2

from gateway.ledger.partitions import ensure_partitions, month_after, partition_name
from gateway.runtime.database import migrate
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from tests import wire_kit
from tests.crash.cutting import accounts_locked, session_waiting
from tests.crash.harness import Town, audit, found_town
from tests.crash.processes import GatewayProcess, eventually
from tests.crash.tills import Raw, Till, begin_sale, shopping, tills_at
from tests.sdk_support.buyers import buying
from tillgate.v1 import purchase_pb2 as wire

SEED = 20261127


@pytest.fixture
async def town(
    postgres: EmbeddedPostgres, database_name: str, valkey: EmbeddedValkey, tmp_path: Path
) -> Town:
    """A small town, where a purchase that a test keeps waiting waits on, however slow the machine."""
    founded = await found_town(postgres, database_name, valkey.url, tmp_path / "data", cards=4)
    return founded.with_settings({"TILLGATE_DECISION_MAX_AGE_S": "60"})


@pytest.fixture
async def gateway(town: Town, tmp_path: Path) -> AsyncIterator[GatewayProcess]:
    """A running gateway of the town."""
    with GatewayProcess(town.settings, tmp_path / "gateway.log") as process:
        yield await process.start_ready()


@pytest.fixture
async def tills(town: Town, gateway: GatewayProcess) -> AsyncIterator[list[Till]]:
    """The tills of the town, at its gateway."""
    async with tills_at(town.clients, gateway.address) as made:
        yield made


async def checks(gateway: GatewayProcess) -> tuple[int, dict[str, str]]:
    """What /readyz says: its status, and each check that is not well."""
    status, body = await gateway.get("/readyz")
    said: dict[str, str] = orjson.loads(body)["checks"] if body else {}
    return status, {name: text for name, text in said.items() if text != "ok"}


def nowhere(folder: Path) -> dict[str, str]:
    """Settings of a gateway whose servers do not exist, and whose password is "hush"."""
    url = "postgresql+asyncpg://nobody:hush@/none?host=/nowhere"
    settings = {f"TILLGATE_DATABASE_{role}URL": url for role in ("", "MIGRATOR_", "READER_")}
    return settings | {"TILLGATE_REDIS_URL": "unix:///nowhere", "TILLGATE_DATA_DIR": str(folder / "data")}


async def test_the_pages_for_operators_answer_until_ctrl_c(gateway: GatewayProcess) -> None:
    """Alive, ready, and what is measured; Ctrl-C is an orderly end too."""
    assert (200, "ok\n") == await gateway.get("/healthz")
    assert (200, {}) == await checks(gateway)
    status, metrics = await gateway.get("/metrics")
    assert 200 == status
    assert "tillgate_batch_size_bucket" in metrics
    assert 404 == (await gateway.get("/"))[0]
    gateway.send_signal(signal.SIGINT)
    assert 0 == await gateway.exit_code()
    assert "Traceback" not in gateway.log


async def test_a_stop_turns_readiness_red_first_and_gives_what_is_in_flight_its_answer(
    town: Town, gateway: GatewayProcess, tills: list[Till]
) -> None:
    """SIGTERM in the middle of a purchase: the till is answered before the process ends well."""
    sale = wire_kit.sale(card=wire.Card(number=town.cards[0]))
    async with town.connect() as connection:
        async with accounts_locked(town):
            selling = asyncio.create_task(tills[0].send("Sale", sale))
            await session_waiting(connection, "Lock")
            gateway.send_signal(signal.SIGTERM)

            async def is_red() -> bool:
                return (await checks(gateway))[0] == 503

            await eventually(is_red, "readiness turns red")
            assert (503, {"draining": "the gateway is stopping"}) == await checks(gateway)
            assert (200, "ok\n") == await gateway.get("/healthz")
            assert not selling.done()
        sent = await selling
    assert [] == sent.errors
    assert wire.DECISION_APPROVED == sent.outcome.decision
    assert 0 == await gateway.exit_code()
    assert (0, "") == await gateway.get("/readyz")
    assert "Traceback" not in gateway.log


async def test_a_stop_under_load_answers_all_that_it_has_begun(
    town: Town, gateway: GatewayProcess, tills: list[Till]
) -> None:
    """Nothing is decided that no till was told of; what comes too late leaves its id free."""
    async with shopping(tills, town.cards, SEED) as load:
        await load.progress(60)
        gateway.send_signal(signal.SIGTERM)
        assert 0 == await gateway.exit_code()
        assert "Traceback" not in gateway.log
        async with town.connect() as connection:
            decided = await connection.fetchval("SELECT count(*) FROM outcome WHERE merchant_id <> 0")
        await eventually(lambda: load.journal.acknowledged == decided, "every decision was told to its till")
        await gateway.start_ready()
        await load.progress(30)
    await audit(town, tills, SEED)


async def test_tills_on_the_sdk_do_not_notice_a_restart(town: Town, gateway: GatewayProcess) -> None:
    """Every sale is approved, once, whether it met the old process, the new one, or nobody at first."""
    async with buying(town, gateway.address) as buyers:
        await buyers.progress(50)
        gateway.send_signal(signal.SIGTERM)
        assert 0 == await gateway.exit_code()
        await gateway.start_ready()
        await buyers.progress(50)
    await buyers.assert_each_sold_once(town)


async def test_readiness_is_red_for_the_notice_time_before_the_doors_stop_taking_calls(
    town: Town, tmp_path: Path
) -> None:
    """A balancer sees red, over HTTP and gRPC, while tills still on their way are served as ever."""
    settings = {**town.settings, "TILLGATE_DRAIN_NOTICE_S": "300"}
    with GatewayProcess(settings, tmp_path / "gateway.log") as process:
        await process.start_ready()
        async with tills_at(town.clients, process.address) as tills:
            process.send_signal(signal.SIGTERM)
            expected = (503, {"draining": "the gateway is stopping"})

            async def is_red() -> bool:
                return await checks(process) == expected

            await eventually(is_red, "readiness turns red")
            assert health_pb2.HealthCheckResponse.NOT_SERVING == await serving_status(tills[0])
            sent = await begin_sale(tills[1], town.cards[0])
            assert [] == sent.errors
            assert wire.DECISION_APPROVED == sent.outcome.decision
            assert expected == await checks(process)


async def serving_status(till: Till) -> int:
    """What gRPC's health service says of the whole gateway."""
    check: Raw = till.channel.unary_unary("/grpc.health.v1.Health/Check")
    return int(health_pb2.HealthCheckResponse.FromString(await check(b"")).status)


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        (
            {
                "TILLGATE_GRPC_PORT": "99999",
                "TILLGATE_GRCP_HOST": "::1",
                "TILLGATE_DATABASE_URL": "mysql://u:hush@host/d",
            },
            [
                "TILLGATE_GRPC_PORT: should be less than or equal to 65535",
                "did you mean TILLGATE_GRPC_HOST?",
                "TILLGATE_DATABASE_URL: should begin with postgresql+asyncpg://",
            ],
        ),
        ({"TILLGATE_SIGNING_KEY_FILE": "/nowhere/key.pem"}, ["/nowhere/key.pem: No such file or directory"]),
        ({"TILLGATE_LISTS_DIR": "/nowhere/lists"}, ["/nowhere/lists"]),
        ({}, ["TILLGATE_DATABASE_URL: the database cannot be used"]),
    ],
    ids=["three", "key", "lists", "database"],
)
async def test_what_is_wrong_with_the_settings_is_said_by_name(
    tmp_path: Path, wrong: dict[str, str], said: list[str]
) -> None:
    """A line for each, no traceback, no secret, and an exit code that scripts understand."""
    with GatewayProcess(nowhere(tmp_path) | wrong, tmp_path / "gateway.log") as process:
        process.start()
        assert 1 == await process.exit_code()
        assert [] == [text for text in said if text not in process.log]
        assert "Traceback" not in process.log
        assert "hush" not in process.log


@contextmanager
def taken(port: int) -> Iterator[None]:
    """Somebody else listens on a port."""
    with socket.socket() as other:
        other.bind(("127.0.0.1", port))
        other.listen()
        yield


@pytest.mark.parametrize("kind", ["grpc", "http"])
async def test_a_port_that_is_taken_is_said_in_one_line(town: Town, tmp_path: Path, kind: str) -> None:
    """Which setting, which port; and nothing of the gateway stays behind."""
    with GatewayProcess(town.settings, tmp_path / "gateway.log") as process:
        port = process.grpc_port if kind == "grpc" else process.http_port
        with taken(port):
            process.start()
            assert 1 == await process.exit_code()
        assert f"TILLGATE_{kind.upper()}_PORT" in process.log
        assert str(port) in process.log
        assert "Traceback" not in process.log


async def test_readiness_is_red_while_next_months_partition_is_missing(town: Town, tmp_path: Path) -> None:
    """A month that begins without its partitions would put rows where they don't belong."""
    name = partition_name("entry", month_after(datetime.now(UTC)))
    # The role that makes partitions may not, as when an operator has given the wrong one.
    settings = {**town.settings, "TILLGATE_DATABASE_MIGRATOR_URL": town.settings["TILLGATE_DATABASE_URL"]}
    async with town.connect() as connection:
        await connection.execute(f"DROP TABLE {name}")
        with GatewayProcess(settings, tmp_path / "gateway.log") as process:
            process.start()
            expected = f"LookupError: missing: {name}; run `tillgate database partitions`"

            async def is_red() -> bool:
                return await checks(process) == (503, {"partitions": expected})

            await eventually(is_red, "readiness names the partition")
            await ensure_partitions(connection)
            await eventually(process.says_ready, "readiness is green again by itself")


async def test_a_missing_partition_is_made_by_the_gateway_itself(town: Town, tmp_path: Path) -> None:
    """Nobody has to think of it, as long as the migrator's role may."""
    async with town.connect() as connection:
        await connection.execute(f"DROP TABLE {partition_name('entry', month_after(datetime.now(UTC)))}")
    with GatewayProcess(town.settings, tmp_path / "gateway.log") as process:
        await process.start_ready()


async def test_readiness_follows_the_database_down_and_up_again(
    valkey: EmbeddedValkey, tmp_path: Path
) -> None:
    """Red while it is away, green by itself when it is back; and a stop does not wait for it."""
    with EmbeddedPostgres(durable=False) as server:
        server.execute("CREATE DATABASE town")
        await asyncio.to_thread(migrate, server.url("town"))
        town = await found_town(server, "town", valkey.url, tmp_path / "data", cards=1)
        settings = {**town.settings, "TILLGATE_DRAIN_TIMEOUT_S": "1"}
        with GatewayProcess(settings, tmp_path / "gateway.log") as process:
            await process.start_ready()

            async def is_red() -> bool:
                status, wrong = await checks(process)
                return status == 503 and {"database", "partitions"} == set(wrong)

            await asyncio.to_thread(server.kill_immediate)
            await eventually(is_red, "readiness turns red")
            await asyncio.to_thread(server.start)
            await eventually(process.says_ready, "readiness is green again by itself")
            await asyncio.to_thread(server.kill_immediate)
            async with tills_at(town.clients, process.address) as tills:
                sale = wire_kit.sale(card=wire.Card(number=town.cards[0]))
                selling = asyncio.create_task(tills[0].send("Sale", sale))
                await eventually(lambda: "database connection lost" in process.log)
                process.send_signal(signal.SIGTERM)
                assert 0 == await process.exit_code()
                assert not (await selling).is_acknowledged


@pytest.fixture
def enterable_dir() -> Iterator[Path]:
    """A data directory as a project's own is: every account may enter it, so that all stays below it."""
    with TemporaryDirectory(prefix="tillgate-serve-", dir="/var/tmp") as folder:
        path = Path(folder)
        path.chmod(0o755)
        try:
            yield path
        finally:
            # A start ends what a killed gateway has left running.
            for server in (EmbeddedPostgres(path / "var"), EmbeddedValkey(path / "var")):
                with server:
                    pass


async def test_a_killed_development_gateway_finds_its_servers_again(enterable_dir: Path) -> None:
    """With nothing set it brings its own; SIGKILL leaves them behind, and the next start takes over."""
    settings = {"TILLGATE_DATA_DIR": str(enterable_dir / "var")}
    with GatewayProcess(settings, enterable_dir / "gateway.log") as process:
        await process.start_ready()
        process.kill()
        await process.start_ready()
        process.send_signal(signal.SIGTERM)
        assert 0 == await process.exit_code()
    # Whoever stopped in order has given the directory back.
    with EmbeddedPostgres(enterable_dir / "var") as server:
        assert "1" == server.execute("SELECT count(*) FROM pg_database WHERE datname = 'tillgate'")
