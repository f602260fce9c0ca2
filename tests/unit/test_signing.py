"""Signatures under outcomes: what tills verify, and with which key."""

import base64
import json
from pathlib import Path

import pytest
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
)

from gateway.registry.secret_files import SecretFileError
from gateway.registry.signing import OutcomeSigner, public_key_set

PAYLOAD = "принято".encode()


def test_a_signature_is_verified_with_the_published_key(tmp_path: Path) -> None:
    """What the key set says is all that a till needs."""
    signer = OutcomeSigner.create(tmp_path / "key.pem")
    (published,) = json.loads(public_key_set([signer]))["keys"]
    assert {"key_id", "algorithm", "public_key_base64"} == published.keys()
    assert (signer.key_id, "Ed25519") == (published["key_id"], published["algorithm"])
    public_key = Ed25519PublicKey.from_public_bytes(base64.b64decode(published["public_key_base64"]))
    public_key.verify(signer.sign(PAYLOAD), PAYLOAD)
    with pytest.raises(InvalidSignature):
        public_key.verify(signer.sign(PAYLOAD), PAYLOAD + b".")


def test_a_signature_is_the_known_one_of_the_standard() -> None:
    """RFC 8032, section 7.1, test 2."""
    seed = "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb"
    signer = OutcomeSigner("test", Ed25519PrivateKey.from_private_bytes(bytes.fromhex(seed)))
    expected = (
        "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da"
        "085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00"
    )
    assert expected == signer.sign(b"\x72").hex()


def test_a_key_file_is_the_owners_alone_and_read_back(tmp_path: Path) -> None:
    """After a restart the same key signs under the same name."""
    path = tmp_path / "keys" / "key.pem"
    made = OutcomeSigner.create(path)
    loaded = OutcomeSigner.load(path)
    assert 0o600 == path.stat().st_mode & 0o777
    assert (made.key_id, made.public_key) == (loaded.key_id, loaded.public_key)
    assert made.sign(PAYLOAD) == loaded.sign(PAYLOAD)


def test_a_key_file_is_never_replaced(tmp_path: Path) -> None:
    """Tills that know the old key would refuse every answer."""
    first = OutcomeSigner.create(tmp_path / "key.pem")
    with pytest.raises(FileExistsError):
        OutcomeSigner.create(tmp_path / "key.pem")
    assert first.key_id == OutcomeSigner.load(tmp_path / "key.pem").key_id


def test_the_key_set_holds_older_keys_after_the_current_one(tmp_path: Path) -> None:
    """A replay bears the signature of its day, so its key is published on."""
    new, old = OutcomeSigner.create(tmp_path / "new.pem"), OutcomeSigner.create(tmp_path / "old.pem")
    published = json.loads(public_key_set([new, old]))["keys"]
    assert [new.key_id, old.key_id] == [key["key_id"] for key in published]
    assert new.key_id != old.key_id


def _pem(key: object, password: bytes | None = None) -> bytes:
    encryption = BestAvailableEncryption(password) if password else NoEncryption()
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, encryption)  # type: ignore[attr-defined]
    return pem


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"", "no private key"),
        (b"-----BEGIN PRIVATE KEY-----\n", "no private key"),
        (_pem(generate_private_key(SECP256R1())), "no Ed25519 key"),
        (_pem(Ed25519PrivateKey.generate(), b"secret"), "no private key in PEM without a password"),
    ],
)
def test_another_file_is_refused_by_name(tmp_path: Path, content: bytes, problem: str) -> None:
    """Only an Ed25519 key signs outcomes."""
    path = tmp_path / "key.pem"
    path.write_bytes(content)
    path.chmod(0o600)
    with pytest.raises(SecretFileError, match=rf"key\.pem is {problem}"):
        OutcomeSigner.load(path)


def test_a_key_file_that_others_may_read_is_refused(tmp_path: Path) -> None:
    """Whoever could read it could sign approvals."""
    OutcomeSigner.create(tmp_path / "key.pem")
    (tmp_path / "key.pem").chmod(0o644)
    with pytest.raises(SecretFileError, match="chmod 600"):
        OutcomeSigner.load(tmp_path / "key.pem")
