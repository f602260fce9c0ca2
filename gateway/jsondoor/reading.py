"""JSON bodies become messages, by protobuf's JSON mapping read strictly.

A reader for each message type is built once from its descriptor. Against protobuf's own
`json_format` (a test holds the two together) it names the field that does not fit, is several
times faster, and refuses what that one lets pass: a name given twice, a base64 text with other
characters in it, a number too large to be exact.

What is told of an error never repeats a value: it may be a card number.
"""

import json
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections import Counter
from collections.abc import Callable
from functools import cache
from typing import Any, Final, NoReturn, TypeVar

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor
from google.protobuf.message import Message
from google.protobuf.timestamp_pb2 import Timestamp

from gateway.domain.reasons import Reason
from gateway.rpc.validation.findings import InvalidRequestError, invalid

MessageT = TypeVar("MessageT", bound=Message)
Convert = Callable[[Any], Any]

EXACT_FLOAT_MAX: Final = 2**53
"""Beyond it a floating-point number no longer tells which whole number was meant."""

_DIGITS: Final = re.compile(r"-?[0-9]{1,19}")
_NAME: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,63}")
_INSTANT: Final = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,9})?(Z|[+-]([01][0-9]|2[0-3]):[0-5][0-9])"
)
_STANDARD_BASE64: Final = str.maketrans("-_", "+/")


class UnfitError(Exception):
    """A value that does not fit; `parts` is its path, innermost first, filled in on the way out."""

    def __init__(self, ru: str, en: str, *parts: str) -> None:
        super().__init__(en)
        self.ru = ru
        self.en = en
        self.parts = list(parts)


def read_message(request_type: type[MessageT], body: bytes) -> MessageT:
    """The message of a body; raises InvalidRequestError(MESSAGE_MALFORMED) that names what does not fit."""
    try:
        fields = _reader(request_type.DESCRIPTOR)(_parse(body))
        return request_type(**fields)
    except UnfitError as error:
        raise _malformed(error) from None


def _malformed(error: UnfitError) -> InvalidRequestError:
    path = ".".join(reversed(error.parts)).replace(".[", "[")
    return invalid(Reason.MESSAGE_MALFORMED, path, error.ru, error.en)


def _parse(body: bytes) -> Any:
    if not body:
        raise UnfitError("тело запроса пустое", "the body is empty")
    try:
        text = body.decode()
    except UnicodeDecodeError:
        raise UnfitError("тело запроса не в UTF-8", "the body is not UTF-8") from None
    try:
        return json.loads(text, object_pairs_hook=_object, parse_constant=_no_number)
    except RecursionError:
        raise UnfitError("слишком глубокая вложенность", "nested too deeply") from None
    except ValueError:
        raise UnfitError("тело запроса не JSON", "the body is not JSON") from None


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    made = dict(pairs)
    if len(made) != len(pairs):
        names = Counter(name for name, _ in pairs)
        raise _twice(names.most_common(1)[0][0])
    return made


def _twice(name: str) -> UnfitError:
    return UnfitError("поле названо дважды", "the field is named twice", *_shown(name))


def _no_number(_: str) -> NoReturn:
    raise UnfitError("NaN и Infinity не числа JSON", "NaN and Infinity are no JSON numbers")


def _shown(name: str) -> tuple[str, ...]:
    """A name of the client's as it may be repeated: if it looks like a name at all."""
    return (name,) if _NAME.fullmatch(name) else ()


@cache
def _reader(descriptor: Descriptor) -> Convert:
    """Turns an object into the arguments of the message's constructor."""
    fields: dict[str, tuple[str, str, Convert]] = {}
    for field in descriptor.fields:
        group = field.containing_oneof.name if field.containing_oneof else field.name
        fields[field.name] = fields[field.json_name] = (field.name, group, _field(field))

    def read(value: Any) -> dict[str, Any]:
        if type(value) is not dict:
            raise UnfitError("нужен объект", "an object is needed")
        made: dict[str, Any] = {}
        groups: set[str] = set()
        for name, item in value.items():
            known = fields.get(name)
            if known is None:
                raise UnfitError("такого поля нет", "there is no such field", *_shown(name))
            field_name, group, convert = known
            if item is None:  # the mapping's word for a field that is not set
                continue
            if group in groups:
                raise _twice(name) if group == field_name else _both(name)
            groups.add(group)
            try:
                made[field_name] = convert(item)
            except UnfitError as error:
                error.parts.append(field_name)
                raise
        return made

    return read


def _both(name: str) -> UnfitError:
    ru, en = "задано вместе с другим полем, которое его исключает", "given beside a field that excludes it"
    return UnfitError(ru, en, name)


def _field(field: FieldDescriptor) -> Convert:
    convert = _single(field)
    return _each(convert) if field.is_repeated else convert


def _each(convert: Convert) -> Convert:
    def read(value: Any) -> list[Any]:
        if type(value) is not list:
            raise UnfitError("нужен массив", "an array is needed")
        made = []
        for index, item in enumerate(value):
            try:
                made.append(convert(item))
            except UnfitError as error:
                error.parts.append(f"[{index}]")
                raise
        return made

    return read


def _single(field: FieldDescriptor) -> Convert:
    enum, part = field.enum_type, field.message_type
    match field.type:
        case FieldDescriptor.TYPE_STRING:
            return _text
        case FieldDescriptor.TYPE_INT32:
            return _whole(32)
        case FieldDescriptor.TYPE_INT64:
            return _whole(64)
        case FieldDescriptor.TYPE_BOOL:
            return _flag
        case FieldDescriptor.TYPE_BYTES:
            return _bytes
        case FieldDescriptor.TYPE_ENUM if enum is not None:
            return _enum(enum)
        case FieldDescriptor.TYPE_MESSAGE if part is Timestamp.DESCRIPTOR:
            return _instant
        case FieldDescriptor.TYPE_MESSAGE if part is not None and part.file.package == "tillgate.v1":
            return _message(part)
        case _:
            raise TypeError(f"{field.full_name}: no reader for a field of its type")


def _message(descriptor: Descriptor) -> Convert:
    # Built on first use: a message may be part of several others.
    return lambda value: _reader(descriptor)(value)


def _text(value: Any) -> str:
    if type(value) is not str:
        raise UnfitError("нужна строка", "a string is needed")
    if not value.isascii():
        try:
            value.encode()
        except UnicodeEncodeError:
            raise UnfitError("половина суррогатной пары", "half of a surrogate pair") from None
    return value


def _whole(bits: int) -> Convert:
    low, high = -(2 ** (bits - 1)), 2 ** (bits - 1) - 1

    def read(value: Any) -> int:
        if type(value) is int:
            number = value
        elif (type(value) is str and _DIGITS.fullmatch(value)) or (
            type(value) is float and value.is_integer() and abs(value) <= EXACT_FLOAT_MAX
        ):
            number = int(value)
        else:
            raise UnfitError("нужно целое число", "a whole number is needed")
        if not low <= number <= high:
            raise UnfitError(f"число больше {bits} бит", f"a number beyond {bits} bits")
        return number

    return read


def _flag(value: Any) -> bool:
    if type(value) is not bool:
        raise UnfitError("нужно true или false", "true or false is needed")
    return value


def _bytes(value: Any) -> bytes:
    try:
        # Both alphabets, with padding or without, as the mapping allows.
        text = _text(value).translate(_STANDARD_BASE64).rstrip("=")
        return b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (Base64Error, ValueError):
        raise UnfitError("нужны байты в base64", "bytes in base64 are needed") from None


def _enum(enum: EnumDescriptor) -> Convert:
    numbers = {value.name: value.number for value in enum.values}
    read_number = _whole(32)

    def read(value: Any) -> int:
        number = numbers.get(value) if type(value) is str else None
        if number is not None:
            return number
        try:
            return int(read_number(value))
        except UnfitError:
            raise UnfitError("нет такого значения", "there is no such value") from None

    return read


def _instant(value: Any) -> Timestamp:
    made = Timestamp()
    if type(value) is str and _INSTANT.fullmatch(value):
        try:
            made.FromJsonString(value)
        except ValueError:
            pass
        else:
            return made
    ru, en = "нужно время вида 2026-03-10T09:30:00Z", "an instant such as 2026-03-10T09:30:00Z is needed"
    raise UnfitError(ru, en)
