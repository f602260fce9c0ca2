"""Who a till is: its certificate and key, the gateway's CA and outcome keys, its ids."""

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from merchant_sdk.errors import ConfigurationError
from merchant_sdk.signatures import OutcomeKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class TillCredentials:
    """What a till needs to speak and to believe. `endpoint` is host:port; all certificates are PEM."""

    certificate_pem: bytes
    private_key_pem: bytes = field(repr=False)
    ca_pem: bytes
    outcome_keys: OutcomeKeys
    endpoint: str
    merchant_id: int
    outlet_id: int
    terminal_id: int

    @classmethod
    def from_folder(cls, folder: str | Path) -> Self:
        """Read cert.pem, key.pem, ca.pem, outcome_keys.json and terminal.json.

        Raises ConfigurationError that names the file that is missing or wrong.
        """
        path = Path(folder)
        terminal = _read_terminal(path / "terminal.json")
        return cls(
            certificate_pem=_read(path / "cert.pem"),
            private_key_pem=_read(path / "key.pem"),
            ca_pem=_read(path / "ca.pem"),
            outcome_keys=OutcomeKeys.from_file(path / "outcome_keys.json"),
            endpoint=str(terminal["endpoint"]),
            merchant_id=int(terminal["merchant_id"]),
            outlet_id=int(terminal["outlet_id"]),
            terminal_id=int(terminal["terminal_id"]),
        )


def _read_terminal(path: Path) -> dict[str, str | int]:
    names = ("endpoint", "merchant_id", "outlet_id", "terminal_id")
    try:
        document = json.loads(_read(path))
        return {name: document[name] for name in names}
    except (ValueError, KeyError, TypeError) as error:
        raise ConfigurationError(f"{path.name} must hold {', '.join(names)}: {error!r}") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error.strerror}") from error
