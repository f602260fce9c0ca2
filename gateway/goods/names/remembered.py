"""Opinions that outlive what else lines are judged by: a rule confirmed at noon makes no name cold."""

from collections.abc import Sequence
from typing import Final

from gateway.goods.memory import Memory
from gateway.goods.names.opinions import Namer, NameTrace, Opinion

NAMES_REMEMBERED: Final = 32_768


class RememberedNamer:
    """A classifier with the opinions that it gave lately."""

    def __init__(self, namer: Namer) -> None:
        self.version = namer.version
        self._namer = namer
        self._memory = Memory[str, Opinion](NAMES_REMEMBERED)

    def opinions(self, names: Sequence[str]) -> list[Opinion | None]:
        """As the classifier's; names not seen lately go to it in one call."""
        found = [self._memory.get(name) for name in names]
        fresh = [name for name, opinion in zip(names, found, strict=True) if opinion is None]
        if not fresh:
            return found
        made = iter(self._namer.opinions(fresh))
        for place, name in enumerate(names):
            if found[place] is None and (opinion := next(made)) is not None:
                self._memory.put(name, opinion)
                found[place] = opinion
        return found

    def trace(self, name: str) -> NameTrace:
        """As the classifier's, asked anew: people ask it, not tills."""
        return self._namer.trace(name)
