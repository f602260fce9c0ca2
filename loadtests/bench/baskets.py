"""The bench's purchases as bytes ready to be sent: what `belt` draws, by cards of the bench."""

import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import cycle
from typing import Final

from google.protobuf.json_format import MessageToJson
from google.protobuf.message import Message

from loadtests.bench.belt import Belt
from loadtests.bench.encoding import tag, varint
from loadtests.cards import made_up_number
from merchant_sdk.request_ids import new_request_id
from tillgate.v1 import purchase_pb2 as wire
from tillgate.v1 import purchase_service_pb2 as service

FIRST_CARD: Final = int(made_up_number(0))
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


class AuthorizeRequests:
    """Endless serialized Authorize requests: random cards, each with a fresh request id and the next basket.

    `baskets` are these in turn, or None: drawn anew for each. What does not change is serialized once, and
    cut where request id and card number stand, which have one length; the basket is put behind it. So the
    client's own work stays small beside what it measures.
    """

    def __init__(
        self,
        cards: Cards,
        baskets: Sequence[wire.Basket] | None = None,
        *,
        as_json: bool = False,
        terminal_id: int = 0,
        seed: int = 1,
    ) -> None:
        self._cards = cards
        self._rng = random.Random(seed)
        number = card_number(cards.first_account)
        header = wire.CommandHeader(request_id=BLANK_ID, terminal_id=terminal_id, shift_number=1)
        whole = service.AuthorizeRequest(header=header, card=wire.Card(number=number), accept_partial=True)
        serialized = _json_bytes(whole)[:-1] if as_json else whole.SerializeToString()
        self._before, _, rest = serialized.partition(BLANK_ID.encode())
        self._between, _, self._after = rest.partition(number.encode())
        if as_json:
            self._baskets = _as_json(baskets, seed)
        else:
            self._baskets = _as_bytes(baskets, seed)

    def next(self) -> bytes:
        """The bytes of one AuthorizeRequest."""
        account_id = self._cards.first_account + int(self._rng.random() * self._cards.count)
        number = card_number(account_id).encode()
        request_id = str(new_request_id()).encode()
        parts = (self._before, request_id, self._between, number, self._after, *next(self._baskets))
        return b"".join(parts)


def _as_bytes(baskets: Sequence[wire.Basket] | None, seed: int) -> Iterator[Sequence[bytes]]:
    given = cycle([basket.SerializeToString() for basket in baskets]) if baskets else Belt(seed).serialized()
    return ((_BASKET_TAG, varint(len(basket)), basket) for basket in given)


def _as_json(baskets: Sequence[wire.Basket] | None, seed: int) -> Iterator[Sequence[bytes]]:
    given = cycle([_json_bytes(basket) for basket in baskets]) if baskets else Belt(seed).as_json()
    return ((b',"basket":', basket, b"}") for basket in given)


_BASKET_TAG: Final = tag(service.AuthorizeRequest.BASKET_FIELD_NUMBER)


def _json_bytes(message: Message) -> bytes:
    return MessageToJson(message, preserving_proto_field_name=True, indent=None).encode()
