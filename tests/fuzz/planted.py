"""A parser with a fault, by which the test of the runner sees that findings are found."""


class PlantedError(Exception):
    """The fault."""


def check(data: bytes) -> None:
    """Fails behind three branches, which chance alone would hardly pass in seconds."""
    if data[:1] == b"T" and data[1:2] == b"i" and data[2:3] == b"l":
        raise PlantedError(len(data))
