"""When to send again, as a pure state machine: no clock, no chance, no I/O."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from merchant_sdk.configuration import Configuration
from merchant_sdk.enums import Reason
from merchant_sdk.errors import (
    DeadlineExceededError,
    GatewayError,
    InvalidRequestError,
    NotFoundError,
    OverloadedError,
    PermissionDeniedError,
    RequestIdConflictError,
    UnauthenticatedError,
    UnavailableError,
)
from merchant_sdk.methods import AFTERMATH, Aftermath, AnyMethod

_LEAVES_NO_TRACE: Final = (
    InvalidRequestError,
    NotFoundError,
    PermissionDeniedError,
    RequestIdConflictError,
    UnauthenticatedError,
)
_FOLLOWS_FROM_BODY: Final = (InvalidRequestError, RequestIdConflictError)
_DROPPED_UNDONE: Final = (Reason.OVERLOADED, Reason.EXPIRED_IN_QUEUE)


@dataclass(frozen=True, slots=True)
class Budget:
    """The instants (monotonic seconds) at which sending ends, and at which undoing ends."""

    send_until: float
    undo_until: float

    @classmethod
    def start(
        cls, method: AnyMethod, configuration: Configuration, now: float, timeout_s: float | None = None
    ) -> "Budget":
        """The budget of a call that begins now; `timeout_s` takes the place of the configured total."""
        total_s = configuration.total_timeout_s if timeout_s is None else timeout_s
        if total_s <= 0:
            raise ValueError("timeout_s must lie above 0")
        reserve_s = 0.0
        if AFTERMATH[method] is Aftermath.UNDO:
            reserve_s = min(configuration.undo_reserve_s, total_s / 2)
        return cls(now + total_s - reserve_s, now + total_s)


@dataclass(slots=True)
class Attempts:
    """The attempts of one call until `until`; `chance` gives numbers in [0, 1).

    `is_in_doubt` says whether the gateway may have done the command, in these attempts or in earlier ones:
    once true, only an answer or a refusal that follows from the body itself clears it.
    """

    method: AnyMethod
    configuration: Configuration
    until: float
    chance: Callable[[], float]
    is_in_doubt: bool = False
    _failures: int = field(default=0, init=False)
    _misses: int = field(default=0, init=False)

    def timeout_s(self, now: float) -> float:
        """How long the next attempt may take."""
        return max(min(self.configuration.attempt_timeout_s, self.until - now), 0.0)

    def delay_s(self, error: GatewayError, now: float) -> float | None:
        """The wait before the next attempt, or None: no further one."""
        self._failures += 1
        if isinstance(error, _FOLLOWS_FROM_BODY):
            self.is_in_doubt = False
        elif not isinstance(error, _LEAVES_NO_TRACE) and error.reason not in _DROPPED_UNDONE:
            self.is_in_doubt = True
        wait_s = self._wait_s(error) if self.method in AFTERMATH else None
        return wait_s if wait_s is not None and now + wait_s < self.until else None

    def _wait_s(self, error: GatewayError) -> float | None:
        jittered_s = self.configuration.backoff.delay_s(self._failures, self.chance())
        match error:
            case UnavailableError():
                return jittered_s
            case OverloadedError(retry_after_s=float(wait_s)):
                return wait_s + jittered_s
            case DeadlineExceededError():
                self._misses += 1
                return 0.0 if self._misses == 1 else None
            case _:
                return None
