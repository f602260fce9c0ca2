"""Signed outcomes as merchants archive them: read line by line, believed only with a valid signature."""

import base64
import binascii
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from google.protobuf.message import DecodeError

from tillgate.v1 import purchase_pb2 as wire


@dataclass(frozen=True, slots=True)
class Told:
    """An outcome that a till was told, with what people look for in it; `payload` is what was signed."""

    place: str
    payload: bytes
    merchant_id: int
    request_id: UUID
    terminal_id: int
    kind: str
    decision: str
    decided_at: datetime
    purchase_id: str
    total_kopecks: int
    points_kopecks: int
    own_money_kopecks: int
    certificate_ids: tuple[UUID, ...]


@dataclass(frozen=True, slots=True)
class Disbelieved:
    """A line that proves nothing."""

    place: str
    why: str


def read_told(lines: Iterable[bytes], name: str, keys: Mapping[str, bytes]) -> Iterator[Told | Disbelieved]:
    """The outcomes of one file; `keys` are Ed25519 public keys by key id, `name` stands in each place."""
    public = {key_id: Ed25519PublicKey.from_public_bytes(raw) for key_id, raw in keys.items()}
    for number, line in enumerate(lines, 1):
        place = f"{name}:{number}"
        try:
            yield _told(place, line, public)
        except InvalidSignature:
            yield Disbelieved(place, "the signature does not fit the payload")
        except LookupError as error:
            yield Disbelieved(place, f"signed by a key that is not in the set, or a field is absent: {error}")
        except (ValueError, TypeError, binascii.Error, DecodeError) as error:
            yield Disbelieved(place, f"no signed outcome: {error}")


def _told(place: str, line: bytes, keys: Mapping[str, Ed25519PublicKey]) -> Told:
    item = json.loads(line)
    payload, signature = (
        base64.b64decode(item[field], validate=True) for field in ("signed_payload", "signature")
    )
    keys[item["key_id"]].verify(signature, payload)
    outcome = wire.SignedOutcome.FromString(payload)
    purchase, refund = outcome.purchase, outcome.refund
    is_refund = outcome.HasField("refund")
    shares = refund.certificates if is_refund else purchase.certificates
    return Told(
        place=place,
        payload=payload,
        merchant_id=outcome.merchant_id,
        request_id=UUID(outcome.request_id),
        terminal_id=outcome.terminal_id,
        kind=wire.CommandKind.Name(outcome.kind).removeprefix("COMMAND_KIND_"),
        decision=wire.Decision.Name(outcome.decision).removeprefix("DECISION_"),
        decided_at=outcome.decided_at.ToDatetime(UTC),
        purchase_id=purchase.purchase_id,
        total_kopecks=purchase.total_kopecks,
        points_kopecks=refund.points_kopecks if is_refund else purchase.certificate_kopecks,
        own_money_kopecks=refund.own_money_kopecks if is_refund else purchase.own_money_kopecks,
        certificate_ids=tuple(UUID(share.certificate_id) for share in shares),
    )
