"""Names of goods as tills print them."""

from gateway.goods.names.folding import fold
from gateway.goods.names.lexicon import load_lexicon

LEXICON = load_lexicon()


def check(data: bytes) -> None:
    """Any name is folded into words parted by one space, and the lexicon tells the same in both ways."""
    folded = fold(data.decode("utf-8", "replace"))
    assert folded == " ".join(folded.split()), folded
    told = {group for _, group in LEXICON.spoken(folded)}
    assert told == {LEXICON.groups[number] for number in LEXICON.match(folded)}, folded
