"""Payloads and details as people read them: labels, rubles, Moscow time."""

import unicodedata
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from gateway.domain.policy import MOSCOW
from gateway.web.people.html import Markup, tag
from gateway.web.people.texts import Words


def shown_moment(moment: datetime) -> str:
    """An instant as people in Moscow read it."""
    return f"{moment.astimezone(MOSCOW):%d.%m.%Y %H:%M}"


def shown_rubles(kopecks: int) -> str:
    """An amount of rubles, with its sign."""
    sign, amount = ("−" if kopecks < 0 else ""), abs(kopecks)
    rubles = f"{amount // 100:,}".replace(",", "\u00a0")
    return f"{sign}{rubles},{amount % 100:02}\u00a0₽"


def shown_fields(fields: Mapping[str, Any], words: Words) -> Markup:
    """Fields with their labels, nested as they are."""
    return tag(
        "dl",
        [
            (tag("dt", words.label(name)), tag("dd", _shown(name, value, words)))
            for name, value in fields.items()
        ],
    )


def _shown(name: str, value: Any, words: Words) -> object:
    if isinstance(value, Mapping):
        return shown_fields(value, words)
    if isinstance(value, list):
        return [tag("div", _shown(name, item, words)) for item in value]
    if isinstance(value, bool):
        return words("yes" if value else "no")
    if isinstance(value, int) and name.endswith("_kopecks"):
        return shown_rubles(value)
    if isinstance(value, str) and name.endswith(("_at", "_from")):
        return _moment(value)
    return "" if value is None else plain(str(value))


def plain(text: str) -> str:
    """A text in which nothing hides: what has no shape, or turns the line around, is shown by its number."""
    return "".join(
        f"\\u{ord(char):04x}" if unicodedata.category(char) in ("Cc", "Cf") and char != "\n" else char
        for char in text
    )


def _moment(text: str) -> str:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return text
    return shown_moment(moment) if moment.tzinfo else text
