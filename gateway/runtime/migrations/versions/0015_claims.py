"""Claims, their lines and steps, budget limits, return demands; an index of each agreement's entries."""

from alembic import op

revision = "0015"
down_revision = "0014"

TABLES = (
    """
    CREATE TABLE claim (
      id BIGINT GENERATED ALWAYS AS IDENTITY,
      agreement_id BIGINT NOT NULL REFERENCES agreement (id),
      merchant_id BIGINT NOT NULL REFERENCES merchant (id),
      first_day DATE NOT NULL,
      last_day DATE NOT NULL,
      correction_number SMALLINT NOT NULL,
      supersedes_id BIGINT REFERENCES claim (id),
      state TEXT NOT NULL,
      built_at TIMESTAMP WITH TIME ZONE NOT NULL,
      lines_sha256 BYTEA NOT NULL,
      line_count INTEGER NOT NULL,
      sale_kopecks BIGINT NOT NULL,
      returned_kopecks BIGINT NOT NULL,
      carried_kopecks BIGINT NOT NULL,
      over_limit_kopecks BIGINT NOT NULL,
      unmatched_kopecks BIGINT NOT NULL,
      sample_seed BYTEA,
      approved_kopecks BIGINT,
      paid_kopecks BIGINT DEFAULT 0 NOT NULL,
      filed_at TIMESTAMP WITH TIME ZONE,
      changed_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      PRIMARY KEY (id),
      CONSTRAINT claim_period CHECK (first_day <= last_day),
      CONSTRAINT claim_correction CHECK (correction_number >= 0 AND (correction_number > 0) = (supersedes_id IS NOT NULL)),
      CONSTRAINT claim_state_known CHECK (state IN ('DRAFT', 'DISCARDED', 'FILED', 'UNDER_REVIEW', 'RETURNED_TO_MERCHANT', 'SUPERSEDED', 'APPROVED', 'APPROVED_IN_PART', 'REFUSED', 'PAYABLE', 'PARTLY_PAID', 'PAID', 'RETURNED_BY_BANK')),
      CONSTRAINT claim_sums CHECK (line_count >= 0 AND sale_kopecks >= 0 AND returned_kopecks >= 0 AND paid_kopecks BETWEEN 0 AND coalesce(approved_kopecks, 0)),
      CONSTRAINT claim_filed CHECK ((filed_at IS NULL) = (state IN ('DRAFT', 'DISCARDED')) AND (filed_at IS NULL OR sale_kopecks > returned_kopecks)),
      CONSTRAINT claim_sha256 CHECK (octet_length(lines_sha256) = 32)
    )
    """,
    "CREATE UNIQUE INDEX claim_one_draft ON claim (agreement_id, first_day) WHERE state = 'DRAFT'",
    "CREATE UNIQUE INDEX claim_correction_once ON claim (agreement_id, first_day, correction_number) WHERE state NOT IN ('DRAFT', 'DISCARDED')",
    "CREATE INDEX claim_state ON claim (state, last_day)",
    """
    CREATE TABLE claim_line (
      claim_id BIGINT NOT NULL REFERENCES claim (id),
      n INTEGER NOT NULL,
      operation_id UUID NOT NULL,
      program_code TEXT NOT NULL,
      purchase_id UUID NOT NULL,
      kind TEXT NOT NULL,
      sale_date DATE NOT NULL,
      decided_at TIMESTAMP WITH TIME ZONE NOT NULL,
      outlet_id BIGINT NOT NULL,
      terminal_id BIGINT NOT NULL,
      amount_kopecks BIGINT NOT NULL,
      treatment TEXT NOT NULL,
      mismatches TEXT[] DEFAULT '{}' NOT NULL,
      evidence SMALLINT NOT NULL,
      receipt_drive_number TEXT,
      receipt_document_number BIGINT,
      is_earlier BOOLEAN NOT NULL,
      is_live BOOLEAN DEFAULT false NOT NULL,
      verdict TEXT,
      verdict_reason TEXT DEFAULT '' NOT NULL,
      PRIMARY KEY (claim_id, n),
      CONSTRAINT claim_line_kind_known CHECK (kind IN ('SALE', 'REFUND', 'VOID')),
      CONSTRAINT claim_line_sign CHECK (CASE kind WHEN 'SALE' THEN amount_kopecks > 0 ELSE amount_kopecks < 0 END),
      CONSTRAINT claim_line_treatment_known CHECK (treatment IN ('INCLUDED', 'CARRIED', 'OVER_LIMIT', 'UNMATCHED')),
      CONSTRAINT claim_line_verdict_known CHECK (verdict IN ('APPROVED', 'REFUSED', 'REFUSED_FOR_GOOD')),
      CONSTRAINT claim_line_live CHECK (NOT is_live OR treatment IN ('INCLUDED', 'OVER_LIMIT'))
    )
    """,
    # Truth 9: a captured kopeck stands in at most one live line.
    "CREATE UNIQUE INDEX claim_line_once ON claim_line (operation_id, program_code) WHERE is_live",
    # Few lines are refused; what a limit still leaves is counted by claims, less these.
    "CREATE INDEX claim_line_refused ON claim_line (claim_id) WHERE verdict IN ('REFUSED', 'REFUSED_FOR_GOOD')",
    """
    CREATE TABLE claim_year (
      claim_id BIGINT NOT NULL REFERENCES claim (id),
      budget_year SMALLINT NOT NULL,
      kbk TEXT NOT NULL,
      net_kopecks BIGINT NOT NULL,
      PRIMARY KEY (claim_id, budget_year)
    )
    """,
    "CREATE INDEX claim_year_of_budget ON claim_year (budget_year, kbk)",
    """
    CREATE TABLE claim_history (
      claim_id BIGINT NOT NULL REFERENCES claim (id),
      n INTEGER NOT NULL,
      step TEXT NOT NULL,
      from_state TEXT NOT NULL,
      to_state TEXT NOT NULL,
      reason TEXT NOT NULL,
      made_by TEXT NOT NULL,
      approved_by TEXT DEFAULT '' NOT NULL,
      made_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      PRIMARY KEY (claim_id, n),
      CONSTRAINT claim_history_signed CHECK (step <> '' AND made_by <> ''),
      CONSTRAINT claim_history_four_eyes CHECK (approved_by <> made_by)
    )
    """,
    """
    CREATE TABLE budget_limit (
      id BIGINT GENERATED ALWAYS AS IDENTITY,
      budget_year SMALLINT NOT NULL,
      kbk TEXT NOT NULL,
      limit_kopecks BIGINT NOT NULL,
      act_number TEXT NOT NULL,
      act_date DATE NOT NULL,
      set_by TEXT NOT NULL,
      set_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      PRIMARY KEY (id),
      CONSTRAINT budget_limit_said CHECK (limit_kopecks >= 0 AND act_number <> '' AND set_by <> '')
    )
    """,
    "CREATE INDEX budget_limit_newest ON budget_limit (budget_year, kbk, id)",
    """
    CREATE TABLE return_demand (
      id BIGINT GENERATED ALWAYS AS IDENTITY,
      agreement_id BIGINT NOT NULL REFERENCES agreement (id),
      operation_id UUID NOT NULL,
      program_code TEXT NOT NULL,
      amount_kopecks BIGINT NOT NULL,
      state TEXT DEFAULT 'DEMANDED' NOT NULL,
      reason TEXT NOT NULL,
      revenue_kbk TEXT NOT NULL,
      purpose TEXT NOT NULL,
      demanded_on DATE NOT NULL,
      due_on DATE NOT NULL,
      returned_kopecks BIGINT DEFAULT 0 NOT NULL,
      offset_claim_id BIGINT REFERENCES claim (id),
      changed_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      PRIMARY KEY (id),
      UNIQUE (operation_id, program_code),
      CONSTRAINT return_demand_state_known CHECK (state IN ('DEMANDED', 'RETURNED', 'OFFSET', 'IN_COURT')),
      CONSTRAINT return_demand_sums CHECK (amount_kopecks > 0 AND returned_kopecks BETWEEN 0 AND amount_kopecks)
    )
    """,
    # Only captures, voids of captures and refunds name an agreement: authorizing writes nothing into it.
    "CREATE INDEX entry_of_agreement ON entry (agreement_id, sale_date) WHERE agreement_id IS NOT NULL",
)

GRANTS = (
    "GRANT SELECT ON claim, claim_line, claim_year, claim_history, budget_limit, return_demand"
    " TO tillgate_gateway, tillgate_reader",
)


def upgrade() -> None:
    """Create what settlement stands on."""
    for statement in (*TABLES, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
    op.execute("DROP INDEX entry_of_agreement")
    op.execute("DROP TABLE return_demand, budget_limit, claim_history, claim_year, claim_line, claim")
