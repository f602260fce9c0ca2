"""Marking codes, as scanners and tills hand them on."""

from gateway.goods.identity.gtin import read_gtin
from gateway.goods.identity.marking import read_marking_code

SERIAL_MAX_CHARS = 20


def check(data: bytes) -> None:
    """Reading never raises; a GTIN that is told is right, and a serial is none too long."""
    code = read_marking_code(data.decode("utf-8", "replace"))
    assert not code.gtin or read_gtin(code.gtin) == code.gtin, code
    assert len(code.serial) <= SERIAL_MAX_CHARS, code
