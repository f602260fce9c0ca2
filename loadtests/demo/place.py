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
