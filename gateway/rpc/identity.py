"""Who speaks: the client certificate names a terminal, or a concentrator with its terminals.

Only the fingerprint counts, as the registry knows it; whatever names a certificate claims in
its subject is ignored. The registry's snapshot is asked anew for every message, so that a
revoked key gets nothing from the moment the snapshot knows.
"""

from collections.abc import Callable, Iterable, Mapping
from functools import lru_cache
from hashlib import sha256
from ssl import PEM_cert_to_DER_cert
from typing import Any, Final, Protocol

from gateway.domain.commands import Origin
from gateway.domain.policy import Standing
from gateway.domain.reasons import Reason
from gateway.registry.snapshot import ClientIdentity, ClientRefusedError, RegistrySnapshot, StopListMark
from gateway.rpc.proxy import TrustedProxy
from gateway.rpc.validation.findings import invalid

_PEM_KEY: Final = "x509_pem_cert"
CERTIFICATES_CACHED: Final = 4096


class HasCertificate(Protocol):
    """The part of a gRPC call that tells who is at the other end of its connection."""

    def auth_context(self) -> Mapping[str, Iterable[bytes]]: ...


class HasPeer(HasCertificate, Protocol):
    """The same, and what a proxy may have said of whom it speaks for."""

    def invocation_metadata(self) -> Any: ...


class Identity:
    """Finds the client of a call, and the terminal that it speaks for.

    With a `proxy` TLS ended there, and what it says of the client's certificate counts.
    """

    def __init__(self, snapshot: Callable[[], RegistrySnapshot], proxy: TrustedProxy | None = None) -> None:
        self._snapshot = snapshot
        self._proxy = proxy

    def fingerprint_of(self, call: HasPeer) -> bytes:
        """The fingerprint of the certificate of a gRPC call; raises InvalidRequestError(CLIENT_UNKNOWN)."""
        if self._proxy is None:
            return fingerprint_of(call)
        said = self._proxy.fingerprint_in(call.invocation_metadata() or ())
        if said is None:
            raise invalid(Reason.CLIENT_UNKNOWN)
        return said

    def client_of(self, certificate_fingerprint: bytes) -> ClientIdentity:
        """The enrolled client of a certificate, by SHA-256 of its DER form.

        Raises InvalidRequestError(CLIENT_UNKNOWN or CLIENT_REVOKED).
        """
        try:
            return self._snapshot().client(certificate_fingerprint)
        except ClientRefusedError as error:
            raise invalid(error.reason) from None

    def standing(self, terminal_id: int) -> Standing | None:
        """What the registry says of a terminal now."""
        return self._snapshot().standing_of(terminal_id)

    def stop_list(self) -> StopListMark | None:
        """The version of the stop list that decisions go by now."""
        return self._snapshot().stop_list

    def origin(self, client: ClientIdentity, terminal_id: int, field: str) -> Origin:
        """The terminal that sends, named in `field`: by a concentrator always, by a terminal only as itself.

        Raises InvalidRequestError(TERMINAL_NOT_YOURS, or FIELD_MISSING if a concentrator names none).
        """
        named = terminal_id or client.terminal_id
        if named is None:
            ru, en = "концентратор называет кассу в каждом запросе", "a concentrator names the terminal"
            raise invalid(Reason.FIELD_MISSING, field, ru, en)
        standing = self._snapshot().standing_of(named) if client.may_speak_for(named) else None
        if standing is None:
            raise invalid(Reason.TERMINAL_NOT_YOURS, field)
        return Origin(standing.merchant_id, standing.outlet_id, named, client.concentrator_id)


def fingerprint_of(call: HasCertificate) -> bytes:
    """The fingerprint of the certificate at the other end; raises InvalidRequestError(CLIENT_UNKNOWN).

    Only while the call lasts: gRPC frees what it knows of a call that was cut off, and dies when asked then.
    """
    for pem in call.auth_context().get(_PEM_KEY, ()):
        return fingerprint(pem)
    raise invalid(Reason.CLIENT_UNKNOWN)


@lru_cache(maxsize=CERTIFICATES_CACHED)
def fingerprint(pem: bytes) -> bytes:
    """SHA-256 of a certificate in DER."""
    return sha256(PEM_cert_to_DER_cert(pem.decode("ascii"))).digest()
