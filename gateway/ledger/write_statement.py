"""The one statement that writes a decided batch, guarded by `card_account.version`.

It locks the accounts in id order at the version that was read, if the reading is not too old, bumps
them, and lets every other row in only for an account that was bumped: an account wins or loses whole.
Nothing else in the project writes certificates, purchases, refunds, receipts or entries, but the
closing of a shift, which bumps the same versions.

A table's rows travel as one array of a composite type. Arrays of columns were tried first: each element
then cost the driver three times as much, and the database opened a function scan for every column.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any, Final


@dataclass(frozen=True, eq=False)
class Rows:
    """How rows of a table are written: the columns, and the composite type in which they travel.

    A type is never altered, for gateways of two versions work side by side: other columns are another type,
    which a migration makes. `is_pruned`: an update passes the ids once more by themselves, from which the
    database sees in which partitions it need not look. Elsewhere that would only cost: it would look for
    each row once for every id.
    """

    row_type: str
    columns: tuple[tuple[str, str], ...]
    table: str
    is_update: bool = False
    is_pruned: bool = False

    @property
    def names(self) -> str:
        return ", ".join(name for name, _ in self.columns)

    @property
    def parameter_count(self) -> int:
        return 2 if self.is_pruned else 1

    def source(self, first: int) -> str:
        """The rows; the first of their parameters has the number `first`."""
        return f"unnest(${first}::{self.row_type}[]) AS w"

    def arguments(self, rows: Sequence[tuple[Any, ...]]) -> list[Any]:
        """The parameters of rows: themselves, and the ids if partitions are pruned by them."""
        return [rows, [row[_ID] for row in rows]] if self.is_pruned else [rows]


_ID: Final = 1
"""Where the id stands in a row that updates one."""


def _columns(spec: str) -> tuple[tuple[str, str], ...]:
    pairs = [item.split(":") for item in spec.split()]
    return tuple((name, sql_type) for name, sql_type in pairs)


_ACCOUNT = Rows(
    "card_account_change_v1",
    _columns("account_id:bigint version:bigint last_decided_at:timestamptz is_blocked:boolean"),
    "card_account",
)
_CERTIFICATE_CHANGED = Rows(
    "certificate_change_v1",
    _columns(
        "account_id:bigint id:uuid available_kopecks:bigint held_kopecks:bigint"
        " spent_kopecks:bigint lapsed_kopecks:bigint restorable_kopecks:bigint"
        " valid_until:timestamptz state:text"
    ),
    "certificate",
    is_update=True,
)
_CERTIFICATE_NEW = Rows(
    "certificate_row_v1",
    _columns(
        "account_id:bigint id:uuid issue_ref:text program_code:text program_version:integer"
        " nominal_kopecks:bigint available_kopecks:bigint held_kopecks:bigint spent_kopecks:bigint"
        " lapsed_kopecks:bigint restorable_kopecks:bigint valid_from:timestamptz"
        " valid_until:timestamptz state:text act_body:text act_number:text act_date:date"
    ),
    "certificate",
)
_PURCHASE_CHANGED = Rows(
    "purchase_change_v1",
    _columns(
        "account_id:bigint id:uuid state:text closed_at:timestamptz lapsed_from_hold:jsonb"
        " own_money:jsonb capture:jsonb captured_kopecks:bigint sale_date:date"
        " shift_number:integer shift_terminal_id:bigint"
    ),
    "purchase",
    is_update=True,
    is_pruned=True,
)
_PURCHASE_NEW = Rows(
    "purchase_row_v2",
    _columns(
        "account_id:bigint id:uuid state:text closed_at:timestamptz lapsed_from_hold:jsonb"
        " own_money:jsonb capture:jsonb captured_kopecks:bigint sale_date:date"
        " shift_number:integer shift_terminal_id:bigint"
        " request_id:uuid merchant_id:bigint outlet_id:bigint terminal_id:bigint"
        " concentrator_id:bigint cashier_ref:text authorized_at:timestamptz"
        " hold_expires_at:timestamptz program_code:text list_version:text rounding_kopecks:bigint"
        " eligible_kopecks:bigint approved_kopecks:bigint lines:json is_shift_closed:boolean"
    ),
    "purchase",
)
_REFUND = Rows(
    "refund_row_v1",
    _columns(
        "account_id:bigint id:uuid purchase_id:uuid refunded_at:timestamptz terminal_id:bigint"
        " shift_number:integer lines:jsonb points_kopecks:bigint lapsed_kopecks:bigint"
        " own_money_kopecks:bigint"
    ),
    "refund",
)
_RECEIPT = Rows(
    "receipt_row_v1",
    _columns(
        "account_id:bigint purchase_id:uuid fiscal_drive_number:text fiscal_document_number:bigint"
        " kind:text fiscal_sign:bigint kkt_registration_number:text seller_inn:text"
        " shift_number:integer issued_at:timestamptz total_kopecks:bigint operation_id:uuid"
    ),
    "receipt",
)
_ENTRY = Rows(
    "entry_row_v1",
    _columns(
        "account_id:bigint operation_id:uuid n:smallint certificate_id:uuid purchase_id:uuid"
        " kind:text source:text target:text amount_kopecks:bigint decided_at:timestamptz"
        " agreement_id:bigint sale_date:date"
    ),
    "entry",
)
_CASE = Rows(
    "review_case_row_v1",
    _columns(
        "account_id:bigint operation_id:uuid kind:text purchase_id:uuid amount_kopecks:bigint"
        " opened_at:timestamptz"
    ),
    "review_case",
)
_OUTCOME = Rows(
    "outcome_row_v1",
    _columns(
        "account_id:bigint merchant_id:bigint request_id:uuid kind:text terminal_id:bigint"
        " concentrator_id:bigint purchase_id:uuid operation_id:uuid canonical:text reason:text"
        " signed_payload:bytea signature:bytea key_id:text decided_at:timestamptz"
    ),
    "outcome",
)
TABLES = (
    _ACCOUNT, _CERTIFICATE_CHANGED, _CERTIFICATE_NEW, _PURCHASE_CHANGED, _PURCHASE_NEW,
    _REFUND, _RECEIPT, _ENTRY, _CASE, _OUTCOME,
)  # fmt: skip


def _insert(rows: Rows, first: int) -> str:
    condition = "w.account_id IN (SELECT id FROM bumped)"
    if rows is _OUTCOME:
        # What has no account has no guard but its age: nothing may enter a day that may be sealed already.
        fresh = "tillgate_write_by($1::timestamptz + $2::interval)"
        condition = f"CASE WHEN w.account_id IS NULL THEN {fresh} ELSE {condition} END"
    return (
        f"INSERT INTO {rows.table} ({rows.names}) SELECT {rows.names} FROM {rows.source(first)}"
        f" WHERE {condition}"
    )


def _update(rows: Rows, first: int) -> str:
    changes = ", ".join(f"{name} = w.{name}" for name, _ in rows.columns if name not in ("account_id", "id"))
    pruning = f" AND t.id = ANY (${first + 1}::uuid[])" if rows.is_pruned else ""
    return (
        f"UPDATE {rows.table} AS t SET {changes} FROM {rows.source(first)}"
        f" WHERE t.id = w.id{pruning} AND w.account_id IN (SELECT id FROM bumped)"
    )


# The age is checked where the accounts are bumped, thus after any wait for their locks.
_GUARD = f"""
WITH wanted AS MATERIALIZED (SELECT * FROM {_ACCOUNT.source(3)}),
locked AS MATERIALIZED (
  SELECT a.id FROM card_account a JOIN wanted w ON a.id = w.account_id AND a.version = w.version
  ORDER BY a.id FOR UPDATE OF a),
bumped AS (
  UPDATE card_account a
  SET version = a.version + 1, last_decided_at = w.last_decided_at, is_blocked = w.is_blocked
  FROM locked l JOIN wanted w ON w.account_id = l.id
  WHERE a.id = l.id AND tillgate_now() < $1::timestamptz + $2::interval
  RETURNING a.id)"""


@cache
def write_sql(written: tuple[Rows, ...]) -> str:
    """The statement that writes rows of these of `TABLES`, the accounts first, in their order.

    Its parameters are the instant of reading, the greatest age, and the `arguments` of each table. What a
    batch has no rows for costs nothing: a table that stands in the statement costs the database and the
    driver some hundred microseconds even without rows.
    """
    parts, first = [_GUARD], 3 + _ACCOUNT.parameter_count
    for number, rows in enumerate(written[1:]):
        change = _update if rows.is_update else _insert
        parts.append(f"change_{number} AS ({change(rows, first)})")
        first += rows.parameter_count
    return ",\n".join(parts) + "\nSELECT id FROM bumped\n"
