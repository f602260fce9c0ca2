"""Building a claim: a draft of every line that an agreement may claim now, replacing the draft before it.

A claim is a set of entries and never a range of time (design section 7): it takes whatever was sold until the
period's end and stands in no live line. What commits while it is built is found by the next one.
"""

from collections.abc import AsyncGenerator, Sequence
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
from settlement.claims.periods import FiledPeriod, days_of, last_day_of
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
    """One agreement of a run over all: what came of it, and how many of how many of its share are done."""

    agreement_id: int
    outcome: Built
    claim_id: int | None
    line_count: int
    done: int
    total: int


_FILED: Final = """
SELECT id, state, correction_number, first_day, last_day FROM claim
WHERE agreement_id = $1 AND state NOT IN ('DRAFT', 'DISCARDED', 'SUPERSEDED')"""

# Of another period only after an addendum; it can be filed no more.
_DRAFTS: Final = """
SELECT id, first_day, last_day, lines_sha256, sample_seed,
  (SELECT min(kbk) FROM claim_year WHERE claim_id = claim.id) AS kbk
FROM claim
WHERE agreement_id = $1 AND state = 'DRAFT' AND first_day <= $3 AND last_day >= $2"""

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

    Raises SettlementError AGREEMENT_UNKNOWN, AGREEMENT_SETTLED, PERIOD_UNFIT, PERIOD_OPEN, PERIOD_FILED,
    CLAIM_ACCEPTED, NOTHING_TO_CLAIM; RuntimeError in a transaction.
    """
    async with agreement_locked(connection, agreement_id):
        async with connection.transaction(isolation="repeatable_read"):
            of = await read_agreement(connection, agreement_id)
            if of.state == "SETTLED":
                raise SettlementError(ClaimCode.AGREEMENT_SETTLED, number=of.number)
            filed = await filed_periods(connection, agreement_id)
            corrected = next((one for one in filed if one.first_day == first_day), None)
            if corrected is None:
                days = days_of(of.terms.period, first_day, filed)
            else:
                # A correction has the days of what it corrects, whatever the agreement says by now.
                days = corrected.first_day, corrected.last_day
            _, claim_id, _ = await _build(connection, of, days, corrected, by)
        if claim_id is None:
            raise SettlementError(ClaimCode.NOTHING_TO_CLAIM, number=of.number, first_day=first_day)
        return await read_claim(connection, claim_id)


async def build_all(
    connection: asyncpg.Connection,
    first_day: date,
    *,
    by: Actor,
    period: Period = Period.MONTH,
    part: tuple[int, int] = (0, 1),
) -> AsyncGenerator[Step, None]:
    """Drafts of all agreements that claim by such a period; yields each as it is done.

    Each has a transaction of its own: a run that was killed is simply run again, and leaves drafts that are
    still right as they are. A period with a filed claim is passed over. `part` (k, n) does the kth of n
    shares, counted from 0, so that n connections build side by side. Raises SettlementError PERIOD_UNFIT,
    PERIOD_OPEN.
    """
    last_day = last_day_of(period, first_day)
    await _check_over(connection, last_day)
    agreements = await claimable_agreements(connection, last_day)
    share = [one for one in agreements if one.terms.period is period][part[0] :: part[1]]
    for done, of in enumerate(share, start=1):
        async with agreement_locked(connection, of.id):
            outcome, claim_id, lines = await _build_next(connection, of.id, period, first_day, by)
        yield Step(of.id, outcome, claim_id, lines, done, len(share))


async def filed_periods(connection: asyncpg.Connection, agreement_id: int) -> list[FiledPeriod]:
    """The periods for which an agreement's claims are filed."""
    rows = await connection.fetch(_FILED, agreement_id)
    return [FiledPeriod(**{**row, "state": ClaimState(row["state"])}) for row in rows]


async def _build_next(
    connection: asyncpg.Connection, agreement_id: int, period: Period, first_day: date, by: Actor
) -> tuple[Built, int | None, int]:
    """What a run over all makes of one agreement, which may have changed since the run began."""
    async with connection.transaction(isolation="repeatable_read"):
        of = await read_agreement(connection, agreement_id)
        if of.state == "SETTLED" or of.terms.period is not period:
            return Built.EMPTY, None, 0
        try:
            days = days_of(period, first_day, await filed_periods(connection, agreement_id))
        except SettlementError as refused:
            if refused.code is not ClaimCode.PERIOD_FILED:
                raise
            return Built.FILED, None, 0
        return await _build(connection, of, days, None, by)


async def _check_over(connection: asyncpg.Connection, last_day: date) -> None:
    now: datetime = await connection.fetchval("SELECT tillgate_now()")
    if now < day_end(last_day):
        raise SettlementError(ClaimCode.PERIOD_OPEN, last_day=last_day)


async def _build(
    connection: asyncpg.Connection,
    of: AgreementRead,
    days: tuple[date, date],
    corrected: FiledPeriod | None,
    by: Actor,
) -> tuple[Built, int | None, int]:
    """What came of it, the claim, and how many lines it has.

    In a REPEATABLE READ transaction under the agreement's lock.
    """
    first_day, last_day = days
    await _check_over(connection, last_day)
    if corrected is not None and corrected.state not in REPLACEABLE:
        raise SettlementError(ClaimCode.CLAIM_ACCEPTED, claim_id=corrected.id, state=corrected.state.value)
    superseded = None if corrected is None else corrected.id
    drafts: Sequence[asyncpg.Record] = await connection.fetch(_DRAFTS, of.id, *days)
    await stage(connection, of.id, last_day, superseded)
    drawn = await draw(connection, of, first_day, superseded)
    current = next((one for one in drafts if _is_current(one, of, days, drawn)), None)
    for draft in drafts:
        if draft is not current:
            await _discard(connection, draft["id"], by)
    if current is not None:
        return Built.SAME, current["id"], drawn.line_count
    if not drawn.line_count:
        return Built.EMPTY, None, 0
    seed = next((one["sample_seed"] for one in drafts if one["first_day"] == first_day), None)
    made = await _insert(connection, of, days, corrected, drawn, seed, by)
    return Built.NEW, made, drawn.line_count


def _is_current(draft: asyncpg.Record, of: AgreementRead, days: tuple[date, date], drawn: Drawn) -> bool:
    """Whether a draft is what would be built: an addendum may have changed period or КБК and no line."""
    return (
        draft["lines_sha256"] == drawn.lines_sha256
        and (draft["first_day"], draft["last_day"]) == days
        and draft["kbk"] in (None, of.terms.kbk)
    )


async def _insert(
    connection: asyncpg.Connection,
    of: AgreementRead,
    days: tuple[date, date],
    corrected: FiledPeriod | None,
    drawn: Drawn,
    sample_seed: bytes | None,
    by: Actor,
) -> int:
    claim_id: int = await connection.fetchval(
        _CLAIM, of.id, of.merchant_id, *days, corrected.correction_number + 1 if corrected else 0,
        corrected.id if corrected else None, drawn.lines_sha256, drawn.line_count, drawn.sale_kopecks,
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
