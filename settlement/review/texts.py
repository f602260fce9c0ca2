"""Texts that people write about claims: short, of visible characters, with no card number in them."""

import re
from enum import Enum
from typing import Any, Final

from gateway.record.writing import kept_text
from settlement.errors import SettlementError

TEXT_MAX_CHARS: Final = 1000

# Control characters, and those that hide or turn what stands beside them.
_UNFIT: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\u200b-\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def fitting(text: str, code: Enum, **details: Any) -> str:
    """A text in one line, as it is kept; raises SettlementError with this code for one that is unfit."""
    line = " ".join(text.split())
    if _UNFIT.search(line) or len(line) > TEXT_MAX_CHARS:
        raise SettlementError(code, limit=TEXT_MAX_CHARS, **details)
    return kept_text(line)
