"""Ways from an outcome to its day's root, found for all leaves at once."""

from hashlib import sha256

from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.seals.merkle import path_to, root_of
from settlement.ledger_reader.seal_proofs import Levels, root_from

COUNTS = st.integers(1, 70)


def leaves_of(count: int) -> list[bytes]:
    """So many leaves, all different."""
    return [sha256(bytes([n])).digest() for n in range(count)]


@given(COUNTS)
def test_every_way_is_that_of_the_seal_and_leads_to_its_root(count: int) -> None:
    """Trees of every shape."""
    leaves = leaves_of(count)
    levels = Levels(leaves)
    assert root_of(leaves) == levels.root
    for position, leaf in enumerate(leaves):
        path = levels.path(position)
        assert path_to(leaves, position) == path
        assert levels.root == root_from(leaf, position, count, path)


@given(COUNTS, st.data())
def test_no_other_leaf_place_or_way_leads_there(count: int, data: st.DataObject) -> None:
    """A way that is too short or too long fits no tree."""
    leaves = leaves_of(count)
    levels = Levels(leaves)
    position = data.draw(st.integers(0, count - 1))
    other = data.draw(st.integers(-1, count).filter(lambda n: n != position))
    path = levels.path(position)
    assert levels.root != root_from(leaves[position], other, count, path)
    assert levels.root != root_from(sha256(b"other").digest(), position, count, path)
    assert root_from(leaves[position], position, count, [*path, leaves[0]]) is None
    if path:
        assert root_from(leaves[position], position, count, path[:-1]) is None


def test_nothing_has_the_root_of_nothing() -> None:
    """As a day without outcomes has."""
    assert root_of([]) == Levels([]).root
