"""The audit log, persons with their sessions, and proposals that another person approves."""

from alembic import op

revision = "0011"
down_revision = "0010"

TABLES = (
    """
    CREATE TABLE audit_entry (
      id BIGINT NOT NULL,
      at TIMESTAMP WITH TIME ZONE NOT NULL,
      actor_kind TEXT NOT NULL,
      actor_id TEXT NOT NULL,
      action TEXT NOT NULL,
      subject_kind TEXT NOT NULL,
      subject_id TEXT NOT NULL,
      details JSONB NOT NULL,
      approved_by TEXT,
      previous_hash BYTEA NOT NULL,
      hash BYTEA NOT NULL,
      PRIMARY KEY (id),
      CONSTRAINT audit_entry_counted CHECK (id > 0),
      CONSTRAINT audit_entry_actor_known CHECK (actor_kind IN ('PERSON', 'CLIENT_KEY', 'SYSTEM')),
      CONSTRAINT audit_entry_named CHECK (actor_id <> '' AND action <> '' AND subject_kind <> '' AND subject_id <> ''),
      CONSTRAINT audit_entry_details CHECK (jsonb_typeof(details) = 'object'),
      CONSTRAINT audit_entry_hashes CHECK (octet_length(previous_hash) = 32 AND octet_length(hash) = 32),
      UNIQUE (previous_hash)
    )
    """,
    """
    CREATE INDEX audit_entry_by_action ON audit_entry (action, id)
    """,
    """
    CREATE INDEX audit_entry_by_subject ON audit_entry (subject_kind, subject_id, id)
    """,
    """
    CREATE TABLE person (
      id BIGINT GENERATED ALWAYS AS IDENTITY,
      login TEXT NOT NULL,
      full_name TEXT NOT NULL,
      state TEXT DEFAULT 'INVITED' NOT NULL,
      password_hash TEXT,
      totp_sealed BYTEA,
      totp_step BIGINT,
      created_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      PRIMARY KEY (id),
      CONSTRAINT person_login CHECK (login ~ '^[a-z][a-z0-9._-]{1,31}$'),
      CONSTRAINT person_named CHECK (full_name <> ''),
      CONSTRAINT person_state_known CHECK (state IN ('INVITED', 'ACTIVE', 'DISABLED')),
      CONSTRAINT person_active_has_both CHECK (state <> 'ACTIVE' OR num_nonnulls(password_hash, totp_sealed) = 2),
      UNIQUE (login)
    )
    """,
    """
    CREATE TABLE proposal (
      id BIGINT GENERATED ALWAYS AS IDENTITY,
      kind TEXT NOT NULL,
      payload TEXT NOT NULL,
      payload_sha256 BYTEA NOT NULL,
      reason TEXT NOT NULL,
      proposed_by TEXT NOT NULL,
      proposed_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
      state TEXT DEFAULT 'PROPOSED' NOT NULL,
      decided_by TEXT,
      decided_at TIMESTAMP WITH TIME ZONE,
      because TEXT,
      executed_by TEXT,
      begun_at TIMESTAMP WITH TIME ZONE,
      executed_at TIMESTAMP WITH TIME ZONE,
      result TEXT,
      PRIMARY KEY (id),
      CONSTRAINT proposal_kind_known CHECK (kind IN ('PUBLISH_LIST', 'ISSUE_CERTIFICATES', 'REGISTER_MERCHANT', 'CHANGE_ACCOUNT', 'CORRECT', 'APPROVE_CLAIM')),
      CONSTRAINT proposal_state_known CHECK (state IN ('PROPOSED', 'APPROVED', 'REFUSED', 'WITHDRAWN', 'EXECUTING', 'EXECUTED')),
      CONSTRAINT proposal_payload_hashed CHECK (payload_sha256 = sha256(convert_to(payload, 'UTF8'))),
      CONSTRAINT proposal_whole CHECK (reason <> '' AND proposed_by <> '' AND expires_at > proposed_at),
      CONSTRAINT proposal_four_eyes CHECK (decided_by <> proposed_by),
      CONSTRAINT proposal_decided_whole CHECK (num_nonnulls(decided_by, decided_at, because) = CASE WHEN state = 'PROPOSED' THEN 0 WHEN state = 'WITHDRAWN' AND decided_by IS NULL THEN 0 ELSE 3 END),
      CONSTRAINT proposal_executed_whole CHECK (num_nonnulls(executed_by, begun_at) = CASE WHEN state IN ('EXECUTING', 'EXECUTED') THEN 2 ELSE 0 END AND num_nonnulls(executed_at, result) = CASE state WHEN 'EXECUTED' THEN 2 ELSE 0 END)
    )
    """,
    """
    CREATE INDEX proposal_waiting ON proposal (id) WHERE state IN ('PROPOSED', 'APPROVED', 'EXECUTING')
    """,
    """
    CREATE TABLE sign_in_attempts (
      kind TEXT NOT NULL,
      key TEXT NOT NULL,
      count INTEGER NOT NULL,
      since TIMESTAMP WITH TIME ZONE NOT NULL,
      locked_until TIMESTAMP WITH TIME ZONE,
      PRIMARY KEY (kind, key),
      CONSTRAINT sign_in_attempts_counted CHECK (kind IN ('LOGIN', 'ADDRESS') AND count >= 0)
    )
    """,
    """
    CREATE TABLE person_invitation (
      token_hash BYTEA NOT NULL,
      person_id BIGINT NOT NULL,
      totp_sealed BYTEA NOT NULL,
      made_by TEXT NOT NULL,
      made_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      expires_at TIMESTAMP WITH TIME ZONE NOT NULL,
      used_at TIMESTAMP WITH TIME ZONE,
      PRIMARY KEY (token_hash),
      CONSTRAINT person_invitation_sha256 CHECK (octet_length(token_hash) = 32),
      FOREIGN KEY(person_id) REFERENCES person (id)
    )
    """,
    """
    CREATE UNIQUE INDEX person_invitation_one_open ON person_invitation (person_id) WHERE used_at IS NULL
    """,
    """
    CREATE TABLE person_merchant (
      person_id BIGINT NOT NULL,
      merchant_id BIGINT NOT NULL,
      PRIMARY KEY (person_id, merchant_id),
      FOREIGN KEY(person_id) REFERENCES person (id)
    )
    """,
    """
    CREATE TABLE person_role (
      person_id BIGINT NOT NULL,
      role TEXT NOT NULL,
      PRIMARY KEY (person_id, role),
      CONSTRAINT person_role_known CHECK (role IN ('OPERATOR', 'APPROVER', 'AUDITOR', 'MERCHANT_MANAGER')),
      FOREIGN KEY(person_id) REFERENCES person (id)
    )
    """,
    """
    CREATE TABLE person_session (
      token_hash BYTEA NOT NULL,
      person_id BIGINT NOT NULL,
      stage TEXT NOT NULL,
      address TEXT NOT NULL,
      begun_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      seen_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      ended_at TIMESTAMP WITH TIME ZONE,
      PRIMARY KEY (token_hash),
      CONSTRAINT person_session_sha256 CHECK (octet_length(token_hash) = 32),
      CONSTRAINT person_session_stage_known CHECK (stage IN ('PASSWORD', 'FULL')),
      FOREIGN KEY(person_id) REFERENCES person (id)
    )
    """,
    """
    CREATE INDEX person_session_of_person ON person_session (person_id) WHERE ended_at IS NULL
    """,
)

ROLE = "tillgate_people"

CREATE_ROLE = f"""
    DO $$ BEGIN
      CREATE ROLE {ROLE} LOGIN;
    EXCEPTION WHEN duplicate_object OR unique_violation THEN NULL;
    END $$
    """

FUNCTIONS = (
    """
    CREATE FUNCTION audit_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'the audit log only grows' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    # Whoever may append may not break the chain by it.
    """
    CREATE FUNCTION audit_follow() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      last audit_entry;
    BEGIN
      SELECT * INTO last FROM audit_entry ORDER BY id DESC LIMIT 1;
      IF NEW.id <> coalesce(last.id, 0) + 1
          OR NEW.previous_hash <> coalesce(last.hash, decode(repeat('00', 32), 'hex')) THEN
        RAISE EXCEPTION 'an entry of the audit log follows the last one'
          USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NEW;
    END $$
    """,
    """
    CREATE FUNCTION proposal_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND (OLD.state, NEW.state) IN (
            ('PROPOSED', 'APPROVED'), ('PROPOSED', 'REFUSED'), ('PROPOSED', 'WITHDRAWN'),
            ('APPROVED', 'WITHDRAWN'), ('APPROVED', 'EXECUTING'), ('EXECUTING', 'EXECUTED'))
          AND (OLD.id, OLD.kind, OLD.payload, OLD.payload_sha256, OLD.reason, OLD.proposed_by,
               OLD.proposed_at, OLD.expires_at) = (NEW.id, NEW.kind, NEW.payload, NEW.payload_sha256, NEW.reason,
               NEW.proposed_by, NEW.proposed_at, NEW.expires_at)
          AND (OLD.state = 'PROPOSED' OR (OLD.decided_by, OLD.decided_at, OLD.because)
               = (NEW.decided_by, NEW.decided_at, NEW.because))
          AND (OLD.state <> 'EXECUTING' OR (OLD.executed_by, OLD.begun_at) = (NEW.executed_by, NEW.begun_at)) THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'a proposal stays as it was made, and what was decided stays decided'
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE FUNCTION person_refuse_removal() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a login is given once and stays' USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
)

TRIGGERS = (
    "CREATE TRIGGER audit_entry_follows BEFORE INSERT ON audit_entry FOR EACH ROW EXECUTE FUNCTION audit_follow()",
    "CREATE TRIGGER audit_entry_kept BEFORE UPDATE OR DELETE ON audit_entry"
    " FOR EACH ROW EXECUTE FUNCTION audit_refuse_change()",
    "CREATE TRIGGER audit_entry_kept_whole BEFORE TRUNCATE ON audit_entry"
    " FOR EACH STATEMENT EXECUTE FUNCTION audit_refuse_change()",
    "CREATE TRIGGER proposal_kept BEFORE UPDATE OR DELETE ON proposal"
    " FOR EACH ROW EXECUTE FUNCTION proposal_refuse_change()",
    "CREATE TRIGGER proposal_kept_whole BEFORE TRUNCATE ON proposal"
    " FOR EACH STATEMENT EXECUTE FUNCTION proposal_refuse_change()",
    "CREATE TRIGGER person_kept BEFORE DELETE ON person FOR EACH ROW EXECUTE FUNCTION person_refuse_removal()",
    "CREATE TRIGGER person_kept_whole BEFORE TRUNCATE ON person"
    " FOR EACH STATEMENT EXECUTE FUNCTION person_refuse_removal()",
)

_PERSONAL = "person, person_role, person_merchant, person_invitation, person_session, sign_in_attempts"

# Every new table may be read by the gateway and the reader unless it is said otherwise.
GRANTS = (
    f"REVOKE ALL ON {_PERSONAL} FROM tillgate_gateway, tillgate_reader",
    "REVOKE ALL ON proposal FROM tillgate_gateway",
    "GRANT SELECT ON proposal TO tillgate_reader",
    "GRANT SELECT, INSERT ON audit_entry TO tillgate_gateway",
    "GRANT SELECT ON audit_entry TO tillgate_reader",
    f"GRANT USAGE ON SCHEMA public TO {ROLE}",
    f"GRANT SELECT, INSERT ON audit_entry TO {ROLE}",
    f"GRANT SELECT ON person, person_role, person_merchant, person_invitation, proposal TO {ROLE}",
    f"GRANT UPDATE (state, password_hash, totp_sealed, totp_step) ON person TO {ROLE}",
    f"GRANT UPDATE (used_at) ON person_invitation TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE (seen_at, ended_at) ON person_session TO {ROLE}",
    f"GRANT SELECT, INSERT, UPDATE, DELETE ON sign_in_attempts TO {ROLE}",
    f"GRANT UPDATE (state, decided_by, decided_at, because) ON proposal TO {ROLE}",
    f"GRANT SELECT ON merchant, outlet, terminal, agreement TO {ROLE}",
)


def upgrade() -> None:
    """Create everything; the other roles are there since the first revision."""
    for statement in (*TABLES, *FUNCTIONS, *TRIGGERS, CREATE_ROLE, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: what was decided stays on record."""
    raise NotImplementedError("the audit log is not undone; restore a backup instead")
