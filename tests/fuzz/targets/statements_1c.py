"""Statements in 1CClientBankExchange."""

from settlement.payouts.errors import PayoutError
from settlement.payouts.onec_reader import read_onec

ACCOUNTS = {"40201810000000000001"}


def check(data: bytes) -> None:
    """A file is refused by name, or each of its documents is an entry, not booked, or a problem."""
    try:
        found = read_onec(data, ACCOUNTS)
    except PayoutError:
        return
    assert found.account in ACCOUNTS
    assert found.first_day <= found.last_day
    assert all(one.amount_kopecks > 0 for one in found.entries)
    numbers = [one.n for one in found.problems]
    assert len(numbers) == len({*numbers})
    assert not {*numbers} & {one.n for one in found.entries}
