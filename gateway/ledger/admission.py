"""Who of a batch is not decided at all: tills that ask too often, or for cards that they should not know.

Counters of speed may be lost and never hold a batch up (truth 11): they are asked while the database is
read, and after `WAIT_S` the batch goes on without their answer. Tries of unknown or typed cards are counted
in the database, and fail closed.
"""

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final, Protocol, TypeAlias
from uuid import UUID

import asyncpg

from gateway.domain.card_tokens import RingToken
from gateway.domain.commands import Authorize, Command
from gateway.domain.reasons import Reason
from gateway.ledger.answers import CommandError
from gateway.ledger.deciding import Decision, Plan
from gateway.ledger.reading import OutcomeRow, Snapshot, merchant_of
from gateway.ledger.tries import REASONS_OF, Tries, Try, TryKind

WAIT_S: Final = 0.005
"""How long a batch may wait for the counters of speed, from the moment that they were asked."""


@dataclass(frozen=True, slots=True)
class TooFrequent:
    """A purchase that exceeds a limit of speed: which, and when to ask again."""

    reason: Reason
    retry_after_s: float


Frequent: TypeAlias = Mapping[UUID, TooFrequent]
"""Purchases that exceed a limit, by request id."""

Asked: TypeAlias = "asyncio.Future[Frequent] | None"


class Velocity(Protocol):
    """Counts purchases by card, terminal and merchant in sliding windows."""

    def ask(self, purchases: Sequence[Authorize]) -> Asked:
        """Count purchases, and tell by request id which exceed a limit; None if nobody can be asked now.

        Raises nothing, and neither does the future, which nobody may cancel.
        """

    def missed(self, purchases: int) -> None:
        """The answer for so many purchases came too late, or there was none: they passed uncounted."""


NoticeAlias = Callable[[bytes, bytes], None]
"""Told the newest token of a card that was found by another one, and that one. Must not wait or raise."""


@dataclass
class Admission:
    """What a committer asks before it decides. Whatever is None costs nothing."""

    tries: Tries | None = None
    velocity: Velocity | None = None
    notice_alias: NoticeAlias | None = None
    wait_s: float = WAIT_S
    _asked_at: float = field(default=0.0, init=False)

    def ask(self, commands: Iterable[Command]) -> Asked:
        """Begin to ask how fast the purchases of a new batch come."""
        if self.velocity is None:
            return None
        purchases = [command for command in commands if isinstance(command, Authorize)]
        if not purchases:
            return None
        self._asked_at = asyncio.get_running_loop().time()
        asked = self.velocity.ask(purchases)
        if asked is None:
            self.velocity.missed(len(purchases))
        return asked

    async def refused(
        self,
        connection: asyncpg.Connection,
        commands: Iterable[Command],
        snapshot: Snapshot,
        asked: Asked,
    ) -> dict[int, CommandError]:
        """The errors of commands that are not to be decided, by the commands' `id()`.

        What is decided already gets its stored answer, however often it is asked for. Raises what the
        database raises.
        """
        new = [
            command
            for command in commands
            if isinstance(command, Authorize) and not _is_known(command, snapshot.outcomes)
        ]
        errors = await self._too_frequent(new, asked) if asked is not None else {}
        if self.notice_alias is not None:
            self._notice_aliases(new, snapshot)
        keyed = [command for command in new if command.is_keyed and id(command) not in errors]
        if self.tries is not None and keyed:
            tries = {id(command): _try(TryKind.KEYED, command) for command in keyed}
            errors |= await _beyond(self.tries, connection, tries)
        return errors

    async def check_guesses(self, connection: asyncpg.Connection, plan: Plan) -> None:
        """Count the unknown cards of a plan; those beyond a limit are refused instead of declined.

        Such a decision touches no account. Raises what the database raises.
        """
        if self.tries is None:
            return
        guesses = {id(d.command): _try(TryKind.GUESSING, d.command) for d in plan.decisions if _is_guess(d)}
        if guesses:
            errors = await _beyond(self.tries, connection, guesses)
            plan.errors += [
                (d.command, errors[id(d.command)]) for d in plan.decisions if id(d.command) in errors
            ]
            plan.decisions[:] = [d for d in plan.decisions if id(d.command) not in errors]

    async def _too_frequent(
        self, purchases: Sequence[Authorize], asked: "asyncio.Future[Frequent]"
    ) -> dict[int, CommandError]:
        left_s = self._asked_at + self.wait_s - asyncio.get_running_loop().time()
        if not asked.done() and left_s > 0:
            await asyncio.wait([asked], timeout=left_s)
        if not asked.done():
            if self.velocity is not None:
                self.velocity.missed(len(purchases))
            return {}
        found = asked.result()
        return {
            id(one): CommandError(told.reason, retry_after_s=told.retry_after_s)
            for one in (purchases if found else ())
            if (told := found.get(one.request_id)) is not None
        }

    def _notice_aliases(self, purchases: Iterable[Authorize], snapshot: Snapshot) -> None:
        for command in purchases:
            token = command.card_token
            if isinstance(token, RingToken) and token not in snapshot.cards and self.notice_alias is not None:
                found = snapshot.card(token)
                if found is not None:
                    self.notice_alias(token, found.token)


def _is_known(command: Authorize, outcomes: Mapping[tuple[int, UUID], OutcomeRow]) -> bool:
    return (command.origin.merchant_id, command.request_id) in outcomes


def _is_guess(decision: Decision) -> bool:
    return isinstance(decision.command, Authorize) and decision.outcome.reason is Reason.CARD_UNKNOWN


def _try(kind: TryKind, command: Command) -> Try:
    if not isinstance(command, Authorize):
        raise TypeError(f"{type(command).__name__} has no card")
    key = command.request_id.bytes if kind is TryKind.KEYED else bytes(command.card_token)
    return Try(kind, merchant_of(command), command.origin.terminal_id, key)


async def _beyond(
    tries: Tries, connection: asyncpg.Connection, of: Mapping[int, Try]
) -> dict[int, CommandError]:
    beyond = await tries.beyond(connection, list(of.values()))
    return {key: CommandError(REASONS_OF[one.kind]) for key, one in of.items() if one in beyond}
