"""Cards: the stop list by version, aliases of tokens, tries of unknown and keyed cards, and their locks."""

from alembic import op

revision = "0012"
down_revision = "0011"

TABLES = (
    # The token of the same plastic under an older key; every alias names the first token of all.
    "ALTER TABLE card ADD COLUMN alias_of BYTEA",
    """
    CREATE TABLE stop_list_version (
      version BIGINT PRIMARY KEY,
      made_at TIMESTAMP WITH TIME ZONE NOT NULL,
      made_by TEXT NOT NULL,
      stopped_count BIGINT NOT NULL,
      lifted_count BIGINT NOT NULL,
      entry_count BIGINT NOT NULL,
      sha256 TEXT NOT NULL,
      signature BYTEA NOT NULL,
      key_id TEXT NOT NULL,
      CONSTRAINT stop_list_version_counted
        CHECK (version > 0 AND stopped_count >= 0 AND lifted_count >= 0 AND entry_count >= 0),
      CONSTRAINT stop_list_version_changes CHECK (stopped_count + lifted_count > 0),
      CONSTRAINT stop_list_version_signed CHECK (made_by <> '' AND octet_length(signature) = 64)
    )
    """,
    """
    CREATE TABLE stop_entry (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      token BYTEA NOT NULL,
      token_key_id TEXT NOT NULL,
      sealed BYTEA NOT NULL,
      origin TEXT NOT NULL,
      reason TEXT NOT NULL,
      stopped_from TIMESTAMP WITH TIME ZONE,
      since_version BIGINT NOT NULL REFERENCES stop_list_version (version),
      until_version BIGINT REFERENCES stop_list_version (version),
      CONSTRAINT stop_entry_origin_known CHECK (origin IN ('LIST', 'HELP_DESK', 'REISSUE')),
      CONSTRAINT stop_entry_range CHECK (until_version > since_version)
    )
    """,
    "CREATE UNIQUE INDEX stop_entry_standing ON stop_entry (token) WHERE until_version IS NULL",
    "CREATE INDEX stop_entry_since ON stop_entry (since_version)",
    "CREATE INDEX stop_entry_until ON stop_entry (until_version)",
    """
    CREATE TABLE stop_list_key (
      merchant_id BIGINT PRIMARY KEY,
      version INTEGER NOT NULL,
      since TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      CONSTRAINT stop_list_key_renewed CHECK (version > 1)
    )
    """,
    """
    CREATE TABLE card_try (
      kind TEXT NOT NULL,
      terminal_id BIGINT NOT NULL,
      key BYTEA NOT NULL,
      merchant_id BIGINT NOT NULL,
      tried_at TIMESTAMP WITH TIME ZONE NOT NULL,
      PRIMARY KEY (kind, terminal_id, key),
      CONSTRAINT card_try_kind_known CHECK (kind IN ('GUESSING', 'KEYED'))
    )
    """,
    "CREATE INDEX card_try_merchant ON card_try (kind, merchant_id, tried_at)",
    """
    CREATE TABLE card_lock (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind TEXT NOT NULL,
      merchant_id BIGINT NOT NULL,
      terminal_id BIGINT,
      since TIMESTAMP WITH TIME ZONE NOT NULL,
      until TIMESTAMP WITH TIME ZONE NOT NULL,
      lifted_by TEXT,
      CONSTRAINT card_lock_kind_known CHECK (kind IN ('GUESSING', 'KEYED')),
      CONSTRAINT card_lock_range CHECK (until >= since),
      CONSTRAINT card_lock_keyed_of_terminal CHECK (kind <> 'KEYED' OR terminal_id IS NOT NULL)
    )
    """,
    "CREATE INDEX card_lock_until ON card_lock (until)",
    "CREATE INDEX card_lock_merchant ON card_lock (merchant_id, terminal_id, kind)",
    # A late capture may be short of points, and of a stopped card as well.
    "ALTER TABLE review_case DROP CONSTRAINT review_case_pkey, ADD PRIMARY KEY (operation_id, kind)",
)

FUNCTIONS = (
    # A card may be on the list before it is known here. Whoever changes the list has the lock alone, so that
    # a card cannot be bound beside the change that stops it.
    """
    CREATE FUNCTION card_stop_known() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      PERFORM pg_advisory_xact_lock_shared(127987397784164);
      IF NEW.stopped_at IS NULL THEN
        SELECT tillgate_now(), e.reason INTO NEW.stopped_at, NEW.stop_reason
        FROM stop_entry e WHERE e.token = NEW.token AND e.until_version IS NULL;
      END IF;
      RETURN NEW;
    END $$
    """,
    # An entry may end once, and get the token of a newer key; nothing else of the list ever changes.
    """
    CREATE FUNCTION stop_list_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND TG_TABLE_NAME = 'stop_entry' AND to_jsonb(OLD) ->> 'until_version' IS NULL
          AND to_jsonb(OLD) - 'until_version' - 'token' - 'token_key_id'
            = to_jsonb(NEW) - 'until_version' - 'token' - 'token_key_id' THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'the stop list is changed by new versions alone: %', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
)

TRIGGERS = (
    "CREATE TRIGGER card_stop_known BEFORE INSERT ON card FOR EACH ROW EXECUTE FUNCTION card_stop_known()",
    *(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION stop_list_refuse_change()"
        for table in ("stop_entry", "stop_list_version")
    ),
    *(
        f"CREATE TRIGGER registry_changed AFTER {events} ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION registry_count_change()"
        for table, events in (("stop_list_version", "INSERT"), ("card_lock", "INSERT OR UPDATE OR DELETE"))
    ),
)

# Lists are the owner's; who serves purchases counts tries and locks, and cannot unlock.
GRANTS = (
    "GRANT SELECT ON stop_list_version, stop_entry, stop_list_key, card_lock"
    " TO tillgate_gateway, tillgate_reader",
    "GRANT SELECT, INSERT, UPDATE, DELETE ON card_try TO tillgate_gateway",
    "GRANT INSERT ON card_lock TO tillgate_gateway",
)


def upgrade() -> None:
    """Create everything; the roles are there since the first revision."""
    for statement in (*TABLES, *FUNCTIONS, *TRIGGERS, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: a card that is stopped would be served again."""
    raise NotImplementedError("the stop list is not undone; restore a backup instead")
