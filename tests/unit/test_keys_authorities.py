"""The root and the issuing authorities below it, proved by real TLS handshakes and by refusals."""

import ssl
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from gateway.registry.keys.authorities import IssuingFolder, RootAuthority
from gateway.registry.keys.building import key_pem, pem
from gateway.registry.pki import Issued, IssuingAuthority
from gateway.registry.secret_files import SecretFileError
from tests.keys_kit import new_key
from tests.unit.test_pki import handshake

NOW = datetime.now(UTC)
ROOT, ISSUING = b"the root's passphrase", b"the issuing passphrase"


@pytest.fixture
def root(tmp_path: Path) -> RootAuthority:
    """A root."""
    return RootAuthority.create(tmp_path / "root", ROOT, NOW, "Root of a test")


@pytest.fixture
def issuing(tmp_path: Path, root: RootAuthority) -> IssuingFolder:
    """A folder with one issuing authority."""
    root.certify_issuing(tmp_path / "issuing", ISSUING, NOW)
    return IssuingFolder(tmp_path / "issuing")


def folder_of(path: Path, issued: Issued, roots: bytes) -> Path:
    """A directory with cert.pem, key.pem and ca.pem."""
    path.mkdir()
    (path / "cert.pem").write_bytes(issued.chain_pem)
    (path / "key.pem").write_bytes(issued.key_pem)
    (path / "ca.pem").write_bytes(roots)
    return path


def client(authority: IssuingAuthority, path: Path, roots: bytes) -> Path:
    """A client whose own key was certified."""
    key = new_key()
    chain = authority.certify_client("terminal-12", key.public_key(), NOW)
    return folder_of(path, Issued(chain, key_pem(key)), roots)


@pytest.fixture
def server(tmp_path: Path, root: RootAuthority) -> Path:
    """A server certified by the root."""
    issued = root.issue_server(["localhost"], NOW)
    return folder_of(tmp_path / "server", issued, pem(root.certificate))


def test_a_client_of_an_issuing_authority_and_a_server_of_the_root_recognise_each_other(
    tmp_path: Path, issuing: IssuingFolder, server: Path
) -> None:
    """The door trusts the root alone; the client brings the rest of its chain."""
    till = client(issuing.current(ISSUING, NOW), tmp_path / "till", issuing.roots_pem())
    assert (
        x509.load_der_x509_certificate(handshake(server, till)).subject.rfc4514_string().startswith("CN=term")
    )


def test_the_issuing_key_cannot_make_a_gateway(tmp_path: Path, issuing: IssuingFolder) -> None:
    """Whoever steals it from the enrolment process passes for no server."""
    authority = issuing.current(ISSUING, NOW)
    forged = folder_of(tmp_path / "forged", authority.issue_server(["localhost"], NOW), issuing.roots_pem())
    till = client(authority, tmp_path / "till", issuing.roots_pem())
    with pytest.raises(ssl.SSLCertVerificationError):
        handshake(forged, till)


def test_old_and_new_issuing_authorities_hold_beside_each_other(
    tmp_path: Path, root: RootAuthority, issuing: IssuingFolder, server: Path
) -> None:
    """The newest signs; what the former one signed is taken until its end."""
    before = client(issuing.current(ISSUING, NOW), tmp_path / "before", issuing.roots_pem())
    later = NOW + timedelta(seconds=2)
    newest = root.certify_issuing(issuing.folder, b"another passphrase", later)
    current = issuing.current(b"another passphrase", later)
    assert newest == current.certificate
    after = client(current, tmp_path / "after", issuing.roots_pem())
    for till in (before, after):
        handshake(server, till)
    assert 2 == len(issuing.certificates())


def test_an_issuing_authority_signs_nothing_beyond_its_own_end(tmp_path: Path, root: RootAuthority) -> None:
    """A chain that ends in the middle would be refused at the door long before the leaf says so."""
    root.certify_issuing(tmp_path / "short", ISSUING, NOW, timedelta(days=40))
    authority = IssuingFolder(tmp_path / "short").current(ISSUING, NOW)
    chain = authority.certify_client("terminal-1", new_key().public_key(), NOW)
    leaf, above = x509.load_pem_x509_certificates(chain)
    assert leaf.not_valid_after_utc <= above.not_valid_after_utc
    with pytest.raises(SecretFileError, match="valid now"):
        IssuingFolder(tmp_path / "short").current(ISSUING, NOW + timedelta(days=41))


def test_no_private_key_lies_open(tmp_path: Path, root: RootAuthority, issuing: IssuingFolder) -> None:
    """Encrypted at rest, readable by their owner alone, and apart from each other."""
    keys = sorted(tmp_path.rglob("key.pem"))
    assert 2 == len(keys)
    for file in keys:
        assert b"BEGIN ENCRYPTED PRIVATE KEY" in file.read_bytes()
        assert 0o600 == file.stat().st_mode & 0o777
    assert not list((tmp_path / "issuing").rglob("root/key.pem"))
    assert "EllipticCurve" not in repr(root)


@pytest.mark.parametrize("passphrase", [b"", b"wrong passphrase", ISSUING + b" "])
def test_a_wrong_passphrase_opens_nothing(issuing: IssuingFolder, passphrase: bytes) -> None:
    """And says which file it is about, not what is in it."""
    with pytest.raises(SecretFileError, match=r"key\.pem does not open"):
        issuing.current(passphrase, NOW)


def test_a_root_is_never_replaced_and_wants_a_real_passphrase(tmp_path: Path, root: RootAuthority) -> None:
    """A second one would orphan every till."""
    with pytest.raises(FileExistsError):
        RootAuthority.create(tmp_path / "root", ROOT, NOW, "again")
    with pytest.raises(SecretFileError, match="12 characters"):
        RootAuthority.create(tmp_path / "other", b"short", NOW, "other")
    assert not (tmp_path / "other").exists()
    assert root.certificate == RootAuthority.load(tmp_path / "root", ROOT).certificate


def test_tills_are_told_both_roots_while_one_follows_the_other(
    tmp_path: Path, root: RootAuthority, issuing: IssuingFolder
) -> None:
    """A new root goes out with renewals, long before the old one ends."""
    second = RootAuthority.create(tmp_path / "second", ROOT, NOW, "Second root")
    for _ in range(2):
        second.certify_issuing(issuing.folder, ISSUING, NOW + timedelta(seconds=3))
    told = x509.load_pem_x509_certificates(issuing.roots_pem())
    assert [root.certificate, second.certificate] == told
