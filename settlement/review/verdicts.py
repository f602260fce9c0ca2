"""Verdicts on the lines of a claim under review: one by one, from a file, and all the rest at once.

Sales are judged. A return goes with its sale if that stands in the same claim, since the points of both went
one way; a return of what an earlier claim was paid for stands, unless all sales of its budget year are
refused: it nets inside its own year alone.
"""

from collections.abc import Iterable, Sequence
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.record.words import Action, Actor, Subject, SubjectKind
from gateway.record.writing import record
from settlement.claims.model import LineVerdict
from settlement.claims.moving import state_of
from settlement.claims.states import ClaimState
from settlement.errors import SettlementError
from settlement.review.errors import ReviewCode
from settlement.review.texts import fitting

RETURN_REFUSED: Final = "возврат: ни одна продажа того же бюджетного года не одобрена"
"""The reason of a return whose sale is in another claim, when this one has no approved sale of its year."""

_SHOWN: Final = 20

_NAMED: Final = """
SELECT n, amount_kopecks FROM claim_line
WHERE claim_id = $1 AND treatment = 'INCLUDED' AND n = ANY ($2::integer[])"""

_JUDGE: Final = """
UPDATE claim_line AS l SET verdict = v.verdict, verdict_reason = v.reason
FROM unnest($2::integer[], $3::text[], $4::text[]) AS v (n, verdict, reason)
WHERE l.claim_id = $1 AND l.n = v.n"""

_APPROVE_REST: Final = """
UPDATE claim_line SET verdict = 'APPROVED'
WHERE claim_id = $1 AND treatment = 'INCLUDED' AND amount_kopecks > 0 AND verdict IS NULL"""

_REFUSE_REST: Final = """
UPDATE claim_line SET verdict = $2, verdict_reason = $3
WHERE claim_id = $1 AND treatment = 'INCLUDED' AND amount_kopecks > 0
  AND (verdict IS NULL OR verdict = 'APPROVED')"""

_FOLLOW: Final = """
WITH line AS MATERIALIZED (
  SELECT n, purchase_id, program_code, amount_kopecks, verdict, verdict_reason,
    extract(year FROM sale_date) AS year
  FROM claim_line
  WHERE claim_id = $1 AND treatment = 'INCLUDED'
), sale AS (
  SELECT DISTINCT ON (purchase_id, program_code) purchase_id, program_code, verdict, verdict_reason, year
  FROM line WHERE amount_kopecks > 0 ORDER BY purchase_id, program_code, n
), alone AS (
  SELECT year, bool_or(verdict = 'APPROVED') AS is_lowered FROM sale GROUP BY year
), follows AS (
  SELECT line.n,
    CASE WHEN sale.purchase_id IS NOT NULL THEN sale.verdict
      WHEN alone.is_lowered THEN 'APPROVED' ELSE 'REFUSED' END AS verdict,
    CASE WHEN sale.purchase_id IS NOT NULL THEN sale.verdict_reason
      WHEN alone.is_lowered THEN '' ELSE $2 END AS reason
  FROM line LEFT JOIN alone ON alone.year = line.year LEFT JOIN sale USING (purchase_id, program_code)
  WHERE line.amount_kopecks < 0
)
UPDATE claim_line AS l SET verdict = f.verdict, verdict_reason = f.reason
FROM follows AS f
WHERE l.claim_id = $1 AND l.n = f.n
  AND (l.verdict, l.verdict_reason) IS DISTINCT FROM (f.verdict, f.reason)"""


class Verdict(Struct, frozen=True):
    """What is said of the line with the number `n`; a refusal has a reason."""

    n: int
    verdict: LineVerdict
    reason: str = ""


async def judge_lines(
    connection: asyncpg.Connection, claim_id: int, verdicts: Sequence[Verdict], *, by: Actor
) -> int:
    """Write verdicts on sales, in place of those before, in the caller's transaction; returns how many.

    Raises SettlementError CLAIM_UNKNOWN, NOT_UNDER_REVIEW, LINE_TWICE, LINE_UNKNOWN, RETURN_NOT_JUDGED,
    REASON_MISSING, REASON_UNFIT, and nothing is changed.
    """
    await require_under_review(connection, claim_id)
    fitted = _fitted(verdicts)
    numbers = [one.n for one in fitted]
    found = {row["n"]: row["amount_kopecks"] for row in await connection.fetch(_NAMED, claim_id, numbers)}
    if unknown := [n for n in numbers if n not in found]:
        raise SettlementError(ReviewCode.LINE_UNKNOWN, claim_id=claim_id, numbers=shown(unknown))
    if returns := [n for n in numbers if found[n] < 0]:
        raise SettlementError(ReviewCode.RETURN_NOT_JUDGED, numbers=shown(returns))
    verdict_names, reasons = [one.verdict.value for one in fitted], [one.reason for one in fitted]
    await connection.execute(_JUDGE, claim_id, numbers, verdict_names, reasons)
    await _record(connection, claim_id, by, {name: verdict_names.count(name) for name in set(verdict_names)})
    return len(numbers)


async def approve_rest(connection: asyncpg.Connection, claim_id: int, *, by: Actor) -> int:
    """Approve every sale that has no verdict yet; returns how many. Raises NOT_UNDER_REVIEW."""
    await require_under_review(connection, claim_id)
    return await _rest(connection, claim_id, by, LineVerdict.APPROVED, _APPROVE_REST, claim_id)


async def refuse_rest(
    connection: asyncpg.Connection, claim_id: int, *, reason: str, by: Actor, for_good: bool = False
) -> int:
    """Refuse every sale that is not refused yet; returns how many.

    Raises SettlementError NOT_UNDER_REVIEW, TEXT_UNFIT.
    """
    await require_under_review(connection, claim_id)
    reason = fitting(reason, ReviewCode.TEXT_UNFIT, what="reason")
    if not reason:
        raise SettlementError(ReviewCode.TEXT_UNFIT, what="reason", limit=0)
    verdict = LineVerdict.REFUSED_FOR_GOOD if for_good else LineVerdict.REFUSED
    return await _rest(connection, claim_id, by, verdict, _REFUSE_REST, claim_id, verdict, reason)


async def let_returns_follow(connection: asyncpg.Connection, claim_id: int) -> None:
    """Give each return the verdict that follows from those of the sales."""
    await connection.execute(_FOLLOW, claim_id, RETURN_REFUSED)


async def require_under_review(connection: asyncpg.Connection, claim_id: int) -> None:
    """Lock a claim; raises SettlementError CLAIM_UNKNOWN, NOT_UNDER_REVIEW."""
    state = await state_of(connection, claim_id)
    if state is not ClaimState.UNDER_REVIEW:
        raise SettlementError(ReviewCode.NOT_UNDER_REVIEW, claim_id=claim_id, state=state.value)


def shown(numbers: Iterable[int]) -> str:
    """Numbers of lines as an error names them; of many the first."""
    sorted_numbers = sorted(numbers)
    more = f" … ({len(sorted_numbers)})" if len(sorted_numbers) > _SHOWN else ""
    return ", ".join(map(str, sorted_numbers[:_SHOWN])) + more


def _fitted(verdicts: Iterable[Verdict]) -> list[Verdict]:
    seen: dict[int, Verdict] = {}
    for one in verdicts:
        if one.n in seen:
            raise SettlementError(ReviewCode.LINE_TWICE, n=one.n)
        reason = fitting(one.reason, ReviewCode.REASON_UNFIT, n=one.n)
        if not reason and one.verdict is not LineVerdict.APPROVED:
            raise SettlementError(ReviewCode.REASON_MISSING, n=one.n)
        seen[one.n] = Verdict(one.n, one.verdict, reason)
    return list(seen.values())


async def _rest(
    connection: asyncpg.Connection, claim_id: int, by: Actor, verdict: LineVerdict, *statement: object
) -> int:
    done: str = await connection.execute(*statement)
    count = int(done.rpartition(" ")[2])
    await _record(connection, claim_id, by, {verdict.value: count})
    return count


async def _record(connection: asyncpg.Connection, claim_id: int, by: Actor, counts: dict[str, int]) -> None:
    await record(
        connection,
        actor=by,
        action=Action.CLAIM_LINES_JUDGED,
        subject=Subject(SubjectKind.CLAIM, str(claim_id)),
        details={"lines": counts},
    )
