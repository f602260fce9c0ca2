"""The composite types in which a batch's rows travel to the database, each row as one value."""

from alembic import op

revision = "0005"
down_revision = "0004"

TYPES = {
    "card_account_change_v1": "account_id bigint, version bigint, last_decided_at timestamptz, is_blocked boolean",
    "certificate_change_v1": (
        "account_id bigint, id uuid, available_kopecks bigint, held_kopecks bigint, "
        "spent_kopecks bigint, lapsed_kopecks bigint, restorable_kopecks bigint, "
        "valid_until timestamptz, state text"
    ),
    "certificate_row_v1": (
        "account_id bigint, id uuid, issue_ref text, program_code text, program_version integer, "
        "nominal_kopecks bigint, available_kopecks bigint, held_kopecks bigint, "
        "spent_kopecks bigint, lapsed_kopecks bigint, restorable_kopecks bigint, "
        "valid_from timestamptz, valid_until timestamptz, state text, act_body text, "
        "act_number text, act_date date"
    ),
    "purchase_change_v1": (
        "account_id bigint, id uuid, state text, closed_at timestamptz, lapsed_from_hold jsonb, "
        "own_money jsonb, capture jsonb, captured_kopecks bigint, sale_date date, "
        "shift_number integer, shift_terminal_id bigint"
    ),
    "purchase_row_v1": (
        "account_id bigint, id uuid, state text, closed_at timestamptz, lapsed_from_hold jsonb, "
        "own_money jsonb, capture jsonb, captured_kopecks bigint, sale_date date, "
        "shift_number integer, shift_terminal_id bigint, request_id uuid, merchant_id bigint, "
        "outlet_id bigint, terminal_id bigint, concentrator_id bigint, cashier_ref text, "
        "authorized_at timestamptz, hold_expires_at timestamptz, program_code text, "
        "list_version text, rounding_kopecks bigint, eligible_kopecks bigint, "
        "approved_kopecks bigint, lines jsonb, is_shift_closed boolean"
    ),
    "refund_row_v1": (
        "account_id bigint, id uuid, purchase_id uuid, refunded_at timestamptz, terminal_id bigint, "
        "shift_number integer, lines jsonb, points_kopecks bigint, lapsed_kopecks bigint, "
        "own_money_kopecks bigint"
    ),
    "receipt_row_v1": (
        "account_id bigint, purchase_id uuid, fiscal_drive_number text, "
        "fiscal_document_number bigint, kind text, fiscal_sign bigint, kkt_registration_number text, "
        "seller_inn text, shift_number integer, issued_at timestamptz, total_kopecks bigint, "
        "operation_id uuid"
    ),
    "entry_row_v1": (
        "account_id bigint, operation_id uuid, n smallint, certificate_id uuid, purchase_id uuid, "
        "kind text, source text, target text, amount_kopecks bigint, decided_at timestamptz, "
        "agreement_id bigint, sale_date date"
    ),
    "review_case_row_v1": (
        "account_id bigint, operation_id uuid, kind text, purchase_id uuid, amount_kopecks bigint, "
        "opened_at timestamptz"
    ),
    "outcome_row_v1": (
        "account_id bigint, merchant_id bigint, request_id uuid, kind text, terminal_id bigint, "
        "concentrator_id bigint, purchase_id uuid, operation_id uuid, canonical text, reason text, "
        "signed_payload bytea, signature bytea, key_id text, decided_at timestamptz"
    ),
}


def upgrade() -> None:
    """Make the types."""
    for name, columns in TYPES.items():
        op.execute(f"CREATE TYPE {name} AS ({columns})")


def downgrade() -> None:
    """Drop the types."""
    for name in TYPES:
        op.execute(f"DROP TYPE {name}")
