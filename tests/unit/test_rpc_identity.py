"""Who speaks: the fingerprint of the client certificate, and the terminal that a command names."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from hashlib import sha256
from ssl import DER_cert_to_PEM_cert

import pytest

from gateway.domain.commands import Origin
from gateway.domain.policy import Standing
from gateway.domain.reasons import Reason
from gateway.registry.snapshot import ClientIdentity, RegistrySnapshot
from gateway.rpc.identity import Identity, fingerprint_of
from gateway.rpc.validation.findings import InvalidRequestError

TILL, CHAIN, REVOKED, STRANGER = b"der of a till", b"der of a chain", b"der revoked", b"der of nobody"
FIELD = "header.terminal_id"

TILL_CLIENT = ClientIdentity(1, 111, 0, frozenset({111}))
CHAIN_CLIENT = ClientIdentity(1, None, 9, frozenset({111, 112}))
SNAPSHOT = RegistrySnapshot(
    epoch=1,
    standings={
        111: Standing(merchant_id=1, outlet_id=11, terminal_id=111),
        112: Standing(merchant_id=1, outlet_id=12, terminal_id=112),
        211: Standing(merchant_id=2, outlet_id=21, terminal_id=211),
    },
    clients={sha256(TILL).digest(): TILL_CLIENT, sha256(CHAIN).digest(): CHAIN_CLIENT},
    revoked=frozenset({sha256(REVOKED).digest()}),
)


@dataclass
class Peer:
    """A call from whoever holds a certificate."""

    der: bytes | None

    def auth_context(self) -> Mapping[str, Iterable[bytes]]:
        """As gRPC gives it; a call without TLS has no certificate."""
        return {"x509_pem_cert": [DER_cert_to_PEM_cert(self.der).encode()]} if self.der else {}


@pytest.fixture
def identity() -> Identity:
    """The door's view of the snapshot."""
    return Identity(lambda: SNAPSHOT)


@pytest.mark.parametrize(("der", "expected"), [(TILL, TILL_CLIENT), (CHAIN, CHAIN_CLIENT)])
def test_a_registered_certificate_names_its_client(
    identity: Identity, der: bytes, expected: ClientIdentity
) -> None:
    """By SHA-256 of its DER form and by nothing else."""
    assert expected is identity.client_of(fingerprint_of(Peer(der)))


@pytest.mark.parametrize(
    ("der", "reason"),
    [
        (STRANGER, Reason.CLIENT_UNKNOWN),
        (None, Reason.CLIENT_UNKNOWN),
        (REVOKED, Reason.CLIENT_REVOKED),
    ],
)
def test_other_certificates_get_nothing(identity: Identity, der: bytes | None, reason: Reason) -> None:
    """Neither one that the registry does not know, nor one that it has revoked."""
    with pytest.raises(InvalidRequestError) as caught:
        identity.client_of(fingerprint_of(Peer(der)))
    assert reason == caught.value.reason


def test_a_revocation_holds_for_the_next_message() -> None:
    """The snapshot is asked anew each time; only the fingerprint is remembered."""
    snapshots = [SNAPSHOT, RegistrySnapshot(2, SNAPSHOT.standings, {}, frozenset(SNAPSHOT.clients))]
    identity = Identity(lambda: snapshots[0])
    assert TILL_CLIENT is identity.client_of(fingerprint_of(Peer(TILL)))
    del snapshots[0]
    with pytest.raises(InvalidRequestError) as caught:
        identity.client_of(fingerprint_of(Peer(TILL)))
    assert Reason.CLIENT_REVOKED == caught.value.reason


@pytest.mark.parametrize(
    ("client", "terminal_id", "expected"),
    [
        (TILL_CLIENT, 0, Origin(1, 11, 111)),
        (TILL_CLIENT, 111, Origin(1, 11, 111)),
        (CHAIN_CLIENT, 112, Origin(1, 12, 112, concentrator_id=9)),
    ],
)
def test_a_command_comes_from_the_terminal_that_it_names(
    identity: Identity, client: ClientIdentity, terminal_id: int, expected: Origin
) -> None:
    """A terminal may leave itself unnamed; the concentrator that speaks is recorded as well."""
    assert expected == identity.origin(client, terminal_id, FIELD)


@pytest.mark.parametrize(
    ("client", "terminal_id", "reason"),
    [
        (TILL_CLIENT, 112, Reason.TERMINAL_NOT_YOURS),
        (TILL_CLIENT, 211, Reason.TERMINAL_NOT_YOURS),
        (TILL_CLIENT, -1, Reason.TERMINAL_NOT_YOURS),
        (CHAIN_CLIENT, 0, Reason.FIELD_MISSING),
        (CHAIN_CLIENT, 211, Reason.TERMINAL_NOT_YOURS),
        (ClientIdentity(3, 311, 0, frozenset({311})), 0, Reason.TERMINAL_NOT_YOURS),
    ],
)
def test_nobody_speaks_for_a_terminal_of_others(
    identity: Identity, client: ClientIdentity, terminal_id: int, reason: Reason
) -> None:
    """Nor does a concentrator leave open for whom it speaks."""
    with pytest.raises(InvalidRequestError) as caught:
        identity.origin(client, terminal_id, FIELD)
    assert (reason, FIELD) == (caught.value.reason, caught.value.field)
