"""Checks of certificates and accounts: columns against entries, and against the act that made them."""

from typing import Final

from gateway.ledger.verify.rules import Rule, check

_STATED = {
    "available": "c.available_kopecks",
    "held": "c.held_kopecks",
    "spent": "c.spent_kopecks",
    "lapsed": "c.lapsed_kopecks",
}

_BALANCES = check(
    "'certificate ' || c.id",
    """certificate c
LEFT JOIN (
  SELECT certificate_id,
    sum(CASE 'AVAILABLE' WHEN target THEN amount_kopecks WHEN source THEN -amount_kopecks END) AS available,
    sum(CASE 'HELD' WHEN target THEN amount_kopecks WHEN source THEN -amount_kopecks END) AS held,
    sum(CASE 'SPENT' WHEN target THEN amount_kopecks WHEN source THEN -amount_kopecks END) AS spent,
    sum(CASE 'LAPSED' WHEN target THEN amount_kopecks WHEN source THEN -amount_kopecks END) AS lapsed,
    sum(amount_kopecks) FILTER (WHERE source IS NULL) AS issued,
    count(*) FILTER (WHERE source IS NULL) AS issues
  FROM entry GROUP BY certificate_id) m ON m.certificate_id = c.id""",
    *(
        Rule(
            "certificate.balance",
            f"{column} <> coalesce(m.{name}, 0)",
            f"format('{name}: stated %s, computed %s', {column}, coalesce(m.{name}, 0))",
        )
        for name, column in _STATED.items()
    ),
    Rule(
        "certificate.nominal",
        "c.nominal_kopecks <> coalesce(m.issued, 0) OR coalesce(m.issues, 0) <> 1",
        "format('nominal %s, issued %s in %s entries', c.nominal_kopecks, m.issued, coalesce(m.issues, 0))",
    ),
    Rule(
        "certificate.parts",
        f"c.nominal_kopecks <> {' + '.join(_STATED.values())}",
        f"format('nominal %s, its parts sum to %s', c.nominal_kopecks, {' + '.join(_STATED.values())})",
    ),
    Rule(
        "certificate.parts",
        f"least({', '.join(_STATED.values())}, c.restorable_kopecks) < 0",
        f"format('a part is below zero: %s', ARRAY[{', '.join(_STATED.values())}, c.restorable_kopecks])",
    ),
    Rule(
        "certificate.parts",
        "c.restorable_kopecks > c.lapsed_kopecks",
        "format('restorable %s of lapsed %s', c.restorable_kopecks, c.lapsed_kopecks)",
    ),
)

# OFFSET 0 keeps the document from being parsed anew for every field.
_ISSUED = check(
    "'certificate ' || c.id",
    """certificate c
LEFT JOIN card_account a ON a.id = c.account_id
LEFT JOIN outcome o ON o.operation_id = c.id AND o.kind = 'ISSUE' AND o.reason IS NULL
CROSS JOIN LATERAL (SELECT o.canonical::jsonb AS told OFFSET 0) t""",
    Rule(
        "certificate.account",
        "a.id IS NULL",
        "format('account %s does not exist', c.account_id)",
    ),
    Rule(
        "certificate.outcome",
        "o.account_id IS DISTINCT FROM c.account_id",
        "'no approved ISSUE of its account has made it'",
    ),
    Rule(
        "certificate.issued_as",
        """o.operation_id IS NOT NULL AND
    (told ->> 'issue_ref', told ->> 'program_code', told -> 'program_version', told -> 'nominal_kopecks',
     told -> 'act' ->> 'body', told -> 'act' ->> 'number', told -> 'act' ->> 'date')
    IS DISTINCT FROM
    (c.issue_ref, c.program_code, to_jsonb(c.program_version), to_jsonb(c.nominal_kopecks),
     c.act_body, c.act_number, c.act_date::text)""",
        "'reference, program, nominal or act differ from the command that made it'",
    ),
)

_ACCOUNTS = check(
    "'account ' || a.id",
    """card_account a
JOIN (SELECT account_id, max(decided_at) AS last FROM outcome WHERE account_id IS NOT NULL
      GROUP BY account_id) o ON o.account_id = a.id""",
    Rule(
        "account.decided_at",
        "a.last_decided_at < o.last OR a.version = 0",
        "format('version %s, last decided %s, its last outcome %s', a.version, a.last_decided_at, o.last)",
    ),
)

CHECKS: Final = {
    "certificates against their entries": _BALANCES,
    "certificates against the commands that made them": _ISSUED,
    "accounts against their outcomes": _ACCOUNTS,
}
