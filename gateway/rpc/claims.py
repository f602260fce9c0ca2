"""The methods of ClaimService, from a parsed message to its answer; what answers is settlement's.

The gateway knows nothing of settlement: it is handed one function for each method, and sees to who asks.
"""

from collections.abc import Awaitable, Callable, Mapping
from functools import partial
from typing import Any, Final

from google.protobuf.message import Message

from gateway.domain.commands import Origin
from gateway.domain.reasons import Reason
from gateway.errors import CodedError
from gateway.rpc.methods import Arrived, Call, Method, as_read
from gateway.rpc.validation.claims import check_claims_request
from gateway.rpc.validation.findings import invalid
from tillgate.v1 import claim_service_pb2 as wire

Answer = Callable[[Any, int, int], Awaitable[Message]]
"""Answers a request of a merchant, by its number and that of the concentrator; raises CodedError."""

SERVICE: Final = wire.DESCRIPTOR.services_by_name["ClaimService"]
_REQUESTS: Final[Mapping[str, type[Message]]] = {
    method.name: getattr(wire, method.input_type.name) for method in SERVICE.methods
}
_BY_NAME: Final = {reason.name: reason for reason in (Reason.CLAIM_UNKNOWN, Reason.PAGE_TOKEN_INVALID)}


class ClaimMethods:
    """Answers every method of ClaimService by `answers`; `table` holds them by name.

    The merchant is that of the client's certificate. A till is refused CLAIMS_NOT_FOR_TILLS: whoever steals
    one learns nothing of what its merchant sells.
    """

    def __init__(self, answers: Mapping[str, Answer]) -> None:
        missing = _REQUESTS.keys() - answers.keys()
        if missing:
            raise TypeError(f"nobody answers {', '.join(sorted(missing))}")
        self.table: Mapping[str, Method] = {
            name: Method(request, partial(self._answered, name, answers[name]), as_read)
            for name, request in _REQUESTS.items()
        }

    async def _answered(self, name: str, answer: Answer, arrived: Arrived, call: Call) -> Message:
        request, client = arrived()
        call.origin = Origin(client.merchant_id, 0, client.terminal_id or 0, client.concentrator_id)
        if not client.concentrator_id:
            raise invalid(Reason.CLAIMS_NOT_FOR_TILLS)
        check_claims_request(name, request)
        try:
            return await answer(request, client.merchant_id, client.concentrator_id)
        except CodedError as refused:
            code = refused.code.name
            reason = _BY_NAME.get(code, Reason.CLAIM_REFUSED)
            raise invalid(reason, "", f"{code}: {refused.ru}", f"{code}: {refused.en}") from refused
