"""Who a client is: its certificate and key, the gateway's CA and outcome keys, its ids."""

import json
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

from merchant_sdk.enrollment_files import settle
from merchant_sdk.errors import ConfigurationError
from merchant_sdk.signatures import OutcomeKeys


@dataclass(frozen=True, slots=True, kw_only=True)
class TillCredentials:
    """What a client needs to speak and to believe. `endpoint` is host:port; all certificates are PEM.

    A concentrator has no terminal of its own (`terminal_id` and `outlet_id` are 0): it names one in the desk
    of every command.
    """

    certificate_pem: bytes
    private_key_pem: bytes = field(repr=False)
    ca_pem: bytes
    outcome_keys: OutcomeKeys
    endpoint: str
    merchant_id: int
    outlet_id: int = 0
    terminal_id: int = 0

    @classmethod
    def from_folder(cls, folder: str | Path, *, endpoint: str = "") -> Self:
        """Read cert.pem, key.pem, ca.pem, outcome_keys.json and terminal.json, or concentrator.json.

        `endpoint` takes the place of the one in the folder. Raises ConfigurationError that names the file
        that is missing or wrong.
        """
        path = Path(folder)
        with suppress(OSError):
            # A renewal that was cut off between certificate and key; where we may not write, none was begun.
            settle(path)
        client = path / "concentrator.json"
        names: tuple[str, ...] = ("merchant_id",)
        if not client.exists():
            client, names = path / "terminal.json", ("merchant_id", "outlet_id", "terminal_id")
        description = _read_description(client)
        if not (endpoint or description.get("endpoint")):
            raise ConfigurationError(f"{client.name} has no endpoint, and none is given")
        return cls(
            certificate_pem=_read(path / "cert.pem"),
            private_key_pem=_read(path / "key.pem"),
            ca_pem=_read(path / "ca.pem"),
            outcome_keys=OutcomeKeys.from_file(path / "outcome_keys.json"),
            endpoint=endpoint or str(description["endpoint"]),
            **_ids(client, description, names),
        )


def _read_description(path: Path) -> Mapping[str, Any]:
    try:
        document = json.loads(_read(path))
    except ValueError as error:
        raise ConfigurationError(f"{path.name} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise ConfigurationError(f"{path.name} is not a JSON object")
    return document


def _ids(path: Path, description: Mapping[str, Any], names: tuple[str, ...]) -> dict[str, int]:
    wrong = [name for name in names if not isinstance(description.get(name), int)]
    if wrong:
        raise ConfigurationError(f"{path.name} must hold a whole number as {', '.join(wrong)}")
    return {name: description[name] for name in names}


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigurationError(f"{path.name} cannot be read: {error.strerror}") from error
