"""Payout registers and their transfers; imported statements and their entries."""

from alembic import op

revision = "0017"
down_revision = "0016"

TABLES = (
    """
    CREATE TABLE payout (
      id BIGINT GENERATED ALWAYS AS IDENTITY,
      state TEXT DEFAULT 'DRAFT' NOT NULL,
      dated DATE NOT NULL,
      payer JSONB NOT NULL,
      transfer_count INTEGER NOT NULL,
      sum_kopecks BIGINT NOT NULL,
      sha256 BYTEA NOT NULL,
      made_by TEXT NOT NULL,
      made_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      approved_by TEXT,
      approved_at TIMESTAMP WITH TIME ZONE,
      PRIMARY KEY (id),
      CONSTRAINT payout_state_known CHECK (state IN ('DRAFT', 'DISCARDED', 'EXPORTED', 'CLOSED')),
      CONSTRAINT payout_sums CHECK (transfer_count > 0 AND sum_kopecks > 0 AND octet_length(sha256) = 32),
      CONSTRAINT payout_signed CHECK (made_by <> '' AND approved_by <> made_by AND num_nulls(approved_by, approved_at) <> 1),
      CONSTRAINT payout_four_eyes CHECK (state IN ('DRAFT', 'DISCARDED') OR approved_by IS NOT NULL)
    )
    """,
    """
    CREATE TABLE transfer (
      id BIGINT GENERATED ALWAYS AS IDENTITY,
      end_to_end_id TEXT NOT NULL,
      payout_id BIGINT NOT NULL REFERENCES payout (id),
      claim_id BIGINT NOT NULL REFERENCES claim (id),
      state TEXT DEFAULT 'DRAFT' NOT NULL,
      order_number TEXT NOT NULL,
      dated DATE NOT NULL,
      amount_kopecks BIGINT NOT NULL,
      account_id BIGINT NOT NULL REFERENCES merchant_account (id),
      payee JSONB NOT NULL,
      kbk TEXT NOT NULL,
      personal_account TEXT NOT NULL,
      obligation_number TEXT NOT NULL,
      purpose_code TEXT NOT NULL,
      purpose TEXT NOT NULL,
      executed_kopecks BIGINT DEFAULT 0 NOT NULL,
      returned_kopecks BIGINT DEFAULT 0 NOT NULL,
      executed_on DATE,
      returned_on DATE,
      PRIMARY KEY (id),
      UNIQUE (end_to_end_id),
      CONSTRAINT transfer_state_known CHECK (state IN ('DRAFT', 'DISCARDED', 'EXPORTED', 'EXECUTED', 'RETURNED')),
      CONSTRAINT transfer_named CHECK (length(end_to_end_id) BETWEEN 1 AND 35 AND length(purpose) BETWEEN 1 AND 210),
      CONSTRAINT transfer_sums CHECK (amount_kopecks > 0 AND executed_kopecks BETWEEN 0 AND amount_kopecks AND returned_kopecks BETWEEN 0 AND executed_kopecks),
      CONSTRAINT transfer_executed CHECK (state <> 'EXECUTED' OR executed_kopecks = amount_kopecks)
    )
    """,
    # A claim has one open transfer at a time: what is on its way is not sent again.
    "CREATE UNIQUE INDEX transfer_one_open ON transfer (claim_id) WHERE state IN ('DRAFT', 'EXPORTED')",
    "CREATE INDEX transfer_of_payout ON transfer (payout_id)",
    "CREATE INDEX transfer_order ON transfer (order_number, dated)",
    "CREATE INDEX transfer_of_claim ON transfer (claim_id)",
    """
    CREATE TABLE statement (
      id BIGINT GENERATED ALWAYS AS IDENTITY,
      sha256 BYTEA NOT NULL,
      format TEXT NOT NULL,
      account TEXT NOT NULL,
      first_day DATE NOT NULL,
      last_day DATE NOT NULL,
      entry_count INTEGER NOT NULL,
      imported_by TEXT NOT NULL,
      imported_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      PRIMARY KEY (id),
      UNIQUE (sha256),
      CONSTRAINT statement_format_known CHECK (format IN ('1C', 'CAMT_053')),
      CONSTRAINT statement_whole CHECK (first_day <= last_day AND entry_count >= 0 AND imported_by <> '' AND octet_length(sha256) = 32)
    )
    """,
    """
    CREATE TABLE statement_entry (
      statement_id BIGINT NOT NULL REFERENCES statement (id),
      n INTEGER NOT NULL,
      key BYTEA NOT NULL,
      direction TEXT NOT NULL,
      booked_on DATE NOT NULL,
      amount_kopecks BIGINT NOT NULL,
      order_number TEXT NOT NULL,
      end_to_end_id TEXT NOT NULL,
      counterparty_account TEXT NOT NULL,
      counterparty_name TEXT NOT NULL,
      purpose TEXT NOT NULL,
      effect TEXT NOT NULL,
      problem TEXT NOT NULL,
      transfer_id BIGINT REFERENCES transfer (id),
      demand_id BIGINT REFERENCES return_demand (id),
      PRIMARY KEY (statement_id, n),
      CONSTRAINT statement_entry_direction_known CHECK (direction IN ('DEBIT', 'CREDIT')),
      CONSTRAINT statement_entry_effect_known CHECK (effect IN ('EXECUTED', 'RETURNED', 'DEMAND', 'OTHER', 'SET_ASIDE')),
      CONSTRAINT statement_entry_whole CHECK (amount_kopecks > 0 AND octet_length(key) = 32 AND (effect = 'SET_ASIDE') = (problem <> '')),
      CONSTRAINT statement_entry_effect_named CHECK (CASE effect WHEN 'EXECUTED' THEN transfer_id IS NOT NULL WHEN 'RETURNED' THEN transfer_id IS NOT NULL WHEN 'DEMAND' THEN demand_id IS NOT NULL ELSE true END)
    )
    """,
    # The same entry in a second statement has no second effect.
    "CREATE UNIQUE INDEX statement_entry_once ON statement_entry (key)",
    "CREATE INDEX statement_entry_booked ON statement_entry (booked_on)",
    "CREATE INDEX statement_entry_of_transfer ON statement_entry (transfer_id)",
)

GRANTS = (
    "GRANT SELECT ON payout, transfer, statement, statement_entry TO tillgate_gateway, tillgate_reader",
)


def upgrade() -> None:
    """Create payouts and statements."""
    for statement in (*TABLES, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Take them away again."""
    op.execute("DROP TABLE statement_entry, statement, transfer, payout")
