"""When tills that know nothing of each other send: the arrivals of an open loop."""

import random
from collections.abc import Iterator


def arrival_times_s(rate: float, seconds: float, rng: random.Random) -> Iterator[float]:
    """Instants (seconds from the start) of a Poisson stream of `rate` arrivals a second, within `seconds`."""
    now = rng.expovariate(rate)
    while now < seconds:
        yield now
        now += rng.expovariate(rate)
