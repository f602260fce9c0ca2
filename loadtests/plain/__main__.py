"""`python -m loadtests.plain`: `tillgate serve` in one process, deciding by the plain ledger."""

import os
from functools import partial

import click
import uvloop

from gateway.runtime.logging import configure_logging
from gateway.runtime.servers import with_servers
from gateway.runtime.serving import serve
from gateway.runtime.settings import load_settings
from loadtests.plain.starting import POOL_SIZE, start_plain_ledger


@click.command()
@click.option("--pool", default=POOL_SIZE, show_default=True, help="connections to the database")
def serve_plain(pool: int) -> None:
    """Run the gateway around the plain ledger until Ctrl-C; settings as for `tillgate serve`."""
    settings = load_settings(os.environ)
    configure_logging(settings.log_level, json_lines=settings.log_json)
    with with_servers(settings) as complete:
        uvloop.run(serve(complete, ledger=partial(start_plain_ledger, pool_size=pool)))


if __name__ == "__main__":
    serve_plain()
