"""The Bank of Russia's directory of BIKs (ED807)."""

from gateway.registry.bic.errors import BicFileError
from gateway.registry.bic.file import parse_bic_file


def check(data: bytes) -> None:
    """A file is refused by name or has entries, each with a BIK of nine digits."""
    try:
        read = parse_bic_file(data)
    except BicFileError:
        return
    assert read.entries
    assert all(len(one.bic) == 9 for one in read.entries), read
    assert all(one.correspondent_account is not None for one in read.entries)
