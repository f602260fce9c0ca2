"""Checks of what hot tables refer to without a foreign key: the registry's rows, and accounts of cards."""

from typing import Final

_SELLERS = """
SELECT 'reference.seller' AS what, s.subject,
  format('terminal %s is none of outlet %s, merchant %s', s.terminal_id, s.outlet_id, s.merchant_id)
    AS detail
FROM (
  SELECT 'purchase ' || id AS subject, terminal_id, outlet_id, merchant_id FROM purchase
  UNION ALL
  SELECT 'refund ' || r.id, r.terminal_id, NULL, p.merchant_id
  FROM refund r JOIN purchase p ON p.id = r.purchase_id
  UNION ALL
  SELECT format('outcome %s/%s', merchant_id, request_id), terminal_id, NULL, merchant_id FROM outcome
  WHERE merchant_id <> 0 OR terminal_id <> 0
  UNION ALL
  SELECT 'shift ' || operation_id, terminal_id, NULL, merchant_id FROM closed_shift) s
LEFT JOIN terminal t ON t.id = s.terminal_id
LEFT JOIN outlet o ON o.id = t.outlet_id
WHERE o.merchant_id IS DISTINCT FROM s.merchant_id OR o.id <> s.outlet_id"""

_AGREEMENTS = """
SELECT 'reference.agreement' AS what, format('entry %s/%s', e.operation_id, e.n) AS subject,
  format('agreement %s is none of merchant %s', e.agreement_id, p.merchant_id) AS detail
FROM entry e
JOIN purchase p ON p.id = e.purchase_id
LEFT JOIN agreement a ON a.id = e.agreement_id
WHERE e.agreement_id IS NOT NULL AND a.merchant_id IS DISTINCT FROM p.merchant_id"""

_CONCENTRATORS = """
SELECT 'reference.concentrator' AS what, format('outcome %s/%s', o.merchant_id, o.request_id) AS subject,
  format('concentrator %s is none of merchant %s', o.concentrator_id, o.merchant_id) AS detail
FROM outcome o
LEFT JOIN concentrator c ON c.id = o.concentrator_id
WHERE o.concentrator_id <> 0 AND c.merchant_id IS DISTINCT FROM o.merchant_id"""

_CARDS = """
SELECT 'reference.card' AS what, 'card of token ' || left(encode(k.token, 'hex'), 8) AS subject,
  format('account %s does not exist', k.account_id) AS detail
FROM card k LEFT JOIN card_account a ON a.id = k.account_id WHERE a.id IS NULL"""

CHECKS: Final = {
    "sellers in the registry": _SELLERS,
    "agreements in the registry": _AGREEMENTS,
    "concentrators in the registry": _CONCENTRATORS,
    "accounts of cards": _CARDS,
}
