"""The data of the claim and its calculation (расчёт) for print: every sum and day is text already."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from itertools import groupby

from settlement.claims.model import Claim, Subtotal
from settlement.documents.forms import Form
from settlement.documents.printing import print_form
from settlement.documents.rows import Summary, totals_of
from settlement.documents.words import (
    day_in_words,
    period_in_words,
    shown_count,
    shown_day,
    shown_moment,
    shown_sum,
    sum_in_words,
)


def dated_at(claim: Claim) -> datetime:
    """The instant that the claim's documents carry: of its filing, or of its building while it is a draft."""
    return claim.filed_at or claim.built_at


def claim_pdf(form: Form, summary: Summary) -> bytes:
    """The claim on paper; raises SettlementError of `print_form`."""
    return print_form(form, claim_data(summary), dated_at(summary.claim))


def claim_data(summary: Summary) -> dict[str, object]:
    """What a form of a claim may show; docs/documents.md names the fields."""
    claim = summary.claim
    claimed, beside = totals_of(claim)[:3], totals_of(claim)[3:]
    return {
        "number": str(claim.id),
        "is_draft": claim.filed_at is None,
        "correction_number": claim.correction_number,
        "period": period_in_words(claim.first_day, claim.last_day),
        "first_day": shown_day(claim.first_day),
        "last_day": shown_day(claim.last_day),
        "agreement_number": claim.agreement_number,
        "agreement_signed_on": day_in_words(claim.agreement_signed_on) if claim.agreement_signed_on else "",
        "built_at": shown_moment(claim.built_at),
        "filed_at": shown_moment(claim.filed_at) if claim.filed_at else "",
        "participant": claim.participant,
        "account": claim.account,
        "kbk": claim.terms.kbk,
        "personal_account": claim.terms.personal_account,
        "obligation_number": claim.terms.obligation_number,
        "line_count": shown_count(claim.line_count),
        "totals": [{"title": title, "sum": shown_sum(kopecks)} for title, kopecks in claimed],
        "beside": [{"title": title, "sum": shown_sum(kopecks)} for title, kopecks in beside if kopecks],
        "net": shown_sum(claim.net_kopecks),
        "net_in_words": sum_in_words(claim.net_kopecks),
        "outlets": _outlets(claim, summary.programs),
        "programs": _programs(claim, summary.programs),
        "all": _sums(claim.subtotals),
        "seals": [
            {
                "day": shown_day(seal.day),
                "hash": seal.hash.hex() if seal.hash else "",
                "key_id": seal.key_id,
            }
            for seal in summary.seals
        ],
        "control_sum": summary.control_sum,
    }


def _sums(subtotals: Sequence[Subtotal]) -> dict[str, str]:
    return {
        "count": shown_count(sum(one.line_count for one in subtotals)),
        "sold": shown_sum(sum(one.sale_kopecks for one in subtotals)),
        "returned": shown_sum(sum(one.returned_kopecks for one in subtotals)),
        "net": shown_sum(sum(one.net_kopecks for one in subtotals)),
    }


def _outlets(claim: Claim, names: Mapping[str, str]) -> list[dict[str, object]]:
    ordered = sorted(claim.subtotals, key=lambda one: (one.outlet_id, one.program_code))
    grouped = [list(group) for _, group in groupby(ordered, key=lambda one: one.outlet_id)]
    return [
        {
            "name": group[0].outlet_name,
            "address": group[0].outlet_address,
            "kpp": group[0].kpp,
            "programs": [_program(one.program_code, [one], names) for one in group],
            **_sums(group),
        }
        for group in grouped
    ]


def _programs(claim: Claim, names: Mapping[str, str]) -> list[dict[str, object]]:
    ordered = sorted(claim.subtotals, key=lambda one: one.program_code)
    return [
        _program(code, list(group), names)
        for code, group in groupby(ordered, key=lambda one: one.program_code)
    ]


def _program(code: str, subtotals: Sequence[Subtotal], names: Mapping[str, str]) -> dict[str, object]:
    return {"code": code, "name": names.get(code, code), **_sums(subtotals)}
