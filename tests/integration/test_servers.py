"""Embedded servers are prepared as production ones would be: three roles, none of them a superuser."""

import asyncio
from pathlib import Path

from sqlalchemy import text

from gateway.runtime.database import make_engine
from gateway.runtime.servers import with_servers
from gateway.runtime.settings import Settings


async def _answer(url: str, sql: str) -> object:
    engine = make_engine(url, pool_size=1)
    try:
        async with engine.connect() as connection:
            return await connection.scalar(text(sql))
    finally:
        await engine.dispose()


def test_no_role_of_the_gateway_is_a_superuser_and_the_migrator_owns_the_ledger(tmp_path: Path) -> None:
    """The migrator owns the tables, the gateway and the reader only use them."""
    with with_servers(Settings(data_dir=tmp_path / "var")) as settings:
        superusers = "SELECT count(*) FROM pg_roles WHERE rolsuper AND rolname LIKE 'tillgate%'"
        owner = "SELECT pg_get_userbyid(relowner)::text FROM pg_class WHERE relname = 'entry'"
        who = "SELECT current_user::text"
        urls = settings.database_url, settings.database_migrator_url, settings.database_reader_url
        assert 0 == asyncio.run(_answer(settings.database_reader_url, superusers))
        assert "tillgate_migrator" == asyncio.run(_answer(settings.database_reader_url, owner))
        found = [asyncio.run(_answer(url, who)) for url in urls]
        assert ["tillgate_gateway", "tillgate_migrator", "tillgate_reader"] == found


def test_a_second_command_uses_the_servers_that_the_first_one_started(tmp_path: Path) -> None:
    """`tillgate ledger verify` runs beside `make serve`."""
    with (
        with_servers(Settings(data_dir=tmp_path / "var")) as first,
        with_servers(Settings(data_dir=tmp_path / "var")) as second,
    ):
        assert first.database_url == second.database_url
        assert first.redis_url == second.redis_url
