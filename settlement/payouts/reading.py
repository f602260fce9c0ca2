"""Reads a statement of whichever format a file has."""

from collections.abc import Collection
from pathlib import Path

from settlement.payouts.camt_reader import read_camt
from settlement.payouts.errors import PayoutCode, PayoutError
from settlement.payouts.onec_reader import looks_like_onec, read_onec
from settlement.payouts.statement import BYTES_MAX, Statement


def read_statement_file(file: Path, accounts: Collection[str]) -> Statement:
    """A file of a statement of one of our accounts; raises PayoutError, OSError."""
    with file.open("rb") as opened:
        data = opened.read(BYTES_MAX + 1)
    return read_statement(data, accounts)


def read_statement(data: bytes, accounts: Collection[str]) -> Statement:
    """The same of bytes; raises PayoutError FILE_TOO_LARGE and those of the format's reader."""
    if len(data) > BYTES_MAX:
        raise PayoutError(PayoutCode.FILE_TOO_LARGE, limit=BYTES_MAX)
    if looks_like_onec(data):
        return read_onec(data, accounts)
    if data[:1000].removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"<"):
        return read_camt(data, accounts)
    raise PayoutError(PayoutCode.FORMAT_UNKNOWN)
