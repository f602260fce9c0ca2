"""The one place where the rooms are put together into a running gateway."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Protocol, TypeAlias

import structlog
from prometheus_client import REGISTRY
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.domain.commands import CloseShift, Command
from gateway.domain.judging import GoodsUnavailableError
from gateway.goods.book import GoodsBook
from gateway.goods.loader import SHIPPED, load_list_book
from gateway.jsondoor.server import JsonDoor, JsonDoorSettings
from gateway.ledger.admission import Admission
from gateway.ledger.answers import Seal, StoredAnswer
from gateway.ledger.committer import Committer, Connect
from gateway.ledger.deciding import Rules
from gateway.ledger.reader import LedgerReader
from gateway.ledger.sweep import Sweeper
from gateway.ledger.tries import Tries
from gateway.ledger.waiting import Limits
from gateway.ledger.watchers import EpochWatcher, GoodsWatcher, Observer
from gateway.registry.card_aliases import CardAliases
from gateway.registry.registry import Registry
from gateway.rpc.methods import Ledger
from gateway.rpc.seal import Sealer
from gateway.rpc.server import DoorSettings, TillDoor
from gateway.runtime.bus import Bus
from gateway.runtime.collecting import COLLECT_INTERVAL_S, collector_of
from gateway.runtime.database import driver_connection, make_engine
from gateway.runtime.errors import StartError
from gateway.runtime.goods_files import prepare_apart
from gateway.runtime.keys import GatewayKeys, check_signing_key, load_keys
from gateway.runtime.limits import load_limits
from gateway.runtime.observing import LedgerObserver
from gateway.runtime.services import newcomers_of, services_of
from gateway.runtime.settings import Settings
from gateway.runtime.settings_source import variable
from gateway.runtime.tasks import end, every
from gateway.runtime.upkeep import check_partitions, keep_in_order
from gateway.runtime.velocity import RedisVelocity
from gateway.web.app import WebDoor, exposition_of, make_app
from gateway.web.readiness import NotReadyError, Readiness
from settlement.door.answers import ClaimAnswers

log = structlog.get_logger(__name__)

SWEEP_INTERVAL_S = 30.0
LISTS_SILENCE_S = 120.0
"""A download begins with the database putting aside millions of rows."""


class DecidingLedger(Ledger, Protocol):
    """What decides a process's commands, with what it decides by: a committer, where nothing else is said."""

    rules: Rules
    registry: EpochWatcher
    goods: GoodsWatcher
    observer: Observer

    @property
    def seal(self) -> Seal:
        """Signs what was decided."""

    async def submit(self, command: Command | CloseShift, *, deadline: float | None = None) -> StoredAnswer:
        """The one stored answer; a caller that is cancelled leaves the command to be decided."""

    def notice_flood(self) -> None:
        """Told by a door that it turned somebody away."""

    async def stop(self) -> None:
        """Finish what was taken on."""


@dataclass
class LedgerParts:
    """The ledger of one process with its registry and lists: enough for a command line, half of a gateway."""

    engine: AsyncEngine
    registry: Registry
    goods: GoodsBook
    bus: Bus
    committer: DecidingLedger
    reader: LedgerReader
    aliases: CardAliases | None = None
    velocity: RedisVelocity | None = None

    async def stop(self) -> None:
        """Finish what is queued and let go of the database."""
        await self.committer.stop()
        if self.velocity is not None:
            await self.velocity.stop()
        await self.bus.stop()
        await self.engine.dispose()


async def start_ledger(
    settings: Settings, keys: GatewayKeys, *, batch_limit: int | None = None
) -> LedgerParts:
    """Connect to the database and start a committer; `settings` has all its URLs (see `with_servers`)."""
    lists = load_list_book(settings.lists_dir)
    engine = make_engine(settings.database_url, silence_s=settings.database_silence_s)
    writing = make_engine(
        settings.database_url,
        # The committer keeps its connection anyway; and when one is lost, those of a pool may all be dead.
        pool_size=0,
        silence_s=settings.database_silence_s,
        # A write that has waited longer for a lock would be refused for its age.
        lock_wait_s=settings.decision_max_age_s,
        # Each month begins with an empty partition, for which the planner would choose to read all of it.
        by_index=True,
    )
    registry = await Registry.load(engine)
    goods = await GoodsBook.load(engine, lists, settings.goods_dir)
    bus = Bus(settings.redis_url)
    rules = Rules(settings.policy, goods.lists_at, goods.goods_at, registry.standing_of)

    connect: Connect = partial(driver_connection, engine)
    limits = load_limits(settings)
    velocity = RedisVelocity(settings.redis_url, limits.speed) if limits.speed else None
    aliases = CardAliases(connect, keys.card_tokens.key_id) if keys.card_tokens.older else None
    committer = Committer(
        connect=partial(driver_connection, writing),
        rules=rules,
        seal=Sealer(keys.signer, goods.lists_at, lambda: registry.snapshot.stop_list).seal,
        registry=registry,
        goods=goods,
        observer=LedgerObserver(bus, goods.tally),
        limits=Limits(
            queue=settings.queue_limit,
            queue_wait=timedelta(milliseconds=settings.queue_wait_ms),
            batch=batch_limit or settings.batch_limit,
            max_age=timedelta(seconds=settings.decision_max_age_s),
        ),
        admission=Admission(Tries(limits.tries), velocity, aliases.notice if aliases else None),
    )
    await committer.start()
    reader = LedgerReader(connect, rules, registry, timedelta(seconds=settings.listing_delay_s), goods)
    return LedgerParts(engine, registry, goods, bus, committer, reader, aliases, velocity)


StartLedger: TypeAlias = Callable[[Settings, GatewayKeys], Awaitable[LedgerParts]]


@dataclass(frozen=True, slots=True)
class WorkerPlace:
    """What makes a gateway one of several workers: its number, and where its parent asks how it is."""

    number: int
    operators_socket: Path


class Gateway:
    """A running gateway: the tills' door, the operators' door, and what works behind them.

    As a worker it shares the tills' port with others, and its operators' door is a Unix socket.
    """

    def __init__(
        self, settings: Settings, parts: LedgerParts, keys: GatewayKeys, place: WorkerPlace | None = None
    ) -> None:
        self._settings = settings
        self._place = place
        self._parts = parts
        self._signer = keys.signer
        self._background: list[asyncio.Task[None]] = []
        self._readiness = Readiness(
            {
                "database": self._check_database,
                "goods": self._check_goods,
                "partitions": partial(check_partitions, parts.engine),
            }
        )
        self._web = WebDoor(make_app(self._readiness, exposition_of(REGISTRY)))
        self._lists_engine = make_engine(
            settings.database_reader_url,
            pool_size=settings.downloads_at_once,
            silence_s=LISTS_SILENCE_S,
        )
        limits = load_limits(settings)
        known, newcomers = newcomers_of(settings, limits, place.number if place else 0)
        services, json_service = services_of(
            settings,
            parts,
            keys,
            self._lists_engine,
            limits,
            lambda read, write: ClaimAnswers(read, write).table,
            known,
        )
        # A proxy that ends TLS leaves nothing to do for our own certificate.
        tls = keys.tls if keys.proxy is None else None
        is_worker = place is not None
        self._door = TillDoor(
            services,
            tls,
            DoorSettings(
                settings.grpc_host,
                settings.grpc_port,
                connection_idle_s=settings.grpc_idle_timeout_s,
                reuse_port=is_worker,
                wait_limit=timedelta(milliseconds=settings.door_wait_ms),
            ),
            parts.committer.notice_flood,
            newcomers,
        )
        self._json_door = JsonDoor(
            json_service,
            tls,
            JsonDoorSettings(
                settings.json_host,
                settings.json_port,
                message_bytes=settings.max_message_bytes,
                idle_timeout_s=settings.json_idle_timeout_s,
                handshake_timeout_s=settings.json_arrival_timeout_s,
                reuse_port=is_worker,
                needs_certificate=keys.hmac_master is None,
                client_connections=limits.client.json_connections,
            ),
        )

    @classmethod
    async def start(
        cls,
        settings: Settings,
        place: WorkerPlace | None = None,
        *,
        ledger: StartLedger = start_ledger,
    ) -> "Gateway":
        """Start everything, or stop again what was started.

        Raises StartError, SecretFileError and ListFileError.
        """
        try:
            keys = load_keys(settings)
        except OSError as error:
            raise StartError(str(error)) from error
        try:
            parts = await ledger(settings, keys)
        except (SQLAlchemyError, OSError) as error:
            said = str(getattr(error, "orig", error)).partition("\n")[0]
            raise StartError(f"{variable('database_url')}: the database cannot be used: {said}") from error
        gateway = cls(settings, parts, keys, place)
        try:
            await check_signing_key(parts.engine, keys.signer.key_id)
            await gateway._open()
        except BaseException:
            await gateway.stop()
            raise
        return gateway

    async def _open(self) -> None:
        parts = self._parts
        parts.bus.start()
        if parts.goods.editions.is_shipped:
            log.info("no list is published, files decide", folder=str(self._settings.lists_dir or SHIPPED))
        await parts.goods.open_files()
        await self._open_tills_doors()
        # Last: whoever gets an answer of it may rely on the tills' doors being open.
        await self._open_operators_door()
        sweeper = Sweeper(partial(driver_connection, parts.engine), parts.committer.submit)
        collector = collector_of(
            partial(driver_connection, parts.engine),
            lambda instant: parts.goods.editions.at(instant).edition,
            self._settings,
        )
        prepare = partial(prepare_apart, self._settings)
        self._background = [
            asyncio.create_task(parts.registry.follow(), name="registry-follow"),
            asyncio.create_task(parts.goods.follow(), name="goods-follow"),
            *([asyncio.create_task(parts.aliases.run(), name="aliases")] if parts.aliases else ()),
            asyncio.create_task(parts.goods.keep_files(prepare), name="goods-files"),
            every(SWEEP_INTERVAL_S, sweeper.run_once, "sweep"),
            every(COLLECT_INTERVAL_S, collector.run_once, "goods-cases"),
            *keep_in_order(self._settings.database_migrator_url, self._signer),
        ]

    async def _open_tills_doors(self) -> None:
        settings = self._settings
        try:
            self.grpc_port = await self._door.start()
        except RuntimeError as error:
            # gRPC does not say which of the two it is.
            where = f"{settings.grpc_host}:{settings.grpc_port}"
            said = f"cannot listen on {where}: it is taken, or certificate and key do not fit"
            raise StartError(f"{variable('grpc_port')}: {said}") from error
        try:
            self.json_port = await self._json_door.start()
        except OSError as error:
            raise StartError(f"{variable('json_port')}: {error}") from error

    async def _open_operators_door(self) -> None:
        if self._place is not None:
            await self._web.listen_unix(self._place.operators_socket)
            return
        try:
            self.http_port = await self._web.listen(self._settings.http_host, self._settings.http_port)
        except OSError as error:
            raise StartError(f"{variable('http_port')}: {error}") from error

    async def drain(self) -> None:
        """Turn readiness red, give balancers time to see it, finish what is in flight, stop everything."""
        self._readiness.start_draining()
        await self._door.give_notice()
        self._json_door.give_notice()
        log.info("draining", notice_s=self._settings.drain_notice_s)
        await asyncio.sleep(self._settings.drain_notice_s)
        await self.stop()

    async def stop(self) -> None:
        """Stop every part, the doors first."""
        grace_s = self._settings.drain_timeout_s
        await asyncio.gather(self._door.drain(grace_s), self._json_door.drain(grace_s))
        await end(self._background)
        try:
            async with asyncio.timeout(self._settings.drain_timeout_s):
                await self._parts.stop()
        except TimeoutError:
            log.error("stopped without an answer of the database; tills will ask again")
        await self._lists_engine.dispose()
        await self._web.stop()

    async def _check_database(self) -> None:
        async with driver_connection(self._parts.engine) as connection:
            await connection.fetchval("SELECT 1")

    async def _check_goods(self) -> None:
        try:
            self._parts.goods.check()
        except GoodsUnavailableError as error:
            raise NotReadyError(str(error)) from error
