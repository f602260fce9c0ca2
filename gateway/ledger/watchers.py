"""Who stands beside the decisions: those that hold what they go by, and who is told of them."""

from collections.abc import Iterable
from typing import Protocol

from gateway.domain.commands import CloseShift, Command
from gateway.domain.outcome import Outcome


class Observer(Protocol):
    """Who watches batches: metrics and the live feed. Must not block or raise."""

    def batch_done(self, size: int, lost: int, seconds: float) -> None:
        """A round of a batch was written: its members, and how many lost their account."""

    def decided(self, command: Command | CloseShift, outcome: Outcome) -> None:
        """A command got its outcome, durably."""


class EpochWatcher(Protocol):
    """Who holds what decisions go by: the registry, the lists. Reloads before deciding if it is behind."""

    async def refresh_if_behind(self, epoch: int) -> None:
        """Return once what is held is at least as new as `epoch`; raise if that fails."""


class GoodsWatcher(EpochWatcher, Protocol):
    """Who holds what lines are judged by."""

    async def judge_ahead(self, commands: Iterable[Command]) -> None:
        """Judge lines that nobody has seen lately, some at a time; deciding then is quick. Raises nothing."""


class NeverBehind:
    """Holds what does not change while it is held and is quickly asked, such as lists read from files."""

    async def judge_ahead(self, commands: Iterable[Command]) -> None:
        """Nothing is slow."""

    async def refresh_if_behind(self, epoch: int) -> None:
        """Nothing to reload."""
