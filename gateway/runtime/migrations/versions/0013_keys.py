"""Keys that clients get themselves: one-time codes, renewal, HMAC keys, public keys of outcomes."""

from alembic import op

revision = "0013"
down_revision = "0012"

ROLE = """
    DO $$ BEGIN
      CREATE ROLE tillgate_enrollment LOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
    """

COLUMNS = (
    """
    ALTER TABLE client_key
      ADD COLUMN kind TEXT NOT NULL DEFAULT 'CERTIFICATE',
      ADD COLUMN ends_at TIMESTAMP WITH TIME ZONE,
      ADD COLUMN public_key_sha256 BYTEA UNIQUE,
      ADD COLUMN chain_pem TEXT,
      ADD COLUMN replaces BYTEA UNIQUE REFERENCES client_key (fingerprint),
      ADD COLUMN hmac_version INTEGER,
      ADD CONSTRAINT client_key_kind_known CHECK (kind IN ('CERTIFICATE', 'HMAC')),
      ADD CONSTRAINT client_key_hmac_version CHECK ((kind = 'HMAC') = (hmac_version IS NOT NULL))
    """,
)

TABLES = (
    """
    CREATE TABLE enrollment_code (
      name TEXT PRIMARY KEY,
      terminal_id BIGINT REFERENCES terminal (id),
      concentrator_id BIGINT REFERENCES concentrator (id),
      salt BYTEA NOT NULL,
      secret_hash BYTEA NOT NULL,
      tries_left SMALLINT NOT NULL DEFAULT 5,
      issued_by TEXT NOT NULL,
      issued_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      ends_at TIMESTAMP WITH TIME ZONE NOT NULL,
      withdrawn_at TIMESTAMP WITH TIME ZONE,
      used_at TIMESTAMP WITH TIME ZONE,
      used_fingerprint BYTEA REFERENCES client_key (fingerprint),
      CONSTRAINT enrollment_code_names_one CHECK (num_nonnulls(terminal_id, concentrator_id) = 1),
      CONSTRAINT enrollment_code_tries CHECK (tries_left BETWEEN 0 AND 5),
      CONSTRAINT enrollment_code_issued CHECK (issued_by <> '' AND ends_at > issued_at),
      CONSTRAINT enrollment_code_hash CHECK (octet_length(salt) = 16 AND octet_length(secret_hash) = 32),
      CONSTRAINT enrollment_code_used_whole CHECK ((used_at IS NULL) = (used_fingerprint IS NULL))
    )
    """,
    """
    CREATE TABLE application_access (
      application_number TEXT PRIMARY KEY,
      request_id UUID NOT NULL UNIQUE,
      secret_sha256 BYTEA NOT NULL,
      submitted_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      CONSTRAINT application_access_hash CHECK (octet_length(secret_sha256) = 32)
    )
    """,
    """
    CREATE TABLE outcome_key (
      key_id TEXT PRIMARY KEY,
      public_key BYTEA NOT NULL,
      published_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      retired_at TIMESTAMP WITH TIME ZONE,
      CONSTRAINT outcome_key_ed25519 CHECK (key_id <> '' AND octet_length(public_key) = 32)
    )
    """,
)

TRIGGERS = (
    # What was ever published stays published, and revoked is for ever, whoever asks.
    """
    CREATE FUNCTION keys_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'keys are retired or revoked, never changed or deleted: %', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE TRIGGER outcome_key_kept BEFORE UPDATE OF key_id, public_key, published_at ON outcome_key
      FOR EACH ROW EXECUTE FUNCTION keys_refuse_change()
    """,
    """
    CREATE TRIGGER outcome_key_kept_whole BEFORE DELETE OR TRUNCATE ON outcome_key
      FOR EACH STATEMENT EXECUTE FUNCTION keys_refuse_change()
    """,
    # Whoever breaks into the process of enrolment may not put words into a person's mouth.
    """
    CREATE FUNCTION audit_refuse_words() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'enrolment records the keys that it grants, and nothing else'
        USING ERRCODE = 'insufficient_privilege';
    END $$
    """,
    """
    CREATE TRIGGER audit_entry_of_enrollment BEFORE INSERT ON audit_entry FOR EACH ROW
      WHEN (current_user = 'tillgate_enrollment'
        AND (NEW.actor_kind = 'PERSON' OR NEW.action NOT IN ('key.issued', 'key.renewed')))
      EXECUTE FUNCTION audit_refuse_words()
    """,
    """
    CREATE TRIGGER client_key_stays_revoked BEFORE UPDATE OF revoked_at ON client_key
      FOR EACH ROW WHEN (OLD.revoked_at IS NOT NULL AND NEW.revoked_at IS DISTINCT FROM OLD.revoked_at)
      EXECUTE FUNCTION keys_refuse_change()
    """,
)

# The process that holds the issuing key admits clients and tells of keys; it sees no card, purchase or sum.
# Codes are issued by the owner, so that nobody who breaks into that process can make one.
GRANTS = (
    "GRANT USAGE ON SCHEMA public TO tillgate_enrollment",
    # By default these two may read every table.
    "REVOKE ALL ON enrollment_code, application_access FROM tillgate_gateway, tillgate_reader",
    "GRANT SELECT ON merchant, outlet, terminal, concentrator, concentrator_outlet, client_key, enrollment_code,"
    " application_access, outcome_key TO tillgate_enrollment",
    "GRANT INSERT (fingerprint, terminal_id, concentrator_id, ends_at, public_key_sha256, chain_pem, replaces),"
    " UPDATE (ends_at, revoked_at, revoke_reason) ON client_key TO tillgate_enrollment",
    "GRANT UPDATE (tries_left, used_at, used_fingerprint) ON enrollment_code TO tillgate_enrollment",
    "GRANT INSERT ON application_access TO tillgate_enrollment",
    "GRANT SELECT (id, request_id, inn, name, body_sha256, state, submitted_at, changed_at, reason, merchant_id),"
    " INSERT (request_id, inn, name, body, body_sha256) ON application TO tillgate_enrollment",
    "GRANT SELECT ON bic_directory, bic_entry TO tillgate_enrollment",
    # It tells the audit log what it granted, and reads no more of it than a new entry needs.
    "ALTER FUNCTION audit_follow() SECURITY DEFINER SET search_path = public",
    "GRANT SELECT (id, hash), INSERT ON audit_entry TO tillgate_enrollment",
    # Applications come through the process of enrolment, and no longer through one that serves purchases.
    "REVOKE INSERT (request_id, inn, name, body, body_sha256) ON application FROM tillgate_gateway",
)


def upgrade() -> None:
    """Create everything; keys that are registered already stay as they are."""
    for statement in (ROLE, *COLUMNS, *TABLES, *TRIGGERS, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: revoked keys would be forgotten."""
    raise NotImplementedError("keys are not undone; restore a backup instead")
