"""The one statement that writes a decided batch, guarded by `card_account.version`.

It locks the accounts in id order at the version that was read, if the reading is not too old, bumps
them, and lets every other row in only for an account that was bumped: an account wins or loses whole.
Nothing else in the project writes certificates, purchases, refunds, receipts or entries, but the
closing of a shift, which bumps the same versions.
"""

from dataclasses import dataclass


@dataclass(frozen=True)
class Rows:
    """A table's columns with their SQL types; `parameters` names their arrays in the statement."""

    columns: tuple[tuple[str, str], ...]
    first: int

    @property
    def names(self) -> str:
        return ", ".join(name for name, _ in self.columns)

    @property
    def source(self) -> str:
        arrays = ", ".join(f"${self.first + i}::{sql_type}[]" for i, (_, sql_type) in enumerate(self.columns))
        return f"unnest({arrays}) AS w({self.names})"

    @property
    def following(self) -> int:
        return self.first + len(self.columns)


def _columns(spec: str) -> tuple[tuple[str, str], ...]:
    pairs = [item.split(":") for item in spec.split()]
    return tuple((name, sql_type) for name, sql_type in pairs)


_ACCOUNT = Rows(
    _columns("account_id:bigint version:bigint last_decided_at:timestamptz is_blocked:boolean"), 3
)
_CERTIFICATE_CHANGED = Rows(
    _columns(
        "account_id:bigint id:uuid available_kopecks:bigint held_kopecks:bigint"
        " spent_kopecks:bigint lapsed_kopecks:bigint restorable_kopecks:bigint"
        " valid_until:timestamptz state:text"
    ),
    _ACCOUNT.following,
)
_CERTIFICATE_NEW = Rows(
    _columns(
        "account_id:bigint id:uuid issue_ref:text program_code:text program_version:integer"
        " nominal_kopecks:bigint available_kopecks:bigint held_kopecks:bigint spent_kopecks:bigint"
        " lapsed_kopecks:bigint restorable_kopecks:bigint valid_from:timestamptz"
        " valid_until:timestamptz state:text act_body:text act_number:text act_date:date"
    ),
    _CERTIFICATE_CHANGED.following,
)
_PURCHASE_CHANGED = Rows(
    _columns(
        "account_id:bigint id:uuid state:text closed_at:timestamptz lapsed_from_hold:jsonb"
        " own_money:jsonb capture:jsonb captured_kopecks:bigint sale_date:date"
        " shift_number:integer shift_terminal_id:bigint"
    ),
    _CERTIFICATE_NEW.following,
)
_PURCHASE_NEW = Rows(
    _columns(
        "account_id:bigint id:uuid state:text closed_at:timestamptz lapsed_from_hold:jsonb"
        " own_money:jsonb capture:jsonb captured_kopecks:bigint sale_date:date"
        " shift_number:integer shift_terminal_id:bigint"
        " request_id:uuid merchant_id:bigint outlet_id:bigint terminal_id:bigint"
        " concentrator_id:bigint cashier_ref:text authorized_at:timestamptz"
        " hold_expires_at:timestamptz program_code:text list_version:text rounding_kopecks:bigint"
        " eligible_kopecks:bigint approved_kopecks:bigint lines:jsonb is_shift_closed:boolean"
    ),
    _PURCHASE_CHANGED.following,
)
_REFUND = Rows(
    _columns(
        "account_id:bigint id:uuid purchase_id:uuid refunded_at:timestamptz terminal_id:bigint"
        " shift_number:integer lines:jsonb points_kopecks:bigint lapsed_kopecks:bigint"
        " own_money_kopecks:bigint"
    ),
    _PURCHASE_NEW.following,
)
_RECEIPT = Rows(
    _columns(
        "account_id:bigint purchase_id:uuid fiscal_drive_number:text fiscal_document_number:bigint"
        " kind:text fiscal_sign:bigint kkt_registration_number:text seller_inn:text"
        " shift_number:integer issued_at:timestamptz total_kopecks:bigint operation_id:uuid"
    ),
    _REFUND.following,
)
_ENTRY = Rows(
    _columns(
        "account_id:bigint operation_id:uuid n:smallint certificate_id:uuid purchase_id:uuid"
        " kind:text source:text target:text amount_kopecks:bigint decided_at:timestamptz"
        " agreement_id:bigint sale_date:date"
    ),
    _RECEIPT.following,
)
_CASE = Rows(
    _columns(
        "account_id:bigint operation_id:uuid kind:text purchase_id:uuid amount_kopecks:bigint"
        " opened_at:timestamptz"
    ),
    _ENTRY.following,
)
_OUTCOME = Rows(
    _columns(
        "account_id:bigint merchant_id:bigint request_id:uuid kind:text terminal_id:bigint"
        " concentrator_id:bigint purchase_id:uuid operation_id:uuid canonical:text reason:text"
        " signed_payload:bytea signature:bytea key_id:text decided_at:timestamptz"
    ),
    _CASE.following,
)
TABLES = (
    _ACCOUNT, _CERTIFICATE_CHANGED, _CERTIFICATE_NEW, _PURCHASE_CHANGED, _PURCHASE_NEW,
    _REFUND, _RECEIPT, _ENTRY, _CASE, _OUTCOME,
)  # fmt: skip


def _insert(table: str, rows: Rows) -> str:
    return (
        f"INSERT INTO {table} ({rows.names}) SELECT {rows.names} FROM {rows.source}"
        " WHERE w.account_id IN (SELECT id FROM bumped)"
    )


def _update(table: str, rows: Rows) -> str:
    changes = ", ".join(f"{name} = w.{name}" for name, _ in rows.columns if name not in ("account_id", "id"))
    return (
        f"UPDATE {table} AS t SET {changes} FROM {rows.source}"
        f" WHERE t.id = w.id AND t.id = ANY (${rows.first + 1}::uuid[])"  # the array prunes partitions
        " AND w.account_id IN (SELECT id FROM bumped)"
    )


# The age is checked where the accounts are bumped, thus after any wait for their locks.
WRITE_SQL = f"""
WITH wanted AS MATERIALIZED (SELECT * FROM {_ACCOUNT.source}),
locked AS MATERIALIZED (
  SELECT a.id FROM card_account a JOIN wanted w ON a.id = w.account_id AND a.version = w.version
  ORDER BY a.id FOR UPDATE OF a),
bumped AS (
  UPDATE card_account a
  SET version = a.version + 1, last_decided_at = w.last_decided_at, is_blocked = w.is_blocked
  FROM locked l JOIN wanted w ON w.account_id = l.id
  WHERE a.id = l.id AND tillgate_now() < $1::timestamptz + $2::interval
  RETURNING a.id),
certificate_changed AS ({_update("certificate", _CERTIFICATE_CHANGED)}),
certificate_new AS ({_insert("certificate", _CERTIFICATE_NEW)}),
purchase_changed AS ({_update("purchase", _PURCHASE_CHANGED)}),
purchase_new AS ({_insert("purchase", _PURCHASE_NEW)}),
refund_new AS ({_insert("refund", _REFUND)}),
receipt_new AS ({_insert("receipt", _RECEIPT)}),
entry_new AS ({_insert("entry", _ENTRY)}),
case_new AS ({_insert("review_case", _CASE)}),
outcome_new AS (
  INSERT INTO outcome ({_OUTCOME.names}) SELECT {_OUTCOME.names} FROM {_OUTCOME.source}
  WHERE w.account_id IS NULL OR w.account_id IN (SELECT id FROM bumped))
SELECT id FROM bumped
"""
