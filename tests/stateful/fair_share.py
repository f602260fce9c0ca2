"""What each certificate must pay of a basket, by a formula that has nothing to do with augmenting paths.

By the max-flow min-cut theorem, the most that a set of certificates can pay together is the least over
all ways to split it: those of one part give all that they have, those of the other all that the lines
can take from them. The first certificates in order of payment together pay as much as they can, the
first two, the first three, and so on: the differences are what each one pays.
"""

from collections.abc import Mapping, Sequence
from itertools import combinations


def most(
    caps: Sequence[Mapping[str, int]],
    available: Sequence[int],
    programs: Sequence[str],
    payers: Sequence[int],
) -> int:
    """The most that some certificates can pay of all lines together.

    `caps[line][program]` bounds what all certificates of a program pay of a line; a line takes at most
    its largest bound, whoever pays.
    """
    least = sum(available[payer] for payer in payers)
    for size in range(1, len(payers) + 1):
        for limited in combinations(payers, size):
            rest = sum(available[payer] for payer in payers if payer not in limited)
            named = {programs[payer] for payer in limited}
            lines = sum(
                min(max(cap.values()), sum(cap.get(program, 0) for program in named)) for cap in caps if cap
            )
            least = min(least, rest + lines)
    return least


def fair_shares(
    caps: Sequence[Mapping[str, int]],
    available: Sequence[int],
    programs: Sequence[str],
    limit: int | None = None,
) -> list[int]:
    """What each certificate pays: most in all, then most by the first, then by the second, ..."""
    shares = []
    paid = 0
    for count in range(1, len(available) + 1):
        together = most(caps, available, programs, range(count))
        if limit is not None:
            together = min(together, limit)
        shares.append(together - paid)
        paid = together
    return shares
