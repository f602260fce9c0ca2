"""Reports of the audit log: what was corrected by hand, overridden, changed, and who approves whom."""

from collections import Counter
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Final, TextIO

import asyncpg
from msgspec import Struct

from gateway.domain.policy import MOSCOW
from gateway.record.chain import Entry
from gateway.record.reading import entries_of_actions
from gateway.record.words import ACTIONS, Action
from gateway.spreadsheets import SpreadsheetWriter


class ReportKind(StrEnum):
    """Which report."""

    CORRECTIONS = "corrections"
    OVERRIDES = "overrides"
    ACCOUNTS = "accounts"
    PAIRS = "pairs"


class Report(Struct, frozen=True):
    """A table: names of its columns, and its rows as texts."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def write_csv(self, out: TextIO) -> None:
        """Write it for spreadsheets (`;`, UTF-8 with a mark), with no cell that could be a formula."""
        writer = SpreadsheetWriter(out, has_mark=True)
        writer.row(self.columns)
        writer.rows(self.rows)


async def report(
    connection: asyncpg.Connection, kind: ReportKind, since: datetime | None, until: datetime | None
) -> Report:
    """A report on what was recorded from `since` on and before `until`."""
    return await _REPORTS[kind](connection, since, until)


async def _corrections(
    connection: asyncpg.Connection, since: datetime | None, until: datetime | None
) -> Report:
    """Corrections of operators with what became of them; the answer may have come after `until`."""
    ordered = await entries_of_actions(connection, (Action.COMMAND_ORDERED.dotted,), since, until)
    answered = await entries_of_actions(connection, (Action.COMMAND_ANSWERED.dotted,), since, None)
    answers = {entry.details.get("request_id"): entry for entry in answered}
    rows = [
        (
            *_head(entry),
            entry.subject_id,
            *(
                _cell(entry.details, name)
                for name in ("source", "target", "amount_kopecks", "document_number")
            ),
            _cell(answers[request_id].details, "answer") if request_id in answers else "",
            entry.approved_by or "",
        )
        for entry in ordered
        if entry.details.get("kind") == "CORRECT"
        for request_id in (entry.details.get("request_id"),)
    ]
    columns = ("certificate", "from", "to", "kopecks", "document", "answer", "approved by")
    return Report("Corrections", (*_HEAD, *columns), tuple(rows))


async def _overrides(
    connection: asyncpg.Connection, since: datetime | None, until: datetime | None
) -> Report:
    """What people set aside: a list's notice time, a lock of card guessing, a lock of a login."""
    found = await entries_of_actions(connection, _OVERRIDES, since, until)
    rows = [
        (
            *_head(entry),
            ACTIONS[entry.action].en,
            entry.subject_id,
            _cell(entry.details, "effective_from"),
            _cell(entry.details, "act"),
            ", ".join(entry.details.get("approvers", ())),
        )
        for entry in found
    ]
    return Report("Overrides", (*_HEAD, "what", "of", "holds from", "act", "approvers"), tuple(rows))


async def _accounts(connection: asyncpg.Connection, since: datetime | None, until: datetime | None) -> Report:
    found = await entries_of_actions(connection, (Action.ACCOUNT_CHANGED.dotted,), since, until)
    rows = [
        (
            *_head(entry),
            entry.subject_id,
            "; ".join(f"{name}={_cell(entry.details, name)}" for name in sorted(entry.details)),
            entry.approved_by or "",
        )
        for entry in found
    ]
    return Report("Account changes", (*_HEAD, "merchant", "what", "approved by"), tuple(rows))


async def _pairs(connection: asyncpg.Connection, since: datetime | None, until: datetime | None) -> Report:
    """Who decided on whose proposals and payout registers, how often.

    A pair that always agrees is worth a look.
    """
    refused = Action.PROPOSAL_REFUSED.dotted
    actions = (Action.PROPOSAL_APPROVED.dotted, Action.PAYOUT_APPROVED.dotted, refused)
    counts: Counter[tuple[str, str, str, bool]] = Counter()
    for entry in await entries_of_actions(connection, actions, since, until):
        proposed_by, kind = _cell(entry.details, "proposed_by"), _cell(entry.details, "kind")
        counts[proposed_by, entry.actor_id, kind or entry.subject_kind, entry.action == refused] += 1
    pairs = sorted({key[:3] for key in counts})
    rows = [(*pair, *(str(counts[(*pair, is_refused)]) for is_refused in (False, True))) for pair in pairs]
    return Report("Four eyes", ("proposed by", "decided by", "kind", "approved", "refused"), tuple(rows))


_OVERRIDES: Final = tuple(
    action.dotted
    for action in (Action.LIST_PUBLISHED_URGENTLY, Action.CARD_LOCK_LIFTED, Action.PERSON_UNLOCKED)
)
_HEAD: Final = ("entry", "at (Moscow)", "by")
_REPORTS: Final[
    Mapping[
        ReportKind,
        Callable[[asyncpg.Connection, datetime | None, datetime | None], Awaitable[Report]],
    ]
] = {
    ReportKind.CORRECTIONS: _corrections,
    ReportKind.OVERRIDES: _overrides,
    ReportKind.ACCOUNTS: _accounts,
    ReportKind.PAIRS: _pairs,
}


def _head(entry: Entry) -> tuple[str, str, str]:
    return str(entry.id), shown_moment(entry.at), entry.actor_id


def shown_moment(moment: datetime) -> str:
    """An instant as people in Moscow read it."""
    return f"{moment.astimezone(MOSCOW):%d.%m.%Y %H:%M:%S}"


def _cell(details: Mapping[str, Any], name: str) -> str:
    value = details.get(name)
    return "" if value is None else str(value)
