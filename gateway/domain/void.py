"""Void: a hold is released, or a capture that nothing stands on yet is undone."""

from msgspec.structs import replace

from gateway.domain.certificate import Bucket, CertificateState, EntryKind, Posting
from gateway.domain.commands import Void
from gateway.domain.outcome import Declined, Outcome
from gateway.domain.purchase import Purchase, PurchaseState, sum_by_certificate
from gateway.domain.reasons import Reason


def release_hold(posting: Posting, purchase: Purchase) -> Purchase:
    """Void a hold; one that time has already released only changes its state, for good."""
    if purchase.state is PurchaseState.AUTHORIZED:
        for certificate_id, amount in purchase.held_by_certificate().items():
            posting.give_back(certificate_id, EntryKind.VOID, Bucket.HELD, amount, purchase.id, posting.now)
    voided = replace(purchase, state=PurchaseState.VOIDED, closed_at=posting.now)
    posting.put(voided)
    return voided


def void(posting: Posting, command: Void, purchase: Purchase) -> Outcome:
    """Void a purchase.

    A captured one only from its own terminal and while it has no receipt, refund or closed
    shift, so that a lost Sale can be undone; after that only a refund helps.
    """
    if purchase.state is PurchaseState.VOIDED:
        raise Declined(Reason.ALREADY_VOIDED, purchase)
    if purchase.state is PurchaseState.DECLINED:
        raise Declined(Reason.PURCHASE_DECLINED, purchase)
    if purchase.state is not PurchaseState.CAPTURED:
        return Outcome(purchase=release_hold(posting, purchase))
    if command.origin.terminal_id != purchase.terminal_id:
        raise Declined(Reason.OTHER_TERMINAL, purchase)
    if purchase.receipts or purchase.refunds or purchase.is_shift_closed:
        raise Declined(Reason.ALREADY_CAPTURED, purchase)
    return Outcome(purchase=_undo_capture(posting, purchase))


def _undo_capture(posting: Posting, purchase: Purchase) -> Purchase:
    done = purchase.made_capture
    reopen_rest(posting, purchase)
    for certificate_id, amount in sum_by_certificate(s for line in done.lines for s in line.shares).items():
        posting.give_back(certificate_id, EntryKind.VOID, Bucket.SPENT, amount, purchase.id, posting.now)
    voided = replace(purchase, state=PurchaseState.VOIDED, closed_at=posting.now)
    posting.put(voided)
    return voided


def reopen_rest(posting: Posting, purchase: Purchase) -> None:
    """Give back what lapsed with a one-shot certificate at the capture of this purchase.

    Past the certificate's last day it stays lapsed, but then by time: an extension brings it back.
    """
    for certificate_id, amount in purchase.made_capture.rest_lapsed.items():
        certificate = posting.certificates[certificate_id]
        # A correction may have brought some of it back before.
        rest = min(amount, certificate.lapsed_kopecks - certificate.restorable_kopecks)
        if certificate.is_open(posting.now):
            posting.move(certificate_id, EntryKind.REOPEN, Bucket.LAPSED, Bucket.AVAILABLE, rest, purchase.id)
        elif certificate.state is not CertificateState.WITHDRAWN:
            restorable = certificate.restorable_kopecks + rest
            posting.put_certificate(replace(certificate, restorable_kopecks=restorable))
