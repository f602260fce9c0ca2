"""Which PostgreSQL and Redis a command talks to: those of the settings, or embedded ones.

The first command of a data directory starts the embedded servers and notes their addresses; any
other command that runs meanwhile (`tillgate ledger verify` beside `make serve`) uses the same.
"""

import json
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from gateway.runtime.database import migrate
from gateway.runtime.embedded import EmbeddedPostgres, EmbeddedValkey
from gateway.runtime.settings import Settings

DATABASE = "tillgate"
MIGRATOR = "tillgate_migrator"
BACKUP = "tillgate_backup"


@contextmanager
def with_servers(settings: Settings) -> Iterator[Settings]:
    """Settings whose URLs are all filled in; embedded servers stop with the context that started them.

    Raises EmbeddedServerError if an embedded server does not come up.
    """
    if settings.database_url and settings.redis_url:
        yield settings
        return
    note = settings.data_dir / "servers.json"
    running = _running(note)
    if running is not None:
        yield _filled(settings, running)
        return
    with ExitStack() as stack:
        urls: dict[str, str] = {}
        if not settings.database_url:
            postgres = stack.enter_context(EmbeddedPostgres(settings.data_dir))
            urls |= _prepared_database(postgres)
        if not settings.redis_url:
            urls["redis_url"] = stack.enter_context(EmbeddedValkey(settings.data_dir)).url
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        note.write_text(json.dumps({"pid": os.getpid(), "urls": urls}))
        stack.callback(note.unlink, missing_ok=True)
        yield _filled(settings, urls)


def _filled(settings: Settings, urls: dict[str, str]) -> Settings:
    missing = {name: url for name, url in urls.items() if not getattr(settings, name)}
    return settings.model_copy(update=missing)


def _prepared_database(postgres: EmbeddedPostgres) -> dict[str, str]:
    if not postgres.execute(f"SELECT 1 FROM pg_roles WHERE rolname = '{MIGRATOR}'"):  # noqa: S608 a constant
        # It owns the tables and makes the two roles that only use them; no superuser touches the ledger.
        postgres.execute(f"CREATE ROLE {MIGRATOR} LOGIN CREATEROLE")
    if not postgres.execute(f"SELECT 1 FROM pg_database WHERE datname = '{DATABASE}'"):  # noqa: S608 a constant
        postgres.execute(f"CREATE DATABASE {DATABASE} OWNER {MIGRATOR}")
    if not postgres.execute(f"SELECT 1 FROM pg_roles WHERE rolname = '{BACKUP}'"):  # noqa: S608 a constant
        postgres.execute(f"CREATE ROLE {BACKUP} LOGIN REPLICATION")
    migrate(postgres.url(DATABASE, MIGRATOR))
    return {
        "database_backup_url": postgres.url(DATABASE, BACKUP),
        "database_enrollment_url": postgres.url(DATABASE, "tillgate_enrollment"),
        "database_url": postgres.url(DATABASE, "tillgate_gateway"),
        "database_migrator_url": postgres.url(DATABASE, MIGRATOR),
        "database_people_url": postgres.url(DATABASE, "tillgate_people"),
        "database_reader_url": postgres.url(DATABASE, "tillgate_reader"),
    }


def _running(note: Path) -> dict[str, str] | None:
    """The addresses that a living process has noted, or None."""
    try:
        noted = json.loads(note.read_text())
        os.kill(noted["pid"], 0)
    except (OSError, ValueError, KeyError):
        return None
    urls: dict[str, str] = noted["urls"]
    return urls
