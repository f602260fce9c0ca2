"""Rates with what chance makes of them: the Wilson score interval (E. B. Wilson, JASA 22, 1927, 209-212)."""

from math import sqrt
from typing import Final

Z_95: Final = 1.959963984540054
"""The 0.975 quantile of the standard normal distribution."""


def wilson_interval(hits: int, trials: int, z: float = Z_95) -> tuple[float, float]:
    """The bounds, each in [0, 1], between which the true rate lies, with 95 % confidence unless `z` differs.

    Holds for few trials and for rates at 0 and 1 too; of no trials nothing is known: (0, 1). Raises
    ValueError if there are not 0 to `trials` hits.
    """
    if not 0 <= hits <= trials:
        raise ValueError(f"{hits} hits of {trials}")
    if trials == 0:
        return 0.0, 1.0
    rate = hits / trials
    weight = z * z / trials
    centre = rate + weight / 2
    spread = z * sqrt(rate * (1 - rate) / trials + weight / (4 * trials))
    # At the ends of the scale rounding may leave a hair that is not there.
    low = 0.0 if hits == 0 else (centre - spread) / (1 + weight)
    high = 1.0 if hits == trials else (centre + spread) / (1 + weight)
    return low, high
