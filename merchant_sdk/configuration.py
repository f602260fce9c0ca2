"""How patient a client is: immutable settings, with named presets that state an intent.

A preset never changes once released; a better one gets a new version beside it.
"""

from dataclasses import dataclass

from merchant_sdk.errors import ConfigurationError


@dataclass(frozen=True, slots=True)
class Backoff:
    """Waits between attempts that double from `first_s` up to `longest_s`, each with jitter."""

    first_s: float
    longest_s: float

    def delay_s(self, failures: int, chance: float) -> float:
        """The wait after so many failures, between half of the step and all of it; `chance` is in [0, 1)."""
        # The exponent is bounded so that a very long outage cannot overflow a float.
        step_s = min(self.first_s * 2.0 ** min(failures - 1, 64), self.longest_s)
        return step_s * (1 + chance) / 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Configuration:
    """Deadlines, retries and keepalive of one client.

    A call takes `total_timeout_s` at most, however many attempts of `attempt_timeout_s` that makes. Of an
    Authorize or Sale the last `undo_reserve_s` of it are kept for finding out and undoing. The keepalive
    interval must lie above the least that the gateway suffers, or it closes the connection. `language` is
    that of errors, "ru" or "en"; notices of outcomes come in both.
    """

    attempt_timeout_s: float
    total_timeout_s: float
    undo_reserve_s: float
    backoff: Backoff
    keepalive_interval_s: float
    keepalive_timeout_s: float
    keeps_alive_when_idle: bool
    language: str = "ru"

    def __post_init__(self) -> None:
        if not 0 < self.attempt_timeout_s <= self.total_timeout_s:
            raise ConfigurationError("attempt_timeout_s must lie above 0 and not above total_timeout_s")
        if not 0 < self.undo_reserve_s < self.total_timeout_s:
            raise ConfigurationError("undo_reserve_s must lie between 0 and total_timeout_s")
        if not 0 < self.backoff.first_s <= self.backoff.longest_s:
            raise ConfigurationError("backoff.first_s must lie above 0 and not above backoff.longest_s")


class Configurations:
    """The presets."""

    class Counter:
        """A till with a buyer before it: an answer, or the certainty that nothing was taken, in seconds."""

        @staticmethod
        def v1() -> Configuration:
            """Attempts of 2 s, 8 s in all, of which 3 s for undoing."""
            return Configuration(
                attempt_timeout_s=2.0,
                total_timeout_s=8.0,
                undo_reserve_s=3.0,
                backoff=Backoff(first_s=0.1, longest_s=1.0),
                keepalive_interval_s=60.0,
                keepalive_timeout_s=5.0,
                keeps_alive_when_idle=True,
            )

    class BackOffice:
        """Work that nobody waits for at a counter: refunds by post, reconciliation, receipts of the night."""

        @staticmethod
        def v1() -> Configuration:
            """Attempts of 15 s, 60 s in all, of which 20 s for undoing."""
            return Configuration(
                attempt_timeout_s=15.0,
                total_timeout_s=60.0,
                undo_reserve_s=20.0,
                backoff=Backoff(first_s=0.5, longest_s=10.0),
                keepalive_interval_s=120.0,
                keepalive_timeout_s=20.0,
                keeps_alive_when_idle=False,
            )
