"""The stream of the scripted gateway: each message is one call of it, served by a task of its own."""

import asyncio
from typing import Any, NoReturn, Protocol, cast

import grpc
from google.rpc.status_pb2 import Status

from merchant_sdk import Method
from tillgate.v1 import purchase_service_pb2 as service_pb

_FIELDS = service_pb.ExchangeMessage.DESCRIPTOR.oneofs_by_name["request"].fields
_METHODS = {
    field.name: Method(cast(Any, field.message_type).name.removesuffix("Request")) for field in _FIELDS
}


class Gateway(Protocol):
    """What takes streams and answers single calls."""

    async def begin_stream(self, context: Any) -> None: ...

    async def handle(self, method: Method, body: bytes, context: Any) -> bytes: ...


class AbortedError(Exception):
    """A call that ended with an error."""


class Call:
    """A message, as a single call would look to a handler."""

    def __init__(self, stream: Any, message_id: int) -> None:
        self._stream = stream
        self.answer = service_pb.ExchangeAnswer(message_id=message_id)

    def invocation_metadata(self) -> Any:
        return self._stream.invocation_metadata()

    def set_trailing_metadata(self, metadata: tuple[tuple[str, bytes]]) -> None:
        self.answer.error.CopyFrom(Status.FromString(metadata[0][1]))

    async def abort(self, code: grpc.StatusCode, details: str) -> NoReturn:
        self.answer.error.code = code.value[0]
        self.answer.error.message = details
        raise AbortedError


async def exchange(gateway: Gateway, _: object, stream: Any) -> None:
    """Serve a stream until the client has hung up."""
    turn = asyncio.Lock()

    async def serve(message: service_pb.ExchangeMessage) -> None:
        call, field = Call(stream, message.message_id), message.WhichOneof("request") or ""
        try:
            body = getattr(message, field).SerializeToString()
            response = await gateway.handle(_METHODS[field], body, call)
            answer = getattr(call.answer, field)
            answer.SetInParent()
            answer.MergeFromString(response)
        except AbortedError:
            pass
        async with turn:
            await stream.write(service_pb.ExchangeResponse(answers=[call.answer]).SerializeToString())

    await gateway.begin_stream(stream)
    serving = set()
    try:
        while isinstance(body := await stream.read(), bytes):
            for message in service_pb.ExchangeRequest.FromString(body).messages:
                serving.add(asyncio.create_task(serve(message)))
    finally:
        for task in serving:
            task.cancel()
        await asyncio.gather(*serving, return_exceptions=True)
