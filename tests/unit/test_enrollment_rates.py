"""How often somebody may ask: a burst, then a trickle, each address by itself and all together."""

from gateway.rpc.enrollment.rates import ADDRESSES_KEPT, Rate, Rates, address_of


class Clock:
    """Time that a test moves."""

    now = 100.0

    def __call__(self) -> float:
        return self.now


def test_a_burst_is_served_and_then_one_after_the_other() -> None:
    """Whoever waits as long as he is told is served."""
    clock = Clock()
    rates = Rates(clock, each=Rate(3, 2.0))
    assert [0, 0, 0, 0.5] == [rates.wait_s("a") for _ in range(4)]
    clock.now += 0.5
    assert [0, 0.5] == [rates.wait_s("a") for _ in range(2)]
    clock.now += 1_000
    assert [0, 0, 0, 0.5] == [rates.wait_s("a") for _ in range(4)]


def test_one_address_takes_nothing_from_another() -> None:
    """A flood from one place lets the others in."""
    rates = Rates(Clock(), each=Rate(1, 1.0))
    assert [0, 1, 1] == [rates.wait_s("flood") for _ in range(3)]
    assert 0 == rates.wait_s("shop")


def test_all_together_are_bounded_too() -> None:
    """However many addresses somebody has; a request that is refused costs nobody anything."""
    rates = Rates(Clock(), each=Rate(1, 1.0), total=Rate(5, 10.0))
    said = [rates.wait_s(f"address {n}") for n in range(8)]
    assert [0] * 5 + [0.1] * 3 == said


def test_addresses_that_nobody_uses_are_forgotten() -> None:
    """Memory does not grow with the number of those who knock."""
    rates = Rates(Clock(), each=Rate(1, 1.0), total=Rate(10**9, 1.0))
    for n in range(ADDRESSES_KEPT + 100):
        rates.wait_s(str(n))
    assert ADDRESSES_KEPT == len(rates._buckets)
    assert 1 == rates.wait_s(str(ADDRESSES_KEPT + 99))


def test_an_address_is_that_of_the_network() -> None:
    """Ports change with each connection; of IPv6 somebody has a whole /64."""
    assert "10.0.0.7" == address_of("ipv4:10.0.0.7:51234")
    assert address_of("ipv6:%5B2001:db8:1:2::7%5D:5") == address_of("ipv6:%5B2001:db8:1:2:9:9:9:9%5D:6")
    assert address_of("ipv6:%5B2001:db8:1:2::7%5D:5") != address_of("ipv6:%5B2001:db8:1:3::7%5D:5")
