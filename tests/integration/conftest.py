"""What integration tests share: the real gateway that the SDK's tests go to."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.runtime.embedded import EmbeddedPostgres
from tests.sdk_support.real import RealGateway, real_gateway


@pytest.fixture
async def gateway(
    postgres: EmbeddedPostgres, database_name: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[RealGateway]:
    """The real gateway on a database of this test's own."""
    async with real_gateway(tmp_path, postgres, database_name, redis_url) as running:
        yield running
