"""Names of items in the one form that lexicons and the classifier know."""

import re
import unicodedata
from typing import Final

NAME_CHARACTERS_MAX: Final = 160
"""More of a name is not looked at; tag 1030 allows 128 characters."""

_KEPT: Final = re.compile(r"[^0-9a-zа-я%.]+")
_LONE_DOT: Final = re.compile(r"(?<![0-9])\.|\.(?![0-9])")
_SEAM: Final = re.compile(r"(?<=[0-9])(?=[a-zа-я])|(?<=[a-zа-я])(?=[0-9])")
_COMBINING: Final = re.compile(r"[\u0300-\u036f]+")
_PLAIN: Final = str.maketrans(
    {"ё": "е", "й": "\ue000", "ß": "ss", "æ": "ae", "œ": "oe", "ø": "o", "ł": "l", ",": "."}
)


def fold(name: str) -> str:
    """Lower case without diacritics; words, numbers and % parted by one space: «Пиво Öttinger 0,5Л» →
    "пиво ottinger 0.5 л".

    A dot stays only inside a number, and a decimal comma becomes one.
    """
    text = name[:NAME_CHARACTERS_MAX].lower().translate(_PLAIN)
    if not text.isascii():
        text = _COMBINING.sub("", unicodedata.normalize("NFKD", text))
    text = text.replace("\ue000", "й")
    return _SEAM.sub(" ", _KEPT.sub(" ", _LONE_DOT.sub(" ", text))).strip()
