"""A bounded memory that can be asked and filled apart, which functools' caches can't."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")


@dataclass(slots=True)
class Tally:
    """How often somebody asked, and how often nothing was known; several memories may share one."""

    asked: int = 0
    missed: int = 0


class Memory(Generic[Key, Value]):
    """Remembers at least the last `generation` keys that were put or asked for, and at most twice as many.

    When the young generation is full it becomes the old one, and the old one is forgotten: what is asked for
    again in the meantime stays.
    """

    def __init__(self, generation: int, tally: Tally | None = None) -> None:
        self._generation = generation
        self._young: dict[Key, Value] = {}
        self._old: dict[Key, Value] = {}
        self.tally = tally or Tally()

    def get(self, key: Key) -> Value | None:
        """What was put under the key, or None."""
        self.tally.asked += 1
        found = self._young.get(key)
        if found is not None:
            return found
        found = self._old.get(key)
        if found is None:
            self.tally.missed += 1
            return None
        self.put(key, found)
        return found

    def get_all(self, keys: Sequence[Key]) -> list[Value | None]:
        """What was put under each key, or None; as `get` of each."""
        found = list(map(self._young.get, keys))
        self.tally.asked += len(keys)
        if None in found:
            for place in [place for place, value in enumerate(found) if value is None]:
                self.tally.asked -= 1  # `get` counts it
                found[place] = self.get(keys[place])
        return found

    def put(self, key: Key, value: Value) -> None:
        """Remember a value."""
        if len(self._young) >= self._generation:
            self._old, self._young = self._young, {}
        self._young[key] = value
