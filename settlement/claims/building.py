"""Building a claim: a draft of every line that an agreement may claim now, replacing the draft before it.

A claim is a set of entries and never a range of time (design section 7): it takes whatever was sold until the
period's end and stands in no live line. What commits while it is built is found by the next one.
"""

from collections.abc import AsyncGenerator
from datetime import date, datetime
from enum import StrEnum
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.domain.policy import day_end
from gateway.domain.settlement_terms import Period
from gateway.record.words import Actor
from settlement.claims.drawing import LINE_COLUMNS, Drawn, draw, stage
from settlement.claims.errors import ClaimCode
from settlement.claims.locking import agreement_locked
from settlement.claims.model import Claim
from settlement.claims.periods import last_day_of
from settlement.claims.reading import read_claim
from settlement.claims.states import ClaimState, ClaimStep
from settlement.errors import SettlementError
from settlement.ledger_reader.claims_registry import AgreementRead, claimable_agreements, read_agreement

REPLACEABLE: Final = frozenset({ClaimState.FILED, ClaimState.UNDER_REVIEW, ClaimState.RETURNED_TO_MERCHANT})
"""A filed claim in these states may be superseded by a correction: it is not decided yet."""


class Built(StrEnum):
    """What building came to."""

    NEW = "NEW"
    SAME = "SAME"
    """The draft that was there has the same lines, and stays."""
    EMPTY = "EMPTY"
    """There is nothing to claim."""
    FILED = "FILED"
    """The period has a filed claim already; a correction is built by itself."""


class Step(Struct, frozen=True):
    """One agreement of a run over all: what came of it, and how many of how many are done."""

    agreement_id: int
    outcome: Built
    claim_id: int | None
    line_count: int
    done: int
    total: int


_OF_PERIOD: Final = """
SELECT id, state, correction_number, lines_sha256, sample_seed FROM claim
WHERE agreement_id = $1 AND first_day = $2 AND state NOT IN ('DISCARDED', 'SUPERSEDED')"""

_CLAIM: Final = """
INSERT INTO claim (agreement_id, merchant_id, first_day, last_day, correction_number, supersedes_id, state,
  built_at, lines_sha256, line_count, sale_kopecks, returned_kopecks, carried_kopecks, over_limit_kopecks,
  unmatched_kopecks, sample_seed)
VALUES ($1, $2, $3, $4, $5, $6, 'DRAFT', tillgate_now(), $7, $8, $9, $10, $11, $12, $13, $14) RETURNING id"""

_LINES: Final = (
    f"INSERT INTO claim_line (claim_id, {LINE_COLUMNS}) SELECT $1, {LINE_COLUMNS} FROM claim_drawn"
)

_BY_YEAR: Final = """
INSERT INTO claim_year (claim_id, budget_year, kbk, net_kopecks)
SELECT $1, extract(year FROM sale_date), $2, sum(amount_kopecks)
FROM claim_drawn WHERE treatment = 'INCLUDED' GROUP BY 2"""

_DISCARD: Final = """
WITH lines AS (DELETE FROM claim_line WHERE claim_id = $1),
  years AS (DELETE FROM claim_year WHERE claim_id = $1)
UPDATE claim SET state = 'DISCARDED', changed_at = tillgate_now() WHERE id = $1"""

_HISTORY: Final = """
INSERT INTO claim_history (claim_id, n, step, from_state, to_state, reason, made_by)
SELECT $1, count(*) + 1, $2, $3, $4, $5, $6 FROM claim_history WHERE claim_id = $1"""


async def build(connection: asyncpg.Connection, agreement_id: int, first_day: date, *, by: Actor) -> Claim:
    """The draft of an agreement's claim for the period that begins on a day.

    An older draft of the period is discarded with its lines, unless it has the very same ones. Where a claim
    of the period is filed and not decided, the draft is its correction and takes its lines over once it is
    filed. Works in a REPEATABLE READ transaction of its own, under the agreement's lock.

    Raises SettlementError AGREEMENT_UNKNOWN, AGREEMENT_SETTLED, PERIOD_UNFIT, PERIOD_OPEN, CLAIM_ACCEPTED,
    NOTHING_TO_CLAIM; RuntimeError in a transaction.
    """
    async with agreement_locked(connection, agreement_id):
        of = await read_agreement(connection, agreement_id)
        _, claim_id, _ = await _build(connection, of, first_day, by)
        if claim_id is None:
            raise SettlementError(ClaimCode.NOTHING_TO_CLAIM, number=of.number, first_day=first_day)
        return await read_claim(connection, claim_id)


async def build_all(
    connection: asyncpg.Connection, first_day: date, *, by: Actor, period: Period = Period.MONTH
) -> AsyncGenerator[Step, None]:
    """Drafts of all agreements that claim by such a period; yields each as it is done.

    Each has a transaction of its own: a run that was killed is simply run again, and leaves drafts that are
    still right as they are. A period with a filed claim is passed over. Raises SettlementError PERIOD_UNFIT,
    PERIOD_OPEN.
    """
    last_day = last_day_of(period, first_day)
    await _check_over(connection, last_day)
    agreements = [
        one for one in await claimable_agreements(connection, last_day) if one.terms.period is period
    ]
    for done, of in enumerate(agreements, start=1):
        async with agreement_locked(connection, of.id):
            outcome, claim_id, lines = await _build(connection, of, first_day, by, corrects=False)
        yield Step(of.id, outcome, claim_id, lines, done, len(agreements))


async def _check_over(connection: asyncpg.Connection, last_day: date) -> None:
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    if now < day_end(last_day):
        raise SettlementError(ClaimCode.PERIOD_OPEN, last_day=last_day)


async def _build(
    connection: asyncpg.Connection,
    of: AgreementRead,
    first_day: date,
    by: Actor,
    *,
    corrects: bool = True,
) -> tuple[Built, int | None, int]:
    """What came of it, the claim, and how many lines it has. Under the agreement's lock."""
    if of.state == "SETTLED":
        raise SettlementError(ClaimCode.AGREEMENT_SETTLED, number=of.number)
    last_day = last_day_of(of.terms.period, first_day)
    await _check_over(connection, last_day)
    async with connection.transaction(isolation="repeatable_read"):
        there = await connection.fetch(_OF_PERIOD, of.id, first_day)
        draft = next((row for row in there if row["state"] == ClaimState.DRAFT), None)
        filed = next((row for row in there if row["state"] != ClaimState.DRAFT), None)
        if filed is not None and not corrects:
            return Built.FILED, None, 0
        if filed is not None and filed["state"] not in REPLACEABLE:
            raise SettlementError(ClaimCode.CLAIM_ACCEPTED, claim_id=filed["id"], state=filed["state"])
        await stage(connection, of.id, last_day, filed["id"] if filed else None)
        drawn = await draw(connection, of, first_day, filed["id"] if filed else None)
        if draft is not None and draft["lines_sha256"] == drawn.lines_sha256:
            return Built.SAME, draft["id"], drawn.line_count
        if draft is not None:
            await _discard(connection, draft["id"], by)
        if not drawn.line_count:
            return Built.EMPTY, None, 0
        seed = draft["sample_seed"] if draft else None
        made = await _insert(connection, of, (first_day, last_day), filed, drawn, seed, by)
        return Built.NEW, made, drawn.line_count


async def _insert(
    connection: asyncpg.Connection,
    of: AgreementRead,
    days: tuple[date, date],
    filed: asyncpg.Record | None,
    drawn: Drawn,
    sample_seed: bytes | None,
    by: Actor,
) -> int:
    claim_id: int = await connection.fetchval(
        _CLAIM, of.id, of.merchant_id, *days, filed["correction_number"] + 1 if filed else 0,
        filed["id"] if filed else None, drawn.lines_sha256, drawn.line_count, drawn.sale_kopecks,
        drawn.returned_kopecks, drawn.carried_kopecks, drawn.over_limit_kopecks, drawn.unmatched_kopecks,
        sample_seed,
    )  # fmt: skip
    await connection.execute(_LINES, claim_id)
    await connection.execute(_BY_YEAR, claim_id, of.terms.kbk)
    await connection.execute(_HISTORY, claim_id, "BUILD", "", ClaimState.DRAFT, "", by.id)
    return claim_id


async def _discard(connection: asyncpg.Connection, claim_id: int, by: Actor) -> None:
    """A draft that is built anew is no decision: its history tells of it, the audit log need not."""
    await connection.execute(_DISCARD, claim_id)
    states = (ClaimState.DRAFT, ClaimState.DISCARDED)
    await connection.execute(_HISTORY, claim_id, ClaimStep.DISCARD, *states, "составлен заново", by.id)
