"""The statement that reads what a batch needs; its twin `write_statement` writes what was decided.

Rows that every batch reads come as one array a column, which costs the database half of what rows as JSON
do. Purchases, with all that hangs on them, and what is seldom found are JSON under the domain's field names.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from gateway.domain.certificate import Certificate


@dataclass(frozen=True, eq=False)
class Arrays:
    """Rows of `source` as arrays, one for each of `columns`: SQL expressions over what it names."""

    name: str
    columns: tuple[str, ...]
    source: str

    @property
    def sql(self) -> str:
        """The one row of arrays; they are NULL if nothing was found."""
        arrays = ", ".join(f"array_agg({c}) AS {self._label(n)}" for n, c in enumerate(self.columns))
        return f"(SELECT {arrays} FROM {self.source}) AS {self.name}_arrays"

    def rows(self, row: Mapping[str, Any]) -> Iterable[tuple[Any, ...]]:
        """The rows again, from the answer of the statement."""
        return zip(*(row[self._label(n)] or () for n in range(len(self.columns))), strict=True)

    def _label(self, number: int) -> str:
        return f"{self.name}_{number}"


def _of(alias: str, *columns: str) -> tuple[str, ...]:
    return tuple(f"{alias}.{column}" for column in columns)


def _json_object(alias: str, columns: str, **others: str) -> str:
    """SQL of a JSON object: columns of an alias under their own names, and other expressions."""
    pairs = [f"'{name}', {alias}.{name}" for name in columns.split()]
    pairs += [f"'{name}', {expression}" for name, expression in others.items()]
    return f"json_build_object({', '.join(pairs)})"


_REFUND = _json_object("r", "id refunded_at terminal_id shift_number lines lapsed_kopecks own_money_kopecks")
_RECEIPT = _json_object(
    "r",
    "kind fiscal_drive_number fiscal_document_number fiscal_sign kkt_registration_number seller_inn"
    " shift_number issued_at total_kopecks",
)
_REFUNDS = f"(SELECT json_agg({_REFUND} ORDER BY r.id) FROM refund r WHERE r.purchase_id = p.id)"
_RECEIPTS = (
    f"(SELECT json_agg({_RECEIPT} ORDER BY r.operation_id, r.fiscal_drive_number, r.fiscal_document_number)"
    " FROM receipt r WHERE r.purchase_id = p.id)"
)
_PURCHASE = _json_object(
    "p",
    "id account_id request_id merchant_id outlet_id terminal_id concentrator_id shift_number cashier_ref"
    " state authorized_at hold_expires_at closed_at program_code list_version rounding_kopecks"
    " eligible_kopecks lines own_money lapsed_from_hold capture is_shift_closed",
    refunds=f"coalesce(CASE WHEN p.state = 'CAPTURED' THEN {_REFUNDS} END, '[]')",
    receipts=f"coalesce(CASE WHEN p.state <> 'DECLINED' THEN {_RECEIPTS} END, '[]')",
)

CARDS: Final = Arrays("card", _of("k", "token", "account_id", "stopped_at"), "named_card k")
_STOPPED_AT = (
    "(SELECT CASE WHEN bool_and(coalesce(k.stopped_at <= tillgate_now(), false)) THEN tillgate_now()"
    " ELSE max(k.stopped_at) END FROM card k WHERE k.account_id = a.id)"
)
ACCOUNTS: Final = Arrays(
    "account",
    (*_of("a", "id", "version", "last_decided_at", "holder_ref", "is_blocked"), _STOPPED_AT),
    "card_account a WHERE a.id = ANY (ARRAY(SELECT id FROM account_id))",
)
CERTIFICATES: Final = Arrays(
    "certificate", _of("c", "account_id", *Certificate.__struct_fields__), "found_certificate c"
)

_OUTCOMES_AND_CARDS = """
WITH found_outcome AS MATERIALIZED (
  SELECT o.merchant_id, o.request_id, o.kind, o.canonical, o.account_id, o.purchase_id
  FROM unnest($1::bigint[], $2::uuid[]) AS k(merchant_id, request_id)
  JOIN outcome o ON o.merchant_id = k.merchant_id AND o.request_id = k.request_id),
named_card AS MATERIALIZED (
  SELECT token, account_id, stopped_at FROM card WHERE token = ANY ($3::bytea[]))"""

_ACCOUNTS_OF_CARDS = """,
account_id AS MATERIALIZED (SELECT account_id AS id FROM named_card)"""

# Arrays from sub-selects (`= ANY (ARRAY(...))`) rather than joins: the planner then prunes the
# partitions of `purchase` by id when it runs the statement.
_ACCOUNTS_OF_ALL = """,
found_receipt AS MATERIALIZED (
  SELECT r.fiscal_drive_number, r.fiscal_document_number, r.purchase_id
  FROM unnest($5::text[], $6::bigint[]) AS k(drive, document)
  JOIN receipt r ON r.fiscal_drive_number = k.drive AND r.fiscal_document_number = k.document),
named AS MATERIALIZED (
  SELECT unnest($4::uuid[]) AS id
  UNION SELECT purchase_id FROM found_outcome WHERE purchase_id IS NOT NULL
  UNION SELECT purchase_id FROM found_receipt),
named_purchase AS MATERIALIZED (
  SELECT id, account_id FROM purchase WHERE id = ANY (ARRAY(SELECT id FROM named))),
account_id AS MATERIALIZED (
  SELECT account_id AS id FROM named_card
  UNION SELECT account_id FROM named_purchase
  UNION SELECT id FROM card_account WHERE holder_ref = ANY ($7::text[])
  UNION SELECT account_id FROM certificate WHERE id = ANY ($8::uuid[])
  UNION SELECT unnest($9::bigint[]))"""

# Most accounts hold nothing: for them no month's partition is searched.
_CERTIFICATES_AND_ENDED_HOLDS = """,
found_certificate AS MATERIALIZED (
  SELECT * FROM certificate WHERE account_id = ANY (ARRAY(SELECT id FROM account_id))
  ORDER BY valid_until, id),
decision AS MATERIALIZED (  -- a decision on an account is never before its last one
  SELECT greatest(tillgate_now(), max(last_decided_at)) AS until
  FROM card_account WHERE id = ANY (ARRAY(SELECT id FROM account_id))),
found_purchase AS MATERIALIZED (
  SELECT * FROM purchase p
  WHERE p.state = 'AUTHORIZED'
    AND p.account_id = ANY (ARRAY(SELECT account_id FROM found_certificate WHERE held_kopecks > 0))
    AND p.hold_expires_at <= (SELECT until FROM decision)"""

_NAMED_PURCHASES = """
    AND NOT p.id = ANY (ARRAY(SELECT id FROM named_purchase))
  UNION ALL
  SELECT * FROM purchase p
  WHERE p.id = ANY (ARRAY(SELECT id FROM named_purchase))"""

_ANSWER = f""")
SELECT
  tillgate_now() AS now,
  (SELECT epoch FROM registry_epoch) AS registry_epoch,
  (SELECT epoch FROM goods_epoch) AS goods_epoch,
  (SELECT coalesce(json_agg(o), '[]') FROM found_outcome o)::text AS outcomes,
  (SELECT coalesce(json_agg({_PURCHASE}), '[]') FROM found_purchase p)::text AS purchases,
  card_arrays.*, account_arrays.*, certificate_arrays.*"""

_FOUND_RECEIPTS = """,
  (SELECT coalesce(json_agg(r), '[]') FROM found_receipt r)::text AS receipts"""

_ARRAYS = f"""
FROM {CARDS.sql},
{ACCOUNTS.sql},
{CERTIFICATES.sql}
"""

READ_BY_CARD: Final = "".join(
    (_OUTCOMES_AND_CARDS, _ACCOUNTS_OF_CARDS, _CERTIFICATES_AND_ENDED_HOLDS, _ANSWER, _ARRAYS)
)
"""For a batch that names nothing but cards, which most are: what nobody asks for costs nothing.

Parameters: merchants and request ids of the outcomes, card tokens.
"""

READ: Final = "".join(
    (
        _OUTCOMES_AND_CARDS,
        _ACCOUNTS_OF_ALL,
        _CERTIFICATES_AND_ENDED_HOLDS,
        _NAMED_PURCHASES,
        _ANSWER,
        _FOUND_RECEIPTS,
        _ARRAYS,
    )
)
"""The same with purchases by id, request id and receipt, and accounts by holder, certificate and id.

Parameters: those of `READ_BY_CARD`, purchase ids, fiscal drives and documents of receipts, holders,
certificate ids, account ids.
"""
