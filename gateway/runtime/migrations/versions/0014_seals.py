"""Day seals, the archive of old partitions, and what keeps an outcome from being written after its day."""

from alembic import op

revision = "0014"
down_revision = "0013"

TABLES = (
    """
    CREATE TABLE day_seal (
      day DATE NOT NULL,
      merchant_count INTEGER NOT NULL,
      outcome_count BIGINT NOT NULL,
      root BYTEA NOT NULL,
      previous_hash BYTEA NOT NULL,
      hash BYTEA NOT NULL,
      statement TEXT NOT NULL,
      signature BYTEA NOT NULL,
      key_id TEXT NOT NULL,
      sealed_at TIMESTAMP WITH TIME ZONE NOT NULL,
      PRIMARY KEY (day),
      CONSTRAINT day_seal_counted CHECK (merchant_count >= 0 AND outcome_count >= merchant_count),
      CONSTRAINT day_seal_hashes CHECK (octet_length(root) = 32 AND octet_length(previous_hash) = 32 AND hash = sha256(convert_to(statement, 'UTF8'))),
      UNIQUE (previous_hash)
    )
    """,
    """
    CREATE TABLE day_seal_merchant (
      day DATE NOT NULL,
      merchant_id BIGINT NOT NULL,
      outcome_count BIGINT NOT NULL,
      root BYTEA NOT NULL,
      PRIMARY KEY (day, merchant_id),
      CONSTRAINT day_seal_merchant_counted CHECK (outcome_count > 0 AND octet_length(root) = 32)
    )
    """,
    """
    CREATE TABLE day_seal_leaves (
      day DATE NOT NULL,
      merchant_id BIGINT NOT NULL,
      n INTEGER NOT NULL,
      leaves BYTEA NOT NULL,
      PRIMARY KEY (day, merchant_id, n),
      CONSTRAINT day_seal_leaves_whole CHECK (octet_length(leaves) > 0 AND octet_length(leaves) % 56 = 0)
    )
    """,
    # Hashes do not compress; trying to would cost more than writing them.
    "ALTER TABLE day_seal_leaves ALTER COLUMN leaves SET STORAGE EXTERNAL",
    "CREATE SCHEMA IF NOT EXISTS archive",
)

FUNCTIONS = (
    """
    CREATE FUNCTION day_seal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'day seals are only added' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE FUNCTION day_seal_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      last day_seal;
    BEGIN
      SELECT * INTO last FROM day_seal ORDER BY day DESC LIMIT 1;
      IF NEW.previous_hash <> coalesce(last.hash, decode(repeat('00', 32), 'hex'))
          OR NEW.day <> coalesce(last.day + 1, NEW.day) THEN
        RAISE EXCEPTION 'a day seal follows that of the day before'
          USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    # Merchants and leaves of a day are written first, its seal last.
    """
    CREATE FUNCTION day_seal_refuse_addition() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF EXISTS (SELECT FROM day_seal s WHERE s.day = NEW.day) THEN
        RAISE EXCEPTION 'the day % is sealed', NEW.day USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    # True if this transaction may still write what was decided, else the decision is made anew: a
    # serialization failure. The transaction shows as a writing one before the clock is looked at, so that
    # whoever seals a day afterwards waits for it.
    """
    CREATE FUNCTION tillgate_write_by(until timestamptz) RETURNS boolean LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_current_xact_id();
      IF tillgate_now() >= until THEN
        RAISE EXCEPTION 'a decision has grown too old to be written' USING ERRCODE = 'serialization_failure';
      END IF;
      RETURN true;
    END $$
    """,
    """
    CREATE FUNCTION archive_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the archive is only read: %', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
)

_TABLES = ("day_seal", "day_seal_merchant", "day_seal_leaves")
TRIGGERS = (
    "CREATE TRIGGER day_seal_follows BEFORE INSERT ON day_seal FOR EACH ROW EXECUTE FUNCTION day_seal_follow()",
    *(
        f"CREATE TRIGGER {table}_open BEFORE INSERT ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION day_seal_refuse_addition()"
        for table in _TABLES[1:]
    ),
    *(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION day_seal_refuse_change()"
        for table in _TABLES
    ),
    *(
        f"CREATE TRIGGER {table}_kept_whole BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION day_seal_refuse_change()"
        for table in _TABLES
    ),
)

# The owner alone seals and retires.
GRANTS = (
    f"GRANT SELECT ON {', '.join(_TABLES)} TO tillgate_gateway, tillgate_reader",
    "GRANT USAGE ON SCHEMA archive TO tillgate_reader",
    "ALTER DEFAULT PRIVILEGES IN SCHEMA archive GRANT SELECT ON TABLES TO tillgate_reader",
)


def upgrade() -> None:
    """Create everything; the roles are there since the first revision."""
    for statement in (*TABLES, *FUNCTIONS, *TRIGGERS, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: seals were given to merchants."""
    raise NotImplementedError("day seals are not undone; restore a backup instead")
