"""Checks of purchases: what they say they hold and spent, against entries, outcomes and their account."""

from typing import Final

from gateway.ledger.verify.rules import Rule, check

_MOVED = """(
  SELECT purchase_id, certificate_id,
    sum(CASE 'HELD' WHEN target THEN amount_kopecks WHEN source THEN -amount_kopecks END) AS held,
    sum(CASE 'SPENT' WHEN target THEN amount_kopecks WHEN source THEN -amount_kopecks END) AS spent,
    sum(amount_kopecks) FILTER (WHERE kind = 'HOLD') AS hold,
    sum(amount_kopecks) FILTER (WHERE kind IN ('CAPTURE', 'LATE_CAPTURE')) AS captured,
    sum(amount_kopecks) FILTER (WHERE kind = 'REFUND') AS refunded,
    sum(amount_kopecks) FILTER (WHERE kind = 'LAPSE') AS rest,
    sum(amount_kopecks) FILTER (WHERE kind = 'RELEASE' AND target = 'LAPSED') AS lapsed
  FROM entry WHERE purchase_id IS NOT NULL GROUP BY purchase_id, certificate_id) m"""
"""What entries moved for a purchase on a certificate."""

_TOLD = """(
  SELECT purchase_id, (certificate_id #>> '{}')::uuid AS certificate_id,
    sum(amount_kopecks::bigint) FILTER (WHERE told = 'approved') AS approved,
    sum(amount_kopecks::bigint) FILTER (WHERE told = 'captured') AS captured,
    sum(amount_kopecks::bigint) FILTER (WHERE told = 'refunded') AS refunded,
    sum(amount_kopecks::bigint) FILTER (WHERE told = 'rest') AS rest,
    sum(amount_kopecks::bigint) FILTER (WHERE told = 'lapsed') AS lapsed
  FROM (
    SELECT p.id AS purchase_id, 'approved' AS told, s -> 'certificate_id' AS certificate_id,
      s -> 'amount_kopecks' AS amount_kopecks
    FROM purchase p, jsonb_array_elements(p.lines::jsonb) l, jsonb_array_elements(l -> 'shares') s
    UNION ALL
    SELECT p.id, 'captured', s -> 'certificate_id', s -> 'amount_kopecks'
    FROM purchase p, jsonb_array_elements(p.capture -> 'lines') l, jsonb_array_elements(l -> 'shares') s
    UNION ALL
    SELECT r.purchase_id, 'refunded', s -> 'certificate_id', s -> 'amount_kopecks'
    FROM refund r, jsonb_array_elements(r.lines) l, jsonb_array_elements(l -> 'shares') s
    UNION ALL
    SELECT p.id, 'rest', to_jsonb(t.key), t.value FROM purchase p, jsonb_each(p.capture -> 'rest_lapsed') t
    UNION ALL
    SELECT p.id, 'lapsed', to_jsonb(t.key), t.value FROM purchase p, jsonb_each(p.lapsed_from_hold) t
  ) share GROUP BY purchase_id, certificate_id) t"""
"""What a purchase tells of a certificate: in its lines, its capture and its refunds."""


def _agree(what: str, told: str, moved: str) -> Rule:
    """The purchase tells what the entries say, on each certificate; nothing is zero."""
    return Rule(
        what,
        f"coalesce({told}, 0) <> coalesce({moved}, 0)",
        f"format('certificate %s: the purchase tells %s, entries say %s', certificate_id, {told}, {moved})",
    )


_MOVEMENTS = check(
    "'purchase ' || purchase_id",
    f"""{_TOLD}
FULL JOIN {_MOVED} USING (purchase_id, certificate_id)
JOIN purchase p ON p.id = purchase_id
LEFT JOIN certificate c ON c.id = certificate_id""",
    _agree("purchase.hold", "t.approved", "m.hold"),
    _agree("purchase.held", "CASE p.state WHEN 'AUTHORIZED' THEN t.approved END", "m.held"),
    _agree("purchase.captured", "t.captured", "m.captured"),
    _agree(
        "purchase.spent",
        "CASE p.state WHEN 'CAPTURED' THEN coalesce(t.captured, 0) - coalesce(t.refunded, 0) END",
        "m.spent",
    ),
    _agree("purchase.refunded", "t.refunded", "m.refunded"),
    _agree("purchase.rest_lapsed", "t.rest", "m.rest"),
    # A capture of a living hold may lapse the rest of it as well, and tells nothing of it.
    _agree(
        "purchase.lapsed_from_hold",
        "t.lapsed",
        "CASE WHEN p.state = 'EXPIRED' OR t.lapsed IS NOT NULL THEN m.lapsed END",
    ),
    Rule(
        "purchase.foreign_certificate",
        "c.account_id IS DISTINCT FROM p.account_id",
        "format('certificate %s is not one of account %s', certificate_id, p.account_id)",
    ),
)

_ROWS = check(
    "'purchase ' || p.id",
    """purchase p
LEFT JOIN card_account a ON a.id = p.account_id
LEFT JOIN outcome o ON o.merchant_id = p.merchant_id AND o.request_id = p.request_id
LEFT JOIN review_case k ON k.purchase_id = p.id AND k.kind = 'LATE_CAPTURE_SHORTFALL'
LEFT JOIN review_case x ON x.purchase_id = p.id AND x.kind = 'CAPTURED_AFTER_STOP'
CROSS JOIN LATERAL (
  SELECT coalesce(sum((s ->> 'amount_kopecks')::bigint), 0) AS captured
  FROM jsonb_array_elements(p.capture -> 'lines') l, jsonb_array_elements(l -> 'shares') s) t""",
    Rule(
        "purchase.account",
        "a.id IS NULL",
        "format('account %s does not exist', p.account_id)",
    ),
    Rule(
        "purchase.outcome",
        """o.kind IS NULL OR o.kind NOT IN ('AUTHORIZE', 'SALE')
    OR (o.purchase_id, o.operation_id, o.account_id) IS DISTINCT FROM (p.id, p.id, p.account_id)
    OR (o.terminal_id, o.concentrator_id) IS DISTINCT FROM (p.terminal_id, p.concentrator_id)""",
        "format('request id %s has no outcome that made it', p.request_id)",
    ),
    Rule(
        "purchase.state",
        "(o.reason IS NULL) = (p.state = 'DECLINED')",
        "format('%s, and its outcome is %s', p.state, coalesce(o.reason, 'approved'))",
    ),
    Rule(
        "purchase.state",
        """CASE p.state WHEN 'CAPTURED' THEN p.capture IS NULL WHEN 'VOIDED' THEN false
    ELSE p.capture IS NOT NULL END
    OR (p.closed_at IS NULL) <> (p.state IN ('AUTHORIZED', 'DECLINED'))""",
        "format('%s with capture %s, closed %s', p.state, p.capture IS NOT NULL, p.closed_at)",
    ),
    Rule(
        "purchase.captured_column",
        "p.captured_kopecks <> t.captured",
        "format('captured_kopecks %s, the capture says %s', p.captured_kopecks, t.captured)",
    ),
    Rule(
        "purchase.sale_date",
        "p.sale_date IS DISTINCT FROM (p.capture ->> 'sale_date')::date",
        "format('sale_date %s, the capture says %s', p.sale_date, p.capture ->> 'sale_date')",
    ),
    Rule(
        "purchase.case",
        """coalesce((p.capture ->> 'shortfall_kopecks')::bigint, 0) <> coalesce(k.amount_kopecks, 0)
    OR k.account_id <> p.account_id""",
        "format('shortfall %s, review case %s', p.capture ->> 'shortfall_kopecks', k.amount_kopecks)",
    ),
    Rule(
        "purchase.stop_case",
        """CASE WHEN (p.capture ->> 'is_after_stop')::boolean THEN t.captured END
      IS DISTINCT FROM x.amount_kopecks OR x.account_id <> p.account_id""",
        "format('captured after a stop %s, review case %s', p.capture ->> 'is_after_stop', x.amount_kopecks)",
    ),
    Rule(
        "purchase.shift",
        """p.is_shift_closed AND NOT EXISTS (SELECT FROM closed_shift x
    WHERE x.terminal_id = p.shift_terminal_id AND x.shift_number = p.shift_number)""",
        "format('no close of shift %s of terminal %s', p.shift_number, p.shift_terminal_id)",
    ),
)

_REFUNDS = check(
    "'refund ' || r.id",
    """refund r
LEFT JOIN purchase p ON p.id = r.purchase_id
LEFT JOIN outcome o ON o.operation_id = r.id AND o.kind = 'REFUND' AND o.reason IS NULL
LEFT JOIN (
  SELECT operation_id, sum(amount_kopecks) AS points,
    coalesce(sum(amount_kopecks) FILTER (WHERE target = 'LAPSED'), 0) AS lapsed
  FROM entry WHERE kind = 'REFUND' GROUP BY operation_id) m ON m.operation_id = r.id
CROSS JOIN LATERAL (
  SELECT coalesce(sum((s ->> 'amount_kopecks')::bigint), 0) AS points
  FROM jsonb_array_elements(r.lines) l, jsonb_array_elements(l -> 'shares') s) t""",
    Rule(
        "refund.purchase",
        "p.state IS DISTINCT FROM 'CAPTURED' OR p.account_id <> r.account_id",
        "format('purchase %s is %s', r.purchase_id, coalesce(p.state, 'absent'))",
    ),
    Rule(
        "refund.outcome",
        """(o.purchase_id, o.account_id, o.terminal_id, o.merchant_id)
    IS DISTINCT FROM (r.purchase_id, r.account_id, r.terminal_id, p.merchant_id)""",
        "'no approved REFUND of this purchase made it'",
    ),
    Rule(
        "refund.points",
        "t.points <> r.points_kopecks OR coalesce(m.points, 0) <> r.points_kopecks",
        "format('points_kopecks %s, lines %s, entries %s', r.points_kopecks, t.points, m.points)",
    ),
    Rule(
        "refund.lapsed",
        "coalesce(m.lapsed, 0) <> r.lapsed_kopecks",
        "format('lapsed_kopecks %s, entries %s', r.lapsed_kopecks, coalesce(m.lapsed, 0))",
    ),
)

CHECKS: Final = {
    "purchases against entries": _MOVEMENTS,
    "rows of purchases": _ROWS,
    "refunds against purchases and entries": _REFUNDS,
}
