"""Statements in ISO 20022 camt.053."""

from settlement.payouts.camt_reader import read_camt
from settlement.payouts.errors import PayoutError

ACCOUNTS = {"40201810000000000001"}


def check(data: bytes) -> None:
    """A file is refused by name, or each of its entries has a sum and a day within what dates hold."""
    try:
        found = read_camt(data, ACCOUNTS)
    except PayoutError:
        return
    assert found.account in ACCOUNTS
    assert all(one.amount_kopecks > 0 for one in found.entries)
    assert found.first_day <= found.last_day
