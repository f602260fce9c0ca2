"""Wilson's interval, against figures that others published."""

import pytest

from gateway.goods.evaluation.wilson import wilson_interval


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        # R. G. Newcombe, Statistics in Medicine 17 (1998) 857-872, table I, method 3.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_the_interval_is_the_published_one(hits: int, trials: int, low: float, high: float) -> None:
    """To the four digits that the paper prints."""
    assert (low, high) == tuple(round(bound, 4) for bound in wilson_interval(hits, trials))


def test_nothing_is_known_of_no_trials_and_the_ends_are_exact() -> None:
    """No division by zero, nothing outside of [0, 1]."""
    assert (0.0, 1.0) == wilson_interval(0, 0)
    assert 1.0 == wilson_interval(20, 20)[1]
    for hits, trials in ((1, 0), (-1, 5)):
        with pytest.raises(ValueError, match="hits of"):
            wilson_interval(hits, trials)
