"""Checks of certificates and accounts: columns against entries, and against the act that made them.

Each check is a statement that yields (what, subject, detail) for every discrepancy.
"""

from typing import Final

_BALANCES = """
WITH moved AS (
  SELECT certificate_id,
    sum(CASE 'AVAILABLE' WHEN target THEN amount_kopecks WHEN source THEN -amount_kopecks END) AS available,
    sum(CASE 'HELD' WHEN target THEN amount_kopecks WHEN source THEN -amount_kopecks END) AS held,
    sum(CASE 'SPENT' WHEN target THEN amount_kopecks WHEN source THEN -amount_kopecks END) AS spent,
    sum(CASE 'LAPSED' WHEN target THEN amount_kopecks WHEN source THEN -amount_kopecks END) AS lapsed,
    sum(amount_kopecks) FILTER (WHERE source IS NULL) AS issued,
    count(*) FILTER (WHERE source IS NULL) AS issues
  FROM entry GROUP BY certificate_id)
SELECT w.what, 'certificate ' || c.id AS subject,
  format('%s: stated %s, computed %s', w.name, w.stated, w.computed) AS detail
FROM certificate c
LEFT JOIN moved m ON m.certificate_id = c.id
CROSS JOIN LATERAL (VALUES
  ('certificate.balance', 'available', c.available_kopecks, coalesce(m.available, 0)),
  ('certificate.balance', 'held', c.held_kopecks, coalesce(m.held, 0)),
  ('certificate.balance', 'spent', c.spent_kopecks, coalesce(m.spent, 0)),
  ('certificate.balance', 'lapsed', c.lapsed_kopecks, coalesce(m.lapsed, 0)),
  ('certificate.nominal', 'issued', c.nominal_kopecks, coalesce(m.issued, 0)),
  ('certificate.nominal', 'times issued', 1, coalesce(m.issues, 0)),
  ('certificate.parts', 'nominal and the sum of its parts', c.nominal_kopecks,
   c.available_kopecks + c.held_kopecks + c.spent_kopecks + c.lapsed_kopecks)
) AS w(what, name, stated, computed)
WHERE w.stated <> w.computed"""

_PARTS = """
SELECT 'certificate.parts' AS what, 'certificate ' || id AS subject,
  format('a part below zero, or more restorable than lapsed: available %s, held %s, spent %s, lapsed %s,'
    ' restorable %s', available_kopecks, held_kopecks, spent_kopecks, lapsed_kopecks, restorable_kopecks
  ) AS detail
FROM certificate
WHERE least(available_kopecks, held_kopecks, spent_kopecks, lapsed_kopecks, restorable_kopecks) < 0
  OR restorable_kopecks > lapsed_kopecks"""

_ISSUED = """
SELECT v.what, 'certificate ' || c.id AS subject, v.detail
FROM certificate c
LEFT JOIN card_account a ON a.id = c.account_id
LEFT JOIN outcome o ON o.operation_id = c.id AND o.kind = 'ISSUE' AND o.reason IS NULL
CROSS JOIN LATERAL (SELECT o.canonical::jsonb AS told) t
CROSS JOIN LATERAL (VALUES
  ('certificate.account', a.id IS NULL, format('account %s does not exist', c.account_id)),
  ('certificate.outcome', o.account_id IS DISTINCT FROM c.account_id,
   'no approved ISSUE of its account has made it'),
  ('certificate.issued_as', o.operation_id IS NOT NULL AND
     (told ->> 'issue_ref', told ->> 'program_code', told -> 'program_version', told -> 'nominal_kopecks',
      told -> 'act' ->> 'body', told -> 'act' ->> 'number', told -> 'act' ->> 'date')
     IS DISTINCT FROM
     (c.issue_ref, c.program_code, to_jsonb(c.program_version), to_jsonb(c.nominal_kopecks),
      c.act_body, c.act_number, c.act_date::text),
   'reference, program, nominal or act differ from the command that made it')
) AS v(what, is_wrong, detail)
WHERE v.is_wrong"""

_ACCOUNTS = """
SELECT 'account.decided_at' AS what, 'account ' || a.id AS subject,
  format('version %s, last decided %s, its last outcome %s', a.version, a.last_decided_at, o.last) AS detail
FROM card_account a
JOIN (SELECT account_id, max(decided_at) AS last FROM outcome WHERE account_id IS NOT NULL
      GROUP BY account_id) o ON o.account_id = a.id
WHERE a.last_decided_at < o.last OR a.version = 0"""

CHECKS: Final = {
    "certificates against their entries": _BALANCES,
    "parts of certificates": _PARTS,
    "certificates against the commands that made them": _ISSUED,
    "accounts against their outcomes": _ACCOUNTS,
}
