"""A card's token, which may come with those of older keys."""


class RingToken(bytes):
    """The token of a card under the newest key, with `older`: those under the older keys, the newest first.

    It is its newest token in every other way. Where the ring has one key, tokens are plain bytes.
    """

    older: tuple[bytes, ...]

    def __new__(cls, newest: bytes, older: tuple[bytes, ...]) -> "RingToken":
        made = super().__new__(cls, newest)
        made.older = older
        return made


def tokens_of(token: bytes) -> tuple[bytes, ...]:
    """Every token by which a card may be known, the newest first."""
    return (token, *token.older) if isinstance(token, RingToken) else (token,)
