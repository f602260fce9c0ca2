"""Files of certificates for tests: rows that are right, and ways to change one cell."""

import csv
import hmac
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Final

CELLS: Final[Mapping[str, str]] = {
    "issue_ref": "ref-1",
    "holder_id": "holder-1",
    "card_number": "",
    "card_series": "",
    "program": "FOOD",
    "program_version": "1",
    "nominal_rubles": "500.00",
    "first_day": "2026-01-01",
    "last_day": "2999-12-31",
    "act_body": "Комиссия",
    "act_number": "17",
    "act_date": "2026-11-01",
    "own_nominal": "no",
}
"""A row that the programs of `tests.ledger_kit` accept."""


def cells(number: int = 1, /, **changes: str) -> dict[str, str]:
    """The cells of one row of its own: issue_ref and holder numbered, some cells changed."""
    return {**CELLS, "issue_ref": f"ref-{number}", "holder_id": f"holder-{number}", **changes}


def csv_text(*rows: Mapping[str, str], delimiter: str = ";") -> str:
    """A CSV file of rows, with its header."""
    out = io.StringIO()
    writer = csv.DictWriter(out, list(CELLS), delimiter=delimiter, lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return out.getvalue()


def csv_file(directory: Path, *rows: Mapping[str, str]) -> Path:
    """A CSV file of rows below a directory."""
    path = directory / "certificates.csv"
    path.write_text(csv_text(*rows), encoding="utf-8")
    return path


def token_of(number: str, series: str) -> bytes:
    """A keyed token, as the gateway makes them; numbers are digits."""
    if not number.isdigit():
        raise ValueError("no card number")
    return hmac.digest(b"a key of tests", f"{number}/{series}".encode(), "sha256")
