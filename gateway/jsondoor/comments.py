"""What the .proto files say of messages, fields, values and methods: their leading comments.

Generated stubs carry none, so they are read from the files that come with the stubs.
"""

import re
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import Final

_FILES: Final = (
    "reason.proto",
    "purchase.proto",
    "purchase_service.proto",
    "goods_service.proto",
    "reference_service.proto",
    "record_service.proto",
    "claim_service.proto",
)
_BLOCK: Final = re.compile(r"(?:message|enum|service|oneof) (?P<name>\w+) \{")
_MEMBER: Final = re.compile(r"(?:rpc (?P<rpc>\w+)\(|(?:[\w.]+ )*(?P<field>\w+) = \d+)")


@lru_cache(maxsize=1)
def comments() -> Mapping[str, str]:
    """The comments by "Message", "Message.field", "Enum.VALUE" and "Service.Method", of what has one."""
    found: dict[str, str] = {}
    for name in _FILES:
        found |= _of_text(files("tillgate.v1").joinpath(name).read_text("utf-8"))
    return found


def _of_text(text: str) -> dict[str, str]:
    found: dict[str, str] = {}
    scope: list[str] = []
    said: list[str] = []
    for line in map(str.strip, text.splitlines()):
        if line.startswith("//"):
            said.append(line.removeprefix("//").strip())
            continue
        block, member = _BLOCK.match(line), _MEMBER.match(line)
        name = block["name"] if block else (member["rpc"] or member["field"]) if member else ""
        if name and said:
            found[".".join(filter(None, [*scope, name]))] = " ".join(said)
        if block:
            # The fields of a oneof are fields of its message.
            scope.append("" if line.startswith("oneof") else name)
        elif line == "}":
            scope.pop()
        said = []
    return found
