"""Calls over one Exchange stream: many in flight, each burst of answers followed by a burst of requests."""

import time
from collections.abc import Callable
from typing import Any, Final

import grpc

from loadtests.bench.encoding import tag, varint
from tillgate.v1 import purchase_service_pb2 as service

_MESSAGE: Final = tag(service.ExchangeRequest.MESSAGES_FIELD_NUMBER)
_AUTHORIZE: Final = tag(service.ExchangeMessage.AUTHORIZE_FIELD_NUMBER)


class StreamOfCalls:
    """One stream that stays open over any number of loads."""

    def __init__(self, stream: "grpc.aio.StreamStreamCall[bytes, bytes]") -> None:
        self._stream = stream
        self._last_id = 0
        self._sent: dict[int, float] = {}

    async def closed(
        self,
        next_body: Callable[[], bytes],
        ends: float,
        in_flight: int,
        answered: Callable[[float, Any], None],
    ) -> None:
        """Keep so many in flight until `ends` (perf_counter), then wait for the rest.

        Raises RuntimeError for a refusal, or if the stream ends.
        """
        await self._send([next_body() for _ in range(in_flight)])
        while self._sent:
            body = await self._stream.read()
            if not isinstance(body, bytes):
                raise RuntimeError(f"the stream ended: {await self._stream.details()}")
            answers = service.ExchangeResponse.FromString(body).answers
            for answer in answers:
                if answer.HasField("error"):
                    raise RuntimeError(f"a message was refused: {answer.error}")
                answered(self._sent.pop(answer.message_id), answer)
            if time.perf_counter() < ends:
                await self._send([next_body() for _ in answers])

    async def _send(self, bodies: list[bytes]) -> None:
        now, first = time.perf_counter(), self._last_id + 1
        self._last_id += len(bodies)
        self._sent.update(dict.fromkeys(range(first, self._last_id + 1), now))
        await self._stream.write(b"".join(exchange_message(n, b) for n, b in enumerate(bodies, first)))


def exchange_message(message_id: int, body: bytes) -> bytes:
    """The bytes of an ExchangeRequest with one message around those of an AuthorizeRequest.

    Requests are put together by putting their bytes together, as with any repeated field.
    """
    head = service.ExchangeMessage(message_id=message_id).SerializeToString()
    message = b"".join((head, _AUTHORIZE, varint(len(body)), body))
    return b"".join((_MESSAGE, varint(len(message)), message))
