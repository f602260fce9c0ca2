"""The bench's purchases: shipped goods in baskets of real sizes, as bytes ready to be sent.

The shipped excerpt samples lines, so its baskets are too small (2.4 lines). The sizes here are those of a
grocery's 4,924 baskets: one to 26 lines, 4.4 in the mean.
"""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle, islice
from typing import Final

from google.protobuf.json_format import MessageToJson

from loadtests.demo.baskets import DemoLine, load_baskets
from merchant_sdk.request_ids import new_request_id
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

SIZES: Final = {
    1: 1093, 2: 865, 3: 717, 4: 534, 5: 448, 6: 334, 7: 255, 8: 179, 9: 167, 10: 94, 11: 74, 12: 39, 13: 38,
    14: 28, 15: 12, 16: 10, 17: 7, 18: 1, 19: 4, 20: 3, 21: 1, 22: 1, 26: 1,
}  # fmt: skip
"""How many baskets of the source have so many lines."""

FIRST_CARD: Final = 2_200_000_000_000_000
"""The card number of account 0; the one of an account is this plus its id, so no list of them is needed."""

BLANK_ID: Final = "00000000-0000-7000-8000-000000000000"
"""Stands for a request id until one is made."""


@dataclass(frozen=True, slots=True)
class Cards:
    """The cards of a range of account ids, all of them with points."""

    first_account: int
    count: int

    def part(self, index: int, parts: int) -> "Cards":
        """One of so many equal parts."""
        size = self.count // parts
        return Cards(self.first_account + index * size, size)


def card_number(account_id: int) -> str:
    """The bench's card of an account."""
    return str(FIRST_CARD + account_id)


def make_baskets(count: int, seed: int = 1) -> list[wire.Basket]:
    """So many baskets of real sizes over the shipped lines; the same ones for the same seed."""
    rng = random.Random(seed)
    shipped = load_baskets(2 * count)  # they have half the lines of what is made of them
    lines = cycle([line for basket in shipped for line in basket.lines])
    sizes = rng.choices(list(SIZES), weights=list(SIZES.values()), k=count)
    return [_basket(islice(lines, size)) for size in sizes]


def _basket(lines: Iterator[DemoLine]) -> wire.Basket:
    on_wire = [
        wire.BasketLine(
            line_number=number,
            item_name=line.name,
            item_code=line.item_code,
            okpd2=line.okpd2,
            quantity_milli=line.quantity_milli,
            unit_price_kopecks=line.unit_price_kopecks,
            discount_kopecks=line.discount_kopecks,
            amount_kopecks=line.amount_kopecks,
            payment_subject=line.payment_subject,
        )
        for number, line in enumerate(lines, start=1)
    ]
    return wire.Basket(lines=on_wire, total_kopecks=sum(line.amount_kopecks for line in on_wire))


class AuthorizeRequests:
    """Endless serialized Authorize requests: random cards, baskets in turn, each with a fresh request id.

    What does not change is serialized once, and cut where request id and card number stand, which have one
    length. So the client's own work stays small beside what it measures.
    """

    def __init__(
        self,
        baskets: Sequence[wire.Basket],
        cards: Cards,
        *,
        as_json: bool = False,
        terminal_id: int = 0,
        seed: int = 1,
    ) -> None:
        self._cards = cards
        self._rng = random.Random(seed)
        self._number = card_number(cards.first_account)
        header = wire.CommandHeader(request_id=BLANK_ID, terminal_id=terminal_id, shift_number=1)
        card = wire.Card(number=self._number)
        wholes = [
            service.AuthorizeRequest(header=header, card=card, basket=basket, accept_partial=True)
            for basket in baskets
        ]
        serialize = _json_bytes if as_json else service.AuthorizeRequest.SerializeToString
        self._pieces = cycle([self._cut(serialize(whole)) for whole in wholes])

    def next(self) -> bytes:
        """The bytes of one AuthorizeRequest."""
        before, between, after = next(self._pieces)
        account_id = self._cards.first_account + int(self._rng.random() * self._cards.count)
        number = card_number(account_id).encode()
        return b"".join((before, str(new_request_id()).encode(), between, number, after))

    def _cut(self, whole: bytes) -> tuple[bytes, bytes, bytes]:
        before, _, rest = whole.partition(BLANK_ID.encode())
        between, _, after = rest.partition(self._number.encode())
        return before, between, after


def _json_bytes(request: service.AuthorizeRequest) -> bytes:
    return MessageToJson(request, preserving_proto_field_name=True, indent=None).encode()
