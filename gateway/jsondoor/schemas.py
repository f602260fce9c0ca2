"""Messages as JSON Schema, from their descriptors, their comments and the limits of validation.

A message of a request is described as it may be sent: whole numbers as JSON numbers or texts,
unknown fields refused. One of an answer is described as it is sent: 64-bit numbers as texts, and
fields left out that have their default.
"""

from collections.abc import Iterable
from typing import Any, Final

from google.protobuf.descriptor import Descriptor, EnumDescriptor, FieldDescriptor, OneofDescriptor

from gateway.jsondoor.comments import comments
from gateway.jsondoor.limits import EXCLUSIVE_NEEDED, LIMITS, REQUIRED, Schema

_TIMESTAMP: Final = "google.protobuf.Timestamp"
_UNITS: Final = {"_kopecks": "kopecks", "_milli": "thousandths"}
_MEANT_AS_IN: Final = {
    "QuoteRequest": "AuthorizeRequest",
    "SaleRequest": "AuthorizeRequest",
    "CaptureRequest": "AuthorizeRequest",
    "GetPurchaseRequest": "QuoteRequest",
    "GetBalanceRequest": "QuoteRequest",
    "CaptureLine": "BasketLine",
    "RefundLine": "BasketLine",
    "FiscalReceiptRef": "FiscalReceipt",
}
"""Messages whose fields, where nothing is said of them, mean what those of the same name mean there."""
_INT64_TEXT: Final = "^-?[0-9]{1,19}$"
_INT32_MIN, _INT32_MAX = -(2**31), 2**31 - 1


class Schemas:
    """Collects the schemas of messages and of all that they hold; `components` has them by name."""

    def __init__(self) -> None:
        self.components: dict[str, Schema] = {}
        self._asked: set[str] = set()

    def of_request(self, descriptor: Descriptor) -> Schema:
        """A reference to the schema of a request."""
        return self._message(descriptor, is_request=True)

    def of_answer(self, descriptor: Descriptor) -> Schema:
        """A reference to the schema of an answer; all requests must have been described before."""
        return self._message(descriptor, is_request=False)

    def _message(self, descriptor: Descriptor, *, is_request: bool) -> Schema:
        name = descriptor.name
        if is_request:
            self._asked.add(name)
        elif name in self._asked:
            name += "Answer"
        if name not in self.components:
            self.components[name] = {}
            self.components[name].update(self._object(descriptor, is_request=is_request))
        return {"$ref": f"#/components/schemas/{name}"}

    def _object(self, descriptor: Descriptor, *, is_request: bool) -> Schema:
        schema: Schema = {"type": "object"} | _described(descriptor.name)
        schema["properties"] = {
            field.name: self._field(field, is_request=is_request) for field in descriptor.fields
        }
        if is_request:
            schema["additionalProperties"] = False
            if required := REQUIRED.get(descriptor.name):
                schema["required"] = list(required)
            for oneof in descriptor.oneofs:
                schema |= _exclusive(oneof)
        return schema

    def _field(self, field: FieldDescriptor, *, is_request: bool) -> Schema:
        message = field.containing_type.name if field.containing_type else ""
        limits = dict(LIMITS.get(message, {}).get(field.name, {})) if is_request else {}
        schema = self._single(field, {} if field.is_repeated else limits, is_request=is_request)
        if field.is_repeated:
            schema = {"type": "array", **limits, "items": schema | limits.get("items", {})}
        for suffix, unit in _UNITS.items():
            if field.name.endswith(suffix):
                schema = schema | {"x-unit": unit}
        told = _described(f"{message}.{field.name}")
        return schema | (told or _described(f"{_MEANT_AS_IN.get(message)}.{field.name}"))

    def _single(self, field: FieldDescriptor, limits: Schema, *, is_request: bool) -> Schema:
        part, enum = field.message_type, field.enum_type
        if part is not None:
            if part.full_name == _TIMESTAMP:
                return {"type": "string", "format": "date-time"}
            return self._message(part, is_request=is_request)
        if enum is not None:
            return self._enum(enum)
        match field.type:
            case FieldDescriptor.TYPE_INT64 if is_request:
                text = {"type": "string", "pattern": _INT64_TEXT}
                return {"anyOf": [{"type": "integer", "format": "int64", **limits}, text]}
            case FieldDescriptor.TYPE_INT64:
                return {"type": "string", "format": "int64", "pattern": _INT64_TEXT}
            case FieldDescriptor.TYPE_INT32:
                return {
                    "type": "integer",
                    "format": "int32",
                    "minimum": _INT32_MIN,
                    "maximum": _INT32_MAX,
                    **limits,
                }
            case FieldDescriptor.TYPE_BOOL:
                return {"type": "boolean"}
            case FieldDescriptor.TYPE_BYTES:
                return {"type": "string", "contentEncoding": "base64"}
            case _:
                return {"type": "string", **limits}

    def _enum(self, enum: EnumDescriptor) -> Schema:
        if enum.name not in self.components:
            values = [value.name for value in enum.values if value.number]
            schema: Schema = {"type": "string", "enum": values} | _described(enum.name)
            said = comments()
            if texts := {name: said[key] for name in values if (key := f"{enum.name}.{name}") in said}:
                schema["x-enum-descriptions"] = texts
            self.components[enum.name] = schema
        return {"$ref": f"#/components/schemas/{enum.name}"}


def _described(name: str) -> Schema:
    said = comments().get(name)
    return {"description": said} if said else {}


def _exclusive(oneof: OneofDescriptor) -> Schema:
    names = [field.name for field in oneof.fields]
    choices: list[dict[str, Any]] = [{"required": [name]} for name in names]
    if f"{oneof.containing_type.name}.{oneof.name}" not in EXCLUSIVE_NEEDED:
        choices.append({"not": {"anyOf": list(_required(names))}})
    return {"oneOf": choices}


def _required(names: Iterable[str]) -> Iterable[Schema]:
    return ({"required": [name]} for name in names)
