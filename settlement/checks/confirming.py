"""Checkers outside of us: whoever can say of a receipt whether the tax service knows it."""

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Final, Protocol

import asyncpg
from msgspec import Struct

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from settlement.checks.errors import CheckErrorCode
from settlement.checks.sampling import draw_sample
from settlement.errors import SettlementError
from settlement.ledger_reader.receipts_asked import Asked, asked_receipts

TOLD_MAX_CHARS: Final = 300
_COLUMNS: Final = ("fn", "fd", "answer", "told")


class Verdict(StrEnum):
    """What a checker says of a receipt."""

    CONFIRMED = "CONFIRMED"
    NOT_FOUND = "NOT_FOUND"
    DIFFERS = "DIFFERS"


class Answer(Struct, frozen=True):
    """A checker's word on the receipt (ФН, ФД); `told` is what it said in its own words."""

    key: tuple[str, int]
    verdict: Verdict
    told: str = ""


class Checker(Protocol):
    """Confirms receipts at an outside service: an operator of fiscal data, the tax service, a person."""

    name: str

    async def check(self, asked: Sequence[Asked]) -> Sequence[Answer]:
        """Answers, in any order; a receipt without one stays unconfirmed. Raises SettlementError."""


class FileChecker:
    """An operator's answers from a CSV file: fn;fd;answer;told, the answer confirmed, not_found or differs.

    Raises SettlementError ANSWERS_UNREADABLE.
    """

    def __init__(self, path: Path) -> None:
        self.name = f"file {path.name}"[:TOLD_MAX_CHARS]
        try:
            text = path.read_text(encoding="utf-8-sig")
        except UnicodeDecodeError:
            raise _unreadable(1, "не UTF-8", "is not UTF-8") from None
        self._answers = {answer.key: answer for answer in _answers(text)}

    async def check(self, asked: Sequence[Asked]) -> Sequence[Answer]:
        """The answers that the file has."""
        return [self._answers[one.key] for one in asked if one.key in self._answers]


_STORE: Final = """
INSERT INTO receipt_check (fiscal_drive_number, fiscal_document_number, verdict, told, checker, checked_by)
SELECT n.*, $5, $6 FROM unnest($1::text[], $2::bigint[], $3::text[], $4::text[]) AS n
ON CONFLICT (fiscal_drive_number, fiscal_document_number) DO UPDATE SET
  verdict = excluded.verdict, told = excluded.told, checker = excluded.checker,
  checked_by = excluded.checked_by, checked_at = tillgate_now()"""


async def confirm_sample(
    connection: asyncpg.Connection, claim_id: int, checker: Checker, *, by: Actor
) -> Mapping[Verdict, int]:
    """Ask a checker for the sampled receipts of a claim that are not confirmed; how it answered.

    Raises SettlementError CLAIM_UNKNOWN, and what the checker raises.
    """
    missing = [line.n for line in await draw_sample(connection, claim_id) if not line.is_confirmed]
    asked = {one.key: one for one in await asked_receipts(connection, claim_id, missing)}
    answers = {a.key: a for a in await checker.check([*asked.values()]) if a.key in asked}
    counted = {verdict: sum(a.verdict is verdict for a in answers.values()) for verdict in Verdict}
    async with connection.transaction():
        await connection.execute(
            _STORE, [key[0] for key in answers], [key[1] for key in answers],
            [a.verdict for a in answers.values()], [a.told[:TOLD_MAX_CHARS] for a in answers.values()],
            checker.name, by.id,
        )  # fmt: skip
        await record(
            connection,
            actor=by,
            action=Action.RECEIPTS_CHECKED,
            subject=Subject(SubjectKind.CLAIM, str(claim_id)),
            details={
                "checker": checker.name,
                "asked": len(asked),
                "answered": {verdict.value: count for verdict, count in counted.items()},
                "refuted": [f"{a.key[0]}/{a.key[1]}" for a in answers.values() if a.verdict is not _GOOD][
                    :50
                ],
            },
        )
    return counted


_GOOD: Final = Verdict.CONFIRMED


def _answers(text: str) -> Iterator[Answer]:
    rows = csv.reader(text.splitlines(), delimiter=";", strict=True)
    for number, row in enumerate(_read(rows), 1):
        cells = [cell.strip() for cell in row]
        if not any(cells) or (number == 1 and cells[0].lower() == _COLUMNS[0]):
            continue
        if not 3 <= len(cells) <= len(_COLUMNS):
            raise _unreadable(number, "нужны fn;fd;answer;told", "fn;fd;answer;told are needed")
        document, verdict = cells[1], cells[2].upper()
        if not (document.isascii() and document.isdigit() and len(document) <= 10):
            raise _unreadable(number, f"ФД {document[:20]}", f"ФД {document[:20]}")
        if verdict not in Verdict.__members__:
            raise _unreadable(number, f"ответ {verdict[:20]}", f"answer {verdict[:20]}")
        yield Answer((cells[0], int(document)), Verdict(verdict), cells[3] if len(cells) > 3 else "")


def _read(rows: Iterable[list[str]]) -> Iterator[list[str]]:
    try:
        yield from rows
    except csv.Error:
        raise _unreadable(0, "кавычки расставлены неверно", "the quotes are wrong") from None


def _unreadable(row: int, ru: str, en: str) -> SettlementError:
    return SettlementError(CheckErrorCode.ANSWERS_UNREADABLE, row=row, what_ru=ru, what_en=en)
