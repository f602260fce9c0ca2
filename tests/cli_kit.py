"""The command line on a database of a test, in this process."""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result

from gateway.cli import tillgate
from gateway.runtime.embedded import EmbeddedPostgres
from tests.logs import logging_put_back


@dataclass(frozen=True)
class CommandLine:
    """Runs `tillgate …` with the settings of one database."""

    postgres: EmbeddedPostgres
    database: str
    environment: Mapping[str, str]

    def __call__(self, *arguments: object, typed: str | None = None) -> Result:
        """Run a command, typing what it asks for; an exception that is no answer of it comes through."""
        said = [str(argument) for argument in arguments]
        result = CliRunner().invoke(tillgate, said, env=self.environment, input=typed)
        if result.exception is not None and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def json(self, *arguments: object) -> Any:
        """What a command prints as JSON."""
        return json.loads(self(*arguments).stdout)

    def sql(self, statement: str) -> str:
        """Run SQL as the owner; rows as unaligned text."""
        return self.postgres.execute(statement, self.database)


@contextmanager
def command_line(
    postgres: EmbeddedPostgres, database: str, redis_url: str, data_dir: Path
) -> Iterator[CommandLine]:
    """The command line on one database."""
    urls = {
        "TILLGATE_DATABASE_URL": postgres.url(database, "tillgate_gateway"),
        "TILLGATE_DATABASE_MIGRATOR_URL": postgres.url(database),
        "TILLGATE_DATABASE_PEOPLE_URL": postgres.url(database, "tillgate_people"),
        "TILLGATE_DATABASE_READER_URL": postgres.url(database, "tillgate_reader"),
        "TILLGATE_REDIS_URL": redis_url,
        "TILLGATE_DATA_DIR": str(data_dir),
    }
    with logging_put_back():
        yield CommandLine(postgres, database, urls)
