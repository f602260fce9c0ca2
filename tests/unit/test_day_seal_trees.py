"""The trees and texts of day seals: what is hashed, and that gateway and SDK make the same of it."""

from datetime import UTC, date, datetime
from hashlib import sha256
from uuid import UUID

import pytest
from google.protobuf.message import DecodeError
from hypothesis import given
from hypothesis import strategies as st

from gateway.ledger.seals.leaves import Leaf, pack, unpack
from gateway.ledger.seals.merkle import (
    NOTHING,
    Tree,
    merchant_leaf,
    node,
    outcome_leaf,
    path_to,
    root_of,
)
from gateway.ledger.seals.reading import part_of
from gateway.ledger.seals.statement import GENESIS, Statement, hash_of, read_statement
from gateway.registry.snapshot import ClientIdentity
from gateway.rpc.records import _leaf
from merchant_sdk import day_seals, signatures
from tillgate.v1 import purchase_pb2 as pb

REQUEST = UUID("019a8f3e-5c1b-7d2a-9e4f-0123456789ab")
STATEMENT = Statement(
    date(2026, 11, 23), 3, b"\x01" * 32, GENESIS, datetime(2026, 11, 23, 21, 10, tzinfo=UTC)
)


def leaves(count: int) -> list[bytes]:
    """Different hashes."""
    return [sha256(bytes([number])).digest() for number in range(count)]


def slowly(level: list[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word: the larger full half on the left."""
    if len(level) == 1:
        return level[0]
    half = 1
    while half * 2 < len(level):
        half *= 2
    return sha256(b"\x01" + slowly(level[:half]) + slowly(level[half:])).digest()


@pytest.mark.parametrize("count", range(1, 35))
def test_a_tree_that_grows_leaf_by_leaf_has_the_root_of_the_definition(count: int) -> None:
    """In the gateway, and in the SDK, which counts it otherwise."""
    made = leaves(count)
    assert slowly(made) == root_of(made) == day_seals._root_of(made)


@pytest.mark.parametrize("count", range(1, 35))
def test_each_path_leads_its_leaf_to_the_root_and_no_other_place(count: int) -> None:
    """The SDK believes exactly the position that the gateway made the path for."""
    made = leaves(count)
    root = root_of(made)
    for position, leaf in enumerate(made):
        path = path_to(made, position)
        assert root == day_seals._root_by(leaf, position, count, path)
        assert root != day_seals._root_by(sha256(leaf).digest(), position, count, path)
        assert root != day_seals._root_by(leaf, position, count, [*path, leaf])
        assert root != day_seals._root_by(leaf, -1, count, path)
        assert root != day_seals._root_by(leaf, count, count, path)
        if path:
            assert root != day_seals._root_by(leaf, position, count, path[:-1])


def test_a_growing_tree_holds_only_what_is_not_paired() -> None:
    """A million outcomes are twenty hashes."""
    tree = Tree()
    for leaf in leaves(255) * 8:
        tree.add(leaf)
    assert 2040 == tree.count
    assert len(tree._peaks) < 12


def test_no_node_passes_for_a_leaf_and_no_outcome_for_a_merchant() -> None:
    """What is hashed says what it is."""
    left, right = leaves(2)
    made = {
        node(left, right),
        merchant_leaf(int.from_bytes(left[:8], "big", signed=True), 1, right),
        outcome_leaf(REQUEST, left, right),
        sha256(left + right).digest(),
        NOTHING,
    }
    assert 5 == len(made)


def test_a_byte_that_moves_from_the_payload_to_the_signature_makes_another_leaf() -> None:
    """Their bounds are hashed, too; and so is the request id."""
    leaf = outcome_leaf(REQUEST, b"ab", b"c")
    assert leaf != outcome_leaf(REQUEST, b"a", b"bc")
    assert leaf != outcome_leaf(UUID(int=1), b"ab", b"c")
    assert leaf == day_seals.outcome_leaf(REQUEST, signatures.SignedBytes(b"ab", b"c", "key"))


@given(st.integers(0, 2**63 - 1), st.integers(1, 2**63 - 1), st.binary(min_size=32, max_size=32))
def test_gateway_and_sdk_hash_a_merchant_alike(merchant_id: int, count: int, root: bytes) -> None:
    """Or no seal would ever be believed."""
    assert merchant_leaf(merchant_id, count, root) == day_seals._merchant_leaf(merchant_id, count, root)


def test_a_merchants_part_is_its_place_among_all() -> None:
    """And a merchant without outcomes has none."""
    merchants = [(number, 1, sha256(bytes([number])).digest()) for number in (0, 3, 7)]
    part = part_of(merchants, 3)
    assert part is not None
    root = root_of([merchant_leaf(*merchant) for merchant in merchants])
    assert 1 == part.position
    assert root == day_seals._root_by(merchant_leaf(*merchants[1]), 1, 3, part.path)
    assert part_of(merchants, 4) is None


def test_a_statement_is_read_as_it_was_written() -> None:
    """To the microsecond; and the SDK reads the same."""
    assert STATEMENT == read_statement(STATEMENT.text)
    signed = signatures.SignedBytes(STATEMENT.text.encode(), b"", "key")
    told = (STATEMENT.day, 3, STATEMENT.root, GENESIS, STATEMENT.sealed_at)
    assert told == day_seals._read(signed)
    assert hash_of(STATEMENT.text) == sha256(signed.payload).digest()


@pytest.mark.parametrize(
    "spoilt",
    [
        "",
        STATEMENT.text + "\n",
        STATEMENT.text.replace("merchants 3", "merchants 03"),
        STATEMENT.text.replace("day 2026-11-23", "day 2026-13-23"),
        STATEMENT.text.replace("seal 1", "seal 2"),
        STATEMENT.text.upper(),
    ],
)
def test_what_is_not_written_exactly_so_is_no_statement(spoilt: str) -> None:
    """A text has one meaning, and a meaning one text."""
    with pytest.raises(ValueError, match=r"statement|month"):
        read_statement(spoilt)


def test_a_statement_is_no_outcome() -> None:
    """One key signs both: neither may be taken for the other."""
    with pytest.raises(DecodeError):
        pb.SignedOutcome.FromString(STATEMENT.text.encode())


def test_leaves_are_stored_whole() -> None:
    """56 bytes each: request id, terminal and hash."""
    made = [Leaf(7, REQUEST, 11, leaves(1)[0]), Leaf(7, UUID(int=5), 2**40, leaves(2)[1])]
    packed = pack(made)
    assert 112 == len(packed)
    assert made == list(unpack(7, packed))


def test_a_till_is_told_no_request_id_of_another_till() -> None:
    """By it a purchase could be asked for; the hash alone tells nothing."""
    client = ClientIdentity(7, 11, 0, frozenset({11}))
    own, other = (_leaf(Leaf(7, REQUEST, terminal, b"\x01" * 32), client) for terminal in (11, 12))
    assert (str(REQUEST), 11) == (own.request_id, own.terminal_id)
    assert ("", 0, b"\x01" * 32) == (other.request_id, other.terminal_id, other.hash)
