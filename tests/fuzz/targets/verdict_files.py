"""Files of verdicts on the lines of a claim."""

from settlement.errors import SettlementError
from settlement.review.verdict_file import read_verdicts


def check(data: bytes) -> None:
    """A file is refused by name or each row has a number that a line can have."""
    try:
        read = read_verdicts(data)
    except SettlementError:
        return
    assert all(0 <= one.n < 1 << 31 for one in read), read
