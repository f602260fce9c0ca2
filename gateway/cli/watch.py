"""tillgate watch: what the gateway decides, as it decides it."""

import asyncio
import os

import click

from gateway.runtime.bus import FEED, Bus
from gateway.runtime.servers import with_servers
from gateway.runtime.settings import Settings, load_settings


@click.command("watch")
def watch_command() -> None:
    """Follow the live feed of outcomes: kind, reason, points in kopecks."""

    async def watch(settings: Settings) -> None:
        async for line in Bus(settings.redis_url).listen(FEED):
            click.echo(line)

    with with_servers(load_settings(os.environ)) as complete:
        asyncio.run(watch(complete))
