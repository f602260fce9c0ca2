"""Checks of outcomes and of what hangs on them: receipts, cases, closed shifts, and stray partitions."""

from typing import Final

from gateway.domain.reasons import REASONS
from gateway.ledger.canonical import KINDS
from gateway.ledger.deciding import TOMBSTONE
from gateway.ledger.partitions import PARTITIONED
from gateway.ledger.verify.rules import Rule, check

_RECORDED = ", ".join(f"'{row.reason.name}'" for row in REASONS.values() if row.is_recorded)
_KINDS = ", ".join(f"'{kind}'" for kind in (*KINDS, TOMBSTONE))

_OUTCOMES = check(
    "format('outcome %s/%s', o.merchant_id, o.request_id)",
    """outcome o
LEFT JOIN purchase p ON p.id = o.purchase_id
LEFT JOIN card_account a ON a.id = o.account_id""",
    Rule(
        "outcome.kind",
        f"""o.kind NOT IN ({_KINDS}) OR o.reason NOT IN ({_RECORDED})
    OR (o.kind = '{TOMBSTONE}' AND o.reason IS DISTINCT FROM 'VOIDED_BEFORE_ARRIVAL')""",
        "format('%s with reason %s', o.kind, o.reason)",
    ),
    Rule(
        "outcome.account",
        "o.account_id IS NOT NULL AND a.id IS NULL",
        "format('account %s does not exist', o.account_id)",
    ),
    Rule(
        "outcome.purchase",
        """o.purchase_id IS NOT NULL
    AND (p.merchant_id, p.account_id) IS DISTINCT FROM (o.merchant_id, o.account_id)""",
        "format('%s names purchase %s, none of this merchant and account', o.kind, o.purchase_id)",
    ),
    Rule(
        "outcome.purchase",
        """o.purchase_id IS NULL AND o.reason IS NULL
    AND o.kind IN ('AUTHORIZE', 'SALE', 'CAPTURE', 'REFUND', 'ATTACH_RECEIPT')""",
        "format('an approved %s names no purchase', o.kind)",
    ),
    Rule(
        "outcome.record",
        """o.reason IS NULL AND CASE o.kind
    WHEN 'ISSUE' THEN NOT EXISTS (SELECT FROM certificate c WHERE c.id = o.operation_id)
    WHEN 'REFUND' THEN NOT EXISTS (SELECT FROM refund r WHERE r.id = o.operation_id)
    WHEN 'CLOSE_SHIFT' THEN NOT EXISTS (SELECT FROM closed_shift s WHERE s.operation_id = o.operation_id)
    WHEN 'CAPTURE' THEN p.capture IS NULL
    WHEN 'SALE' THEN p.capture IS NULL OR o.operation_id <> o.purchase_id
    WHEN 'AUTHORIZE' THEN o.operation_id <> o.purchase_id
    ELSE false END""",
        "format('an approved %s has left nothing behind', o.kind)",
    ),
    Rule(
        "outcome.request_id",
        f"""o.kind <> '{TOMBSTONE}' AND (strpos(o.canonical, '"request_id":"' || o.request_id || '"') = 0
    OR strpos(o.canonical, '"kind":"' || o.kind || '"') = 0)""",
        "'the stored command is of another request id or kind'",
    ),
    Rule(
        "outcome.payload",
        "position(convert_to(o.request_id::text, 'UTF8') IN o.signed_payload) = 0",
        "'the signed answer is that of another request id'",
    ),
    # The first 48 bits of a UUIDv7 are its milliseconds.
    Rule(
        "outcome.decided_at",
        """('x' || left(replace(o.operation_id::text, '-', ''), 12))::bit(48)::bigint
    <> floor(extract(epoch FROM o.decided_at) * 1000)""",
        "format('operation %s was not made at %s', o.operation_id, o.decided_at)",
    ),
)

_OPERATIONS = f"""
SELECT 'outcome.operation' AS what, 'operation ' || operation_id AS subject,
  format('%s outcomes besides %s voided before arrival', count(*) FILTER (WHERE kind <> '{TOMBSTONE}'),
    count(*) FILTER (WHERE kind = '{TOMBSTONE}')) AS detail
FROM outcome GROUP BY operation_id
HAVING count(*) FILTER (WHERE kind <> '{TOMBSTONE}') <> 1 OR count(*) > 2"""

_RECORDS = """
SELECT r.what, r.subject, coalesce(
    CASE WHEN o.operation_id IS NULL THEN 'no approved outcome has this operation' END,
    'purchase or account differ from those of its outcome') AS detail
FROM (
  SELECT 'receipt.outcome' AS what, operation_id, account_id, purchase_id,
    format('receipt %s/%s of %s', fiscal_drive_number, fiscal_document_number, purchase_id) AS subject
  FROM receipt
  UNION ALL
  SELECT 'case.outcome', operation_id, account_id, purchase_id, 'review case ' || operation_id
  FROM review_case
  UNION ALL
  SELECT 'shift.outcome', operation_id, NULL, NULL,
    format('shift %s of terminal %s', shift_number, terminal_id)
  FROM closed_shift) r
LEFT JOIN outcome o ON o.operation_id = r.operation_id AND o.reason IS NULL
WHERE o.operation_id IS NULL
  OR (o.account_id, o.purchase_id) IS DISTINCT FROM (r.account_id, r.purchase_id)"""

_STRAY = " UNION ALL ".join(
    f"SELECT 'partition.default' AS what, 'table {table}_default' AS subject,"
    f" format('%s rows lie outside every month', count(*)) AS detail FROM {table}_default HAVING count(*) > 0"
    for table in PARTITIONED
)

CHECKS: Final = {
    "outcomes": _OUTCOMES,
    "operations of outcomes": _OPERATIONS,
    "receipts, cases and shifts against their outcomes": _RECORDS,
    "default partitions": _STRAY,
}
