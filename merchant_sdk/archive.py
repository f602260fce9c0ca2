"""What a merchant keeps of its answers: signed outcomes, one JSON line each, added to a file.

The file proves what the gateway told, also to a gateway whose database had to be restored from a backup:
`tillgate ledger missing` names what is in such files and not in the ledger. A line has `request_id`, and in
base64 `signed_payload` and `signature`, and `key_id`. It holds no card number.
"""

import base64
import binascii
import json
import os
import threading
from collections.abc import Iterator
from pathlib import Path

from merchant_sdk.errors import ConfigurationError
from merchant_sdk.signatures import SignedBytes
from tillgate.v1 import purchase_pb2 as pb


class OutcomeArchive:
    """Adds signed outcomes to a file; threads may share one, processes need a file each."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._lock = threading.Lock()

    def keep(self, signed: SignedBytes) -> None:
        """Add `result.signed`; on disk when it returns. Raises OSError."""
        line = {
            "request_id": pb.SignedOutcome.FromString(signed.payload).request_id,
            "signed_payload": base64.b64encode(signed.payload).decode(),
            "signature": base64.b64encode(signed.signature).decode(),
            "key_id": signed.key_id,
        }
        with self._lock, self.path.open("a+b") as file:
            # A line that a power failure cut short must not spoil the next one.
            is_cut = file.tell() > 0 and _last_byte(self.path) != b"\n"
            file.write((b"\n" if is_cut else b"") + json.dumps(line).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())

    def __iter__(self) -> Iterator[SignedBytes]:
        """What was kept, oldest first, not verified; raises ConfigurationError that names a bad line."""
        with self.path.open("rb") as file:
            for number, line in enumerate(file, 1):
                try:
                    item = json.loads(line)
                    payload, signature = (
                        base64.b64decode(item[name], validate=True)
                        for name in ("signed_payload", "signature")
                    )
                    yield SignedBytes(payload, signature, item["key_id"])
                except (ValueError, KeyError, TypeError, binascii.Error) as error:
                    raise ConfigurationError(
                        f"{self.path.name}, line {number}, is no signed outcome: {error!r}"
                    ) from error


def _last_byte(path: Path) -> bytes:
    with path.open("rb") as file:
        file.seek(-1, os.SEEK_END)
        return file.read(1)
