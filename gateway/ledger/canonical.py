"""The canonical form of a command: what a request id stands for, and how two bodies differ.

It holds what the till sent (or the department's row) less what is empty, the card as an account id,
and nothing that the gateway added, such as the concentrator that carried it.
"""

from functools import cache
from typing import Any, Final

import msgspec

from gateway.domain.card_tokens import tokens_of
from gateway.domain.commands import Authorize, CloseShift, Command, Origin

_encode = msgspec.json.Encoder().encode

_LEFT_OUT: Final = {
    # What the gateway added.
    Origin: frozenset({"outlet_id", "concentrator_id", "merchant_id"}),
    # The card has a name of its own here, and how it was read is no part of what is bought by it.
    Authorize: frozenset({"card_token", "is_keyed"}),
}


def kind_of(command: Command | CloseShift) -> str:
    """The command's name on the wire: AUTHORIZE, SALE, CAPTURE, ..."""
    if isinstance(command, Authorize) and command.is_sale:
        return "SALE"
    return _KIND_NAMES[type(command).__name__]


_KIND_NAMES = {
    "Authorize": "AUTHORIZE",
    "Capture": "CAPTURE",
    "Void": "VOID",
    "Refund": "REFUND",
    "AttachReceipt": "ATTACH_RECEIPT",
    "CloseShift": "CLOSE_SHIFT",
    "Issue": "ISSUE",
    "Withdraw": "WITHDRAW",
    "ChangeValidity": "CHANGE_VALIDITY",
    "SetBlock": "SET_BLOCK",
    "Expire": "EXPIRE",
    "Correct": "CORRECT",
}

KINDS = frozenset({"SALE", *_KIND_NAMES.values()})
"""Every kind of command that an outcome may be of."""


def card_name(token: bytes, account_id: int | None) -> str:
    """How a card stands in a canonical form: its account, or the token if it has none yet."""
    return f"account:{account_id}" if account_id is not None else f"token:{token.hex()}"


def canonical(command: Command | CloseShift, account_id: int | None) -> str:
    """The canonical JSON of a command whose card belongs to `account_id` (None: to no account)."""
    fields = _told(command)
    if "origin" in fields:
        fields["origin"] = _told(fields["origin"])
    fields["kind"] = kind_of(command)
    if isinstance(command, Authorize):
        fields["card"] = card_name(command.card_token, account_id)
    return _encode(fields).decode()


def _told(struct: msgspec.Struct) -> dict[str, Any]:
    """The fields that are not empty, as they are: the encoder goes through what lies in them, once."""
    return {
        name: value
        for name, empty in _fields_of(type(struct))
        if (value := getattr(struct, name)) is not empty and value != empty
    }


@cache
def _fields_of(kind: type[msgspec.Struct]) -> tuple[tuple[str, Any], ...]:
    """The fields that a form holds of a struct, with their defaults."""
    left_out = _LEFT_OUT.get(kind, frozenset())
    return tuple((f.name, f.default) for f in msgspec.structs.fields(kind) if f.name not in left_out)


def difference(stored: str, command: Command | CloseShift, account_id: int | None) -> str | None:
    """Name the first field in which a command differs from the stored one, or None.

    A card that had no account when it was first seen is still the same card.
    """
    asked = canonical(command, account_id)
    if stored == asked:
        return None
    then, now = msgspec.json.decode(stored), msgspec.json.decode(asked)
    if isinstance(command, Authorize):
        # Under whichever key its token was made then.
        same = [card_name(token, None) for token in tokens_of(command.card_token)]
        now["card"] = then["card"] if then.get("card") in same else now["card"]
    return _first_difference(then, now, "")


_EMPTY: tuple[Any, ...] = (None, False, 0, "", [])


def _first_difference(then: Any, now: Any, path: str) -> str | None:
    if isinstance(then, dict) and isinstance(now, dict):
        if then and now and not then.keys() & now.keys():
            return path  # different things, as a purchase named by its id and one by its receipt
        for name in sorted(then.keys() | now.keys()):
            found = _first_difference(then.get(name), now.get(name), f"{path}.{name}" if path else name)
            if found:
                return found
        return None
    if isinstance(then, list) and isinstance(now, list) and len(then) == len(now):
        for index, (before, after) in enumerate(zip(then, now, strict=True)):
            found = _first_difference(before, after, f"{path}[{index}]")
            if found:
                return found
        return None
    # What is left out says the same as what is empty, whichever version of the gateway wrote it.
    return None if then == now or (then in _EMPTY and now in _EMPTY) else path
