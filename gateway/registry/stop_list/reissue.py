"""Re-issued cards: the account goes on under the new card, the old plastic stops in the same transaction."""

from collections.abc import Container, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Final

import asyncpg

from gateway.registry.stop_list.changing import Changed, Origin, ReadCard, Stop, StopListDesk

REASON: Final = "перевыпуск / re-issued"

_ACCOUNTS: Final = "SELECT token, account_id FROM card WHERE token = ANY ($1::bytea[])"
_STOPPED: Final = "SELECT token FROM stop_entry WHERE until_version IS NULL AND token = ANY ($1::bytea[])"
_BIND: Final = """
INSERT INTO card (token, account_id, token_key_id)
SELECT t, a, $3 FROM unnest($1::bytea[], $2::bigint[]) AS n (t, a)"""


class Wrong(StrEnum):
    """Why a row of a re-issue file does nothing."""

    OLD_UNKNOWN = "OLD_UNKNOWN"
    NEW_OF_ANOTHER = "NEW_OF_ANOTHER"
    SAME_CARD = "SAME_CARD"
    NEW_IS_STOPPED = "NEW_IS_STOPPED"


@dataclass(frozen=True)
class Reissue:
    """One row: at `line` of the file an old card becomes a new one."""

    line: int
    old: ReadCard
    new: ReadCard


@dataclass(frozen=True, slots=True)
class Reissued:
    """What a file did: rows that bound a new card, rows that were so already, wrong rows by line."""

    bound: int
    known: int
    wrong: Sequence[tuple[int, Wrong]]
    changed: Changed


async def reissue(
    desk: StopListDesk, connection: asyncpg.Connection, rows: Sequence[Reissue], *, by: str
) -> Reissued:
    """Re-issue cards in the order of the rows, in one transaction; doing it again changes nothing."""
    binding = _Binding(desk.token_key_id, rows)
    stops = [Stop(row.old, REASON) for row in rows]
    changed = await desk.change(connection, by=by, origin=Origin.REISSUE, stops=stops, before=binding.bind)
    return Reissued(binding.bound, binding.known, binding.wrong, changed)


class _Binding:
    def __init__(self, token_key_id: str, rows: Sequence[Reissue]) -> None:
        self._token_key_id = token_key_id
        self._rows = rows
        self.bound = self.known = 0
        self.wrong: list[tuple[int, Wrong]] = []

    async def bind(self, connection: asyncpg.Connection) -> Container[bytes]:
        """Bind the new cards of the rows that are right; returns the old cards of these."""
        tokens = [token for row in self._rows for card in (row.old, row.new) for token in card.tokens]
        account_of = dict(await connection.fetch(_ACCOUNTS, tokens))
        stopped = {row[0] for row in await connection.fetch(_STOPPED, tokens)}
        new: dict[bytes, int] = {}
        right = set()
        for row in self._rows:
            account_id = _account(row.old, account_of)
            bound_to = _account(row.new, account_of)
            wrong = _wrong(row, account_id, bound_to, stopped)
            if wrong is not None or account_id is None:
                self.wrong.append((row.line, wrong or Wrong.OLD_UNKNOWN))
                continue
            right.add(row.old.tokens[0])
            stopped.update(row.old.tokens)
            if bound_to is None:
                new[row.new.tokens[0]] = account_of[row.new.tokens[0]] = account_id
                self.bound += 1
            else:
                self.known += 1
        await connection.execute(_BIND, list(new), list(new.values()), self._token_key_id)
        return right


def _account(card: ReadCard, account_of: dict[bytes, int]) -> int | None:
    return next((account_of[token] for token in card.tokens if token in account_of), None)


def _wrong(
    row: Reissue, account_id: int | None, bound_to: int | None, stopped: Container[bytes]
) -> Wrong | None:
    if row.old.tokens[0] == row.new.tokens[0]:
        return Wrong.SAME_CARD
    if account_id is None:
        return Wrong.OLD_UNKNOWN
    if bound_to not in (None, account_id):
        return Wrong.NEW_OF_ANOTHER
    # A row that was carried out stays right, also when its new card was re-issued or stopped since. Another
    # one would leave the account with two stopped cards.
    is_done = bound_to is not None and any(token in stopped for token in row.old.tokens)
    if not is_done and any(token in stopped for token in row.new.tokens):
        return Wrong.NEW_IS_STOPPED
    return None
