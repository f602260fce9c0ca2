"""Where an operation of a merchant stands between the sale and the money, by its line in the newest claim."""

from enum import StrEnum
from typing import Final

from msgspec import Struct

from settlement.claims.model import LineVerdict, Treatment
from settlement.claims.states import ClaimState


class Standing(StrEnum):
    """Where an operation stands; the names are those of the wire."""

    UNMATCHED = "UNMATCHED"
    """It has mismatches, and stands in no claim as long as they do."""
    UNCLAIMED = "UNCLAIMED"
    CARRIED = "CARRIED"
    UNDER_REVIEW = "UNDER_REVIEW"
    APPROVED = "APPROVED"
    REFUSED = "REFUSED"
    PAID = "PAID"
    DEMANDED = "DEMANDED"
    """What was given back after payment is demanded back, by itself and not by a claim."""
    UNDONE = "UNDONE"
    """A capture and the void that undid it before either was claimed."""


class LineFacts(Struct, frozen=True):
    """What is known of an operation: its line in the newest claim that counts, if any, and its receipt."""

    is_matched: bool
    is_demanded: bool = False
    is_undone: bool = False
    claim_state: ClaimState | None = None
    treatment: Treatment | None = None
    verdict: LineVerdict | None = None


_WAITING: Final = frozenset({ClaimState.FILED, ClaimState.UNDER_REVIEW, ClaimState.RETURNED_TO_MERCHANT})


def standing_of(facts: LineFacts) -> Standing:
    """Where it stands.

    A draft is no claim yet, and what a claim left out may be matched since: the receipt of today decides.
    """
    if facts.is_demanded:
        return Standing.DEMANDED
    state = facts.claim_state
    if facts.treatment is Treatment.CARRIED:
        return Standing.CARRIED
    if state is None or state is ClaimState.DRAFT or facts.treatment is Treatment.UNMATCHED:
        if facts.is_undone:
            return Standing.UNDONE
        if facts.treatment is Treatment.OVER_LIMIT:
            return Standing.REFUSED
        return Standing.UNCLAIMED if facts.is_matched else Standing.UNMATCHED
    if facts.treatment is Treatment.OVER_LIMIT:
        return Standing.REFUSED
    if state in _WAITING:
        return Standing.UNDER_REVIEW
    if state is ClaimState.REFUSED or facts.verdict in (LineVerdict.REFUSED, LineVerdict.REFUSED_FOR_GOOD):
        return Standing.REFUSED
    return Standing.PAID if state is ClaimState.PAID else Standing.APPROVED
