"""An independent recount: what every certificate must have, from the tills' answers alone."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from typing import NamedTuple

from tests.crash.journal import Journal
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service


class Points(NamedTuple):
    """Where the points of one certificate are. Nothing lapses in these tests."""

    available_kopecks: int
    held_kopecks: int
    spent_kopecks: int


Shares = Mapping[str, int]


def recount(journal: Journal, nominals: Mapping[str, int]) -> dict[str, Points]:
    """Points by certificate id; every request of the journal must have its answer.

    The order of the commands plays no part: what was held and neither captured nor voided is held,
    what was captured and neither voided nor given back is spent.
    """
    held: dict[str, Shares] = {}
    captured: dict[str, Shares] = {}
    voided: set[str] = set()
    given_back: list[Shares] = []
    purchase_of: dict[str, str] = {}
    replaced: list[str] = []
    for sent in journal.sent.values():
        told = sent.outcome
        assert told.request_id == sent.request_id
        if told.decision != wire.DECISION_APPROVED:
            continue
        purchase, shares = told.purchase, _shares(told.purchase.certificates)
        match sent.method:
            case "Authorize" | "Sale":
                assert purchase.request_id == sent.request_id
                purchase_of[sent.request_id] = purchase.purchase_id
                target = held if sent.method == "Authorize" else captured
                target[purchase.purchase_id] = shares
                # A Sale has its first fields in common with an Authorize.
                replaced.append(service.AuthorizeRequest.FromString(sent.body).replaces_request_id)
            case "Capture":
                assert purchase.purchase_id not in captured, "a purchase is captured once"
                captured[purchase.purchase_id] = shares
            case "Void":
                assert purchase.purchase_id not in voided or not purchase.purchase_id
                voided.add(purchase.purchase_id)
            case "Refund":
                given_back.append(_shares(told.refund.certificates))
    voided |= {purchase_of[request_id] for request_id in replaced if request_id in purchase_of}
    holding = [shares for key, shares in held.items() if key not in captured and key not in voided]
    spending = [shares for key, shares in captured.items() if key not in voided]
    held_sums, spent_sums = _sums(holding), _sums(spending)
    for certificate_id, amount in _sums(given_back).items():
        spent_sums[certificate_id] -= amount
    return {
        certificate_id: Points(
            nominal - held_sums[certificate_id] - spent_sums[certificate_id],
            held_sums[certificate_id],
            spent_sums[certificate_id],
        )
        for certificate_id, nominal in nominals.items()
    }


def _shares(shares: Iterable[wire.CertificateShare]) -> Shares:
    return {share.certificate_id: share.amount_kopecks for share in shares}


def _sums(all_shares: Iterable[Shares]) -> dict[str, int]:
    sums: dict[str, int] = defaultdict(int)
    for shares in all_shares:
        for certificate_id, amount in shares.items():
            sums[certificate_id] += amount
    return sums
