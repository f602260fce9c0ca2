"""Seals and signatures under claims, objections to decisions."""

from alembic import op

revision = "0018"
down_revision = "0017"

TABLES = (
    """
    CREATE TABLE claim_seal (
      claim_id BIGINT NOT NULL REFERENCES claim (id),
      statement TEXT NOT NULL,
      signature BYTEA NOT NULL,
      key_id TEXT NOT NULL,
      sealed_by TEXT NOT NULL,
      sealed_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      PRIMARY KEY (claim_id),
      CONSTRAINT claim_seal_signed CHECK (octet_length(signature) = 64 AND key_id <> '' AND sealed_by <> '')
    )
    """,
    """
    CREATE TABLE claim_signature (
      id BIGINT GENERATED ALWAYS AS IDENTITY,
      claim_id BIGINT NOT NULL REFERENCES claim_seal (claim_id),
      form TEXT NOT NULL,
      media_type TEXT NOT NULL,
      content BYTEA NOT NULL,
      content_sha256 BYTEA NOT NULL,
      authority BYTEA,
      facts JSONB NOT NULL,
      handed_in_by TEXT NOT NULL,
      handed_in_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      answer TEXT DEFAULT 'UNVERIFIED' NOT NULL,
      detail TEXT DEFAULT '' NOT NULL,
      answered_by TEXT DEFAULT '' NOT NULL,
      answered_at TIMESTAMP WITH TIME ZONE,
      PRIMARY KEY (id),
      UNIQUE (claim_id, content_sha256),
      CONSTRAINT claim_signature_form_known CHECK (form IN ('QUALIFIED', 'PAPER')),
      CONSTRAINT claim_signature_answer_known CHECK (answer IN ('UNVERIFIED', 'VALID', 'INVALID')),
      CONSTRAINT claim_signature_answered_whole CHECK ((answer = 'UNVERIFIED') = (answered_at IS NULL) AND (answered_at IS NULL) = (answered_by = '')),
      CONSTRAINT claim_signature_content CHECK (content_sha256 = sha256(content) AND handed_in_by <> '')
    )
    """,
    """
    CREATE TABLE claim_objection (
      id BIGINT GENERATED ALWAYS AS IDENTITY,
      claim_id BIGINT NOT NULL REFERENCES claim (id),
      line_numbers INTEGER[] NOT NULL,
      text TEXT NOT NULL,
      made_by TEXT NOT NULL,
      made_at TIMESTAMP WITH TIME ZONE DEFAULT tillgate_now() NOT NULL,
      answer_by DATE NOT NULL,
      state TEXT DEFAULT 'OPEN' NOT NULL,
      answer TEXT DEFAULT '' NOT NULL,
      answered_by TEXT DEFAULT '' NOT NULL,
      answered_at TIMESTAMP WITH TIME ZONE,
      PRIMARY KEY (id),
      CONSTRAINT claim_objection_state_known CHECK (state IN ('OPEN', 'UPHELD', 'DISMISSED')),
      CONSTRAINT claim_objection_signed CHECK (text <> '' AND made_by <> ''),
      CONSTRAINT claim_objection_answered_whole CHECK ((state = 'OPEN') = (answered_at IS NULL) AND (state = 'OPEN') = (answer = '') AND (state = 'OPEN') = (answered_by = ''))
    )
    """,
    "CREATE INDEX claim_objection_claim ON claim_objection (claim_id, id)",
)

# A seal is never changed; a signature is answered once; nothing of either is deleted.
TRIGGERS = (
    """
    CREATE FUNCTION claim_seal_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'a claim''s seal stays as it is';
    END $$
    """,
    """
    CREATE TRIGGER claim_seal_stays BEFORE UPDATE OR DELETE ON claim_seal
      FOR EACH ROW EXECUTE FUNCTION claim_seal_stays()
    """,
    """
    CREATE FUNCTION claim_signature_stays() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF TG_OP = 'UPDATE' AND OLD.answer = 'UNVERIFIED'
        AND (OLD.id, OLD.claim_id, OLD.form, OLD.media_type, OLD.content, OLD.authority, OLD.facts,
             OLD.handed_in_by, OLD.handed_in_at)
          IS NOT DISTINCT FROM
            (NEW.id, NEW.claim_id, NEW.form, NEW.media_type, NEW.content, NEW.authority, NEW.facts,
             NEW.handed_in_by, NEW.handed_in_at) THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'a signature under a claim stays as it is';
    END $$
    """,
    """
    CREATE TRIGGER claim_signature_stays BEFORE UPDATE OR DELETE ON claim_signature
      FOR EACH ROW EXECUTE FUNCTION claim_signature_stays()
    """,
)

GRANTS = (
    "GRANT SELECT ON claim_seal, claim_signature, claim_objection TO tillgate_gateway, tillgate_reader",
)


def upgrade() -> None:
    """Create what review and signing stand on."""
    for statement in (*TABLES, *TRIGGERS, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Take it away again."""
    op.execute("DROP TABLE claim_objection, claim_signature, claim_seal")
    op.execute("DROP FUNCTION claim_signature_stays, claim_seal_stays")
