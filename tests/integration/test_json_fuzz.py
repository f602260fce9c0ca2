"""schemathesis makes requests from the description, valid and spoilt, and finds no server error.

TILLGATE_FUZZ_EXAMPLES=1000 tries so many for each method and kind, as `make fuzz` does.
"""

import asyncio
import os
from pathlib import Path
from typing import Any, Final

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)

from gateway.jsondoor.paths import PATHS
from tests.door_kit import door_on
from tests.openapi_kit import DOCUMENT

EXAMPLES: Final = int(os.environ.get("TILLGATE_FUZZ_EXAMPLES", "4"))
CHECKS: Final[list[Any]] = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


def fuzz(base_url: str, client: Path, mode: GenerationMode) -> dict[str, set[int]]:
    """Try every operation; returns the statuses that each was answered with, and raises what was found."""
    statuses: dict[str, set[int]] = {}
    keys = {"cert": (str(client / "cert.pem"), str(client / "key.pem")), "verify": str(client / "ca.pem")}
    with requests.Session() as session:
        session.trust_env = False
        found: Any  # an operation, or what is wrong with its description
        for found in schemathesis.openapi.from_dict(DOCUMENT).get_all_operations():
            operation = found.ok()
            if mode is GenerationMode.NEGATIVE and not operation.body:
                continue  # a request of nothing cannot be spoilt
            answered = statuses.setdefault(operation.label, set())
            _fuzz_one(operation, mode, {"session": session, "base_url": base_url, **keys}, answered)
    return statuses


def _fuzz_one(operation: Any, mode: GenerationMode, how: dict[str, Any], answered: set[int]) -> None:
    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(
        max_examples=EXAMPLES,
        deadline=None,
        database=None,
        # The suite tries the same each time; the long run looks for something new.
        derandomize="TILLGATE_FUZZ_EXAMPLES" not in os.environ,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    def run(case: Any) -> None:
        # A command that is not taken up in a millisecond is rightly answered 504.
        response = case.call(headers={"Request-Timeout": "60"}, **how)
        answered.add(response.status_code)
        case.validate_response(response, checks=CHECKS)

    run()


@pytest.mark.timeout(0 if "TILLGATE_FUZZ_EXAMPLES" in os.environ else 180)
@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE])
async def test_no_request_of_the_description_or_beyond_it_finds_a_server_error(
    mode: GenerationMode,
    tmp_path: Path,
    database_url: str,
    redis_url: str,
) -> None:
    """Every answer has a status, a type and a body as described; each method is tried."""
    async with door_on(tmp_path, database_url, redis_url) as door:
        url = f"https://localhost:{door.gateway.json_port}"
        statuses = await asyncio.to_thread(fuzz, url, door.fixture.terminals[0].folder, mode)
    assert len(PATHS) + (mode is GenerationMode.POSITIVE) == len(statuses)
    assert all(statuses.values())
