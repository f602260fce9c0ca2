"""Reference data: versions of lists, the catalogue by ranges of versions, and the epoch that counts them."""

from alembic import op

revision = "0008"
down_revision = "0007"

TABLES = (
    """
    CREATE TABLE reference_version (
      kind TEXT NOT NULL,
      version TEXT NOT NULL,
      number INTEGER NOT NULL,
      state TEXT NOT NULL DEFAULT 'DRAFT',
      body JSON,
      entry_count BIGINT NOT NULL,
      content_sha256 BYTEA NOT NULL,
      imported_by TEXT NOT NULL,
      imported_at TIMESTAMP WITH TIME ZONE NOT NULL DEFAULT tillgate_now(),
      import_summary JSONB NOT NULL,
      rehearsed_by TEXT,
      rehearsed_at TIMESTAMP WITH TIME ZONE,
      rehearsal JSONB,
      act_text TEXT,
      act_body TEXT,
      act_number TEXT,
      act_date DATE,
      address TEXT,
      announced_at TIMESTAMP WITH TIME ZONE,
      published_by TEXT,
      published_at TIMESTAMP WITH TIME ZONE,
      effective_from TIMESTAMP WITH TIME ZONE,
      is_urgent BOOLEAN NOT NULL DEFAULT false,
      approvals JSONB,
      discarded_by TEXT,
      discarded_at TIMESTAMP WITH TIME ZONE,
      PRIMARY KEY (kind, version),
      UNIQUE (kind, number),
      CONSTRAINT reference_one_from_an_instant UNIQUE (kind, effective_from),
      CONSTRAINT reference_kind_known
        CHECK (kind IN ('prohibited', 'classes', 'programs', 'okpd2', 'catalogue', 'names')),
      CONSTRAINT reference_state_known CHECK (state IN ('DRAFT', 'REHEARSED', 'PUBLISHED', 'DISCARDED')),
      CONSTRAINT reference_version_named CHECK (version <> '' AND number > 0),
      CONSTRAINT reference_sha256 CHECK (octet_length(content_sha256) = 32),
      CONSTRAINT reference_body_of_small_kinds CHECK ((kind = 'catalogue') = (body IS NULL)),
      CONSTRAINT reference_rehearsal_whole CHECK (
        num_nonnulls(rehearsed_by, rehearsed_at, rehearsal) IN (0, 3)
        AND (state <> 'REHEARSED' OR rehearsed_at IS NOT NULL)),
      CONSTRAINT reference_publication_whole CHECK (
        num_nonnulls(address, announced_at, published_by, published_at, effective_from)
        = CASE state WHEN 'PUBLISHED' THEN 5 ELSE 0 END),
      CONSTRAINT reference_act_whole CHECK (
        num_nonnulls(act_body, act_number, act_date)
        = CASE WHEN state = 'PUBLISHED' AND act_text IS NULL THEN 3 ELSE 0 END
        AND (state = 'PUBLISHED' OR act_text IS NULL)),
      CONSTRAINT reference_in_force_after_publication CHECK (effective_from >= announced_at),
      CONSTRAINT reference_in_force_after_nodes_know
        CHECK (effective_from >= published_at + '00:00:05'::interval OR act_text IS NOT NULL),
      CONSTRAINT reference_urgent_is_approved CHECK (
        is_urgent = (approvals IS NOT NULL) AND (NOT is_urgent OR jsonb_array_length(approvals) >= 2)),
      CONSTRAINT reference_discard_whole CHECK (
        num_nonnulls(discarded_by, discarded_at) = CASE state WHEN 'DISCARDED' THEN 2 ELSE 0 END)
    )
    """,
    """
    CREATE UNIQUE INDEX reference_one_catalogue_draft ON reference_version (kind)
      WHERE kind = 'catalogue' AND state IN ('DRAFT', 'REHEARSED')
    """,
    """
    CREATE TABLE reference_file (
      kind TEXT NOT NULL,
      version TEXT NOT NULL,
      path TEXT NOT NULL,
      part INTEGER NOT NULL,
      data BYTEA NOT NULL,
      PRIMARY KEY (kind, version, path, part),
      FOREIGN KEY (kind, version) REFERENCES reference_version (kind, version),
      CONSTRAINT reference_file_part CHECK (part >= 0 AND octet_length(data) BETWEEN 1 AND 1048576)
    )
    """,
    """
    CREATE TABLE catalogue_item (
      gtin BIGINT NOT NULL,
      since INTEGER NOT NULL,
      until INTEGER,
      okpd2 TEXT[] NOT NULL,
      name TEXT NOT NULL,
      PRIMARY KEY (gtin, since),
      CONSTRAINT catalogue_item_gtin CHECK (gtin BETWEEN 1 AND 99999999999999),
      CONSTRAINT catalogue_item_versions CHECK (since > 0 AND until > since)
    )
    """,
    """
    CREATE UNLOGGED TABLE catalogue_staging (
      gtin BIGINT NOT NULL,
      line INTEGER NOT NULL,
      okpd2 TEXT COLLATE "C" NOT NULL,
      name TEXT NOT NULL
    )
    """,
    """
    CREATE TABLE goods_epoch (
      id SMALLINT DEFAULT 1 PRIMARY KEY,
      epoch BIGINT NOT NULL,
      CONSTRAINT goods_epoch_single CHECK (id = 1)
    )
    """,
    "INSERT INTO goods_epoch (epoch) VALUES (1)",
)

FUNCTIONS = (
    # Its owner's rights, since whoever changes what decisions go by has no business with the epoch itself.
    """
    CREATE FUNCTION goods_count_change() RETURNS trigger
    LANGUAGE plpgsql SECURITY DEFINER SET search_path = public, pg_temp AS $$
    BEGIN
      UPDATE goods_epoch SET epoch = epoch + 1;
      RETURN NULL;
    END $$
    """,
    """
    CREATE FUNCTION reference_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
      RAISE EXCEPTION 'what is published, and what a version says, never changes: %', TG_TABLE_NAME
        USING ERRCODE = 'integrity_constraint_violation';
    END $$
    """,
    """
    CREATE FUNCTION reference_refuse_file_change() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      file reference_file;
    BEGIN
      file := CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
      IF TG_OP = 'UPDATE' OR EXISTS (SELECT FROM reference_version v
          WHERE v.kind = file.kind AND v.version = file.version AND v.state = 'PUBLISHED') THEN
        RAISE EXCEPTION 'a stored file never changes: %', file.path
          USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN file;
    END $$
    """,
    # A statement may touch millions of items: what it did is looked at once, at its end.
    """
    CREATE FUNCTION catalogue_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
    DECLARE
      last INTEGER := (SELECT max(number) FROM reference_version
                       WHERE kind = 'catalogue' AND state = 'PUBLISHED');
      is_refused BOOLEAN;
    BEGIN
      IF last IS NULL THEN
        RETURN NULL;
      ELSIF TG_OP = 'INSERT' THEN
        is_refused := EXISTS (SELECT FROM new_items WHERE since <= last);
      ELSIF TG_OP = 'DELETE' THEN
        is_refused := EXISTS (SELECT FROM old_items WHERE since <= last);
      ELSE
        is_refused := EXISTS (
          SELECT FROM old_items o FULL JOIN new_items n ON n.gtin = o.gtin AND n.since = o.since
          WHERE least(o.since, n.since) <= last
          AND (n.since IS NULL OR o.since IS NULL OR n.okpd2 <> o.okpd2 OR n.name <> o.name
               OR o.until <= last OR n.until <= last));
      END IF;
      IF is_refused THEN
        RAISE EXCEPTION 'a published catalogue never changes'
          USING ERRCODE = 'integrity_constraint_violation';
      END IF;
      RETURN NULL;
    END $$
    """,
)

TRIGGERS = (
    "CREATE TRIGGER goods_changed AFTER INSERT OR UPDATE ON reference_version"
    " FOR EACH ROW WHEN (NEW.state = 'PUBLISHED') EXECUTE FUNCTION goods_count_change()",
    # What a draft says does not change either: it was rehearsed as it is, or a hash was told.
    "CREATE TRIGGER reference_kept BEFORE UPDATE ON reference_version FOR EACH ROW WHEN ("
    " OLD.state IN ('PUBLISHED', 'DISCARDED') OR (OLD.kind, OLD.version, OLD.number, OLD.body::text,"
    " OLD.entry_count, OLD.content_sha256, OLD.imported_by, OLD.imported_at) IS DISTINCT FROM"
    " (NEW.kind, NEW.version, NEW.number, NEW.body::text, NEW.entry_count, NEW.content_sha256,"
    " NEW.imported_by, NEW.imported_at)) EXECUTE FUNCTION reference_refuse_change()",
    "CREATE TRIGGER reference_kept_whole BEFORE DELETE ON reference_version FOR EACH ROW"
    " WHEN (OLD.state = 'PUBLISHED') EXECUTE FUNCTION reference_refuse_change()",
    "CREATE TRIGGER reference_file_kept BEFORE INSERT OR UPDATE OR DELETE ON reference_file"
    " FOR EACH ROW EXECUTE FUNCTION reference_refuse_file_change()",
    "CREATE TRIGGER catalogue_added AFTER INSERT ON catalogue_item REFERENCING NEW TABLE AS new_items"
    " FOR EACH STATEMENT EXECUTE FUNCTION catalogue_refuse_change()",
    "CREATE TRIGGER catalogue_changed AFTER UPDATE ON catalogue_item"
    " REFERENCING OLD TABLE AS old_items NEW TABLE AS new_items"
    " FOR EACH STATEMENT EXECUTE FUNCTION catalogue_refuse_change()",
    "CREATE TRIGGER catalogue_removed AFTER DELETE ON catalogue_item REFERENCING OLD TABLE AS old_items"
    " FOR EACH STATEMENT EXECUTE FUNCTION catalogue_refuse_change()",
    *(
        f"CREATE TRIGGER {table}_not_emptied BEFORE TRUNCATE ON {table}"
        " FOR EACH STATEMENT EXECUTE FUNCTION reference_refuse_change()"
        for table in ("reference_version", "reference_file", "catalogue_item")
    ),
)

# The owner publishes; who serves purchases reads.
GRANTS = (
    "GRANT SELECT ON reference_version, reference_file, catalogue_item, goods_epoch"
    " TO tillgate_gateway, tillgate_reader",
)


def upgrade() -> None:
    """Create everything; the roles are there since the first revision."""
    for statement in (*TABLES, *FUNCTIONS, *TRIGGERS, *GRANTS):
        op.execute(statement)


def downgrade() -> None:
    """Refuse: decisions name the versions by which they were made."""
    raise NotImplementedError("published lists are not undone; restore a backup instead")
