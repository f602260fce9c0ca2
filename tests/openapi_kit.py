"""The committed description of the JSON door, and validators of what it describes."""

from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any, Final

import orjson
from jsonschema import Draft202012Validator

DOCUMENT: Final[dict[str, Any]] = orjson.loads((Path(__file__).parents[1] / "docs/openapi.json").read_bytes())


@cache
def _closed() -> dict[str, Any]:
    """The components as answers must be today: a field that is not described is an error too."""
    schemas = deepcopy(DOCUMENT["components"]["schemas"])
    for schema in schemas.values():
        if schema["type"] == "object":
            schema["additionalProperties"] = False
    return {"schemas": schemas}


@cache
def schema_of(name: str) -> Draft202012Validator:
    """The validator of a component, which refuses fields that the description does not know."""
    return Draft202012Validator({"$ref": f"#/components/schemas/{name}", "components": _closed()})
