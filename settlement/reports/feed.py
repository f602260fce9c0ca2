"""A merchant's operations, page by page, each with where it stands now."""

import base64
import binascii
import struct
from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final
from uuid import UUID

import asyncpg
from msgspec import Struct

from settlement.claims.model import LineKind
from settlement.errors import SettlementError
from settlement.ledger_reader.reports_feed import OperationRow, read_operations
from settlement.reports.errors import ReportCode
from settlement.reports.standings import Standing, standing_of

Cursor = tuple[datetime, UUID]
"""After which outcome a page begins: its instant and request id."""

_TOKEN: Final = struct.Struct(">qq16s")
_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND: Final = timedelta(microseconds=1)
OVER_LIMIT: Final = "сверх предельного объёма"


class Operation(Struct, frozen=True):
    """One operation's kopecks under one program: above zero for a sale, below for what was given back.

    `receipt` is the (ФН, ФД) that it matches. `claim_id` is the newest claim that names it, drafts included;
    `reason` says why it is refused, `mismatches` why it is unmatched.
    """

    operation_id: UUID
    purchase_id: UUID
    kind: LineKind
    program_code: str
    decided_at: datetime
    sale_date: date
    outlet_id: int
    outlet_name: str
    terminal_id: int
    terminal_name: str
    amount_kopecks: int
    standing: Standing
    claim_id: int | None = None
    receipt: tuple[str, int] | None = None
    mismatches: tuple[str, ...] = ()
    reason: str = ""


class FeedPage(Struct, frozen=True):
    """Operations, the oldest first, and the token of the next page; "" if nothing follows yet."""

    operations: Sequence[Operation]
    next_token: str


async def operations_feed(
    connection: asyncpg.Connection,
    merchant_id: int,
    matches: str,
    *,
    token: str = "",
    limit: int = 200,
    delay: timedelta = timedelta(seconds=5),
) -> FeedPage:
    """A page of a merchant's operations after the one that a token tells.

    `limit` counts commands; one may be several operations, of several programs, or none. What was decided
    within `delay` is left to a later page: it may not all be committed. `matches` is the statement that
    tells mismatches (settlement.matching.statement.MATCHES). Raises SettlementError for a token that is not
    of this merchant's feed.
    """
    after = cursor_of(token, merchant_id) if token else None
    rows, last = await read_operations(connection, merchant_id, matches, after, limit, delay)
    return FeedPage([_operation(row) for row in rows], token_of(last, merchant_id) if last else "")


def token_of(cursor: Cursor, merchant_id: int) -> str:
    """A cursor as text that names its merchant."""
    micros = (cursor[0] - _EPOCH) // _MICROSECOND
    return base64.urlsafe_b64encode(_TOKEN.pack(micros, merchant_id, cursor[1].bytes)).decode()


def cursor_of(token: str, merchant_id: int) -> Cursor:
    """What a token says; raises SettlementError."""
    try:
        micros, of_merchant, request_id = _TOKEN.unpack(base64.b64decode(token, b"-_", validate=True))
        if of_merchant == merchant_id:
            return _EPOCH + timedelta(microseconds=micros), UUID(bytes=request_id)
    except (ValueError, OverflowError, struct.error, binascii.Error):
        pass
    raise SettlementError(ReportCode.PAGE_TOKEN_INVALID)


def _operation(row: OperationRow) -> Operation:
    standing = standing_of(row.facts)
    is_told = standing is Standing.REFUSED
    return Operation(
        operation_id=row.operation_id,
        purchase_id=row.purchase_id,
        kind=row.kind,
        program_code=row.program_code,
        decided_at=row.decided_at,
        sale_date=row.sale_date,
        outlet_id=row.outlet_id,
        outlet_name=row.outlet_name,
        terminal_id=row.terminal_id,
        terminal_name=row.terminal_name,
        amount_kopecks=row.amount_kopecks,
        standing=standing,
        claim_id=row.claim_id,
        receipt=row.receipt,
        mismatches=row.mismatches if standing is Standing.UNMATCHED else (),
        reason=(row.verdict_reason or OVER_LIMIT) if is_told else "",
    )
