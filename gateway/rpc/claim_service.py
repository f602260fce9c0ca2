"""ClaimService over grpc.aio: single calls."""

from collections.abc import Callable
from typing import Final

import grpc

from gateway.rpc.accounting import Accounting
from gateway.rpc.calls import Calls
from gateway.rpc.claims import SERVICE, ClaimMethods
from gateway.rpc.identity import Identity

SERVICE_NAME: Final = SERVICE.full_name


class ClaimService:
    """Serves claims to the head offices of merchants."""

    name = SERVICE_NAME

    def __init__(self, methods: ClaimMethods, identity: Identity, accounting: Accounting) -> None:
        self._methods = methods
        self._calls = Calls(identity, accounting)

    def handler(self, turns_away: Callable[[], bool]) -> grpc.GenericRpcHandler:
        """What a grpc.aio server is given; all calls are sent away whenever `turns_away` says so."""
        methods = self._methods.table
        return self._calls.handler(SERVICE_NAME, methods, {}, methods, turns_away)

    def drain(self) -> None:
        """Nothing to do: single calls are gRPC's to turn away."""
