"""Bulk issue: rows of a file through the one Issue command, in batches, each row answered.

State is in the ledger alone: a row's request id is made from its `issue_ref`, so loading a file again
credits nothing twice, and what was answered before is answered from the stored outcome without being
decided again. A run that broke off is simply run again.
"""

import asyncio
from collections import deque
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

import asyncpg
from msgspec.structs import replace

from gateway.domain.certificate import Account
from gateway.domain.commands import Issue
from gateway.domain.decide import decide
from gateway.domain.policy import Context
from gateway.domain.reasons import REASONS, Reason
from gateway.ledger.answers import CommandError, StoredAnswer
from gateway.ledger.canonical import difference
from gateway.ledger.committer import Connect
from gateway.ledger.deciding import Rules
from gateway.ledger.ids import uuid7
from gateway.ledger.issuing.cells import COLUMN_OF_FIELD, Problem, Row
from gateway.ledger.issuing.store import (
    StoredIssue,
    accounts_of_cards,
    ensure_accounts,
    ensure_cards,
    stored_issues,
)

BATCH: Final = 512
"""Rows that go to the committer together; its own batch limit should be no less."""

ROW_INVALID: Final = "ROW_INVALID"
CARD_OF_ANOTHER_ACCOUNT: Final = "CARD_OF_ANOTHER_ACCOUNT"

_UNDER_WAY_MAX: Final = 2
"""Chunks under way at once: one is read and checked while another is committed."""

_TRANSIENT: Final = (Reason.OVERLOADED, Reason.UNAVAILABLE, Reason.EXPIRED_IN_QUEUE)
_ATTEMPTS_MAX: Final = 5
_PAUSE_S: Final = 0.2


Submit = Callable[[Issue], Awaitable[StoredAnswer]]
"""`Committer.submit`."""


class Answered(StrEnum):
    """What became of a row."""

    ISSUED = "ISSUED"
    REPLAYED = "REPLAYED"
    REFUSED = "REFUSED"


@dataclass(frozen=True, slots=True)
class Answer:
    """The answer of one row.

    `reason` of a refusal is a reason of the command, ROW_INVALID or CARD_OF_ANOTHER_ACCOUNT;
    `problem` says what it is about.
    """

    row: Row
    answered: Answered
    reason: str = ""
    problem: Problem | None = None
    certificate_id: UUID | None = None


class IssuingStoppedError(Exception):
    """The ledger did not take a row. Nothing is lost: the same file can be loaded again."""


@dataclass(frozen=True)
class BulkIssuer:
    """Loads rows; `token_key_id` names the key that their card tokens were made with."""

    submit: Submit
    connect: Connect
    rules: Rules
    token_key_id: str
    batch: int = BATCH

    async def load(self, rows: Iterable[Row]) -> AsyncIterator[list[Answer]]:
        """Answer every row, chunk by chunk in the order of the rows.

        Raises IssuingStoppedError when the ledger takes no more, and what the database raises.
        """
        under_way: deque[tuple[set[str], asyncio.Task[list[Answer]]]] = deque()
        try:
            for chunk in _chunks(rows, self.batch):
                references = {row.issue_ref for row in chunk if row.command}
                # A row that repeats one under way must find it answered.
                while len(under_way) >= _UNDER_WAY_MAX or any(references & known for known, _ in under_way):
                    yield await under_way.popleft()[1]
                under_way.append((references, asyncio.create_task(self._load_chunk(chunk))))
            while under_way:
                yield await under_way.popleft()[1]
        finally:
            for _, task in under_way:
                task.cancel()
            await asyncio.gather(*(task for _, task in under_way), return_exceptions=True)

    async def _load_chunk(self, chunk: Sequence[Row]) -> list[Answer]:
        answers = {row.number: _invalid(row, row.problem) for row in chunk if row.problem}
        async with self.connect() as connection:
            answers |= await _answer_known(connection, _open(chunk, answers))
            answers |= await self._link(connection, _open(chunk, answers))
        asked = _open(chunk, answers)
        decided = await asyncio.gather(*(_submit(self.submit, row, command) for row, command in asked))
        answers |= {answer.row.number: answer for answer in decided if answer}
        overtaken = _open(chunk, answers)
        if overtaken:
            # Somebody else loads the same rows at this moment, and was first.
            async with self.connect() as connection:
                answers |= await _answer_known(connection, overtaken)
        return [answers[row.number] for row in chunk]

    async def _link(
        self, connection: asyncpg.Connection, rows: Sequence[tuple[Row, Issue]]
    ) -> dict[int, Answer]:
        """Make accounts and cards lockable; refuse rows whose card belongs to another account.

        A card never leaves its account, so a row that will be declined links none.
        """
        if not rows:
            return {}
        account_of = await ensure_accounts(connection, (command.holder_ref for _, command in rows))
        rows = self._issuable(rows, await connection.fetchval("SELECT tillgate_now()"))
        wanted: dict[bytes, int] = {}
        for row, command in rows:
            if row.card_token:
                wanted.setdefault(row.card_token, account_of[command.holder_ref])
        linked = await ensure_cards(connection, wanted, self.token_key_id)
        return {
            row.number: _of_another_account(row)
            for row, command in rows
            if row.card_token and linked[row.card_token] != account_of[command.holder_ref]
        }

    def _issuable(self, rows: Iterable[tuple[Row, Issue]], now: datetime) -> list[tuple[Row, Issue]]:
        """Rows that the rules let through: the same decision, dry, once for rows that are alike.

        What speaks against an issue is never the account, so an empty one does.
        """
        nobody = Account(0, 0, now, False, {}, {})
        context = Context(now, uuid7(now), self.rules.policy, self.rules.lists(now), self.rules.goods)
        known: dict[Issue, bool] = {}
        issuable = []
        for row, command in rows:
            alike = replace(command, request_id=context.operation_id, issue_ref="", holder_ref="")
            if alike not in known:
                known[alike] = decide(nobody, alike, None, context).outcome.is_approved
            if known[alike]:
                issuable.append((row, command))
        return issuable


def _chunks(rows: Iterable[Row], size: int) -> Iterator[list[Row]]:
    """Rows in chunks, none of which has an issue_ref twice."""
    chunk: list[Row] = []
    references: set[str] = set()
    for row in rows:
        if len(chunk) == size or (row.command and row.issue_ref in references):
            yield chunk
            chunk, references = [], set()
        chunk.append(row)
        if row.command:
            references.add(row.issue_ref)
    if chunk:
        yield chunk


def _open(chunk: Iterable[Row], answers: dict[int, Answer]) -> list[tuple[Row, Issue]]:
    """The rows that have no answer yet, with their commands."""
    return [(row, row.command) for row in chunk if row.command and row.number not in answers]


async def _answer_known(
    connection: asyncpg.Connection, rows: Sequence[tuple[Row, Issue]]
) -> dict[int, Answer]:
    """Answers of the rows that were decided before."""
    stored = await stored_issues(connection, (command.request_id for _, command in rows))
    known = [(row, command) for row, command in rows if command.request_id in stored]
    tokens = [row.card_token for row, _ in known if row.card_token]
    accounts = await accounts_of_cards(connection, tokens) if tokens else {}
    answers = {}
    for row, command in known:
        found = stored[command.request_id]
        differing = difference(found.canonical, command, found.account_id)
        # The card is no part of the command, but of the row: it was linked before the row was decided.
        if differing is None and row.card_token and accounts.get(row.card_token) != found.account_id:
            differing = "card_number"
        answers[row.number] = _repeated(row, found) if differing is None else _changed(row, differing)
    return answers


async def _submit(submit: Submit, row: Row, command: Issue) -> Answer | None:
    """Decide a row; None if its request id has been decided meanwhile.

    Raises IssuingStoppedError if the ledger stays unable to take it.
    """
    for attempt in range(1, _ATTEMPTS_MAX + 1):
        try:
            return _decided(row, await submit(command))
        except CommandError as error:
            if error.reason is Reason.REQUEST_ID_CONFLICT:
                return _changed(row, error.field)
            if error.reason not in _TRANSIENT or attempt == _ATTEMPTS_MAX:
                raise IssuingStoppedError(f"stopped at line {row.number}: {error}") from error
            await asyncio.sleep(error.retry_after_s or _PAUSE_S * attempt)
    raise AssertionError("the last attempt returns or raises")


def _decided(row: Row, answer: StoredAnswer) -> Answer | None:
    outcome = answer.outcome
    if outcome is None:
        return None
    if outcome.reason is not None:
        return _declined(row, outcome.reason)
    issued = outcome.certificate
    return Answer(row, Answered.ISSUED, certificate_id=issued.id if issued else None)


def _repeated(row: Row, stored: StoredIssue) -> Answer:
    if stored.reason is not None:
        return _declined(row, Reason[stored.reason])
    return Answer(row, Answered.REPLAYED, certificate_id=stored.operation_id)


def _declined(row: Row, reason: Reason) -> Answer:
    texts = REASONS[reason].texts
    return Answer(row, Answered.REFUSED, reason.name, Problem("", texts.cashier_ru, texts.cashier_en))


def _changed(row: Row, field: str) -> Answer:
    problem = Problem(
        COLUMN_OF_FIELD.get(field, field),
        "отличается от строки, принятой раньше с этим issue_ref",
        "differs from the row that was taken before under this issue_ref",
    )
    return Answer(row, Answered.REFUSED, Reason.REQUEST_ID_CONFLICT.name, problem)


def _of_another_account(row: Row) -> Answer:
    problem = Problem("card_number", "карта привязана к другому счёту", "is linked to another account")
    return Answer(row, Answered.REFUSED, CARD_OF_ANOTHER_ACCOUNT, problem)


def _invalid(row: Row, problem: Problem) -> Answer:
    return Answer(row, Answered.REFUSED, ROW_INVALID, problem)
