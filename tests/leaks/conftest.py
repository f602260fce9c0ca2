"""The scene of a gateway whose traces are searched."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from gateway.runtime.embedded import EmbeddedPostgres
from tests.leaks.scene import Scene, scene_on


@pytest.fixture
async def scene(
    postgres: EmbeddedPostgres, database_name: str, redis_url: str, tmp_path: Path
) -> AsyncIterator[Scene]:
    """A gateway that has met no card yet."""
    async with scene_on(postgres, database_name, redis_url, tmp_path) as made:
        yield made
