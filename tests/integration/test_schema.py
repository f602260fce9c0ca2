"""The history of migrations leads to exactly the tables that the code describes."""

from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, MetaData, text
from sqlalchemy.schema import CreateSchema, SchemaItem

from gateway.goods.cases import schema as cases
from gateway.goods.reference import schema as reference
from gateway.ledger import schema as ledger
from gateway.ledger.partitions import PARTITIONED
from gateway.ledger.seals import schema as seals
from gateway.ledger.write_statement import TABLES
from gateway.people import schema as people
from gateway.record import schema as record
from gateway.registry import card_locks
from gateway.registry import enrolment_schema as enrolment
from gateway.registry import schema as registry
from gateway.registry.keys import schema as keys
from gateway.runtime.database import alembic_config, make_engine
from settlement.claims import schema as claims
from settlement.documents import schema as documents
from settlement.payouts import schema as payouts
from settlement.receipts import schema as receipts
from settlement.reports import schema as reports
from settlement.review import schema as review
from settlement.signing import schema as signing


def _is_described(item: SchemaItem, name: str | None, kind: str, *_: Any) -> bool:
    """Month partitions repeat their parent and stand in no metadata."""
    return not (kind == "table" and name is not None and name.startswith(tuple(f"{p}_" for p in PARTITIONED)))


_ROOMS = tuple(
    room.metadata
    for room in (
        *(ledger, seals, reference, cases, registry, enrolment, card_locks, keys, record, people),
        *(claims, documents, payouts, receipts, reports, review, signing),
    )
)


def _described(schema: str | None = None) -> MetaData:
    """The tables of all rooms."""
    merged = MetaData(schema=schema)
    for metadata in _ROOMS:
        for table in metadata.tables.values():
            if schema is None:
                table.to_metadata(merged)
            else:
                table.to_metadata(merged, schema=schema)
    return merged


def _differences(connection: Connection) -> list[Any]:
    options = {"include_object": _is_described, "compare_type": True, "compare_server_default": True}
    differences: list[Any] = compare_metadata(
        MigrationContext.configure(connection, opts=options), _described()
    )
    return differences


async def test_the_history_leads_to_the_described_tables(database_url: str) -> None:
    """Not a column, type, default, index or foreign key of difference."""
    engine = make_engine(database_url)
    async with engine.connect() as connection:
        differences = await connection.run_sync(_differences)
    await engine.dispose()
    assert [] == differences


# Constraints and storage as PostgreSQL itself tells them, which Alembic does not compare.
_CONSTRAINTS = text("""
SELECT c.conrelid::regclass::text AS relation, conname, pg_get_constraintdef(c.oid) AS definition
FROM pg_constraint c JOIN pg_class t ON t.oid = c.conrelid
WHERE t.relnamespace = to_regnamespace(:schema) AND NOT t.relispartition AND t.relname <> 'alembic_version'
UNION ALL
SELECT t.oid::regclass::text, t.relkind::text, concat(t.reloptions::text, pg_get_partkeydef(t.oid))
FROM pg_class t
WHERE t.relnamespace = to_regnamespace(:schema) AND NOT t.relispartition AND t.relkind IN ('r', 'p')
  AND t.relname <> 'alembic_version'
""")


def _constraints(connection: Connection, schema: str) -> set[tuple[str, ...]]:
    rows = connection.execute(_CONSTRAINTS, {"schema": schema})
    return {tuple(str(part).replace(f"{schema}.", "") for part in row) for row in rows}


async def test_the_history_leads_to_the_described_constraints(database_url: str) -> None:
    """Every CHECK, key and exclusion, every partitioning and fillfactor is the one of the code."""
    engine = make_engine(database_url)
    async with engine.connect() as connection:
        await connection.execute(CreateSchema("described"))
        await connection.run_sync(_described("described").create_all)
        migrated = await connection.run_sync(_constraints, "public")
        described = await connection.run_sync(_constraints, "described")
    await engine.dispose()
    assert described == migrated
    assert 60 < len(migrated)


async def test_the_history_leads_to_the_types_in_which_rows_are_written(database_url: str) -> None:
    """The driver encodes a row by the database's type: a column more or less would shift all that follow."""
    engine = make_engine(database_url)
    async with engine.connect() as connection:
        rows = await connection.execute(_ROW_TYPES)
    await engine.dispose()
    found = {name: [tuple(column) for column in columns] for name, columns in rows}
    assert {table.row_type: list(table.columns) for table in TABLES} == {
        name: columns for name, columns in found.items() if name not in _OF_OLDER_GATEWAYS
    }
    assert found.keys() >= _OF_OLDER_GATEWAYS


_OF_OLDER_GATEWAYS = {"purchase_row_v1"}
"""Row types that stay, since gateways of the version before may still be at work."""


_ROW_TYPES = text("""
SELECT t.relname, json_agg(json_build_array(a.attname, regexp_replace(
    format_type(a.atttypid, a.atttypmod), 'timestamp with time zone', 'timestamptz')) ORDER BY a.attnum)
FROM pg_class t JOIN pg_attribute a ON a.attrelid = t.oid
WHERE t.relkind = 'c' AND t.relnamespace = 'public'::regnamespace GROUP BY t.relname
""")


def test_the_history_is_one_line(database_url: str) -> None:
    """One head: two branches of migrations would be a race of deployments."""
    assert 1 == len(ScriptDirectory.from_config(alembic_config(database_url)).get_heads())
