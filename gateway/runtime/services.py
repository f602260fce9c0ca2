"""Puts together what a gateway serves at its doors."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.goods.book import GoodsBook
from gateway.jsondoor import openapi
from gateway.jsondoor.authentication import Authentication
from gateway.jsondoor.service import JsonService
from gateway.ledger.committer import Connect
from gateway.ledger.reader import LedgerReader
from gateway.ledger.tries import Tries, counting
from gateway.registry.cards import card_token, ring_token
from gateway.registry.registry import Registry
from gateway.registry.stop_list.reading import StopLists
from gateway.rpc import access_log
from gateway.rpc.accounting import Accounting, ServiceLimits
from gateway.rpc.claim_service import ClaimService
from gateway.rpc.claims import Answer, ClaimMethods
from gateway.rpc.goods_methods import GoodsMethods
from gateway.rpc.goods_service import GoodsService
from gateway.rpc.identity import Identity
from gateway.rpc.methods import Ledger, PurchaseMethods
from gateway.rpc.newcomers import KnownAddresses, Newcomers
from gateway.rpc.record_service import RecordService
from gateway.rpc.records import RecordMethods
from gateway.rpc.reference_service import ReferenceService
from gateway.rpc.references import ReferenceMethods
from gateway.rpc.server import Service
from gateway.rpc.service import PurchaseService
from gateway.rpc.stop_list import StopListMethods
from gateway.rpc.validation.commands import Rules as ValidationRules
from gateway.runtime.database import driver_connection
from gateway.runtime.keys import GatewayKeys
from gateway.runtime.limits import LimitsFile
from gateway.runtime.logging import line_writer
from gateway.runtime.settings import Settings


class Parts(Protocol):
    """What answers are made from: the ledger, the registry and the lists of one process."""

    engine: AsyncEngine
    registry: Registry
    goods: GoodsBook
    reader: LedgerReader

    @property
    def committer(self) -> Ledger: ...


def services_of(
    settings: Settings,
    parts: Parts,
    keys: GatewayKeys,
    lists_engine: AsyncEngine,
    limits: LimitsFile,
    claims_of: Callable[[Connect, Connect], Mapping[str, Answer]],
    known: KnownAddresses | None = None,
) -> tuple[tuple[Service, ...], JsonService]:
    """The services of both doors, over the same methods and with one count of what is in flight.

    `claims_of` answers ClaimService, given how to connect as the role that only reads and as the gateway's.
    """
    identity = Identity(lambda: parts.registry.snapshot, keys.proxy)
    connect, read = partial(driver_connection, parts.engine), partial(driver_connection, lists_engine)
    token_of = ring_token if keys.card_tokens.older else card_token
    rules = ValidationRules(
        token_of=lambda number, series: token_of(number, series, keys.card_tokens),
        line_sum_tolerance_kopecks=settings.line_sum_tolerance_kopecks,
    )
    methods = PurchaseMethods(
        parts.committer,
        parts.reader,
        identity,
        rules,
        parts.goods.lists_at,
        counting(Tries(limits.tries), connect),
    )
    goods = GoodsMethods(connect, parts.goods.goods_at, limits.submissions.waiting)
    accounting = Accounting(_service_limits(settings, limits), line_writer(access_log.LOGGER), known)
    references = ReferenceMethods(read, settings.downloads_at_once)
    stop_list = StopListMethods(read, StopLists(keys.stop_list), keys.signer, references.place)
    records = RecordMethods(connect)
    claims = ClaimMethods(claims_of(read, connect))
    tables = (methods.table, goods.table, references.table, records.table, claims.table)
    calls = {name: method for table in tables for name, method in table.items()}
    return (
        (
            PurchaseService(methods, identity, accounting),
            GoodsService(goods, identity, accounting),
            ReferenceService(references, stop_list, identity, accounting, settings.download_stall_s),
            RecordService(records, identity, accounting),
            ClaimService(claims, identity, accounting),
        ),
        JsonService(
            calls,
            identity,
            accounting,
            openapi.served,
            settings.json_arrival_timeout_s,
            Authentication(keys.hmac_master, keys.proxy),
        ),
    )


def newcomers_of(
    settings: Settings, limits: LimitsFile, worker: int
) -> tuple[KnownAddresses, Newcomers] | tuple[None, None]:
    """Who bounds the handshakes at the gRPC door, and the addresses that come first; None for no bound."""
    if not limits.handshakes.per_s:
        return None, None
    known = KnownAddresses(settings.data_dir / "known-addresses", worker)
    return known, Newcomers(limits.handshakes.per_s, known)


def _service_limits(settings: Settings, limits: LimitsFile) -> ServiceLimits:
    return ServiceLimits(
        message_bytes=settings.max_message_bytes,
        exchange_in_flight=settings.exchange_in_flight,
        client_in_flight=limits.client.in_flight,
        client_streams=limits.client.streams,
        client_per_s=limits.client.per_s,
    )
