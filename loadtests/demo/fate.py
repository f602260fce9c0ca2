"""Which tills are shut out in the middle of the demo's day."""

from collections.abc import Sequence
from enum import Enum

from loadtests.demo.place import Place


class Fate(Enum):
    """What befalls a till in the middle of the day."""

    NONE = "serves to the end"
    SUSPENDED = "its merchant is suspended"
    REVOKED = "its key is revoked"


def fates(places: Sequence[Place], on_cable: Sequence[bool]) -> list[Fate]:
    """The last merchant is suspended; of the one before, the first till on a good line is revoked."""
    *_, before, last = sorted({place.merchant_id for place in places})
    found = [Fate.SUSPENDED if place.merchant_id == last else Fate.NONE for place in places]
    for number, place in enumerate(places):
        if place.merchant_id == before and not on_cable[number]:
            found[number] = Fate.REVOKED
            break
    return found
