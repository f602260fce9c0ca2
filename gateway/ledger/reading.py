"""Step 1 of the money path: everything that a batch needs, in one statement, without locks.

The statement (`read_statement`) answers one row: arrays of columns and JSON columns, whose keys are the
field names of the domain's values, so that there is no second description of the shapes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct, field

from gateway.domain.card_tokens import RingToken
from gateway.domain.certificate import Account, Certificate, CertificateState
from gateway.domain.commands import (
    Authorize,
    ByPurchaseId,
    ByReceipt,
    ByRequestId,
    ChangeValidity,
    Command,
    Correct,
    Expire,
    Issue,
    Origin,
    PurchaseRef,
    SetBlock,
    TillCommand,
    Withdraw,
)
from gateway.domain.purchase import Purchase
from gateway.ledger.answers import SealedAnswer
from gateway.ledger.read_statement import ACCOUNTS, CARDS, CERTIFICATES, READ, READ_BY_CARD

DEPARTMENT_ID = 0
"""The merchant id under which the outcomes of department commands stand."""


class OutcomeRow(Struct, frozen=True, gc=False):
    """A stored outcome, without its answer bytes (they are read apart, for replays only)."""

    merchant_id: int
    request_id: UUID
    kind: str
    canonical: str
    account_id: int | None
    purchase_id: UUID | None


class CardRow(Struct, frozen=True, gc=False):
    """A card token with its account; `stopped_at` is set while the card is on the stop list."""

    token: bytes
    account_id: int
    stopped_at: datetime | None


class AccountRow(Struct, frozen=True, gc=False):
    """A card account row.

    `stopped_at`: when one of its cards was stopped last; now, if none is left that may be served.
    """

    id: int
    version: int
    last_decided_at: datetime
    holder_ref: str
    is_blocked: bool
    stopped_at: datetime | None


class ReceiptRow(Struct, frozen=True, gc=False):
    """Which purchase a receipt belongs to."""

    fiscal_drive_number: str
    fiscal_document_number: int
    purchase_id: UUID


@dataclass(frozen=True)
class Snapshot:
    """What the database held at `now`, by the keys that decisions ask for."""

    now: datetime
    registry_epoch: int
    goods_epoch: int
    outcomes: Mapping[tuple[int, UUID], OutcomeRow]
    cards: Mapping[bytes, CardRow]
    accounts: Mapping[int, Account]
    stopped_at_of: Mapping[int, datetime]
    account_of_holder: Mapping[str, int]
    account_of_certificate: Mapping[UUID, int]
    account_of_purchase: Mapping[UUID, int]
    purchase_of_receipt: Mapping[tuple[str, int], tuple[UUID, ...]]

    def card(self, token: bytes) -> CardRow | None:
        """A card by its token under the newest key that it is known by; stopped if any of its tokens is."""
        found = self.cards.get(token)
        if not isinstance(token, RingToken):
            return found
        rows = [self.cards[one] for one in (token, *token.older) if one in self.cards]
        if not rows:
            return None
        stopped_at = min((row.stopped_at for row in rows if row.stopped_at is not None), default=None)
        return CardRow(rows[0].token, rows[0].account_id, stopped_at)


class Wanted(Struct):
    """What a batch refers to; built from its commands, the statement's arguments."""

    outcomes: set[tuple[int, UUID]] = field(default_factory=set)
    card_tokens: set[bytes] = field(default_factory=set)
    purchase_ids: set[UUID] = field(default_factory=set)
    receipts: set[tuple[str, int]] = field(default_factory=set)
    holder_refs: set[str] = field(default_factory=set)
    certificate_ids: set[UUID] = field(default_factory=set)
    account_ids: set[int] = field(default_factory=set)
    names_requests: bool = False

    @property
    def is_by_card(self) -> bool:
        """Whether nothing but cards is named; a command's own request id brings no purchase with it."""
        return not (
            self.names_requests
            or self.purchase_ids
            or self.receipts
            or self.holder_refs
            or self.certificate_ids
            or self.account_ids
        )

    def add(self, command: Command) -> None:
        """Collect what one command refers to."""
        merchant_id = merchant_of(command)
        self.outcomes.add((merchant_id, command.request_id))
        match command:
            case Authorize():
                self.add_card(command.card_token)
                if command.replaces_request_id is not None:
                    self.add_ref(ByRequestId(command.replaces_request_id), merchant_id)
            case Issue() | SetBlock():
                self.holder_refs.add(command.holder_ref)
            case Withdraw() | ChangeValidity() | Correct():
                self.certificate_ids.add(command.certificate_id)
            case Expire():
                self.account_ids.add(command.account_id)
            case _:
                self.add_ref(command.purchase, merchant_id)

    def add_card(self, token: bytes) -> None:
        """Collect a card, with its tokens under older keys if the ring has any."""
        self.card_tokens.add(token)
        if isinstance(token, RingToken):
            self.card_tokens.update(token.older)

    def add_ref(self, ref: PurchaseRef, merchant_id: int) -> None:
        """Collect what a merchant's reference to a purchase needs."""
        match ref:
            case ByPurchaseId():
                self.purchase_ids.add(ref.purchase_id)
            case ByReceipt():
                self.receipts.add((ref.fiscal_drive_number, ref.fiscal_document_number))
            case ByRequestId():
                self.outcomes.add((merchant_id, ref.request_id))
                self.names_requests = True


_DEPARTMENT = Origin(merchant_id=DEPARTMENT_ID, outlet_id=0, terminal_id=0)


def origin_of(command: Command) -> Origin:
    """Who sent a command; of department commands, the department itself."""
    return command.origin if isinstance(command, TillCommand) else _DEPARTMENT


def merchant_of(command: Command) -> int:
    """The merchant whose request ids a command stands among."""
    return origin_of(command).merchant_id


def mentioned_ids(command: Command) -> tuple[UUID, ...]:
    """The command's own request id first, then the one of the purchase that it refers to."""
    if isinstance(command, Authorize):
        other = command.replaces_request_id
    else:
        ref = getattr(command, "purchase", None)
        other = ref.request_id if isinstance(ref, ByRequestId) else None
    return (command.request_id,) if other is None else (command.request_id, other)


async def read(connection: asyncpg.Connection, wanted: Wanted) -> Snapshot:
    """Read everything that a batch refers to, at one instant."""
    outcomes, receipts = list(wanted.outcomes), list(wanted.receipts)
    arguments: list[list[Any]] = [
        [merchant_id for merchant_id, _ in outcomes],
        [request_id for _, request_id in outcomes],
        list(wanted.card_tokens),
    ]
    if not wanted.is_by_card:
        arguments += [
            list(wanted.purchase_ids),
            [drive for drive, _ in receipts],
            [document for _, document in receipts],
            list(wanted.holder_refs),
            list(wanted.certificate_ids),
            list(wanted.account_ids),
        ]
    row = await connection.fetchrow(READ_BY_CARD if wanted.is_by_card else READ, *arguments)
    if row is None:
        raise LookupError("the read statement answered no row")
    return _snapshot(row)


async def read_answers(
    connection: asyncpg.Connection, replays: Sequence[tuple[Command, OutcomeRow]]
) -> dict[tuple[int, UUID], SealedAnswer]:
    """The bytes of stored answers; read apart from the batch, since replays are rare and answers large."""
    if not replays:
        return {}
    rows = await connection.fetch(
        "SELECT o.merchant_id, o.request_id, o.signed_payload, o.signature, o.key_id"
        " FROM unnest($1::bigint[], $2::uuid[]) AS k(m, r)"
        " JOIN outcome o ON o.merchant_id = k.m AND o.request_id = k.r",
        [stored.merchant_id for _, stored in replays],
        [stored.request_id for _, stored in replays],
    )
    return {
        (row["merchant_id"], row["request_id"]): SealedAnswer(
            row["signed_payload"], row["signature"], row["key_id"]
        )
        for row in rows
    }


_outcomes = msgspec.json.Decoder(list[OutcomeRow]).decode
_purchases = msgspec.json.Decoder(list[Purchase]).decode
_receipts = msgspec.json.Decoder(list[ReceiptRow]).decode


def _snapshot(row: Mapping[str, Any]) -> Snapshot:
    accounts = [AccountRow(*columns) for columns in ACCOUNTS.rows(row)]
    certificates = [
        (account_id, Certificate(*(*columns, CertificateState(state))))
        for account_id, *columns, state in CERTIFICATES.rows(row)
    ]
    purchases = _purchases(row["purchases"])
    purchase_of_receipt: dict[tuple[str, int], tuple[UUID, ...]] = {}
    for found in _receipts(row.get("receipts", "[]")):
        key = found.fiscal_drive_number, found.fiscal_document_number
        purchase_of_receipt[key] = (*purchase_of_receipt.get(key, ()), found.purchase_id)
    return Snapshot(
        now=row["now"],
        registry_epoch=row["registry_epoch"] or 0,
        goods_epoch=row["goods_epoch"] or 0,
        outcomes={(o.merchant_id, o.request_id): o for o in _outcomes(row["outcomes"])},
        cards={token: CardRow(token, *others) for token, *others in CARDS.rows(row)},
        accounts=_accounts(accounts, certificates, purchases),
        stopped_at_of={a.id: a.stopped_at for a in accounts if a.stopped_at is not None},
        account_of_holder={a.holder_ref: a.id for a in accounts},
        account_of_certificate={certificate.id: account_id for account_id, certificate in certificates},
        account_of_purchase={p.id: p.account_id for p in purchases},
        purchase_of_receipt=purchase_of_receipt,
    )


def _accounts(
    rows: Iterable[AccountRow],
    certificates: Iterable[tuple[int, Certificate]],
    purchases: Iterable[Purchase],
) -> dict[int, Account]:
    certificates_of: dict[int, dict[UUID, Certificate]] = {}
    for account_id, certificate in certificates:
        certificates_of.setdefault(account_id, {})[certificate.id] = certificate
    purchases_of: dict[int, dict[UUID, Purchase]] = {}
    for purchase in purchases:
        purchases_of.setdefault(purchase.account_id, {})[purchase.id] = purchase
    return {
        row.id: Account(
            id=row.id,
            version=row.version,
            last_decided_at=row.last_decided_at,
            is_blocked=row.is_blocked,
            certificates=certificates_of.get(row.id, {}),
            purchases=purchases_of.get(row.id, {}),
        )
        for row in rows
    }
