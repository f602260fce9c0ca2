"""A claim that was signed on paper: what kind of scan the bytes are, by how they begin and end."""

from typing import Final

from settlement.errors import SettlementError
from settlement.signing.errors import SigningCode

BYTES_MAX: Final = 20 << 20

_PDF_END: Final = b"%%EOF"
# Readers look for the end of a PDF in its last kilobyte.
_PDF_TAIL_BYTES: Final = 1024
_PNG_END: Final = b"IEND\xae\x42\x60\x82"
_JPEG_END: Final = b"\xff\xd9"


def media_type_of(data: bytes) -> str:
    """The media type of a scan; raises SettlementError TOO_LARGE, SCAN_UNKNOWN, SCAN_CUT."""
    if len(data) > BYTES_MAX:
        raise SettlementError(SigningCode.TOO_LARGE, what="скан", limit=BYTES_MAX)
    if data.startswith(b"%PDF-"):
        media_type, is_whole = "application/pdf", _PDF_END in data[-_PDF_TAIL_BYTES:]
    elif data.startswith(b"\x89PNG\r\n\x1a\n"):
        media_type, is_whole = "image/png", data.endswith(_PNG_END)
    elif data.startswith(b"\xff\xd8\xff"):
        media_type, is_whole = "image/jpeg", data.rstrip(b"\0").endswith(_JPEG_END)
    else:
        raise SettlementError(SigningCode.SCAN_UNKNOWN)
    if not is_whole:
        raise SettlementError(SigningCode.SCAN_CUT)
    return media_type
