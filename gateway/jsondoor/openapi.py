"""The OpenAPI 3.1 description of the JSON door."""

from functools import lru_cache
from typing import Any

import orjson

from gateway.jsondoor.paths import PATHS


def document() -> dict[str, Any]:
    """The description."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "Tillgate", "version": "v1"},
        "paths": {path: {"post": {"operationId": name}} for name, path in PATHS.items()},
    }


@lru_cache(maxsize=1)
def served() -> bytes:
    """The description as the door serves it."""
    return orjson.dumps(document(), option=orjson.OPT_INDENT_2)
