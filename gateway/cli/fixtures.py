"""tillgate fixtures: example merchants and tills, for development and tests."""

import asyncio
import os

import click

from gateway.goods.loader import load_list_book
from gateway.registry.fixtures import Fixture, make_fixture
from gateway.registry.signing import public_key_set
from gateway.runtime.database import make_engine
from gateway.runtime.keys import authority, load_signer
from gateway.runtime.servers import with_servers
from gateway.runtime.settings import Settings, load_settings


@click.group("fixtures")
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

    with with_servers(load_settings(os.environ)) as complete:
        made = asyncio.run(create(complete))
    for till in (*made.terminals, made.concentrator):
        click.echo(f"merchant {till.merchant_id}  terminals {till.terminal_ids}  {till.folder}")
