"""What is wrong with a message: every finding with its field and line, in Russian and English."""

from dataclasses import dataclass
from typing import Final

from gateway.domain.reasons import Reason

VIOLATIONS_MAX: Final = 8
"""Trailing metadata beyond 8 KiB is refused by gRPC clients."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One broken rule. `field` is the path in the message, `line_number` the till's own number."""

    reason: Reason
    field: str
    line_number: int | None
    detail_ru: str
    detail_en: str


class InvalidRequestError(Exception):
    """A request that gets no outcome, named by the finding of the lowest reason number.

    `violations` holds all findings, that one first, at most VIOLATIONS_MAX.
    """

    def __init__(self, first: Violation, *others: Violation) -> None:
        super().__init__(f"{first.reason.name} {first.field}: {first.detail_en}")
        self.violations = (first, *others)[:VIOLATIONS_MAX]
        self.reason = first.reason
        self.field = first.field
        self.line_number = first.line_number
        self.detail_ru = first.detail_ru
        self.detail_en = first.detail_en


def invalid(reason: Reason, field: str = "", detail_ru: str = "", detail_en: str = "") -> InvalidRequestError:
    """An error with one finding."""
    return InvalidRequestError(Violation(reason, field, None, detail_ru, detail_en))


class Findings:
    """Collects the findings of one message; costs next to nothing while there are none."""

    __slots__ = ("_found", "_scope")

    def __init__(self) -> None:
        self._found: list[Violation] = []
        self._scope: tuple[str, int, int | None] | None = None

    def __len__(self) -> int:
        return len(self._found)

    def enter(self, path: str, index: int, line_number: int | None = None) -> None:
        """What is added from now on is about element `index` of the repeated field `path`."""
        self._scope = path, index, line_number

    def leave(self) -> None:
        """What is added from now on is about the message itself."""
        self._scope = None

    def add(self, reason: Reason, field: str, detail_ru: str, detail_en: str) -> None:
        """Note a broken rule of a field of the element entered, or of the message."""
        line_number = None
        if self._scope is not None:
            path, index, line_number = self._scope
            field = f"{path}[{index}].{field}" if field else f"{path}[{index}]"
        self._found.append(Violation(reason, field, line_number, detail_ru, detail_en))

    def settle(self) -> None:
        """Raise InvalidRequestError if anything was found: lowest reason first, then in message order."""
        if self._found:
            raise InvalidRequestError(*sorted(self._found, key=lambda violation: violation.reason))
