"""Checks of lines: shares within amounts, nothing for prohibited goods, refunds within captures."""

from typing import Final

from gateway.domain.reasons import LineReason
from gateway.ledger.verify.rules import Rule, check

_REFUSED = ", ".join(
    str(int(reason))
    for reason in (
        LineReason.PROHIBITED,
        LineReason.NOT_GOODS,
        LineReason.EXCISE_UNCLEARED,
        LineReason.GOODS_SUSPECTED,
    )
)

_LINES = check(
    "format('purchase %s line %s', p.id, l.number)",
    """purchase p
CROSS JOIN LATERAL (
  SELECT (i -> 'line' ->> 'line_number')::int AS number,
    (i -> 'line' ->> 'amount_kopecks')::bigint AS amount,
    (i -> 'verdict' ->> 'reason')::int AS verdict,
    (i ->> 'reason')::int AS reason, s.points, s.least
  FROM jsonb_array_elements(p.lines::jsonb) i
  CROSS JOIN LATERAL (
    SELECT coalesce(sum((s ->> 'amount_kopecks')::bigint), 0) AS points,
      coalesce(min((s ->> 'amount_kopecks')::bigint), 1) AS least
    FROM jsonb_array_elements(i -> 'shares') s) s
  OFFSET 0) l""",
    Rule(
        "line.points",
        "l.amount IS NULL OR l.points > l.amount OR l.least <= 0",
        "format('points %s of amount %s', l.points, l.amount)",
    ),
    Rule(
        "line.prohibited",
        f"""l.points > 0 AND (coalesce(l.verdict, 0) IN (0, {_REFUSED})
    OR l.reason IS DISTINCT FROM {int(LineReason.ALLOWED)} OR p.state = 'DECLINED')""",
        "format('points %s, verdict %s, reason %s, %s', l.points, l.verdict, l.reason, p.state)",
    ),
)

_TOTALS = check(
    "'purchase ' || p.id",
    """purchase p
CROSS JOIN LATERAL (
  SELECT count(*) AS lines, count(DISTINCT i -> 'line' ->> 'line_number') AS numbers,
    sum((i -> 'line' ->> 'amount_kopecks')::bigint) - p.rounding_kopecks AS total,
    coalesce(sum((SELECT sum((s ->> 'amount_kopecks')::bigint)
      FROM jsonb_array_elements(i -> 'shares') s)), 0) AS points
  FROM jsonb_array_elements(p.lines::jsonb) i) t
LEFT JOIN LATERAL (
  SELECT sum((i ->> 'amount_kopecks')::bigint) - (p.capture ->> 'rounding_kopecks')::bigint AS total
  FROM jsonb_array_elements(p.capture -> 'lines') i) c ON p.capture IS NOT NULL""",
    Rule(
        "purchase.approved",
        "t.points <> p.approved_kopecks",
        "format('approved_kopecks %s, its shares %s', p.approved_kopecks, t.points)",
    ),
    Rule(
        "purchase.total",
        "t.total IS NULL OR t.points > t.total OR t.lines <> t.numbers OR p.captured_kopecks > c.total",
        """format('points %s of total %s, captured %s of %s, %s lines with %s numbers',
    t.points, t.total, p.captured_kopecks, c.total, t.lines, t.numbers)""",
    ),
)

# One row for each line of a purchase, with what was authorized, captured and refunded of it.
_STEPS = """
WITH step AS (
  SELECT p.id AS purchase_id, 'authorized' AS step, l -> 'line' AS line, l -> 'shares' AS shares
  FROM purchase p, jsonb_array_elements(p.lines::jsonb) l
  WHERE p.capture IS NOT NULL
  UNION ALL
  SELECT p.id, 'captured', l, l -> 'shares' FROM purchase p, jsonb_array_elements(p.capture -> 'lines') l
  UNION ALL
  SELECT r.purchase_id, 'refunded', l, l -> 'shares' FROM refund r, jsonb_array_elements(r.lines) l),
part AS (
  SELECT purchase_id, step, (line ->> 'line_number')::int AS number, 'quantity' AS name,
    (line ->> 'quantity_milli')::bigint AS much FROM step
  UNION ALL
  SELECT purchase_id, step, (line ->> 'line_number')::int, 'amount', (line ->> 'amount_kopecks')::bigint
  FROM step
  UNION ALL
  SELECT purchase_id, step, (line ->> 'line_number')::int, 'certificate ' || (s ->> 'certificate_id'),
    (s ->> 'amount_kopecks')::bigint FROM step, jsonb_array_elements(shares) s),
summed AS (
  SELECT purchase_id, number, name,
    coalesce(sum(much) FILTER (WHERE step = 'authorized'), 0) AS authorized,
    coalesce(sum(much) FILTER (WHERE step = 'captured'), 0) AS captured,
    coalesce(sum(much) FILTER (WHERE step = 'refunded'), 0) AS refunded
  FROM part GROUP BY purchase_id, number, name)
SELECT CASE WHEN captured > authorized THEN 'line.captured' ELSE 'line.refunded' END AS what,
  format('purchase %s line %s', purchase_id, number) AS subject,
  format('%s: authorized %s, captured %s, refunded %s', name, authorized, captured, refunded) AS detail
FROM summed WHERE captured > authorized OR refunded > captured"""

CHECKS: Final = {
    "lines of purchases": _LINES,
    "totals of purchases": _TOTALS,
    "what was captured and refunded of lines": _STEPS,
}
