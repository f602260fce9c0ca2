"""Where a till stands."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Place:
    """A till of the registry, with its shop and the folder of its keys."""

    merchant_id: int
    merchant_name: str
    merchant_inn: str
    outlet_name: str
    outlet_address: str
    terminal_id: int
    terminal_name: str
    folder: Path


def drive_number(terminal_id: int) -> str:
    """The made-up number of a till's fiscal drive."""
    return f"9999{terminal_id:012}"


def kkt_number(terminal_id: int) -> str:
    """The made-up registration number of a till."""
    return f"{terminal_id:016}"
