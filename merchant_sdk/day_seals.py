"""What the gateway signed over a whole day, compared with what a merchant kept of it.

A day's seal is a signed text with one root over all outcomes of all merchants, and the hash of the seal of
the day before. Given the leaves of the merchant's outcomes, its own root is computed, from that the root of
the day, and that is what was signed: the gateway can neither add to a day, nor take from it, nor tell one
merchant another day than the next. docs/seals.md tells how everything is hashed.

    day = till.sealed_day(date(2026, 11, 23))
    found = day.compare(OutcomeArchive(path), till.open_requests())
    if not found.is_clean: ...

A chain does it for all its tills at once: as the concentrator, with `itertools.chain` of their archives.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta, timezone
from hashlib import sha256
from typing import Final, Self
from uuid import UUID

from google.protobuf.message import DecodeError

from merchant_sdk.errors import SealMismatchError, SignatureError
from merchant_sdk.journal import JournalRecord
from merchant_sdk.signatures import OutcomeKeys, SignedBytes
from tillgate.v1 import purchase_pb2 as pb
from tillgate.v1 import record_service_pb2 as record_pb

MOSCOW: Final = timezone(timedelta(hours=3))
"""Since 2014 without a change, and so without a table of zones, which Windows lacks."""

_FORM: Final = re.compile(
    r"tillgate day seal 1\nday ([0-9-]{10})\nmerchants ([0-9]{1,10})\nroot ([0-9a-f]{64})\n"
    r"previous ([0-9a-f]{64})\nsealed ([0-9T:.-]{26})Z\n"
)
_NOTHING: Final = sha256(b"\x03").digest()


@dataclass(frozen=True, slots=True)
class DaySeal:
    """A day's seal, verified; `outcome_count` and `merchant_root` are of the merchant that asked.

    `hash` is what the seal of the next day names as `previous_hash`. Keep `signed`: it proves what was
    sealed, also to a gateway that came to say otherwise.
    """

    day: date
    merchant_count: int
    root: bytes
    previous_hash: bytes
    sealed_at: datetime
    signed: SignedBytes
    merchant_id: int
    outcome_count: int
    merchant_root: bytes

    @property
    def hash(self) -> bytes:
        """The SHA-256 of the signed text."""
        return sha256(self.signed.payload).digest()

    def follows(self, previous: "DaySeal") -> bool:
        """True if `previous` is the seal of the day before, on which this one stands."""
        return self.previous_hash == previous.hash and self.day == previous.day + timedelta(days=1)

    @classmethod
    def opened(
        cls, response: record_pb.GetDaySealResponse, day: date, keys: OutcomeKeys, merchant_id: int
    ) -> Self:
        """The seal in an answer; raises SignatureError, and SealMismatchError if it is another."""
        signed = SignedBytes(response.seal.statement, response.seal.signature, response.seal.key_id)
        keys.verify(signed)
        told_day, merchant_count, root, previous_hash, sealed_at = _read(signed)
        if told_day != day:
            raise SealMismatchError(f"the seal of {told_day} was sent for that of {day}")
        part = response.merchant
        if response.HasField("merchant"):
            if part.merchant_id != merchant_id:
                raise SealMismatchError(f"merchant {part.merchant_id} is none of these credentials")
            leaf = _merchant_leaf(part.merchant_id, part.outcome_count, part.root)
            if _root_by(leaf, part.position, merchant_count, part.path) != root:
                raise SealMismatchError(f"the merchant's root is not in the seal of {day}")
        merchant_root = part.root if response.HasField("merchant") else _NOTHING
        return cls(
            day, merchant_count, root, previous_hash, sealed_at, signed, merchant_id, part.outcome_count,
            merchant_root,
        )  # fmt: skip


@dataclass(frozen=True, slots=True)
class DayLeaf:
    """An outcome that a seal vouches for; without id where it is of a terminal that one doesn't speak for."""

    hash: bytes
    request_id: UUID | None
    terminal_id: int


@dataclass(frozen=True, slots=True)
class DayComparison:
    """In what a merchant's archive and a day's seal differ.

    `missing`: outcomes that the merchant has and the seal has not. `differing`: the seal has another answer
    under their request ids. Each of the two is a breach: the archive proves what was answered.
    `unknown`: sealed outcomes of the merchant's terminals that its archive lacks: answers that got lost, or
    what somebody did in its name; `list_operations` shows them. `still_open`: those of them that the journal
    holds open; resolve them.
    """

    compared: int
    missing: Sequence[UUID]
    differing: Sequence[UUID]
    unknown: Sequence[DayLeaf]
    still_open: Sequence[UUID] = ()

    @property
    def is_clean(self) -> bool:
        """True if both hold the same outcomes."""
        return not (self.missing or self.differing or self.unknown or self.still_open)


@dataclass(frozen=True, slots=True)
class SealedDay:
    """A day's seal with all leaves of the merchant, whose root was recomputed."""

    seal: DaySeal
    leaves: Sequence[DayLeaf] = field(repr=False)

    @classmethod
    def of(cls, seal: DaySeal, leaves: Iterable[record_pb.DayLeaf]) -> Self:
        """The leaves of an answer; raises SealMismatchError unless they are what the seal vouches for."""
        try:
            taken = tuple(_leaf(leaf) for leaf in leaves)
        except ValueError as error:
            raise SealMismatchError(f"a leaf of {seal.day} cannot be read: {error}") from error
        if len(taken) != seal.outcome_count or _root_of([leaf.hash for leaf in taken]) != seal.merchant_root:
            raise SealMismatchError(
                f"{len(taken)} leaves came, not the {seal.outcome_count} of the seal of {seal.day}"
            )
        return cls(seal, taken)

    def compare(
        self,
        outcomes: Iterable[SignedBytes],
        open_requests: Iterable[JournalRecord] = (),
        *,
        terminal_ids: Iterable[int] | None = None,
    ) -> DayComparison:
        """Compare with archived outcomes; those of other days and merchants are passed over.

        `terminal_ids`: the terminals whose archives these are; None: all that the caller speaks for. Raises
        SealMismatchError for bytes that are no outcome; signatures are not verified again.
        """
        hashes = {leaf.hash for leaf in self.leaves}
        sealed = {leaf.request_id: leaf for leaf in self.leaves if leaf.request_id is not None}
        known: set[UUID] = set()
        missing: list[UUID] = []
        differing: list[UUID] = []
        for signed in outcomes:
            request_id = self._of_this_day(signed)
            if request_id is None or request_id in known:
                continue
            known.add(request_id)
            if outcome_leaf(request_id, signed) not in hashes:
                (differing if request_id in sealed else missing).append(request_id)
        wanted = None if terminal_ids is None else set(terminal_ids)
        strangers = {
            request_id: leaf
            for request_id, leaf in sealed.items()
            if request_id not in known and (wanted is None or leaf.terminal_id in wanted)
        }
        still_open = {record.request_id for record in open_requests}
        return DayComparison(
            len(known),
            missing,
            differing,
            [leaf for request_id, leaf in strangers.items() if request_id not in still_open],
            [request_id for request_id in strangers if request_id in still_open],
        )

    def _of_this_day(self, signed: SignedBytes) -> UUID | None:
        try:
            outcome = pb.SignedOutcome.FromString(signed.payload)
            request_id = UUID(outcome.request_id)
        except (DecodeError, ValueError) as error:
            raise SealMismatchError(f"these bytes are no outcome: {error!r}") from error
        decided_at = outcome.decided_at.ToDatetime(UTC)
        is_of_it = outcome.merchant_id == self.seal.merchant_id and (
            decided_at.astimezone(MOSCOW).date() == self.seal.day
        )
        return request_id if is_of_it else None


def outcome_leaf(request_id: UUID, signed: SignedBytes) -> bytes:
    """The hash of an outcome in the tree of its merchant and day."""
    length = len(signed.payload).to_bytes(8, "big")
    return sha256(b"\x00" + request_id.bytes + length + signed.payload + signed.signature).digest()


def _read(signed: SignedBytes) -> tuple[date, int, bytes, bytes, datetime]:
    try:
        found = _FORM.fullmatch(signed.payload.decode())
        if found is None:
            raise ValueError("another form")
        return (
            date.fromisoformat(found[1]),
            int(found[2]),
            bytes.fromhex(found[3]),
            bytes.fromhex(found[4]),
            datetime.fromisoformat(found[5]).replace(tzinfo=UTC),
        )
    except ValueError as error:
        raise SignatureError(f"what is signed is no day seal: {error}", signed) from error


def _leaf(message: record_pb.DayLeaf) -> DayLeaf:
    # Two of other lengths could pass for two others that are as long together.
    if len(message.hash) != len(_NOTHING):
        raise ValueError(f"a hash of {len(message.hash)} bytes")
    return DayLeaf(
        message.hash, UUID(message.request_id) if message.request_id else None, message.terminal_id
    )


def _merchant_leaf(merchant_id: int, count: int, root: bytes) -> bytes:
    numbers = merchant_id.to_bytes(8, "big", signed=True) + count.to_bytes(8, "big", signed=True)
    return sha256(b"\x02" + numbers + root).digest()


def _node(left: bytes, right: bytes) -> bytes:
    return sha256(b"\x01" + left + right).digest()


def _root_of(level: list[bytes]) -> bytes:
    """The root over leaves: pairs from the left, a last one without a partner rises as it is."""
    if not level:
        return _NOTHING
    while len(level) > 1:
        above = [_node(level[at], level[at + 1]) for at in range(0, len(level) - 1, 2)]
        level = [*above, level[-1]] if len(level) % 2 else above
    return level[0]


def _root_by(leaf: bytes, position: int, count: int, path: Iterable[bytes]) -> bytes | None:
    """The root that a leaf leads to (RFC 9162, 2.1.3.2); None if the path is too long or too short."""
    last = count - 1
    if not 0 <= position <= last:
        return None
    for beside in path:
        if last == 0:
            return None
        if position & 1 or position == last:
            leaf = _node(beside, leaf)
            while position and not position & 1:
                position, last = position >> 1, last >> 1
        else:
            leaf = _node(leaf, beside)
        position, last = position >> 1, last >> 1
    return leaf if last == 0 else None
