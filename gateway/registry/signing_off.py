"""Who does a thing, why, and who approves it: two people where the register wants four eyes.

Names are compared by their letters and digits alone, so that nobody is two people by spaces or case. Whoever
has sessions gives the names of their accounts.
"""

import re
import unicodedata
from typing import Final

from gateway.record.writing import kept_text
from gateway.registry.enrolment_errors import EnrolmentCode, EnrolmentError

SAID_MAX_CHARS: Final = 1000

CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")
"""What no text has: control characters, and those that hide or turn what stands beside them."""


def said(**texts: str) -> tuple[str, ...]:
    """Each text without needless spaces; raises EnrolmentError UNSIGNED for an empty one, TEXT_UNFIT."""
    found = tuple(said_or_empty(**{name: text}) for name, text in texts.items())
    for name, text in zip(texts, found, strict=True):
        if not text:
            raise EnrolmentError(EnrolmentCode.UNSIGNED, what=name)
    return found


def said_or_empty(**one: str) -> str:
    """The same of one text that may be left out; a card number in it is not kept."""
    ((name, text),) = one.items()
    stripped = " ".join(text.split())
    if CONTROL.search(stripped) or len(stripped) > SAID_MAX_CHARS:
        raise EnrolmentError(EnrolmentCode.TEXT_UNFIT, what=name, limit=SAID_MAX_CHARS)
    return kept_text(stripped)


def four_eyes(by: str, approved_by: str) -> tuple[str, str]:
    """Both names; raises EnrolmentError UNSIGNED, TEXT_UNFIT, and FOUR_EYES if one person is named twice."""
    by, approved_by = said(by=by, approved_by=approved_by)
    if _letters(by) == _letters(approved_by):
        raise EnrolmentError(EnrolmentCode.FOUR_EYES, by=by)
    return by, approved_by


def _letters(name: str) -> str:
    folded = unicodedata.normalize("NFKC", name).casefold()
    return "".join(char for char in folded if char.isalnum())
