"""The ledger: accounts, certificates, purchases, entries, outcomes, and who may do what to them."""

from alembic import op

revision = "0001"
down_revision = None

# The database's clock is money time. A function of its own lets a test move it.
CLOCK = """
    CREATE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE
    AS 'SELECT clock_timestamp()'
    """

TABLES = (
    """
    CREATE TABLE card_account (
      id BIGINT GENERATED ALWAYS AS IDENTITY,
      version BIGINT DEFAULT '0' NOT NULL,
      last_decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
      holder_ref TEXT NOT NULL,
      is_blocked BOOLEAN DEFAULT 'false' NOT NULL,
      PRIMARY KEY (id),
      UNIQUE (holder_ref)
    )
     WITH (fillfactor = 80)
    """,
    """
    CREATE TABLE certificate (
      id UUID NOT NULL,
      account_id BIGINT NOT NULL,
      issue_ref TEXT NOT NULL,
      program_code TEXT NOT NULL,
      program_version INTEGER NOT NULL,
      nominal_kopecks BIGINT NOT NULL,
      available_kopecks BIGINT NOT NULL,
      held_kopecks BIGINT NOT NULL,
      spent_kopecks BIGINT NOT NULL,
      lapsed_kopecks BIGINT NOT NULL,
      restorable_kopecks BIGINT NOT NULL,
      valid_from TIMESTAMP WITH TIME ZONE NOT NULL,
      valid_until TIMESTAMP WITH TIME ZONE NOT NULL,
      state TEXT NOT NULL,
      act_body TEXT NOT NULL,
      act_number TEXT NOT NULL,
      act_date DATE NOT NULL,
      PRIMARY KEY (id),
      CONSTRAINT parts_sum CHECK (nominal_kopecks = available_kopecks + held_kopecks + spent_kopecks + lapsed_kopecks),
      CONSTRAINT parts_not_negative CHECK (nominal_kopecks > 0 AND available_kopecks >= 0 AND held_kopecks >= 0 AND spent_kopecks >= 0 AND lapsed_kopecks >= 0 AND restorable_kopecks BETWEEN 0 AND lapsed_kopecks),
      CONSTRAINT validity_is_a_period CHECK (valid_from < valid_until),
      CONSTRAINT state_known CHECK (state IN ('ACTIVE', 'BLOCKED', 'WITHDRAWN')),
      UNIQUE (issue_ref)
    )
     WITH (fillfactor = 80)
    """,
    """
    CREATE INDEX ix_certificate_account_id ON certificate (account_id)
    """,
    """
    CREATE TABLE closed_shift (
      operation_id UUID NOT NULL,
      merchant_id BIGINT NOT NULL,
      terminal_id BIGINT NOT NULL,
      shift_number INTEGER NOT NULL,
      closed_at TIMESTAMP WITH TIME ZONE NOT NULL,
      totals JSONB NOT NULL,
      PRIMARY KEY (operation_id)
    )
    """,
    """
    CREATE INDEX closed_shift_key ON closed_shift (terminal_id, shift_number)
    """,
    """
    CREATE TABLE entry (
      operation_id UUID NOT NULL,
      n SMALLINT NOT NULL,
      account_id BIGINT NOT NULL,
      certificate_id UUID NOT NULL,
      purchase_id UUID,
      kind TEXT NOT NULL,
      source TEXT,
      target TEXT NOT NULL,
      amount_kopecks BIGINT NOT NULL,
      decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
      agreement_id BIGINT,
      sale_date DATE,
      PRIMARY KEY (operation_id, n),
      CONSTRAINT amount_positive CHECK (amount_kopecks > 0),
      CONSTRAINT moves CHECK (source IS NULL OR source <> target)
    )
     PARTITION BY RANGE (operation_id)
    """,
    """
    CREATE TABLE outcome (
      merchant_id BIGINT NOT NULL,
      request_id UUID NOT NULL,
      kind TEXT NOT NULL,
      terminal_id BIGINT NOT NULL,
      concentrator_id BIGINT NOT NULL,
      account_id BIGINT,
      purchase_id UUID,
      operation_id UUID NOT NULL,
      canonical TEXT NOT NULL,
      reason TEXT,
      signed_payload BYTEA NOT NULL,
      signature BYTEA NOT NULL,
      key_id TEXT NOT NULL,
      decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
      PRIMARY KEY (merchant_id, request_id)
    )
    """,
    """
    CREATE INDEX outcome_by_time ON outcome (merchant_id, decided_at, request_id)
    """,
    """
    CREATE TABLE purchase (
      id UUID NOT NULL,
      account_id BIGINT NOT NULL,
      request_id UUID NOT NULL,
      merchant_id BIGINT NOT NULL,
      outlet_id BIGINT NOT NULL,
      terminal_id BIGINT NOT NULL,
      concentrator_id BIGINT NOT NULL,
      shift_number INTEGER NOT NULL,
      shift_terminal_id BIGINT NOT NULL,
      cashier_ref TEXT NOT NULL,
      state TEXT NOT NULL,
      authorized_at TIMESTAMP WITH TIME ZONE NOT NULL,
      hold_expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
      closed_at TIMESTAMP WITH TIME ZONE,
      program_code TEXT NOT NULL,
      list_version TEXT NOT NULL,
      rounding_kopecks BIGINT NOT NULL,
      eligible_kopecks BIGINT NOT NULL,
      approved_kopecks BIGINT NOT NULL,
      lines JSONB NOT NULL,
      own_money JSONB NOT NULL,
      lapsed_from_hold JSONB NOT NULL,
      capture JSONB,
      captured_kopecks BIGINT NOT NULL,
      sale_date DATE,
      is_shift_closed BOOLEAN NOT NULL,
      PRIMARY KEY (id),
      CONSTRAINT state_known CHECK (state IN ('AUTHORIZED', 'CAPTURED', 'VOIDED', 'EXPIRED', 'DECLINED')),
      CONSTRAINT captured_within_approved CHECK (captured_kopecks BETWEEN 0 AND approved_kopecks)
    )
     PARTITION BY RANGE (id)
    """,
    """
    CREATE INDEX purchase_live_hold ON purchase (account_id) WHERE state = 'AUTHORIZED'
    """,
    """
    CREATE INDEX purchase_shift ON purchase (shift_terminal_id, shift_number)
    """,
    """
    CREATE TABLE receipt (
      purchase_id UUID NOT NULL,
      fiscal_drive_number TEXT NOT NULL,
      fiscal_document_number BIGINT NOT NULL,
      account_id BIGINT NOT NULL,
      kind TEXT NOT NULL,
      fiscal_sign BIGINT NOT NULL,
      kkt_registration_number TEXT NOT NULL,
      seller_inn TEXT NOT NULL,
      shift_number INTEGER NOT NULL,
      issued_at TIMESTAMP WITH TIME ZONE NOT NULL,
      total_kopecks BIGINT NOT NULL,
      operation_id UUID NOT NULL,
      PRIMARY KEY (purchase_id, fiscal_drive_number, fiscal_document_number)
    )
    """,
    """
    CREATE INDEX receipt_key ON receipt (fiscal_drive_number, fiscal_document_number)
    """,
    """
    CREATE TABLE refund (
      id UUID NOT NULL,
      purchase_id UUID NOT NULL,
      account_id BIGINT NOT NULL,
      refunded_at TIMESTAMP WITH TIME ZONE NOT NULL,
      terminal_id BIGINT NOT NULL,
      shift_number INTEGER NOT NULL,
      lines JSONB NOT NULL,
      points_kopecks BIGINT NOT NULL,
      lapsed_kopecks BIGINT NOT NULL,
      own_money_kopecks BIGINT NOT NULL,
      PRIMARY KEY (id),
      CONSTRAINT parts_not_negative CHECK (points_kopecks >= 0 AND own_money_kopecks >= 0)
    )
    """,
    """
    CREATE INDEX ix_refund_purchase_id ON refund (purchase_id)
    """,
    """
    CREATE INDEX refund_shift ON refund (terminal_id, shift_number)
    """,
    """
    CREATE TABLE review_case (
      operation_id UUID NOT NULL,
      kind TEXT NOT NULL,
      account_id BIGINT NOT NULL,
      purchase_id UUID NOT NULL,
      amount_kopecks BIGINT NOT NULL,
      opened_at TIMESTAMP WITH TIME ZONE NOT NULL,
      PRIMARY KEY (operation_id)
    )
    """,
)

DEFAULT_PARTITIONS = (
    "CREATE TABLE purchase_default PARTITION OF purchase DEFAULT",
    "CREATE TABLE entry_default PARTITION OF entry DEFAULT",
)

ROLES = ("tillgate_gateway", "tillgate_reader")

CREATE_ROLE = """
    DO $$ BEGIN
      CREATE ROLE {role} LOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
    """

# What is append-only stays so by right, not by habit.
GRANTS = (
    "GRANT USAGE ON SCHEMA public TO tillgate_gateway, tillgate_reader",
    "GRANT SELECT ON ALL TABLES IN SCHEMA public TO tillgate_gateway, tillgate_reader",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA public GRANT SELECT ON TABLES TO tillgate_gateway, tillgate_reader",
    "GRANT INSERT, UPDATE ON card_account, certificate, purchase TO tillgate_gateway",
    "GRANT INSERT ON entry, refund, receipt, outcome, closed_shift, review_case TO tillgate_gateway",
)


def upgrade() -> None:
    """Create everything."""
    for statement in (CLOCK, *TABLES, *DEFAULT_PARTITIONS):
        op.execute(statement)
    for role in ROLES:
        op.execute(CREATE_ROLE.format(role=role))
    for statement in GRANTS:
        op.execute(statement)


def downgrade() -> None:
    """Refuse: the ledger is not to be dropped by a slip of the keyboard."""
    raise NotImplementedError("the first revision of the ledger is not undone; restore a backup instead")
