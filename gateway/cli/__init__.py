"""tillgate: the operator's command line."""

import asyncio
import os
import sys

import click
import uvloop

from gateway.cli.ledger import certificates_group, database_group, ledger_group
from gateway.goods.loader import ListFileError, load_list_book
from gateway.registry.fixtures import Fixture, make_fixture
from gateway.registry.secret_files import SecretFileError
from gateway.registry.signing import public_key_set
from gateway.runtime.bootstrap import StartError, serve
from gateway.runtime.bus import FEED, Bus
from gateway.runtime.database import make_engine
from gateway.runtime.embedded import EmbeddedServerError
from gateway.runtime.keys import authority, load_signer
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


@tillgate.group("fixtures")
def fixtures_group() -> None:
    """Example merchants and tills, for development and tests."""


@fixtures_group.command("create")
@click.option("--merchants", default=2, show_default=True, help="how many merchants")
@click.option("--outlets", default=2, show_default=True, help="outlets of each merchant")
@click.option("--terminals", default=2, show_default=True, help="terminals of each outlet")
def fixtures_create_command(merchants: int, outlets: int, terminals: int) -> None:
    """Register example merchants whose tills get their keys below the data directory."""

    async def create(settings: Settings) -> Fixture:
        engine = make_engine(settings.database_migrator_url, pool_size=1)
        try:
            return await make_fixture(
                engine,
                settings.data_dir / "fixtures",
                authority=authority(settings),
                program_codes={code for code, _ in load_list_book(settings.lists_dir).programs},
                outcome_keys=public_key_set([load_signer(settings)]),
                merchants=merchants,
                outlets=outlets,
                terminals=terminals,
                endpoint=f"localhost:{settings.grpc_port}",
            )
        finally:
            await engine.dispose()

    with with_servers(_settings()) as complete:
        made = asyncio.run(create(complete))
    for till in (*made.terminals, made.concentrator):
        click.echo(f"merchant {till.merchant_id}  terminals {till.terminal_ids}  {till.folder}")


def _settings() -> Settings:
    return load_settings(os.environ)


for group in (ledger_group, certificates_group, database_group):
    tillgate.add_command(group)


def main() -> None:
    """Run the command line; what an operator can mend is told in one line, without a traceback."""
    try:
        tillgate()
    except (SettingsError, StartError, EmbeddedServerError, SecretFileError, ListFileError) as error:
        sys.exit(f"tillgate: {error}")
    except KeyboardInterrupt:
        sys.exit(130)
