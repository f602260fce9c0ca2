"""Registers of payouts: from a claim that waits for money to transfers that a second person approved."""

from tests.payouts_kit import Treasury


async def test_the_first_slice(treasury: Treasury) -> None:
    """A register."""
    claim = await treasury.claim(await treasury.merchant(1), 123_45)
    made = await treasury.sent()
    assert (1, 123_45) == (made.control.count, made.control.sum_kopecks)
    assert ("PAYABLE", 0) == await treasury.claim_now(claim)
    print(made)
