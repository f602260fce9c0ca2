"""HTML made of values: whatever is not markup itself is escaped, so that no text becomes a tag."""

from collections.abc import Iterable
from html import escape
from typing import Final

_VOID: Final = frozenset({"input", "link", "meta", "br"})


class Markup:
    """A piece of HTML that is finished."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text


def tag(name: str, /, *content: object, **attributes: object) -> Markup:
    """An element. An attribute's name loses a trailing `_`; True is one without a value, None is none."""
    written = "".join(
        _attribute(key.rstrip("_").replace("_", "-"), value) for key, value in attributes.items()
    )
    if name in _VOID:
        return Markup(f"<{name}{written}>")
    return Markup(f"<{name}{written}>{rendered(content)}</{name}>")


def rendered(content: object) -> str:
    """Content as text of HTML: markup as it is, everything else escaped."""
    if isinstance(content, Markup):
        return content.text
    if content is None:
        return ""
    if isinstance(content, Iterable) and not isinstance(content, str):
        return "".join(map(rendered, content))
    return _escaped(content)


def _attribute(name: str, value: object) -> str:
    if value is None or value is False:
        return ""
    return f" {name}" if value is True else f' {name}="{_escaped(value)}"'


def _escaped(value: object) -> str:
    # A NUL has no place in HTML, and browsers differ in what they make of it.
    return escape(str(value).replace("\0", "\ufffd"))
