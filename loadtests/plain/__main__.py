"""`python -m loadtests.plain`: `tillgate serve` in one process, deciding by the plain ledger."""

import os

import click
import uvloop

from gateway.runtime.logging import configure_logging
from gateway.runtime.servers import with_servers
from gateway.runtime.serving import serve
from gateway.runtime.settings import load_settings
from loadtests.plain.starting import start_plain_ledger


@click.command()
def serve_plain() -> None:
    """Run the gateway around the plain ledger until Ctrl-C; settings as for `tillgate serve`."""
    settings = load_settings(os.environ)
    configure_logging(settings.log_level, json_lines=settings.log_json)
    with with_servers(settings) as complete:
        uvloop.run(serve(complete, ledger=start_plain_ledger))


if __name__ == "__main__":
    serve_plain()
