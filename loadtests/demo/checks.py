"""What a till can work out by itself, held against each answer of the gateway.

Written from the rules and not from the gateway's code: a till that only copied answers would prove nothing.
Every function yields what is wrong, in words.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from loadtests.demo.shopping import is_never_paid
from merchant_sdk import Basket, Purchase, PurchaseLine, PurchaseResult, Quote, Refund, RefundLine


@dataclass(frozen=True, slots=True)
class Part:
    """Quantity, amount and points of one line that were captured, or refunded so far."""

    quantity_milli: int = 0
    amount_kopecks: int = 0
    points_kopecks: int = 0


def check_purchase(basket: Basket, purchase: Purchase, *, is_approved: bool) -> Iterator[str]:
    """The judged lines of an authorization, sale or quote."""
    if purchase.total_kopecks != basket.total_kopecks:
        yield f"total {purchase.total_kopecks} instead of {basket.total_kopecks}"
    if purchase.certificate_kopecks + purchase.own_money_kopecks != purchase.total_kopecks:
        yield "points and own money do not make the total"
    if sum(line.approved_kopecks for line in purchase.lines) != purchase.certificate_kopecks:
        yield "the lines do not make the certificate share"
    if sum(share.amount_kopecks for share in purchase.certificates) != purchase.certificate_kopecks:
        yield "the certificates do not make the certificate share"
    if not is_approved and purchase.certificate_kopecks:
        yield f"{purchase.certificate_kopecks} of points on a declined purchase"
    judged = {line.line_number: line for line in purchase.lines}
    if judged.keys() != {line.line_number for line in basket.lines}:
        yield f"other lines than those of the basket: {sorted(judged)}"
        return
    for line in basket.lines:
        answer = judged[line.line_number]
        if is_never_paid(line) and (answer.approved_kopecks or answer.is_allowed):
            yield f"points for «{line.item_name}» ({line.okpd2})"
        yield from _check_line(line.amount_kopecks, answer)


def _check_line(amount_kopecks: int, answer: PurchaseLine) -> Iterator[str]:
    where = f"line {answer.line_number}:"
    if answer.amount_kopecks != amount_kopecks:
        yield f"{where} amount {answer.amount_kopecks} instead of {amount_kopecks}"
    if not 0 <= answer.approved_kopecks <= amount_kopecks:
        yield f"{where} {answer.approved_kopecks} approved of {amount_kopecks}"
    if sum(share.amount_kopecks for share in answer.shares) != answer.approved_kopecks:
        yield f"{where} the certificates do not make what is approved"


def check_capture(basket: Basket, asked: Mapping[int, Part], purchase: Purchase) -> Iterator[str]:
    """What was captured: the asked quantities and amounts, points never above those held."""
    captured = {line.line_number: line for line in purchase.lines if line.captured_quantity_milli}
    if captured.keys() != asked.keys():
        yield f"lines {sorted(captured)} captured instead of {sorted(asked)}"
        return
    for number, part in asked.items():
        line = captured[number]
        done = (line.captured_quantity_milli, line.captured_amount_kopecks)
        if done != (part.quantity_milli, part.amount_kopecks):
            yield f"line {number}: {done} captured instead of {part}"
        if line.captured_points_kopecks > min(line.approved_kopecks, part.amount_kopecks):
            yield f"line {number}: more points captured than were held"
        is_short = line.captured_points_kopecks != line.approved_kopecks
        if is_short and _is_whole(basket, number, part) and not purchase.is_late:
            yield f"line {number}: fewer points captured than were held"
    points = sum(line.captured_points_kopecks for line in captured.values())
    total = sum(part.amount_kopecks for part in asked.values()) - purchase.rounding_kopecks
    if purchase.certificate_kopecks != points:
        yield f"certificate share {purchase.certificate_kopecks}, lines {points}"
    if purchase.total_kopecks != total:
        yield f"captured total {purchase.total_kopecks} instead of {total}"
    if purchase.own_money_kopecks != total - points - purchase.shortfall_kopecks:
        yield "points, own money and shortfall do not make the captured total"


def _is_whole(basket: Basket, number: int, part: Part) -> bool:
    line = next(line for line in basket.lines if line.line_number == number)
    return (part.quantity_milli, part.amount_kopecks) == (line.quantity_milli, line.amount_kopecks)


def expected_refund(
    captured: Mapping[int, Part], refunded: Mapping[int, Part], asked: Sequence[RefundLine]
) -> dict[int, Part]:
    """What each line gives back: by cumulative quantity, rounded half up, points first.

    So several refunds of a line sum to the whole, to the kopeck.
    """
    parts = {}
    for line in asked:
        sold, before = captured[line.line_number], refunded.get(line.line_number, Part())
        quantity = before.quantity_milli + line.quantity_milli
        amount = (2 * sold.amount_kopecks * quantity + sold.quantity_milli) // (2 * sold.quantity_milli)
        points = min(sold.points_kopecks, amount)
        parts[line.line_number] = Part(
            line.quantity_milli, amount - before.amount_kopecks, points - before.points_kopecks
        )
    return parts


def check_refund(expected: Mapping[int, Part], refund: Refund, *, has_shortfall: bool) -> Iterator[str]:
    """What came back, line by line and in all."""
    given = {
        line.line_number: Part(line.quantity_milli, line.amount_kopecks, line.points_kopecks)
        for line in refund.lines
    }
    if given != expected:
        yield f"refunded {given} instead of {dict(expected)}"
    points = sum(part.points_kopecks for part in expected.values())
    own_money = sum(part.amount_kopecks for part in expected.values()) - points
    if refund.points_kopecks != points:
        yield f"{refund.points_kopecks} of points came back instead of {points}"
    if sum(share.amount_kopecks for share in refund.certificates) != points:
        yield "the certificates do not make what came back"
    if refund.own_money_kopecks != own_money and not has_shortfall:
        yield f"{refund.own_money_kopecks} of own money came back instead of {own_money}"


def check_quote(quote: Quote, result: PurchaseResult) -> Iterator[str]:
    """A quote told what the authorization, a moment later, decided.

    True only while nobody else takes or frees points of that card: whoever compares sees to it.
    """
    if (quote.decision, quote.reason) != (result.decision, result.reason):
        yield f"quoted {quote.reason.name}, decided {result.reason.name}"
        return
    told, came = _lines_of(quote.purchase_if_any), _lines_of(result.purchase_if_any)
    if told != came:
        yield f"quoted {told}, decided {came}"


def _lines_of(purchase: Purchase | None) -> list[tuple[int, int, str]]:
    lines = purchase.lines if purchase is not None else ()
    return [(line.line_number, line.approved_kopecks, line.reason.name) for line in lines]
