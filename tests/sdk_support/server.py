"""The scripted gateway: a real grpc.aio server over mutual TLS on a loopback port, with faults on order."""

import asyncio
from collections import defaultdict, deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from functools import partial
from typing import Any, NoReturn

import grpc
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from google.protobuf.any_pb2 import Any as AnyMessage
from google.protobuf.message import Message
from google.protobuf.message_factory import GetMessageClass
from google.rpc.error_details_pb2 import BadRequest, ErrorInfo, LocalizedMessage, RetryInfo
from google.rpc.status_pb2 import Status

from gateway.rpc.server import DoorSettings, connection_options
from merchant_sdk import Method
from tests.sdk_support.book import CARD_WITHOUT_CERTIFICATE, CERTIFICATE_ID, Book, ConflictError, MissingError
from tests.sdk_support.credentials import Keys
from tests.sdk_support.exchange import exchange
from tests.sdk_support.faults import Fault, Forge, Hang, Hold, LoseAnswer, Refuse
from tillgate.v1 import purchase_pb2 as pb
from tillgate.v1 import purchase_service_pb2 as service_pb
from tillgate.v1 import reason_pb2

_SERVICE = service_pb.DESCRIPTOR.services_by_name["PurchaseService"]
_REQUESTS = {method: GetMessageClass(_SERVICE.methods_by_name[method].input_type) for method in Method}
_RESPONSES = {method: GetMessageClass(_SERVICE.methods_by_name[method].output_type) for method in Method}
PAGE_SIZE = 2
_DOOR = DoorSettings("127.0.0.1", 0)


@dataclass(frozen=True)
class Call:
    """One call that arrived, byte for byte, and the language that it asked for."""

    method: Method
    body: bytes
    language: str

    @property
    def request(self) -> Any:
        """The message."""
        return _REQUESTS[self.method].FromString(self.body)


@dataclass
class ScriptedGateway:
    """Answers by its book, unless the next fault of a method, or its standing fault, says otherwise."""

    keys: Keys
    book: Book
    calls: list[Call] = field(default_factory=list)
    faults: dict[Method, deque[Fault]] = field(default_factory=lambda: defaultdict(deque))
    standing_faults: dict[Method, Fault] = field(default_factory=dict)
    port: int = 0
    streams: int = 0
    stream_faults: deque[Refuse] = field(default_factory=deque)

    @property
    def endpoint(self) -> str:
        """host:port of its door."""
        return f"127.0.0.1:{self.port}"

    async def begin_stream(self, context: Any) -> None:
        """A stream has come; it is taken, or refused before anything on it is read."""
        self.streams += 1
        if self.stream_faults:
            await _abort(context, self.stream_faults.popleft(), "en")
        await context.send_initial_metadata((("tillgate-exchange", "open"),))

    def script(self, method: Method, *faults: Fault) -> None:
        """Order what happens to the next calls of a method, one fault a call."""
        self.faults[method].extend(faults)

    def calls_of(self, method: Method) -> list[Call]:
        """The calls of a method, in order of arrival."""
        return [call for call in self.calls if call.method is method]

    @property
    def methods_called(self) -> list[Method]:
        """What arrived, in order."""
        return [call.method for call in self.calls]

    async def handle(self, method: Method, body: bytes, context: Any) -> bytes:
        """One call."""
        language = dict(context.invocation_metadata()).get("accept-language", "")
        call = Call(method, body, language)
        self.calls.append(call)
        queue = self.faults[method]
        fault = queue.popleft() if queue else self.standing_faults.get(method)
        match fault:
            case Refuse():
                await _abort(context, fault, language)
            case Hold():
                fault.arrived.set()
                await fault.release.wait()
        try:
            response = self._answer(call)
        except ConflictError as conflict:
            refusal = Refuse(grpc.StatusCode.ALREADY_EXISTS, "REQUEST_ID_CONFLICT", str(conflict))
            await _abort(context, refusal, language)
        except MissingError:
            await _abort(context, Refuse(grpc.StatusCode.NOT_FOUND, "NOT_FOUND"), language)
        match fault:
            case LoseAnswer(status):
                await context.abort(status, "the answer is lost")
            case Hang():
                await asyncio.Event().wait()
            case Forge(what):
                self._forge(response.answer, what)
        return bytes(response.SerializeToString())

    def _answer(self, call: Call) -> Any:
        response, request = _RESPONSES[call.method](), call.request
        match call.method:
            case Method.QUOTE:
                return service_pb.QuoteResponse(
                    decision=pb.DECISION_APPROVED, purchase=self.book.quote(request)
                )
            case Method.GET_BALANCE:
                return _balance(request.card.number)
            case Method.GET_PURCHASE:
                purchase = self.book.find(request.purchase)
                return service_pb.GetPurchaseResponse(
                    purchase=purchase, answer=self.book.outcomes[purchase.request_id]
                )
            case Method.LIST_OPERATIONS:
                return self._operations(int(request.page_token or 0))
            case _:
                response.answer.CopyFrom(self.book.decide(call.method, request))  # type: ignore[attr-defined]
                return response

    def _operations(self, start: int) -> service_pb.ListOperationsResponse:
        answers = list(self.book.outcomes.items())
        end = start + PAGE_SIZE
        return service_pb.ListOperationsResponse(
            operations=[
                service_pb.Operation(request_id=key, answer=answer) for key, answer in answers[start:end]
            ],
            next_page_token=str(end) if end < len(answers) else "",
        )

    def _forge(self, answer: pb.SignedAnswer, what: str) -> None:
        outcome = pb.SignedOutcome.FromString(answer.signed_payload)
        match what:
            case "signature":
                answer.signed_payload = answer.signed_payload + b"\x08\x00"
                return
            case "key":
                answer.key_id = "another"
                return
            case "signer":
                answer.signature = Ed25519PrivateKey.generate().sign(answer.signed_payload)
                return
            case "request":
                outcome.request_id = CERTIFICATE_ID
            case "kind":
                outcome.kind = pb.COMMAND_KIND_CLOSE_SHIFT
            case "terminal":
                outcome.terminal_id += 1
            case "merchant":
                outcome.merchant_id += 1
            case "decision":
                outcome.decision = pb.DECISION_UNSPECIFIED
        answer.CopyFrom(self.book.sign(outcome))


def _balance(card_number: str) -> service_pb.GetBalanceResponse:
    if card_number == CARD_WITHOUT_CERTIFICATE:
        return service_pb.GetBalanceResponse(reason=reason_pb2.REASON_CARD_UNKNOWN)
    certificate = service_pb.CertificateBalance(
        certificate_id=CERTIFICATE_ID, program_code="FOOD", available_kopecks=300_000, last_day="2031-12-31"
    )
    return service_pb.GetBalanceResponse(certificates=[certificate])


async def _abort(context: Any, refusal: Refuse, language: str) -> NoReturn:
    details: list[Message] = []
    if refusal.reason:
        named = {"field": refusal.field, "line_number": str(refusal.line_number or "")}
        metadata = {name: value for name, value in named.items() if value}
        details.append(ErrorInfo(reason=refusal.reason, domain="tillgate", metadata=metadata))
        details.append(LocalizedMessage(locale=language, message=f"{refusal.reason} in {language}"))
    if refusal.retry_after_s is not None:
        retry = RetryInfo()
        retry.retry_delay.FromMilliseconds(int(refusal.retry_after_s * 1000))
        details.append(retry)
    if refusal.field:
        violation = BadRequest.FieldViolation(
            field=refusal.field, reason=refusal.reason, description="what is wrong"
        )
        details.append(BadRequest(field_violations=[violation]))
    status = Status(code=refusal.status.value[0], details=[_pack(detail) for detail in details])
    if details:
        context.set_trailing_metadata((("grpc-status-details-bin", status.SerializeToString()),))
    await context.abort(refusal.status, "refused")
    raise AssertionError("abort returns never")


def _pack(detail: Message) -> AnyMessage:
    packed = AnyMessage()
    packed.Pack(detail)
    return packed


@asynccontextmanager
async def running_gateway(keys: Keys, door: DoorSettings = _DOOR) -> AsyncIterator[ScriptedGateway]:
    """A scripted gateway on a free loopback port, which treats connections as the real door does."""
    gateway = ScriptedGateway(keys, Book(keys.outcome_key))
    server = grpc.aio.server(options=connection_options(door))
    server.add_generic_rpc_handlers((_handlers(gateway),))
    tls = grpc.ssl_server_credentials(
        [(keys.server.private_key_pem, keys.server.certificate_pem)], keys.ca_pem, require_client_auth=True
    )
    gateway.port = server.add_secure_port(f"{door.host}:{door.port}", tls)
    await server.start()
    try:
        yield gateway
    finally:
        await server.stop(None)


def _handlers(gateway: ScriptedGateway) -> grpc.GenericRpcHandler:
    def handler(method: Method) -> Any:
        async def handle(body: bytes, context: Any) -> bytes:
            return await gateway.handle(method, body, context)

        return grpc.unary_unary_rpc_method_handler(handle)

    handlers = {str(method): handler(method) for method in Method}
    handlers["Exchange"] = grpc.stream_stream_rpc_method_handler(partial(exchange, gateway))
    return grpc.method_handlers_generic_handler(_SERVICE.full_name, handlers)
