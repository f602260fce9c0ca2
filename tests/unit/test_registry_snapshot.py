"""The snapshot: whom a certificate names, and for which terminals it may speak."""

import pytest

from gateway.domain.policy import Standing
from gateway.domain.reasons import Reason
from gateway.registry.snapshot import ClientIdentity, ClientRefusedError, RegistrySnapshot

TILL = ClientIdentity(1, 11, 0, frozenset((11,)))
CHAIN = ClientIdentity(1, None, 5, frozenset((11, 12)))
SNAPSHOT = RegistrySnapshot(
    7, {11: Standing(1, 2, 11)}, {b"till": TILL, b"chain": CHAIN}, frozenset((b"old",))
)


def test_a_key_names_its_client() -> None:
    """Only the fingerprint counts."""
    assert [TILL, CHAIN] == [SNAPSHOT.client(b"till"), SNAPSHOT.client(b"chain")]


@pytest.mark.parametrize(
    ("fingerprint", "reason"), [(b"new", Reason.CLIENT_UNKNOWN), (b"old", Reason.CLIENT_REVOKED)]
)
def test_unknown_and_revoked_keys_are_refused_apart(fingerprint: bytes, reason: Reason) -> None:
    """Both get nothing; an operator must see which of the two it was."""
    with pytest.raises(ClientRefusedError, match=reason.name) as refused:
        SNAPSHOT.client(fingerprint)
    assert reason is refused.value.reason


def test_a_terminal_speaks_for_itself_alone() -> None:
    """A till's key is of no use for the till beside it."""
    assert [True, False] == [TILL.may_speak_for(terminal_id) for terminal_id in (11, 12)]


def test_a_concentrator_speaks_for_its_terminals_alone() -> None:
    """It names the terminal in every command, and only one of its own."""
    assert [True, True, False] == [CHAIN.may_speak_for(terminal_id) for terminal_id in (11, 12, 13)]


def test_a_terminal_that_is_not_registered_has_no_standing() -> None:
    """Nobody answers for it."""
    assert Standing(1, 2, 11) == SNAPSHOT.standing_of(11)
    assert SNAPSHOT.standing_of(12) is None


def test_fingerprints_stay_out_of_logs() -> None:
    """The repr of ten thousand tills would drown a log."""
    assert "RegistrySnapshot(epoch=7)" == repr(SNAPSHOT)
