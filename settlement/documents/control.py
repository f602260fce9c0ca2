"""The control sum of a claim, one in all its documents, and the check that its lines are what it says.

It is the SHA-256 of a line of JSON in UTF-8, without its end: an array of the claim's head, whose last field
is the digest of all lines in canonical form (`settlement.claims.canonical`). Nothing that is decided after
filing goes into it, so a document made after the review has the same one. docs/documents.md tells the fields.
"""

from collections import Counter
from collections.abc import Iterable
from hashlib import sha256

import msgspec

from settlement.claims.canonical import line_bytes
from settlement.claims.model import Claim, ClaimLine, Treatment
from settlement.documents.errors import DocumentCode
from settlement.errors import SettlementError

VERSION = 1


def control_sum(claim: Claim) -> str:
    """The control sum of a claim in hex."""
    head: list[object] = [
        "tillgate claim", VERSION, claim.id, claim.agreement_id, claim.agreement_number,
        claim.participant.inn, claim.first_day, claim.last_day, claim.correction_number, claim.line_count,
        claim.sale_kopecks, claim.returned_kopecks, claim.net_kopecks, claim.carried_kopecks,
        claim.over_limit_kopecks, claim.unmatched_kopecks, claim.lines_sha256.hex(),
    ]  # fmt: skip
    return sha256(msgspec.json.encode(head)).hexdigest()


class Tally:
    """Takes the lines of a claim in their order, and at the end says its control sum."""

    def __init__(self, claim: Claim) -> None:
        self._claim = claim
        self._digest = sha256()
        self._count = 0
        self._lines: Counter[tuple[int, str]] = Counter()
        self._sold: Counter[tuple[int, str]] = Counter()
        self._returned: Counter[tuple[int, str]] = Counter()
        self._beside: Counter[Treatment] = Counter()

    def take(self, lines: Iterable[ClaimLine]) -> None:
        """Count the next lines."""
        for line in lines:
            self._count += 1
            self._digest.update(line_bytes(line))
            if line.treatment is not Treatment.INCLUDED:
                self._beside[line.treatment] += line.amount_kopecks
                continue
            place = (line.outlet_id, line.program_code)
            self._lines[place] += 1
            if line.amount_kopecks > 0:
                self._sold[place] += line.amount_kopecks
            else:
                self._returned[place] -= line.amount_kopecks

    def finish(self) -> str:
        """The control sum in hex; raises SettlementError LINES_DIFFER unless the lines are the claim's."""
        claim = self._claim
        for name, said, counted in (
            ("line_count", claim.line_count, self._count),
            ("sale_kopecks", claim.sale_kopecks, self._sold.total()),
            ("returned_kopecks", claim.returned_kopecks, self._returned.total()),
            ("carried_kopecks", claim.carried_kopecks, self._beside[Treatment.CARRIED]),
            ("over_limit_kopecks", claim.over_limit_kopecks, self._beside[Treatment.OVER_LIMIT]),
            ("unmatched_kopecks", claim.unmatched_kopecks, self._beside[Treatment.UNMATCHED]),
            ("lines_sha256", claim.lines_sha256.hex(), self._digest.hexdigest()),
        ):
            if said != counted:
                raise self._differs(f"{name}: {said} <> {counted}")
        said_by_place = {
            (one.outlet_id, one.program_code): (one.line_count, one.sale_kopecks, one.returned_kopecks)
            for one in claim.subtotals
        }
        counted_by_place = {
            place: (count, self._sold[place], self._returned[place]) for place, count in self._lines.items()
        }
        if said_by_place != counted_by_place:
            raise self._differs("subtotals")
        return control_sum(claim)

    def _differs(self, what: str) -> SettlementError:
        return SettlementError(DocumentCode.LINES_DIFFER, claim=self._claim.id, what=what)
