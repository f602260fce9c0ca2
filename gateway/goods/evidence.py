"""What the sources say of a line, the most trusted first (design section 6).

Today there is one source, the till's own word. Marking codes, the GTIN catalogue, confirmed in-store codes
and item names join it here, and nowhere else.
"""

from functools import lru_cache
from typing import Final, Protocol

from gateway.domain.category import Evidence

DECLARED: Final = "declared"


class LineFields(Protocol):
    """What a source may look at: a basket line of the wire has these fields, and so has one of the domain."""

    @property
    def okpd2(self) -> str:
        """The declared ОКПД2, or empty."""


def evidence_of(line: LineFields) -> tuple[Evidence, ...]:
    """Every source's code for a line; empty if no source can name it."""
    return _declared(line.okpd2)


@lru_cache(maxsize=65_536)
def _declared(okpd2: str) -> tuple[Evidence, ...]:
    return (Evidence(DECLARED, okpd2),) if okpd2 else ()
