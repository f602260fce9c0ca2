"""What is looked at after every test of a run, cheaply: its database, and what it wrote to stdout and logs.

Digests and other rare forms are looked for in whole dumps: of the run in `test_left_behind`, and of what
databases are left when a worker ends.
"""

from collections.abc import Iterable
from typing import Final

from gateway.runtime.embedded import EmbeddedPostgres
from loadtests.cards import CARD_BIN
from tests.leaks.places import in_database
from tests.leaks.scanner import CardScanner

_SCANNER: Final = CardScanner(())
_PATTERN: Final = (
    rf"(^|[^0-9.]){CARD_BIN}[0-9]{{10}}([0-9]{{3}})?([^0-9]|$)"
    rf"|{CARD_BIN.encode().hex()}(3[0-9]){{10}}"
)
_SEARCH: Final = f"""
DO $$
DECLARE place regclass; is_found boolean;
BEGIN
  FOR place IN SELECT oid FROM pg_class
    WHERE relkind = 'r' AND relnamespace = 'public'::regnamespace AND pg_relation_size(oid) > 0
  LOOP
    EXECUTE format('SELECT EXISTS (SELECT FROM %s AS one WHERE one::text ~ %L)', place, '{_PATTERN}')
      INTO is_found;
    IF is_found THEN RAISE EXCEPTION 'a card number in table %', place; END IF;
  END LOOP;
END $$
"""  # noqa: S608 - of constants


def assert_no_number_in(postgres: EmbeddedPostgres, database: str) -> None:
    """Fails, by table, if a row holds a made-up number as it is or as bytes; one round trip."""
    postgres.execute(_SEARCH, database)


def assert_no_number_left(postgres: EmbeddedPostgres, databases: Iterable[str]) -> None:
    """Fails if a dump of what is left of these databases holds a number in any form."""
    left = postgres.execute("SELECT datname FROM pg_database").splitlines()
    scanner = CardScanner()
    findings = [found for name in databases if name in left for found in in_database(scanner, postgres, name)]
    assert not findings, "\n".join(map(str, findings))


def place_of_number(sections: Iterable[tuple[str, str]]) -> str:
    """The captured section (stdout, stderr, log) that shows a number, or empty."""
    for title, content in sections:
        if any(_SCANNER.scan(title, content.encode("utf-8", "replace"))):
            return title
    return ""
