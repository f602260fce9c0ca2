"""Files of certificates, CSV and JSON lines."""

import os

from gateway.ledger.issuing.files import CertificateFile, FileError
from gateway.registry.cards import CardTokenKeys, card_token
from tests.fuzz.targets import scratch

KEYS = CardTokenKeys("fuzz", bytes(32))
PATHS = tuple(scratch() / f"tillgate-fuzz-issue-{os.getpid()}{suffix}" for suffix in (".csv", ".jsonl"))


def token_of(number: str, series: str) -> bytes:
    """A token by a key of no account."""
    return card_token(number, series, KEYS)


def check(data: bytes) -> None:
    """The first byte chooses the form; a row is a command or has a problem with both texts."""
    which, data = (data[0] % 2, data[1:]) if data else (0, b"")
    path = PATHS[which]
    path.write_bytes(data)
    try:
        for row in CertificateFile(path, token_of).rows():
            problem = row.problem
            assert (row.command is None) != (problem is None), row
            assert problem is None or (problem.ru and problem.en), row
    except FileError as error:
        assert str(error)
    finally:
        path.unlink()
