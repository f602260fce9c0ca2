"""Machine-readable powers of attorney (МЧД)."""

from settlement.errors import SettlementError
from settlement.signing.authority import read_authority


def check(data: bytes) -> None:
    """One is refused by name or says whose it is and for whom."""
    try:
        read = read_authority(data)
    except SettlementError:
        return
    assert len(read.principal_inn) in (10, 12), read
    assert read.representative_inns
