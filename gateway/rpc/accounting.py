"""What every door does around a message: limits before it is read, metrics and one log line after it."""

import asyncio
import time
from dataclasses import dataclass
from typing import Final, TypeVar

import structlog
from google.protobuf.message import DecodeError, Message

from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.rpc import metrics
from gateway.rpc.access_log import AccessLine, WriteLine, through_structlog
from gateway.rpc.errors import RefusalError
from gateway.rpc.methods import Call
from gateway.rpc.newcomers import KnownAddresses
from gateway.rpc.validation.findings import InvalidRequestError, invalid

log = structlog.get_logger(__name__)

OVERLOAD_PAUSE_S: Final = 0.2
BURST_S: Final = 2.0
"""Of how many seconds a client key may make all requests at once."""
RATES_MAX: Final = 65_536

MessageT = TypeVar("MessageT", bound=Message)


@dataclass(frozen=True, slots=True)
class ServiceLimits:
    """The largest message that is read, and how many requests are served at once by all doors together.

    `exchange_in_flight` is how many messages of one stream may be unanswered; beyond, it is not read.
    `client_in_flight` is how many single calls of one client key are served at once, `client_streams` how
    many of its streams are open, `client_per_s` how many requests it may make a second in the long run,
    single or over streams (0: no limit): who goes beyond is told so, and others keep their share.
    """

    message_bytes: int = 1_048_576
    in_flight: int = 4_000
    exchange_in_flight: int = 512
    client_in_flight: int = 0
    client_streams: int = 0
    client_per_s: int = 0


class Accounting:
    """Counts the messages that all doors of a process serve: `begin`, `admit`, …, `done`.

    `known` is told where admitted clients are, if anybody wants to know.
    """

    def __init__(
        self,
        limits: ServiceLimits,
        write_line: WriteLine | None = None,
        known: KnownAddresses | None = None,
    ) -> None:
        self.limits = limits
        self.known = known
        self._write_line = write_line or through_structlog()
        self._in_flight = 0
        self._calls_of: dict[bytes, int] = {}
        self._streams_of: dict[bytes, int] = {}
        self._rates: dict[bytes, _Rate] = {}
        self._ended: list[tuple[str, str, Call, float]] = []
        # Read when somebody looks: what has begun is counted at once, and no message pays for it.
        metrics.IN_FLIGHT.set_function(lambda: self._in_flight)

    def begin(self) -> None:
        """A message has arrived; `done` must follow, whatever becomes of it."""
        self._in_flight += 1

    def admit(self, size_bytes: int) -> None:
        """Refuses a begun message that is too large (MESSAGE_TOO_LARGE) or one too many (OVERLOADED)."""
        if size_bytes > self.limits.message_bytes:
            raise invalid(Reason.MESSAGE_TOO_LARGE)
        if self._in_flight > self.limits.in_flight:
            raise CommandError(Reason.OVERLOADED, retry_after_s=OVERLOAD_PAUSE_S)

    def held(self, fingerprint: bytes) -> "Place":
        """A place for a single call of a client key, which counts as a request of it.

        It and entering the place raise CommandError(CLIENT_TOO_BUSY).
        """
        self.count(fingerprint)
        return Place(self._calls_of, fingerprint, self.limits.client_in_flight)

    def count(self, fingerprint: bytes) -> None:
        """A request of a client key; raises CommandError(CLIENT_TOO_BUSY) if they come too fast."""
        per_s = self.limits.client_per_s
        if not per_s:
            return
        now = time.monotonic()
        rate = self._rates.get(fingerprint)
        if rate is None:
            if len(self._rates) >= RATES_MAX:
                # Who has not asked for so long has its whole share again, as if it were not known.
                self._rates = {key: one for key, one in self._rates.items() if now - one.at < BURST_S}
            rate = self._rates[fingerprint] = _Rate(per_s * BURST_S, now)
        rate.left = min(per_s * BURST_S, rate.left + (now - rate.at) * per_s)
        rate.at = now
        if rate.left < 1:
            raise CommandError(Reason.CLIENT_TOO_BUSY, retry_after_s=max((1 - rate.left) / per_s, 0.001))
        rate.left -= 1

    def held_stream(self, fingerprint: bytes) -> "Place":
        """The same for a stream."""
        return Place(self._streams_of, fingerprint, self.limits.client_streams)

    def refusal(self, error: BaseException, name: str, call: Call) -> RefusalError:
        """What a till is told of an error: a fault of ours is UNAVAILABLE, the same id may be sent again."""
        if not isinstance(error, InvalidRequestError | CommandError):
            log.error("a request failed", method=name, request_id=call.request_id, exc_info=error)
            error = CommandError(Reason.UNAVAILABLE)
        call.reason = error.reason.name
        return error

    def done(self, name: str, code_name: str, call: Call, seconds: float) -> None:
        """The message is answered; metrics and access log follow in this or the next turn of the event loop.

        What ends in one turn is accounted for together: code that runs over and over stays in the
        processor's caches, and costs a third of what it costs between one answer and the next.
        """
        self._in_flight -= 1
        self._ended.append((name, code_name, call, seconds))
        if len(self._ended) == 1:
            asyncio.get_running_loop().call_soon(self._account)

    def _account(self) -> None:
        ended, self._ended = self._ended, []
        for name, code_name, call, seconds in ended:
            metrics.requests_by(name, code_name, call.decision, call.reason).inc()
            metrics.seconds_of(name).observe(seconds)
            self._write(name, code_name, call, seconds)

    def _write(self, name: str, code_name: str, call: Call, seconds: float) -> None:
        origin = call.origin
        self._write_line(
            AccessLine(
                method=name,
                code=code_name,
                decision=call.decision,
                reason=call.reason,
                merchant_id=origin.merchant_id if origin else 0,
                terminal_id=origin.terminal_id if origin else 0,
                concentrator_id=origin.concentrator_id if origin else 0,
                request_id=call.request_id or "",
                duration_ms=round(seconds * 1000, 3),
            )
        )


@dataclass(slots=True)
class _Rate:
    left: float
    at: float


class Place:
    """One of the places that a client key has, from entering to leaving the context."""

    __slots__ = ("_key", "_limit", "_taken")

    def __init__(self, taken: dict[bytes, int], key: bytes, limit: int) -> None:
        self._taken, self._key, self._limit = taken, key, limit

    def __enter__(self) -> None:
        count = self._taken.get(self._key, 0)
        if self._limit and count >= self._limit:
            raise CommandError(Reason.CLIENT_TOO_BUSY, retry_after_s=OVERLOAD_PAUSE_S)
        self._taken[self._key] = count + 1

    def __exit__(self, *_: object) -> None:
        if self._taken[self._key] == 1:
            del self._taken[self._key]
        else:
            self._taken[self._key] -= 1


def parse(request_type: type[MessageT], body: bytes) -> MessageT:
    """The message of a body; raises InvalidRequestError(MESSAGE_MALFORMED)."""
    try:
        return request_type.FromString(body)
    except DecodeError as error:
        raise invalid(Reason.MESSAGE_MALFORMED) from error
