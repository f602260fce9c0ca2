"""RecordService over grpc.aio: single calls."""

from collections.abc import Callable
from typing import Final

import grpc

from gateway.rpc.accounting import Accounting
from gateway.rpc.calls import Calls
from gateway.rpc.identity import Identity
from gateway.rpc.records import RecordMethods
from tillgate.v1 import record_service_pb2 as wire

SERVICE_NAME: Final = wire.DESCRIPTOR.services_by_name["RecordService"].full_name


class RecordService:
    """Serves what was signed over whole days."""

    name = SERVICE_NAME

    def __init__(self, methods: RecordMethods, identity: Identity, accounting: Accounting) -> None:
        self._methods = methods
        self._calls = Calls(identity, accounting)

    def handler(self, turns_away: Callable[[], bool]) -> grpc.GenericRpcHandler:
        """What a grpc.aio server is given; all calls are sent away whenever `turns_away` says so."""
        methods = self._methods.table
        return self._calls.handler(SERVICE_NAME, methods, {}, methods, turns_away)

    def drain(self) -> None:
        """Nothing to do: single calls are gRPC's to turn away."""
