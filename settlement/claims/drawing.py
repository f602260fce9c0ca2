"""Drawing up: from an agreement's open operations to the lines of a claim, all inside the database.

Two tables of the session hold what is under way, and are emptied with each transaction: sets of any size pass
through without being read here, and the planner knows how large they are.
"""

from datetime import date
from typing import Final

import asyncpg
from msgspec import Struct

from gateway.domain.settlement_terms import OverLimit
from settlement.claims.canonical import SHA256_OF_LINES
from settlement.claims.limits import budget_room, ceiling_room
from settlement.claims.model import Treatment
from settlement.ledger_reader.claims_operations import OPEN_OPERATIONS, WANTED_COLUMNS
from settlement.ledger_reader.claims_registry import AgreementRead
from settlement.matching.mismatches import REPORTED_ONLY
from settlement.matching.statement import MATCHES

_OVER: Final = {OverLimit.CARRY: Treatment.CARRIED, OverLimit.REFUSE: Treatment.OVER_LIMIT}

_TABLES: Final = (
    """
    CREATE TEMP TABLE IF NOT EXISTS claim_wanted (
      operation_id uuid, program_code text, agreement_id bigint, merchant_id bigint, outlet_id bigint,
      terminal_id bigint, purchase_id uuid, kind text, sale_date date, decided_at timestamptz,
      amount_kopecks bigint, is_pending boolean, is_due boolean) ON COMMIT DELETE ROWS""",
    """
    CREATE TEMP TABLE IF NOT EXISTS claim_drawn (
      n integer, operation_id uuid, program_code text, purchase_id uuid, kind text, sale_date date,
      decided_at timestamptz, outlet_id bigint, terminal_id bigint, amount_kopecks bigint, treatment text,
      mismatches text[], evidence smallint, receipt_drive_number text, receipt_document_number bigint,
      is_earlier boolean) ON COMMIT DELETE ROWS""",
)

LINE_COLUMNS: Final = (
    "n, operation_id, program_code, purchase_id, kind, sale_date, decided_at, outlet_id, terminal_id,"
    " amount_kopecks, treatment, mismatches, evidence, receipt_drive_number, receipt_document_number,"
    " is_earlier"
)

MATCHED: Final = f"""
wanted AS MATERIALIZED (SELECT {WANTED_COLUMNS} FROM claim_wanted),
matched AS MATERIALIZED ({MATCHES}),
weighed AS (
  SELECT w.*, extract(year FROM w.sale_date)::integer AS year, m.receipt_drive_number,
    m.receipt_document_number, m.evidence,
    CASE WHEN w.kind = 'SALE' AND m.evidence < $1 AND NOT 'EVIDENCE_TOO_LOW' = ANY (m.mismatches)
        AND NOT 'NO_RECEIPT' = ANY (m.mismatches)
      THEN m.mismatches || 'EVIDENCE_TOO_LOW'::text ELSE m.mismatches END AS mismatches,
    w.kind = 'SALE' AND (m.evidence < $1 OR NOT m.mismatches <@ $2::text[]) AS is_unfit
  FROM claim_wanted w JOIN matched m USING (operation_id, program_code))"""
"""Open operations with what matching says of them; $1 is the evidence needed, $2 what is reported only."""

# What was given back always lowers the claim, whatever its own receipt says.
# A sale and what gave it back before it was claimed share one fate, by the sale; running sums go in order of
# the day of sale, and every term in them is at least 0, so what is kept is a beginning of that order.
_DRAW: Final = f"""
INSERT INTO claim_drawn ({LINE_COLUMNS})
WITH {MATCHED}, rooms AS (
  SELECT * FROM unnest($3::integer[], $4::bigint[]) AS r (year, room)
), grouped AS (
  SELECT *, sum(amount_kopecks) OVER purchase AS group_kopecks, bool_or(is_unfit) OVER purchase AS is_out
  FROM weighed WINDOW purchase AS (PARTITION BY purchase_id, program_code, is_pending)
), of_year AS (
  SELECT g.*, g.kind = 'SALE' AND NOT g.is_out AS is_measured, r.room,
    sum(CASE WHEN g.kind = 'SALE' AND NOT g.is_out THEN g.group_kopecks ELSE 0 END)
      OVER (PARTITION BY g.year ORDER BY g.sale_date, g.operation_id, g.program_code) AS year_so_far
  FROM grouped g JOIN rooms r USING (year)
), of_all AS (
  SELECT *, is_measured AND (room IS NULL OR year_so_far <= room) AS fits_year,
    sum(CASE WHEN is_measured AND (room IS NULL OR year_so_far <= room) THEN group_kopecks ELSE 0 END)
      OVER (ORDER BY sale_date, operation_id, program_code) AS so_far
  FROM of_year
), kept AS (
  SELECT *, NOT is_pending AND NOT is_out
    AND bool_or(fits_year AND ($5::bigint IS NULL OR so_far <= $5)) OVER purchase AS is_kept
  FROM of_all WINDOW purchase AS (PARTITION BY purchase_id, program_code, is_pending)
), netted AS (
  SELECT *, sum(CASE WHEN is_kept OR is_due AND $6 THEN amount_kopecks ELSE 0 END)
    OVER (PARTITION BY year) AS year_net
  FROM kept
), summed AS (
  SELECT *, sum(CASE WHEN (is_kept OR is_due AND $6) AND year_net > 0 THEN amount_kopecks ELSE 0 END)
    OVER () AS net
  FROM netted
)
SELECT row_number() OVER (ORDER BY sale_date, operation_id, program_code), operation_id, program_code,
  purchase_id, kind, sale_date, decided_at, outlet_id, terminal_id, amount_kopecks,
  CASE WHEN is_out THEN 'UNMATCHED'
    WHEN NOT is_kept AND NOT is_pending THEN $7
    WHEN (is_kept OR is_due AND $6) AND year_net > 0 AND ($9::bigint IS NULL OR net <= $9) THEN 'INCLUDED'
    ELSE 'CARRIED' END,
  mismatches, evidence, receipt_drive_number, receipt_document_number, sale_date < $8
FROM summed"""

_YEARS: Final = """
SELECT extract(year FROM sale_date)::integer AS year,
  -coalesce(sum(amount_kopecks) FILTER (WHERE is_due), 0)::bigint AS due_kopecks
FROM claim_wanted GROUP BY 1 ORDER BY 1"""

_SUMS: Final = """
SELECT count(*) AS line_count,
  coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'INCLUDED' AND kind = 'SALE'), 0)::bigint AS sale,
  -coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'INCLUDED' AND kind <> 'SALE'), 0)::bigint
    AS returned,
  coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'CARRIED'), 0)::bigint AS carried,
  coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'OVER_LIMIT'), 0)::bigint AS over_limit,
  coalesce(sum(amount_kopecks) FILTER (WHERE treatment = 'UNMATCHED'), 0)::bigint AS unmatched
FROM claim_drawn"""


class Drawn(Struct, frozen=True):
    """What was drawn up: counts and sums of kopecks, and the digest of the lines in canonical form."""

    line_count: int
    sale_kopecks: int
    returned_kopecks: int
    carried_kopecks: int
    over_limit_kopecks: int
    unmatched_kopecks: int
    lines_sha256: bytes


async def stage(
    connection: asyncpg.Connection, agreement_id: int, last_day: date, superseded: int | None
) -> None:
    """Put the open operations of an agreement into `claim_wanted`, for this transaction."""
    # A plan that was made while the tables were small would read them from end to end for each agreement.
    await connection.execute("SET LOCAL plan_cache_mode = force_custom_plan")
    for table in _TABLES:
        await connection.execute(table)
    for emptied in ("claim_wanted", "claim_drawn"):
        await connection.execute(f"DELETE FROM {emptied}")
    await connection.execute(
        f"INSERT INTO claim_wanted {OPEN_OPERATIONS}", agreement_id, last_day, superseded
    )
    await connection.execute("ANALYZE claim_wanted")


async def stage_lines(connection: asyncpg.Connection, claim_id: int) -> None:
    """Put the lines of a claim that was drawn up before into `claim_drawn`, for this transaction."""
    await connection.execute(
        f"INSERT INTO claim_drawn SELECT {LINE_COLUMNS} FROM claim_line WHERE claim_id = $1", claim_id
    )
    await connection.execute("ANALYZE claim_drawn")


async def draw(
    connection: asyncpg.Connection, of: AgreementRead, first_day: date, superseded: int | None
) -> Drawn:
    """Match, limit, net and number what is staged, into `claim_drawn`."""
    rows = await connection.fetch(_YEARS)
    freed = {row["year"]: row["due_kopecks"] if of.terms.may_net_refunds else 0 for row in rows}
    ceiling = await ceiling_room(connection, of.id, of.ceiling_kopecks, superseded)
    rooms = [
        None
        if (room := await budget_room(connection, of.terms.kbk, year, superseded)) is None
        else room + more
        for year, more in freed.items()
    ]
    # Refunds of the newest year alone free room under the ceiling: those of another may yet be carried.
    more = freed[max(freed)] if freed and ceiling is not None else 0
    for sales in (None if ceiling is None else ceiling + more, ceiling):
        await connection.execute("DELETE FROM claim_drawn")
        await connection.execute(
            _DRAW, of.terms.evidence, REPORTED_ONLY, list(freed), rooms, sales, of.terms.may_net_refunds,
            _OVER[of.terms.over_limit], first_day, ceiling,
        )  # fmt: skip
        sums = await connection.fetchrow(_SUMS)
        # Where those are carried themselves they free nothing and all is too much: once more without them.
        if sums["sale"] or not more:
            break
    sha256 = await connection.fetchval(SHA256_OF_LINES.format(lines="claim_drawn"))
    return Drawn(
        line_count=sums["line_count"],
        sale_kopecks=sums["sale"],
        returned_kopecks=sums["returned"],
        carried_kopecks=sums["carried"],
        over_limit_kopecks=sums["over_limit"],
        unmatched_kopecks=sums["unmatched"],
        lines_sha256=sha256,
    )
