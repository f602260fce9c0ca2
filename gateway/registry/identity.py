"""A directory with somebody's key and certificate: made when it is missing, kept while it is good.

It has `cert.pem` (with the issuing CA), `key.pem` (mode 0600) and `ca.pem` (the root, to trust).
"""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Final

from cryptography import x509
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from gateway.registry.pki import Issued, IssuingAuthority, fingerprint_of
from gateway.registry.secret_files import SecretFileError, create_secret, read_secret

RENEWED_BEFORE: Final = timedelta(days=30)


def ensure_server(folder: Path, authority: IssuingAuthority, names: Sequence[str], now: datetime) -> bytes:
    """The fingerprint of the server identity in `folder`, issued if there is no good one for these names."""
    return _ensure(folder, authority, now, lambda: authority.issue_server(names, now), frozenset(names))


def ensure_client(folder: Path, authority: IssuingAuthority, subject: str, now: datetime) -> bytes:
    """The fingerprint of the client identity in `folder`, issued if there is no good one for the subject."""
    names = frozenset((subject,))
    return _ensure(folder, authority, now, lambda: authority.issue_client(subject, now), names)


def _ensure(
    folder: Path,
    authority: IssuingAuthority,
    now: datetime,
    issue: Callable[[], Issued],
    names: frozenset[str],
) -> bytes:
    certificate_file, key_file = folder / "cert.pem", folder / "key.pem"
    if not _is_good(certificate_file, key_file, authority, now, names):
        issued = issue()
        # The certificate goes first and comes last: one beside another's key is never seen as good.
        certificate_file.unlink(missing_ok=True)
        key_file.unlink(missing_ok=True)
        create_secret(key_file, issued.key_pem)
        certificate_file.write_bytes(issued.chain_pem)
    (folder / "ca.pem").write_bytes(authority.root_pem)
    return fingerprint_of(certificate_file.read_bytes())


def _is_good(
    certificate_file: Path, key_file: Path, authority: IssuingAuthority, now: datetime, names: frozenset[str]
) -> bool:
    try:
        certificate = x509.load_pem_x509_certificate(certificate_file.read_bytes())
        key = load_pem_private_key(read_secret(key_file), password=None)
    except (OSError, ValueError, TypeError, SecretFileError):
        return False
    return (
        authority.has_issued(certificate)
        and certificate.public_key() == key.public_key()
        and certificate.not_valid_after_utc > now + RENEWED_BEFORE
        and names == _names_of(certificate)
    )


def _names_of(certificate: x509.Certificate) -> frozenset[str]:
    """The host names and addresses of a server, the common name of a client."""
    try:
        extension = certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName)
    except x509.ExtensionNotFound:
        names = certificate.subject.get_attributes_for_oid(x509.NameOID.COMMON_NAME)
        return frozenset(str(name.value) for name in names)
    return frozenset(str(name.value) for name in extension.value)
