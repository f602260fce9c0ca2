"""Many rows out of one real row: `INSERT … SELECT`, with some columns computed and the rest copied.

The sample rows were written by the gateway itself, so what they multiply to has real columns and sizes.
"""

from collections.abc import Mapping

from sqlalchemy import Table

UUID7_SQL = """
CREATE OR REPLACE FUNCTION bench_uuid7(at timestamptz) RETURNS uuid LANGUAGE sql VOLATILE AS $$
  SELECT encode(set_byte(overlay(uuid_send(gen_random_uuid())
           PLACING substring(int8send((extract(epoch FROM at) * 1000)::bigint) FROM 3) FROM 1 FOR 6),
         6, 112 + get_byte(uuid_send(gen_random_uuid()), 6) % 16), 'hex')::uuid $$
"""
"""A UUIDv7 of an instant, as gateway/ledger/ids.py makes them."""


def clone_sql(table: Table, sources: str, computed: Mapping[str, str]) -> str:
    """Insert a row for each row of `sources`, whose item `s` is a row of the same table.

    Raises KeyError if a computed column does not exist.
    """
    unknown = set(computed) - set(table.c.keys())
    if unknown:
        raise KeyError(f"{table.name} has no {', '.join(sorted(unknown))}")
    names = [
        column.name for column in table.c if column.identity is None and column.computed is None
    ]  # identities number themselves
    values = ", ".join(computed.get(name, f"s.{name}") for name in names)
    return f"INSERT INTO {table.name} ({', '.join(names)}) SELECT {values} FROM {sources}"  # noqa: S608
