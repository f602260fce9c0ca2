"""Cursors of ListOperations: opaque to the till, and bound to what it asked for."""

import binascii
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from hashlib import blake2b
from struct import Struct
from typing import Final
from uuid import UUID

from gateway.domain.reasons import Reason
from gateway.rpc.validation.findings import invalid

Cursor = tuple[datetime, UUID]
"""The decided_at and request id of the last operation that was listed."""

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_LAYOUT: Final = Struct(">q16s4s")
_CHARS: Final = 38
_LATEST_MICROS: Final = (datetime.max.replace(tzinfo=UTC) - _EPOCH) // timedelta(microseconds=1)


def encode_page_token(cursor: Cursor, merchant_id: int, terminal_ids: Sequence[int]) -> str:
    """The token of the page after `cursor`."""
    decided_at, request_id = cursor
    micros = (decided_at - _EPOCH) // timedelta(microseconds=1)
    packed = _LAYOUT.pack(micros, request_id.bytes, _checksum(micros, request_id, merchant_id, terminal_ids))
    return urlsafe_b64encode(packed).rstrip(b"=").decode()


def decode_page_token(token: str, merchant_id: int, terminal_ids: Sequence[int]) -> Cursor:
    """The cursor of a token; raises InvalidRequestError if it is not ours, or of another listing."""
    try:
        packed = urlsafe_b64decode(token + "==") if len(token) == _CHARS else b""
    except (ValueError, binascii.Error):
        packed = b""
    if len(packed) == _LAYOUT.size:
        micros, raw_id, checksum = _LAYOUT.unpack(packed)
        request_id = UUID(bytes=raw_id)
        if checksum == _checksum(micros, request_id, merchant_id, terminal_ids) and micros <= _LATEST_MICROS:
            return _EPOCH + timedelta(microseconds=micros), request_id
    raise invalid(Reason.PAGE_TOKEN_INVALID, "page_token")


def _checksum(micros: int, request_id: UUID, merchant_id: int, terminal_ids: Sequence[int]) -> bytes:
    """Tells a token of ours from chance and from another listing. No secret: a cursor opens nothing."""
    asked = repr((micros, request_id.int, merchant_id, sorted(terminal_ids)))
    return blake2b(asked.encode(), digest_size=4, person=b"page-token").digest()
