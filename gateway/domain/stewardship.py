"""Department commands: issue, withdraw, change of validity, block, correction."""

from uuid import UUID

from msgspec.structs import replace

from gateway.domain.certificate import Bucket, Certificate, CertificateState, EntryKind, Posting
from gateway.domain.commands import ChangeValidity, Correct, Issue, SetBlock, Withdraw
from gateway.domain.outcome import Declined, Outcome
from gateway.domain.policy import Context, day_end, day_start
from gateway.domain.reasons import Reason


def issue(posting: Posting, command: Issue, context: Context) -> Outcome:
    """Credit a certificate; its nominal is the published one of its class unless the act sets it."""
    program = context.lists.programs.get((command.program_code, command.program_version))
    if program is None:
        raise Declined(Reason.PROGRAM_UNKNOWN)
    if command.last_day < command.first_day or day_end(command.last_day) <= context.now:
        raise Declined(Reason.VALIDITY_INVALID)
    published = context.lists.nominals_on(program.goods_class, command.act.date)
    if command.nominal_kopecks not in published and not command.names_own_nominal:
        raise Declined(Reason.NOMINAL_NOT_PUBLISHED)
    certificate = Certificate(
        id=context.operation_id,
        program_code=program.code,
        program_version=program.version,
        nominal_kopecks=command.nominal_kopecks,
        available_kopecks=command.nominal_kopecks,
        held_kopecks=0,
        spent_kopecks=0,
        lapsed_kopecks=0,
        restorable_kopecks=0,
        valid_from=day_start(command.first_day),
        valid_until=day_end(command.last_day),
    )
    posting.add(certificate)
    return Outcome(certificate=certificate)


def _certificate(posting: Posting, certificate_id: UUID) -> Certificate:
    certificate = posting.certificates.get(certificate_id)
    if certificate is None:
        raise Declined(Reason.CERTIFICATE_UNKNOWN)
    return certificate


def _refuse_withdrawn(certificate: Certificate) -> None:
    if certificate.state is CertificateState.WITHDRAWN:
        raise Declined(Reason.CERTIFICATE_WITHDRAWN)


def withdraw(posting: Posting, command: Withdraw) -> Outcome:
    """Lapse what is available; what is held or spent lapses if it ever comes back."""
    certificate = _certificate(posting, command.certificate_id)
    _refuse_withdrawn(certificate)
    posting.put_certificate(replace(certificate, state=CertificateState.WITHDRAWN))
    available = certificate.available_kopecks
    posting.move(certificate.id, EntryKind.WITHDRAW, Bucket.AVAILABLE, Bucket.LAPSED, available)
    return Outcome(certificate=posting.certificates[certificate.id])


def change_validity(posting: Posting, command: ChangeValidity, context: Context) -> Outcome:
    """Move the last day. A later one brings back what lapsed because time had passed."""
    certificate = _certificate(posting, command.certificate_id)
    until = day_end(command.last_day)
    if until <= certificate.valid_from:
        raise Declined(Reason.VALIDITY_INVALID)
    _refuse_withdrawn(certificate)
    if until == certificate.valid_until:
        raise Declined(Reason.ALREADY_IN_STATE)
    posting.put_certificate(replace(certificate, valid_until=until))
    if until > context.now:
        restorable = certificate.restorable_kopecks
        kind = EntryKind.REOPEN
        posting.move(certificate.id, kind, Bucket.LAPSED, Bucket.AVAILABLE, restorable, restorable=True)
    lapse_expired(posting)
    return Outcome(certificate=posting.certificates[certificate.id])


def lapse_expired(posting: Posting) -> None:
    """Lapse what is available of certificates past their last day."""
    for certificate in tuple(posting.certificates.values()):
        if certificate.available_kopecks and posting.now >= certificate.valid_until:
            amount = certificate.available_kopecks
            posting.move(
                certificate.id, EntryKind.LAPSE, Bucket.AVAILABLE, Bucket.LAPSED, amount, restorable=True
            )


def expire(posting: Posting) -> Outcome:
    """Keep what `decide` has booked of time's passing; declined if it had nothing to book."""
    if not posting.entries:
        raise Declined(Reason.ALREADY_IN_STATE)
    return Outcome()


def set_block(posting: Posting, command: SetBlock) -> Outcome:
    """Block or unblock a certificate, or the account with all that is on it."""
    if command.certificate_id is None:
        if posting.is_blocked == command.is_blocked:
            raise Declined(Reason.ALREADY_IN_STATE)
        posting.is_blocked = command.is_blocked
        return Outcome()
    certificate = _certificate(posting, command.certificate_id)
    _refuse_withdrawn(certificate)
    wanted = CertificateState.BLOCKED if command.is_blocked else CertificateState.ACTIVE
    if certificate.state is wanted:
        raise Declined(Reason.ALREADY_IN_STATE)
    posting.put_certificate(replace(certificate, state=wanted))
    return Outcome(certificate=posting.certificates[certificate.id])


def correct(posting: Posting, command: Correct, context: Context) -> Outcome:
    """Move points between AVAILABLE and LAPSED by a document; spent points are for refunds."""
    certificate = _certificate(posting, command.certificate_id)
    if command.target is Bucket.AVAILABLE and context.now >= certificate.valid_until:
        raise Declined(Reason.VALIDITY_INVALID)
    _refuse_withdrawn(certificate)
    balance = {Bucket.AVAILABLE: certificate.available_kopecks, Bucket.LAPSED: certificate.lapsed_kopecks}
    if command.amount_kopecks > balance[command.source]:
        raise Declined(Reason.AMOUNT_ABOVE_BALANCE)
    posting.move(certificate.id, EntryKind.CORRECTION, command.source, command.target, command.amount_kopecks)
    return Outcome(certificate=posting.certificates[certificate.id])
