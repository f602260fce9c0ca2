"""Puts together what a gateway serves at its doors."""

from functools import partial
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.goods.book import GoodsBook
from gateway.jsondoor import openapi
from gateway.jsondoor.authentication import Authentication
from gateway.jsondoor.service import JsonService
from gateway.ledger.reader import LedgerReader
from gateway.registry.cards import card_token
from gateway.registry.registry import Registry
from gateway.rpc import access_log
from gateway.rpc.accounting import Accounting, ServiceLimits
from gateway.rpc.goods_methods import GoodsMethods
from gateway.rpc.goods_service import GoodsService
from gateway.rpc.identity import Identity
from gateway.rpc.methods import Ledger, PurchaseMethods
from gateway.rpc.reference_service import ReferenceService
from gateway.rpc.references import ReferenceMethods
from gateway.rpc.service import PurchaseService
from gateway.rpc.validation.commands import Rules as ValidationRules
from gateway.runtime.database import driver_connection
from gateway.runtime.keys import GatewayKeys
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
    settings: Settings, parts: Parts, keys: GatewayKeys, lists_engine: AsyncEngine
) -> tuple[tuple[PurchaseService, GoodsService, ReferenceService], JsonService]:
    """The services of both doors, over the same methods and with one count of what is in flight."""
    identity = Identity(lambda: parts.registry.snapshot, keys.proxy)
    card_keys = keys.card_tokens
    rules = ValidationRules(
        token_of=lambda number, series: card_token(number, series, card_keys),
        line_sum_tolerance_kopecks=settings.line_sum_tolerance_kopecks,
    )
    methods = PurchaseMethods(parts.committer, parts.reader, identity, rules, parts.goods.lists_at)
    goods = GoodsMethods(partial(driver_connection, parts.engine), parts.goods.goods_at)
    accounting = Accounting(
        ServiceLimits(
            message_bytes=settings.max_message_bytes, exchange_in_flight=settings.exchange_in_flight
        ),
        line_writer(access_log.LOGGER),
    )
    references = ReferenceMethods(partial(driver_connection, lists_engine), settings.downloads_at_once)
    calls = {**methods.table, **goods.table, **references.table}
    return (
        (
            PurchaseService(methods, identity, accounting),
            GoodsService(goods, identity, accounting),
            ReferenceService(references, identity, accounting, settings.download_stall_s),
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
