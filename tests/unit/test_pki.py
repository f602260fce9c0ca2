"""The door's certificates, proved by real TLS handshakes in memory and by refusals."""

import ssl
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from gateway.registry.identity import ensure_client, ensure_server
from gateway.registry.pki import LEAF_VALIDITY, Issued, IssuingAuthority, fingerprint_of
from gateway.registry.secret_files import SecretFileError, create_secret

NAMES = ("localhost", "127.0.0.1", "gateway.example")
NOW = datetime.now(UTC)


@pytest.fixture
def authority(tmp_path: Path) -> IssuingAuthority:
    """A CA of its own."""
    return IssuingAuthority.create(tmp_path / "ca", NOW)


def context(purpose: ssl.Purpose, folder: Path) -> ssl.SSLContext:
    """One side of mutual TLS from a directory with cert.pem, key.pem and ca.pem."""
    made = ssl.create_default_context(purpose, cafile=str(folder / "ca.pem"))
    made.load_cert_chain(folder / "cert.pem", folder / "key.pem")
    made.verify_mode = ssl.CERT_REQUIRED
    return made


def handshake(server_folder: Path, client_folder: Path, host: str = "localhost") -> bytes:
    """Shake hands in memory; the DER certificate that the server saw. Raises ssl.SSLError."""
    to_server, to_client = ssl.MemoryBIO(), ssl.MemoryBIO()
    client = context(ssl.Purpose.SERVER_AUTH, client_folder).wrap_bio(
        to_client, to_server, server_hostname=host
    )
    server = context(ssl.Purpose.CLIENT_AUTH, server_folder).wrap_bio(to_server, to_client, server_side=True)
    waiting = [client, server]
    for _ in range(20):
        for side in list(waiting):
            try:
                side.do_handshake()
            except ssl.SSLWantReadError:
                continue
            waiting.remove(side)
        if not waiting:
            seen = server.getpeercert(binary_form=True)
            assert seen is not None
            return seen
    raise AssertionError("the handshake does not end")


@pytest.fixture
def server(tmp_path: Path, authority: IssuingAuthority) -> Path:
    """A server's directory."""
    ensure_server(tmp_path / "server", authority, NAMES, NOW)
    return tmp_path / "server"


@pytest.mark.parametrize("host", NAMES)
def test_a_client_and_the_server_recognise_each_other(
    tmp_path: Path, authority: IssuingAuthority, server: Path, host: str
) -> None:
    """Mutual TLS stands by names and addresses, and the server sees the fingerprint that is registered."""
    fingerprint = ensure_client(tmp_path / "till", authority, "terminal-12", NOW)
    assert fingerprint == sha256(handshake(server, tmp_path / "till", host)).digest()


def test_a_server_under_another_name_is_not_trusted(
    tmp_path: Path, authority: IssuingAuthority, server: Path
) -> None:
    """Whoever has a certificate of ours for one host is not every host."""
    ensure_client(tmp_path / "till", authority, "terminal-12", NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="evil"):
        handshake(server, tmp_path / "till", "evil.example")


def test_a_till_cannot_pass_for_the_server(tmp_path: Path, authority: IssuingAuthority) -> None:
    """A client certificate is no server certificate, even if it is named like one."""
    for name in ("till", "other"):
        ensure_client(tmp_path / name, authority, "localhost", NOW)
    with pytest.raises(ssl.SSLCertVerificationError, match="purpose"):
        handshake(tmp_path / "other", tmp_path / "till")


def test_a_client_of_another_ca_is_refused(tmp_path: Path, authority: IssuingAuthority, server: Path) -> None:
    """Names are free to choose; signatures are not."""
    stranger = IssuingAuthority.create(tmp_path / "stranger", NOW)
    ensure_client(tmp_path / "till", stranger, "terminal-12", NOW)
    (tmp_path / "till" / "ca.pem").write_bytes(authority.root_pem)
    with pytest.raises(ssl.SSLError, match=r"certificate verify failed|unknown ca"):
        handshake(server, tmp_path / "till")


def test_a_certificate_names_its_client_and_has_a_serial_of_its_own(authority: IssuingAuthority) -> None:
    """People can read whose it is; two certificates of one till differ."""
    one, other = (authority.issue_client("concentrator-3", NOW) for _ in range(2))
    certificate, second = (x509.load_pem_x509_certificate(issued.chain_pem) for issued in (one, other))
    (name,) = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert "concentrator-3" == name.value
    assert certificate.serial_number != second.serial_number
    assert one.fingerprint != other.fingerprint
    assert certificate.not_valid_before_utc <= NOW - timedelta(minutes=4)


def test_a_client_cannot_issue_certificates(authority: IssuingAuthority) -> None:
    """The basic constraints of a leaf say that it is no CA, and those of the issuing CA that none follows."""
    leaf = x509.load_pem_x509_certificate(authority.issue_client("terminal-1", NOW).chain_pem)
    constraints = [
        certificate.extensions.get_extension_for_class(x509.BasicConstraints).value
        for certificate in (leaf, authority.certificate, authority.root)
    ]
    assert [(False, None), (True, 0), (True, 1)] == [(c.ca, c.path_length) for c in constraints]


def test_a_fingerprint_is_that_of_the_first_certificate_of_a_chain(authority: IssuingAuthority) -> None:
    """The door is given the leaf alone, the till's file has the issuing CA as well."""
    issued = authority.issue_client("terminal-1", NOW)
    leaf_pem = issued.chain_pem.partition(b"-----END CERTIFICATE-----\n")[0] + b"-----END CERTIFICATE-----\n"
    assert issued.fingerprint == fingerprint_of(leaf_pem)
    assert issued.fingerprint == sha256(ssl.PEM_cert_to_DER_cert(leaf_pem.decode())).digest()


def test_private_keys_lie_in_files_of_their_own(tmp_path: Path, authority: IssuingAuthority) -> None:
    """Mode 0600, beside certificates that anybody may read; nothing else lies there."""
    names = sorted(path.name for path in (tmp_path / "ca").iterdir())
    assert ["issuing.pem", "issuing_key.pem", "root.pem", "root_key.pem"] == names
    for name in ("issuing_key.pem", "root_key.pem"):
        assert 0o600 == (tmp_path / "ca" / name).stat().st_mode & 0o777
    assert b"PRIVATE" not in (tmp_path / "ca" / "issuing.pem").read_bytes()
    assert "PRIVATE" not in repr(Issued(b"", b"PRIVATE"))


def test_a_ca_is_read_back_and_never_replaced(tmp_path: Path, authority: IssuingAuthority) -> None:
    """After a restart the same CA issues; every till trusts its root."""
    loaded = IssuingAuthority.load(tmp_path / "ca")
    issued = x509.load_pem_x509_certificate(loaded.issue_client("terminal-1", NOW).chain_pem)
    assert authority.has_issued(issued)
    assert authority.root_pem == loaded.root_pem
    with pytest.raises(FileExistsError):
        IssuingAuthority.create(tmp_path / "ca", NOW)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("issuing_key.pem", b"no key"),
        ("issuing.pem", b"no certificate"),
        ("root.pem", None),
        ("issuing_key.pem", None),
    ],
)
def test_a_damaged_ca_is_refused_by_name(
    tmp_path: Path, authority: IssuingAuthority, name: str, content: bytes | None
) -> None:
    """No second CA is made beside what is left of the first."""
    path = tmp_path / "ca" / name
    path.unlink()
    if content is not None:
        create_secret(path, content)
    with pytest.raises(SecretFileError, match=str(tmp_path / "ca")):
        IssuingAuthority.load(tmp_path / "ca")


def test_the_key_of_another_ca_is_refused(tmp_path: Path, authority: IssuingAuthority) -> None:
    """Certificates signed with it would be refused by every till, one by one."""
    IssuingAuthority.create(tmp_path / "other", NOW)
    (tmp_path / "other" / "issuing_key.pem").replace(tmp_path / "ca" / "issuing_key.pem")
    with pytest.raises(SecretFileError, match="not the key of issuing"):
        IssuingAuthority.load(tmp_path / "ca")


def test_a_good_identity_is_kept(tmp_path: Path, authority: IssuingAuthority) -> None:
    """A second start changes nothing that is registered."""
    first = ensure_client(tmp_path / "till", authority, "terminal-1", NOW)
    key = (tmp_path / "till" / "key.pem").read_bytes()
    assert first == ensure_client(tmp_path / "till", authority, "terminal-1", NOW + timedelta(days=300))
    assert key == (tmp_path / "till" / "key.pem").read_bytes()
    assert 0o600 == (tmp_path / "till" / "key.pem").stat().st_mode & 0o777


def test_an_identity_is_renewed_before_it_ends(tmp_path: Path, authority: IssuingAuthority) -> None:
    """A month before its last day there is a new one."""
    first = ensure_client(tmp_path / "till", authority, "terminal-1", NOW)
    later = NOW + LEAF_VALIDITY - timedelta(days=29)
    assert first != ensure_client(tmp_path / "till", authority, "terminal-1", later)


def test_an_identity_for_somebody_else_is_replaced(tmp_path: Path, authority: IssuingAuthority) -> None:
    """Another terminal id, another host name, another CA, or a lost key: the old one is of no use."""
    client, server = tmp_path / "till", tmp_path / "server"
    seen = {ensure_client(client, authority, "terminal-1", NOW)}
    seen.add(ensure_client(client, authority, "terminal-2", NOW))
    seen.add(ensure_server(server, authority, ["localhost"], NOW))
    seen.add(ensure_server(server, authority, ["localhost", "10.0.0.1"], NOW))
    seen.add(ensure_client(client, IssuingAuthority.create(tmp_path / "new", NOW), "terminal-2", NOW))
    (client / "key.pem").unlink()
    seen.add(ensure_client(client, authority, "terminal-2", NOW))
    assert 6 == len(seen)
    assert authority.root_pem == (client / "ca.pem").read_bytes()


def test_a_secret_that_cannot_be_finished_leaves_nothing(tmp_path: Path) -> None:
    """A file that exists is whole, and the one that was there stays."""
    create_secret(tmp_path / "secret", b"first")
    with pytest.raises(FileExistsError):
        create_secret(tmp_path / "secret", b"second")
    assert [b"first"] == [path.read_bytes() for path in tmp_path.iterdir()]
