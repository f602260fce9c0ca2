"""Pieces of protobuf's wire form, for messages that are put together from parts serialized before."""


def tag(field_number: int) -> bytes:
    """What stands before the length and the bytes of a message or text in this field."""
    return bytes([field_number << 3 | 2])


def varint(value: int) -> bytes:
    """Seven bits a byte, the lowest first; all but the last byte have the high bit."""
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def number_field(field_number: int, value: int) -> bytes:
    """A whole number in a field below 16."""
    return bytes([field_number << 3]) + varint(value)
