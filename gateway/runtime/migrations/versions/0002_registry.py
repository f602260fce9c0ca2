"""The registry: merchants, agreements, outlets, terminals, keys, cards, and the epoch that counts changes."""

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = (
    # A range over text, for the exclusion constraint below: equality as an overlap of one value.
    'CREATE TYPE program_code_range AS RANGE (subtype = text, collation = "C")',
    """
    CREATE TABLE merchant (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      inn TEXT NOT NULL UNIQUE,
      name TEXT NOT NULL,
      state TEXT NOT NULL DEFAULT 'ACTIVE',
      suspended_at TIMESTAMP WITH TIME ZONE,
      suspend_reason TEXT,
      CONSTRAINT merchant_inn_digits CHECK (inn ~ '^[0-9]{10}([0-9]{2})?$'),
      CONSTRAINT merchant_state_known CHECK (state IN ('ACTIVE', 'SUSPENDED', 'ENDED')),
      CONSTRAINT merchant_suspended_at_known CHECK ((state = 'ACTIVE') = (suspended_at IS NULL))
    )
    """,
    """
    CREATE TABLE agreement (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      merchant_id BIGINT NOT NULL REFERENCES merchant (id),
      number TEXT NOT NULL,
      in_force DATERANGE NOT NULL,
      CONSTRAINT agreement_has_first_day CHECK (NOT isempty(in_force) AND NOT lower_inf(in_force)),
      UNIQUE (merchant_id, number),
      UNIQUE (id, merchant_id, in_force)
    )
    """,
    """
    CREATE TABLE agreement_program (
      agreement_id BIGINT NOT NULL,
      program_code TEXT NOT NULL,
      merchant_id BIGINT NOT NULL,
      in_force DATERANGE NOT NULL,
      PRIMARY KEY (agreement_id, program_code),
      FOREIGN KEY (agreement_id, merchant_id, in_force)
        REFERENCES agreement (id, merchant_id, in_force) ON UPDATE CASCADE,
      CONSTRAINT agreement_program_one_a_day EXCLUDE USING gist (
        int8range(merchant_id, merchant_id, '[]') WITH &&,
        program_code_range(program_code, program_code, '[]') WITH &&,
        in_force WITH &&)
    )
    """,
    """
    CREATE TABLE outlet (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      merchant_id BIGINT NOT NULL REFERENCES merchant (id),
      name TEXT NOT NULL,
      address TEXT NOT NULL,
      is_enabled BOOLEAN NOT NULL DEFAULT true,
      UNIQUE (merchant_id, name),
      UNIQUE (id, merchant_id)
    )
    """,
    """
    CREATE TABLE terminal (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      outlet_id BIGINT NOT NULL REFERENCES outlet (id),
      name TEXT NOT NULL,
      is_enabled BOOLEAN NOT NULL DEFAULT true,
      UNIQUE (outlet_id, name)
    )
    """,
    """
    CREATE TABLE concentrator (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      merchant_id BIGINT NOT NULL REFERENCES merchant (id),
      name TEXT NOT NULL,
      UNIQUE (merchant_id, name),
      UNIQUE (id, merchant_id)
    )
    """,
    """
    CREATE TABLE concentrator_outlet (
      concentrator_id BIGINT NOT NULL,
      outlet_id BIGINT NOT NULL,
      merchant_id BIGINT NOT NULL,
      PRIMARY KEY (concentrator_id, outlet_id),
      FOREIGN KEY (concentrator_id, merchant_id) REFERENCES concentrator (id, merchant_id),
      FOREIGN KEY (outlet_id, merchant_id) REFERENCES outlet (id, merchant_id)
    )
    """,
    """
    CREATE TABLE client_key (
      fingerprint BYTEA PRIMARY KEY,
      terminal_id BIGINT REFERENCES terminal (id),
      concentrator_id BIGINT REFERENCES concentrator (id),
      registered_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      revoked_at TIMESTAMP WITH TIME ZONE,
      revoke_reason TEXT,
      CONSTRAINT client_key_fingerprint_sha256 CHECK (octet_length(fingerprint) = 32),
      CONSTRAINT client_key_names_one CHECK (num_nonnulls(terminal_id, concentrator_id) = 1)
    )
    """,
    """
    CREATE TABLE card (
      token BYTEA PRIMARY KEY,
      account_id BIGINT NOT NULL,
      token_key_id TEXT,
      stopped_at TIMESTAMP WITH TIME ZONE,
      stop_reason TEXT
    )
    """,
    "CREATE INDEX ix_card_account_id ON card (account_id)",
    """
    CREATE TABLE registry_epoch (
      id SMALLINT DEFAULT 1 PRIMARY KEY,
      epoch BIGINT NOT NULL,
      CONSTRAINT registry_epoch_single CHECK (id = 1)
    )
    """,
    "INSERT INTO registry_epoch (epoch) VALUES (1)",
)

# Its owner's rights, since whoever changes the registry has no business with the epoch itself.
COUNT_CHANGE = """
    CREATE FUNCTION registry_count_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
      UPDATE registry_epoch SET epoch = epoch + 1;
      RETURN NULL;
    END $$
    """

SNAPSHOT_TABLES = (
    "merchant",
    "agreement",
    "agreement_program",
    "outlet",
    "terminal",
    "concentrator",
    "concentrator_outlet",
    "client_key",
)

# New cards are no news to a snapshot, and a million of them would be many; a stop is announced.
TRIGGERS = (
    *(
        f"CREATE TRIGGER registry_changed AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION registry_count_change()"
        for table in SNAPSHOT_TABLES
    ),
    "CREATE TRIGGER registry_changed AFTER UPDATE OF stopped_at ON card"
    " FOR EACH STATEMENT EXECUTE FUNCTION registry_count_change()",
)

GRANTS = (
    f"GRANT SELECT ON {', '.join(SNAPSHOT_TABLES)}, card, registry_epoch TO tillgate_gateway, tillgate_reader",
    "GRANT INSERT, UPDATE ON card TO tillgate_gateway",
)


def upgrade() -> None:
    """Create everything; the roles are there since the first revision."""
    for statement in (*TABLES, COUNT_CHANGE, *TRIGGERS, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: with the cards, every holder would lose the way to his account."""
    raise NotImplementedError("the registry is not undone; restore a backup instead")
