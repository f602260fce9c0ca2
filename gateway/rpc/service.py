"""PurchaseService over grpc.aio: single calls, and all of them over streams."""

from collections.abc import Callable
from typing import Final

import grpc

from gateway.rpc.accounting import Accounting
from gateway.rpc.calls import Calls, Handler
from gateway.rpc.exchange import NAME as EXCHANGE
from gateway.rpc.exchange import Exchange
from gateway.rpc.identity import Identity
from gateway.rpc.methods import PurchaseMethods
from tillgate.v1 import purchase_service_pb2 as service

SERVICE_NAME: Final = service.DESCRIPTOR.services_by_name["PurchaseService"].full_name


class PurchaseService:
    """Serves a table of methods as gRPC calls, and all of them over streams."""

    name = SERVICE_NAME

    def __init__(self, methods: PurchaseMethods, identity: Identity, accounting: Accounting) -> None:
        self._methods = methods
        self._calls = Calls(identity, accounting)
        self._exchange = Exchange(methods, identity, accounting)

    def handler(self, turns_away: Callable[[], bool]) -> grpc.GenericRpcHandler:
        """What a grpc.aio server is given; single calls are sent away whenever `turns_away` says so."""
        streams: dict[str, Handler] = {EXCHANGE: grpc.stream_stream_rpc_method_handler(self._exchange.handle)}
        methods = self._methods.table
        return self._calls.handler(SERVICE_NAME, methods, streams, methods, turns_away)

    def drain(self) -> None:
        """Take nothing new from streams; single calls are gRPC's to turn away."""
        self._exchange.drain()
