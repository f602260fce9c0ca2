"""tillgate: the operator's command line."""

import asyncio
import os
import sys

import click
import uvloop

from gateway.cli_ledger import certificates_group, database_group, ledger_group
from gateway.registry.secret_files import SecretFileError
from gateway.runtime.bootstrap import serve
from gateway.runtime.bus import FEED, Bus
from gateway.runtime.embedded import EmbeddedServerError
from gateway.runtime.logging import configure_logging
from gateway.runtime.servers import with_servers
from gateway.runtime.settings import Settings, SettingsError, load_settings


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="tillgate")
def tillgate() -> None:
    """Gateway for electronic social certificates. Settings: TILLGATE_* variables, see docs/settings.md."""


@tillgate.command("serve")
def serve_command() -> None:
    """Run the gateway until Ctrl-C."""
    settings = _settings()
    configure_logging(settings.log_level, json_lines=settings.log_json)
    with with_servers(settings) as complete:
        click.echo(f"tills: {complete.grpc_host}:{complete.grpc_port} (mutual TLS)", err=True)
        click.echo(f"health and metrics: http://{complete.http_host}:{complete.http_port}/readyz", err=True)
        uvloop.run(serve(complete))


@tillgate.command("watch")
def watch_command() -> None:
    """Follow the live feed of outcomes: kind, reason, points in kopecks."""

    async def watch(settings: Settings) -> None:
        async for line in Bus(settings.redis_url).listen(FEED):
            click.echo(line)

    with with_servers(_settings()) as complete:
        asyncio.run(watch(complete))


def _settings() -> Settings:
    return load_settings(os.environ)


for group in (ledger_group, certificates_group, database_group):
    tillgate.add_command(group)


def main() -> None:
    """Run the command line; what an operator can mend is told in one line, without a traceback."""
    try:
        tillgate()
    except (SettingsError, EmbeddedServerError, SecretFileError) as error:
        sys.exit(f"tillgate: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
