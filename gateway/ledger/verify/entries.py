"""Checks of entries: each belongs to its certificate, account, purchase and an approved operation."""

from typing import Final

from gateway.ledger.verify.rules import Rule, check

_MOVEMENTS: Final = (
    ("ISSUE", None, "AVAILABLE"),
    ("HOLD", "AVAILABLE", "HELD"),
    ("RELEASE", "HELD", "AVAILABLE"),
    ("RELEASE", "HELD", "LAPSED"),
    ("CAPTURE", "HELD", "SPENT"),
    ("LATE_CAPTURE", "AVAILABLE", "SPENT"),
    ("LATE_CAPTURE", "LAPSED", "SPENT"),
    ("VOID", "HELD", "AVAILABLE"),
    ("VOID", "HELD", "LAPSED"),
    ("VOID", "SPENT", "AVAILABLE"),
    ("VOID", "SPENT", "LAPSED"),
    ("REFUND", "SPENT", "AVAILABLE"),
    ("REFUND", "SPENT", "LAPSED"),
    ("LAPSE", "AVAILABLE", "LAPSED"),
    ("REOPEN", "LAPSED", "AVAILABLE"),
    ("WITHDRAW", "AVAILABLE", "LAPSED"),
    ("CORRECTION", "AVAILABLE", "LAPSED"),
    ("CORRECTION", "LAPSED", "AVAILABLE"),
)
"""Every movement there is: kind, source, target. A kind that moves otherwise was not written by the rules."""

_LEGAL = ", ".join(f"('{kind}', '{source or ''}', '{target}')" for kind, source, target in _MOVEMENTS)

_BELONGS = check(
    "format('entry %s/%s', e.operation_id, e.n)",
    """entry e
LEFT JOIN certificate c ON c.id = e.certificate_id
LEFT JOIN purchase p ON p.id = e.purchase_id
LEFT JOIN outcome o ON o.operation_id = e.operation_id AND o.kind <> 'TOMBSTONE'""",
    Rule(
        "entry.certificate",
        "c.account_id IS DISTINCT FROM e.account_id",
        "format('certificate %s is not one of account %s', e.certificate_id, e.account_id)",
    ),
    Rule(
        "entry.operation",
        "o.operation_id IS NULL OR o.reason IS NOT NULL OR o.account_id <> e.account_id",
        "'no approved outcome of its account has this operation'",
    ),
    Rule(
        "entry.decided_at",
        "o.decided_at <> e.decided_at",
        "format('decided %s, its outcome %s', e.decided_at, o.decided_at)",
    ),
    Rule(
        "entry.purchase",
        """p.account_id IS DISTINCT FROM e.account_id AND (e.purchase_id IS NOT NULL
    OR e.kind IN ('HOLD', 'RELEASE', 'CAPTURE', 'LATE_CAPTURE', 'VOID', 'REFUND'))""",
        "format('%s of purchase %s, which is none of account %s', e.kind, e.purchase_id, e.account_id)",
    ),
    Rule(
        "entry.purchase",
        "e.purchase_id IS NOT NULL AND e.kind IN ('ISSUE', 'WITHDRAW', 'CORRECTION')",
        "format('%s names a purchase', e.kind)",
    ),
    Rule(
        "entry.movement",
        f"e.amount_kopecks <= 0 OR (e.kind, coalesce(e.source, ''), e.target) NOT IN ({_LEGAL})",
        "format('%s from %s to %s of %s', e.kind, e.source, e.target, e.amount_kopecks)",
    ),
    Rule(
        "entry.booking",
        """CASE WHEN 'SPENT' IN (e.source, e.target)
    THEN (e.agreement_id, e.sale_date) IS DISTINCT FROM
      ((p.capture -> 'agreements' ->> e.certificate_id::text)::bigint, p.sale_date)
      OR e.agreement_id IS NULL OR e.sale_date IS NULL
    ELSE e.agreement_id IS NOT NULL OR e.sale_date IS NOT NULL END""",
        "format('agreement %s and sale date %s are not those of the capture', e.agreement_id, e.sale_date)",
    ),
)

_NUMBERED = """
SELECT 'entry.numbering' AS what, 'operation ' || operation_id AS subject,
  format('%s entries numbered %s to %s', count(*), min(n), max(n)) AS detail
FROM entry GROUP BY operation_id
HAVING min(n) <> 0 OR max(n) <> count(*) - 1"""

CHECKS: Final = {"what entries belong to": _BELONGS, "numbers of entries": _NUMBERED}
