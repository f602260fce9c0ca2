"""The payer's requisites, from the TOML file that an operator keeps (docs/payouts.md)."""

import tomllib
from pathlib import Path
from typing import Final

import msgspec

from settlement.payouts.errors import PayoutCode, PayoutError
from settlement.payouts.model import NAME_MAX_CHARS, Payer
from settlement.payouts.purpose import checked_text

_TABLE: Final = "payer"


def read_payer(file: Path) -> Payer:
    """The table [payer] of a file; raises PayoutError PAYER_FILE, CHARACTER_UNFIT."""
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
        if content.keys() != {_TABLE}:
            raise PayoutError(PayoutCode.PAYER_FILE, file=file, what=f"[{_TABLE}] and nothing else")
        payer = msgspec.convert(content[_TABLE], Payer)
    except (OSError, ValueError) as error:
        raise PayoutError(PayoutCode.PAYER_FILE, file=file, what=error) from None
    for field in ("name", "bank_name", "bank_city"):
        checked_text(getattr(payer, field), f"{file}", field, NAME_MAX_CHARS)
    return payer
