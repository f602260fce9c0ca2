"""Does a signature belong under this claim: the signer's INN, the dates, and who may sign for whom."""

from datetime import datetime, timedelta
from typing import Final

from gateway.domain.policy import moscow_date
from settlement.errors import SettlementError
from settlement.signing.authority import Authority
from settlement.signing.cms import CmsSignature
from settlement.signing.errors import SigningCode

CLOCKS_APART: Final = timedelta(minutes=5)
"""How far a signer's clock may be ahead of ours."""


def check_signature(
    signature: CmsSignature, *, merchant_inn: str, at: datetime, authority: Authority | None = None
) -> None:
    """Raise SettlementError unless the signature may stand under a claim of this merchant at an instant.

    The certificate is the merchant's own, or of a person to whom the merchant gave a power of attorney. Both
    must hold when the signature comes in and, where the signer says a time, at that time.
    """
    certificate = signature.certificate
    if signature.signed_at is not None and signature.signed_at > at + CLOCKS_APART:
        raise SettlementError(SigningCode.SIGNED_IN_FUTURE, at=_shown(signature.signed_at))
    for instant in filter(None, (at, signature.signed_at)):
        if not certificate.valid_from <= instant <= certificate.valid_until:
            raise SettlementError(
                SigningCode.CERTIFICATE_NOT_IN_FORCE,
                since=_shown(certificate.valid_from),
                until=_shown(certificate.valid_until),
                at=_shown(instant),
            )
    # Whoever acts for an entity by its own certificate needs no other paper; an entrepreneur is a person.
    own_inn = certificate.entity_inn or certificate.person_inn
    if not own_inn:
        raise SettlementError(SigningCode.SIGNER_UNNAMED)
    if own_inn == merchant_inn:
        return
    if authority is None:
        raise SettlementError(SigningCode.SIGNER_FOREIGN, found=own_inn, wanted=merchant_inn)
    _check_authority(authority, signature, merchant_inn, at)


def _check_authority(authority: Authority, signature: CmsSignature, merchant_inn: str, at: datetime) -> None:
    if authority.principal_inn != merchant_inn:
        raise SettlementError(
            SigningCode.AUTHORITY_OF_ANOTHER, found=authority.principal_inn, wanted=merchant_inn
        )
    if signature.certificate.person_inn not in authority.representative_inns:
        raise SettlementError(SigningCode.AUTHORITY_TO_ANOTHER)
    for instant in filter(None, (at, signature.signed_at)):
        day = moscow_date(instant)
        if not authority.first_day <= day <= authority.last_day:
            raise SettlementError(
                SigningCode.AUTHORITY_NOT_IN_FORCE,
                since=authority.first_day,
                until=authority.last_day,
                day=day,
            )


def _shown(instant: datetime) -> str:
    return instant.isoformat(timespec="seconds")
