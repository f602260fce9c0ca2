"""Enrolment: applications, histories, accounts, agreements' life, tills' numbers, the directory of banks."""

from alembic import op

revision = "0010"
down_revision = "0009"

# Every agreement of before was entered as one that is in force: it stays so.
AGREEMENT = (
    """
    ALTER TABLE agreement
      ADD COLUMN state TEXT NOT NULL DEFAULT 'CONCLUDED',
      ADD COLUMN drafted_on DATE,
      ADD COLUMN send_due_on DATE,
      ADD COLUMN sent_on DATE,
      ADD COLUMN return_due_on DATE,
      ADD COLUMN signed_on DATE,
      ADD COLUMN returned_on DATE,
      ADD COLUMN ceiling_kopecks BIGINT,
      ADD COLUMN settings JSONB NOT NULL DEFAULT '{}',
      ADD COLUMN sales_closed_at TIMESTAMP WITH TIME ZONE,
      ADD CONSTRAINT agreement_state_known
        CHECK (state IN ('DRAFT', 'SENT', 'SIGNED', 'CONCLUDED', 'SETTLED', 'CANCELLED')),
      ADD CONSTRAINT agreement_ceiling_positive CHECK (ceiling_kopecks > 0)
    """,
)

TABLES = (
    """
    CREATE TABLE application (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      request_id UUID NOT NULL UNIQUE,
      inn TEXT NOT NULL,
      name TEXT NOT NULL,
      body JSONB NOT NULL,
      body_sha256 BYTEA NOT NULL,
      state TEXT NOT NULL DEFAULT 'SUBMITTED',
      submitted_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      changed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      reason TEXT NOT NULL DEFAULT '',
      merchant_id BIGINT REFERENCES merchant (id),
      CONSTRAINT application_inn_digits CHECK (inn ~ '^[0-9]{10}([0-9]{2})?$'),
      CONSTRAINT application_body_sha256 CHECK (octet_length(body_sha256) = 32),
      CONSTRAINT application_state_known
        CHECK (state IN ('SUBMITTED', 'UNDER_REVIEW', 'REGISTERED', 'REFUSED')),
      CONSTRAINT application_decided_whole CHECK (
        (state = 'REGISTERED') = (merchant_id IS NOT NULL) AND (state = 'REFUSED') = (reason <> ''))
    )
    """,
    """
    CREATE UNIQUE INDEX application_one_open ON application (inn)
      WHERE state IN ('SUBMITTED', 'UNDER_REVIEW')
    """,
    """
    CREATE TABLE registry_history (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      subject TEXT NOT NULL,
      subject_id BIGINT NOT NULL,
      step TEXT NOT NULL,
      from_state TEXT NOT NULL,
      to_state TEXT NOT NULL,
      reason TEXT NOT NULL,
      made_by TEXT NOT NULL,
      approved_by TEXT NOT NULL DEFAULT '',
      made_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      CONSTRAINT registry_history_subject_known
        CHECK (subject IN ('application', 'merchant', 'account', 'agreement', 'outlet', 'terminal')),
      CONSTRAINT registry_history_signed CHECK (step <> '' AND made_by <> ''),
      CONSTRAINT registry_history_four_eyes CHECK (approved_by <> made_by)
    )
    """,
    "CREATE INDEX registry_history_subject ON registry_history (subject, subject_id, id)",
    """
    CREATE TABLE merchant_profile (
      merchant_id BIGINT PRIMARY KEY REFERENCES merchant (id),
      kind TEXT NOT NULL,
      full_name TEXT NOT NULL,
      kpp TEXT NOT NULL,
      ogrn TEXT NOT NULL,
      legal_address TEXT NOT NULL,
      postal_address TEXT NOT NULL,
      signatory JSONB NOT NULL,
      contact JSONB NOT NULL,
      registered_on DATE NOT NULL,
      is_taken_over BOOLEAN NOT NULL,
      successor_of BIGINT REFERENCES merchant (id),
      CONSTRAINT merchant_profile_kind_known CHECK (kind IN ('ENTITY', 'ENTREPRENEUR')),
      CONSTRAINT merchant_profile_numbers_of_kind CHECK (
        (kind = 'ENTITY') = (kpp <> '') AND length(ogrn) = CASE kind WHEN 'ENTITY' THEN 13 ELSE 15 END),
      CONSTRAINT merchant_profile_successor_of_another CHECK (successor_of <> merchant_id)
    )
    """,
    """
    CREATE TABLE merchant_account (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      merchant_id BIGINT NOT NULL REFERENCES merchant (id),
      bic TEXT NOT NULL,
      account TEXT NOT NULL,
      state TEXT NOT NULL DEFAULT 'PROPOSED',
      reason TEXT NOT NULL,
      proposed_by TEXT NOT NULL,
      proposed_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      decided_by TEXT,
      decided_at TIMESTAMP WITH TIME ZONE,
      CONSTRAINT merchant_account_digits CHECK (bic ~ '^[0-9]{9}$' AND account ~ '^[0-9]{20}$'),
      CONSTRAINT merchant_account_state_known CHECK (state IN ('PROPOSED', 'CONFIRMED', 'REJECTED')),
      CONSTRAINT merchant_account_decided_whole CHECK (
        num_nonnulls(decided_by, decided_at) = CASE state WHEN 'PROPOSED' THEN 0 ELSE 2 END),
      CONSTRAINT merchant_account_four_eyes CHECK (state <> 'CONFIRMED' OR decided_by <> proposed_by)
    )
    """,
    "CREATE UNIQUE INDEX merchant_account_one_proposed ON merchant_account (merchant_id) WHERE state = 'PROPOSED'",
    "CREATE INDEX merchant_account_current ON merchant_account (merchant_id, decided_at)",
    """
    CREATE TABLE agreement_addendum (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      agreement_id BIGINT NOT NULL REFERENCES agreement (id),
      number TEXT NOT NULL,
      signed_on DATE NOT NULL,
      changes JSONB NOT NULL,
      made_by TEXT NOT NULL,
      made_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      CONSTRAINT agreement_addendum_signed CHECK (number <> '' AND made_by <> ''),
      UNIQUE (agreement_id, number)
    )
    """,
    """
    CREATE TABLE ceiling_signal (
      agreement_id BIGINT REFERENCES agreement (id),
      ceiling_kopecks BIGINT,
      percent SMALLINT,
      used_kopecks BIGINT NOT NULL,
      signalled_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      PRIMARY KEY (agreement_id, ceiling_kopecks, percent),
      CONSTRAINT ceiling_signal_positive CHECK (ceiling_kopecks > 0 AND percent > 0)
    )
    """,
    """
    CREATE TABLE ceiling_count (
      id SMALLINT DEFAULT 1 PRIMARY KEY,
      counted_at TIMESTAMP WITH TIME ZONE NOT NULL,
      CONSTRAINT ceiling_count_single CHECK (id = 1)
    )
    """,
    "INSERT INTO ceiling_count (counted_at) VALUES ('-infinity')",
    """
    CREATE TABLE terminal_fiscal (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      terminal_id BIGINT NOT NULL REFERENCES terminal (id),
      kkt_number TEXT NOT NULL,
      drive_number TEXT NOT NULL,
      days DATERANGE NOT NULL,
      CONSTRAINT terminal_fiscal_digits CHECK (kkt_number ~ '^[0-9]{16}$' AND drive_number ~ '^[0-9]{16}$'),
      CONSTRAINT terminal_fiscal_has_first_day CHECK (NOT isempty(days) AND NOT lower_inf(days)),
      CONSTRAINT terminal_fiscal_one_at_a_time EXCLUDE USING gist (
        int8range(terminal_id, terminal_id, '[]') WITH &&, days WITH &&),
      CONSTRAINT terminal_fiscal_till_at_one_terminal EXCLUDE USING gist (
        program_code_range(kkt_number, kkt_number, '[]') WITH &&, days WITH &&),
      CONSTRAINT terminal_fiscal_drive_at_one_terminal EXCLUDE USING gist (
        program_code_range(drive_number, drive_number, '[]') WITH &&, days WITH &&)
    )
    """,
    """
    CREATE TABLE bic_directory (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      business_day DATE NOT NULL,
      day_version SMALLINT NOT NULL,
      entry_count INTEGER NOT NULL,
      content_sha256 BYTEA NOT NULL,
      imported_by TEXT NOT NULL,
      imported_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      CONSTRAINT bic_directory_whole CHECK (entry_count > 0 AND imported_by <> ''),
      UNIQUE (business_day, day_version)
    )
    """,
    """
    CREATE TABLE bic_entry (
      directory_id BIGINT REFERENCES bic_directory (id),
      bic TEXT,
      name TEXT NOT NULL,
      region TEXT NOT NULL,
      locality TEXT NOT NULL,
      participant_type TEXT NOT NULL,
      status TEXT NOT NULL,
      since DATE NOT NULL,
      until DATE,
      correspondent_account TEXT NOT NULL,
      restrictions JSONB NOT NULL,
      accounts JSONB NOT NULL,
      PRIMARY KEY (directory_id, bic),
      CONSTRAINT bic_entry_digits CHECK (bic ~ '^[0-9]{9}$')
    )
    """,
)

FUNCTIONS = (
    """
    CREATE FUNCTION registry_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'what was done in the register stays as it was recorded: %', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
)

_ADDED_TO = ("registry_history", "agreement_addendum", "ceiling_signal", "bic_directory", "bic_entry")
_KEPT = ("application", "merchant_account", "terminal_fiscal")
_SAID = {
    "application": "OLD.id, OLD.request_id, OLD.inn, OLD.name, OLD.body, OLD.body_sha256, OLD.submitted_at",
    "merchant_account": "OLD.id, OLD.merchant_id, OLD.bic, OLD.account, OLD.reason, OLD.proposed_by,"
    " OLD.proposed_at",
    "terminal_fiscal": "OLD.id, OLD.terminal_id, OLD.kkt_number, OLD.drive_number, lower(OLD.days)",
}
_DECIDED = {
    "application": "OLD.state IN ('REGISTERED', 'REFUSED')",
    "merchant_account": "OLD.state <> 'PROPOSED'",
    "terminal_fiscal": "NOT upper_inf(OLD.days)",
}

TRIGGERS = (
    *(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION registry_refuse_change()"
        for table in _ADDED_TO
    ),
    # What was said stays, and so does what was decided about it.
    *(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table} FOR EACH ROW"
        f" WHEN ({_DECIDED[table]} OR ({said}) IS DISTINCT FROM ({said.replace('OLD.', 'NEW.')}))"
        " EXECUTE FUNCTION registry_refuse_change()"
        for table, said in _SAID.items()
    ),
    *(
        f"CREATE TRIGGER {table}_kept_whole BEFORE DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION registry_refuse_change()"
        for table in (*_ADDED_TO, *_KEPT)
    ),
)

# New tables can be read by default. Of an application, of people's names and of accounts the gateway reads
# nothing but what it needs to take one and to tell its state.
GRANTS = (
    "REVOKE SELECT ON application, merchant_profile, merchant_account, registry_history"
    " FROM tillgate_gateway, tillgate_reader",
    "GRANT SELECT (id, request_id, inn, name, body_sha256, state, submitted_at, changed_at, reason, merchant_id)"
    " ON application TO tillgate_gateway, tillgate_reader",
    "GRANT INSERT (request_id, inn, name, body, body_sha256) ON application TO tillgate_gateway",
    "GRANT SELECT (merchant_id, kind, full_name, kpp, ogrn, legal_address, registered_on, is_taken_over,"
    " successor_of) ON merchant_profile TO tillgate_reader",
    "GRANT SELECT ON registry_history, merchant_account TO tillgate_reader",
)


def upgrade() -> None:
    """Create everything; the roles are there since the first revision."""
    for statement in (*AGREEMENT, *TABLES, *FUNCTIONS, *TRIGGERS, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: histories and applications would be lost."""
    raise NotImplementedError("enrolment is not undone; restore a backup instead")
