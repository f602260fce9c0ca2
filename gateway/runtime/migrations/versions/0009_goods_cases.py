"""Goods that people decide: cases with their counts, confirmed rules and templates by time, submissions."""

from alembic import op

revision = "0009"
down_revision = "0008"

# One integer for each subject, so that ranges of time exclude each other without an extension: two subjects
# of one hash, one chance in 10^19 for a pair, would be refused, never mixed up.
_ONE_AT_A_TIME = "EXCLUDE USING gist (int8range({key}, {key}, '[]') WITH &&, tstzrange(since, until) WITH &&)"
_SUBJECT = "hashtextextended(kind || ':' || merchant_id || ':' || key, 0)"
_PREFIX = "hashtextextended(merchant_id || ':' || prefix, 0)"

TABLES = (
    f"""
    CREATE TABLE goods_rule (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind TEXT NOT NULL,
      merchant_id BIGINT NOT NULL,
      key TEXT NOT NULL,
      okpd2 TEXT NOT NULL,
      since TIMESTAMP WITH TIME ZONE NOT NULL,
      until TIMESTAMP WITH TIME ZONE,
      act TEXT NOT NULL,
      made_by TEXT NOT NULL,
      made_at TIMESTAMP WITH TIME ZONE NOT NULL,
      ended_by TEXT,
      CONSTRAINT goods_rule_kind_known CHECK (kind IN ('gtin', 'in_store', 'name')),
      CONSTRAINT goods_rule_of_one_merchant CHECK ((kind = 'in_store') = (merchant_id > 0) AND merchant_id >= 0),
      CONSTRAINT goods_rule_key CHECK (key <> '' AND (kind <> 'gtin' OR key ~ '^[0-9]{{14}}$')),
      CONSTRAINT goods_rule_okpd2 CHECK (okpd2 ~ '^[0-9]{{2}}(\\.[0-9]{{1,2}}(\\.[0-9]{{1,2}}(\\.[0-9]{{3}})?)?)?$'),
      CONSTRAINT goods_rule_signed CHECK (act <> '' AND made_by <> ''),
      CONSTRAINT goods_rule_forward_only CHECK (since >= made_at + '00:00:05'::interval),
      CONSTRAINT goods_rule_range CHECK (until > since AND (until IS NULL) = (ended_by IS NULL)),
      CONSTRAINT goods_rule_one_at_a_time {_ONE_AT_A_TIME.format(key=_SUBJECT)}
    )
    """,
    f"""
    CREATE TABLE goods_template (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      merchant_id BIGINT NOT NULL,
      prefix TEXT NOT NULL,
      pattern TEXT NOT NULL,
      variable TEXT,
      decimals SMALLINT NOT NULL,
      since TIMESTAMP WITH TIME ZONE NOT NULL,
      until TIMESTAMP WITH TIME ZONE,
      made_by TEXT NOT NULL,
      made_at TIMESTAMP WITH TIME ZONE NOT NULL,
      ended_by TEXT,
      CONSTRAINT goods_template_variable_known CHECK (variable IN ('weight', 'count', 'price')),
      CONSTRAINT goods_template_signed CHECK (made_by <> ''),
      CONSTRAINT goods_template_forward_only CHECK (since >= made_at + '00:00:05'::interval),
      CONSTRAINT goods_template_range CHECK (until > since AND (until IS NULL) = (ended_by IS NULL)),
      CONSTRAINT goods_template_one_at_a_time {_ONE_AT_A_TIME.format(key=_PREFIX)}
    )
    """,
    """
    CREATE TABLE goods_case (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      kind TEXT NOT NULL,
      merchant_id BIGINT NOT NULL,
      key TEXT NOT NULL,
      review TEXT NOT NULL,
      state TEXT NOT NULL DEFAULT 'OPEN',
      line_count BIGINT NOT NULL,
      amount_kopecks BIGINT NOT NULL,
      first_seen TIMESTAMP WITH TIME ZONE NOT NULL,
      last_seen TIMESTAMP WITH TIME ZONE NOT NULL,
      examples JSON NOT NULL,
      settled_by TEXT,
      settled_at TIMESTAMP WITH TIME ZONE,
      because TEXT,
      rule_id BIGINT REFERENCES goods_rule (id),
      takes_until TIMESTAMP WITH TIME ZONE,
      CONSTRAINT goods_case_kind_known CHECK (kind IN ('gtin', 'in_store', 'name')),
      CONSTRAINT goods_case_of_one_merchant CHECK ((kind = 'in_store') = (merchant_id > 0) AND merchant_id >= 0),
      CONSTRAINT goods_case_review_known CHECK (review IN ('unknown', 'contradiction', 'doubt')),
      CONSTRAINT goods_case_state_known CHECK (state IN ('OPEN', 'CONFIRMED', 'DISMISSED')),
      CONSTRAINT goods_case_counted CHECK (line_count > 0 AND amount_kopecks >= 0 AND first_seen <= last_seen),
      CONSTRAINT goods_case_settled_whole CHECK (
        num_nonnulls(settled_by, settled_at, because) = CASE state WHEN 'OPEN' THEN 0 ELSE 3 END
        AND num_nonnulls(rule_id, takes_until) = CASE state WHEN 'CONFIRMED' THEN 2 ELSE 0 END)
    )
    """,
    """
    CREATE UNIQUE INDEX goods_case_one_open ON goods_case (kind, merchant_id, key, review)
      WHERE state = 'OPEN'
    """,
    "CREATE INDEX goods_case_subject ON goods_case (kind, merchant_id, key, review, id)",
    """
    CREATE TABLE goods_case_merchant (
      case_id BIGINT NOT NULL REFERENCES goods_case (id),
      merchant_id BIGINT NOT NULL,
      line_count BIGINT NOT NULL,
      amount_kopecks BIGINT NOT NULL,
      PRIMARY KEY (case_id, merchant_id)
    )
    """,
    "CREATE INDEX goods_case_merchant_merchant ON goods_case_merchant (merchant_id, case_id)",
    """
    CREATE TABLE goods_declared (
      merchant_id BIGINT NOT NULL,
      day DATE NOT NULL,
      declared_count BIGINT NOT NULL,
      checked_count BIGINT NOT NULL,
      differing_count BIGINT NOT NULL,
      differing_kopecks BIGINT NOT NULL,
      PRIMARY KEY (merchant_id, day),
      CONSTRAINT goods_declared_parts
        CHECK (0 <= differing_count AND differing_count <= checked_count AND checked_count <= declared_count)
    )
    """,
    """
    CREATE TABLE goods_collection (
      id SMALLINT DEFAULT 1 PRIMARY KEY,
      collected_to UUID NOT NULL,
      collected_at TIMESTAMP WITH TIME ZONE NOT NULL,
      CONSTRAINT goods_collection_single CHECK (id = 1)
    )
    """,
    """
    INSERT INTO goods_collection (collected_to, collected_at)
      VALUES ('00000000-0000-0000-0000-000000000000', tillgate_now())
    """,
    """
    CREATE TABLE goods_submission (
      id BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
      merchant_id BIGINT NOT NULL,
      kind TEXT NOT NULL,
      key TEXT NOT NULL,
      name TEXT NOT NULL,
      okpd2 TEXT NOT NULL,
      state TEXT NOT NULL DEFAULT 'SUBMITTED',
      submitted_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      rule_id BIGINT REFERENCES goods_rule (id),
      because TEXT,
      decided_by TEXT,
      decided_at TIMESTAMP WITH TIME ZONE,
      CONSTRAINT goods_submission_once UNIQUE (merchant_id, kind, key, name, okpd2),
      CONSTRAINT goods_submission_kind_known CHECK (kind IN ('gtin', 'in_store')),
      CONSTRAINT goods_submission_state_known CHECK (state IN ('SUBMITTED', 'CONFIRMED', 'REFUSED')),
      CONSTRAINT goods_submission_said CHECK (merchant_id > 0 AND key <> '' AND name <> ''),
      CONSTRAINT goods_submission_decided_whole CHECK (
        num_nonnulls(decided_by, decided_at) = CASE state WHEN 'SUBMITTED' THEN 0 ELSE 2 END
        AND (rule_id IS NOT NULL) = (state = 'CONFIRMED') AND (because IS NOT NULL) = (state = 'REFUSED'))
    )
    """,
    """
    CREATE INDEX goods_submission_waiting ON goods_submission (kind, key, merchant_id)
      WHERE state = 'SUBMITTED'
    """,
    "CREATE INDEX goods_submission_listed ON goods_submission (merchant_id, id)",
)

FUNCTIONS = (
    # What was in force at an instant stays so: a range may be ended ahead of time, once, and nothing else.
    # Five seconds ahead, of which two may pass until the row is written.
    """
    CREATE FUNCTION goods_range_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      IF OLD.until IS NULL AND NEW.until >= tillgate_now() + '00:00:03'::interval
          AND to_jsonb(OLD) - 'until' - 'ended_by' = to_jsonb(NEW) - 'until' - 'ended_by' THEN
        RETURN NEW;
      END IF;
      RAISE EXCEPTION 'what was confirmed holds as it is until it is ended ahead of time: %', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
)

_RANGES = ("goods_rule", "goods_template")
TRIGGERS = (
    *(
        f"CREATE TRIGGER goods_changed AFTER INSERT OR UPDATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION goods_count_change()"
        for table in _RANGES
    ),
    *(
        f"CREATE TRIGGER {table}_kept BEFORE UPDATE ON {table}"
        " FOR EACH ROW EXECUTE FUNCTION goods_range_refuse_change()"
        for table in _RANGES
    ),
    *(
        f"CREATE TRIGGER {table}_kept_whole BEFORE DELETE OR TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION reference_refuse_change()"
        for table in _RANGES
    ),
)

# The owner decides; who serves purchases counts what they bring, and takes what merchants submit.
GRANTS = (
    "GRANT SELECT ON goods_rule, goods_template, goods_case, goods_case_merchant, goods_declared,"
    " goods_collection, goods_submission TO tillgate_gateway, tillgate_reader",
    "GRANT INSERT (kind, merchant_id, key, review, line_count, amount_kopecks, first_seen, last_seen, examples),"
    " UPDATE (line_count, amount_kopecks, first_seen, last_seen, examples) ON goods_case TO tillgate_gateway",
    "GRANT INSERT, UPDATE ON goods_case_merchant, goods_declared TO tillgate_gateway",
    "GRANT UPDATE (collected_to, collected_at) ON goods_collection TO tillgate_gateway",
    "GRANT INSERT ON goods_submission TO tillgate_gateway",
)


def upgrade() -> None:
    """Create everything; the roles are there since the first revision."""
    for statement in (*TABLES, *FUNCTIONS, *TRIGGERS, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: decisions name the rules by which they were made."""
    raise NotImplementedError("confirmed rules are not undone; restore a backup instead")
