"""Step 1 of the money path: everything that a batch needs, in one statement, without locks.

The statement answers one row of JSON columns whose keys are the field names of the domain's
dataclasses, so that decoding is one call and there is no second description of the shapes.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import asyncpg
import msgspec
from msgspec import Struct, field

from gateway.domain.certificate import Account, Certificate
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

    token: str
    account_id: int
    stopped_at: datetime | None


class AccountRow(Struct, frozen=True, gc=False):
    """A card account row. `is_stopped`: it has no card that may be served."""

    id: int
    version: int
    last_decided_at: datetime
    holder_ref: str
    is_blocked: bool
    is_stopped: bool


class CertificateRow(Struct, frozen=True, gc=False):
    """A certificate with the account that it lives on."""

    account_id: int
    certificate: Certificate


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
    outcomes: Mapping[tuple[int, UUID], OutcomeRow]
    cards: Mapping[bytes, CardRow]
    accounts: Mapping[int, Account]
    stopped_account_ids: frozenset[int]
    account_of_holder: Mapping[str, int]
    account_of_certificate: Mapping[UUID, int]
    account_of_purchase: Mapping[UUID, int]
    purchase_of_receipt: Mapping[tuple[str, int], tuple[UUID, ...]]


class Wanted(Struct):
    """What a batch refers to; built from its commands, the statement's arguments."""

    outcomes: set[tuple[int, UUID]] = field(default_factory=set)
    card_tokens: set[bytes] = field(default_factory=set)
    purchase_ids: set[UUID] = field(default_factory=set)
    receipts: set[tuple[str, int]] = field(default_factory=set)
    holder_refs: set[str] = field(default_factory=set)
    certificate_ids: set[UUID] = field(default_factory=set)
    account_ids: set[int] = field(default_factory=set)

    def add(self, command: Command) -> None:
        """Collect what one command refers to."""
        self.outcomes.update((merchant_of(command), request_id) for request_id in mentioned_ids(command))
        match command:
            case Authorize():
                self.card_tokens.add(command.card_token)
            case Issue() | SetBlock():
                self.holder_refs.add(command.holder_ref)
            case Withdraw() | ChangeValidity() | Correct():
                self.certificate_ids.add(command.certificate_id)
            case Expire():
                self.account_ids.add(command.account_id)
            case _:
                self.add_ref(command.purchase)

    def add_ref(self, ref: PurchaseRef) -> None:
        """Collect what a reference to a purchase needs, its request id aside."""
        match ref:
            case ByPurchaseId():
                self.purchase_ids.add(ref.purchase_id)
            case ByReceipt():
                self.receipts.add((ref.fiscal_drive_number, ref.fiscal_document_number))
            case ByRequestId():
                pass


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


def json_object(alias: str, columns: str, **others: str) -> str:
    """SQL of a JSON object: columns of an alias under their own names, and other expressions."""
    pairs = [f"'{name}', {alias}.{name}" for name in columns.split()]
    pairs += [f"'{name}', {expression}" for name, expression in others.items()]
    return f"json_build_object({', '.join(pairs)})"


_REFUND = json_object("r", "id refunded_at terminal_id shift_number lines lapsed_kopecks own_money_kopecks")
_RECEIPT = json_object(
    "r",
    "kind fiscal_drive_number fiscal_document_number fiscal_sign kkt_registration_number seller_inn"
    " shift_number issued_at total_kopecks",
)
_REFUNDS = f"(SELECT json_agg({_REFUND} ORDER BY r.id) FROM refund r WHERE r.purchase_id = p.id)"
_RECEIPTS = (
    f"(SELECT json_agg({_RECEIPT} ORDER BY r.operation_id, r.fiscal_drive_number, r.fiscal_document_number)"
    " FROM receipt r WHERE r.purchase_id = p.id)"
)

PURCHASE_JSON = json_object(
    "p",
    "id account_id request_id merchant_id outlet_id terminal_id concentrator_id shift_number cashier_ref"
    " state authorized_at hold_expires_at closed_at program_code list_version rounding_kopecks"
    " eligible_kopecks lines own_money lapsed_from_hold capture is_shift_closed",
    refunds=f"coalesce(CASE WHEN p.state = 'CAPTURED' THEN {_REFUNDS} END, '[]')",
    receipts=f"coalesce(CASE WHEN p.state <> 'DECLINED' THEN {_RECEIPTS} END, '[]')",
)

CERTIFICATE_JSON = json_object(
    "c",
    "id program_code program_version nominal_kopecks available_kopecks held_kopecks spent_kopecks"
    " lapsed_kopecks restorable_kopecks valid_from valid_until state",
)

_IS_STOPPED = (
    "NOT EXISTS (SELECT FROM card k WHERE k.account_id = a.id"
    " AND (k.stopped_at IS NULL OR k.stopped_at > tillgate_now()))"
)
_ACCOUNT = json_object("a", "id version last_decided_at holder_ref is_blocked", is_stopped=_IS_STOPPED)

# Arrays from sub-selects (`= ANY (ARRAY(...))`) rather than joins: the planner then prunes the
# partitions of `purchase` by id when it runs the statement.
READ_SQL = f"""
WITH found_outcome AS MATERIALIZED (
  SELECT o.merchant_id, o.request_id, o.kind, o.canonical, o.account_id, o.purchase_id
  FROM unnest($1::bigint[], $2::uuid[]) AS k(merchant_id, request_id)
  JOIN outcome o ON o.merchant_id = k.merchant_id AND o.request_id = k.request_id),
found_card AS MATERIALIZED (
  SELECT encode(token, 'hex') AS token, account_id, stopped_at FROM card WHERE token = ANY ($3::bytea[])),
found_receipt AS MATERIALIZED (
  SELECT r.fiscal_drive_number, r.fiscal_document_number, r.purchase_id
  FROM unnest($5::text[], $6::bigint[]) AS k(drive, document)
  JOIN receipt r ON r.fiscal_drive_number = k.drive AND r.fiscal_document_number = k.document),
named AS MATERIALIZED (
  SELECT unnest($4::uuid[]) AS id
  UNION SELECT purchase_id FROM found_outcome WHERE purchase_id IS NOT NULL
  UNION SELECT purchase_id FROM found_receipt),
named_purchase AS MATERIALIZED (
  SELECT id, account_id FROM purchase WHERE id = ANY (ARRAY(SELECT id FROM named))),
account_id AS MATERIALIZED (
  SELECT account_id AS id FROM found_card
  UNION SELECT account_id FROM named_purchase
  UNION SELECT id FROM card_account WHERE holder_ref = ANY ($7::text[])
  UNION SELECT account_id FROM certificate WHERE id = ANY ($8::uuid[])
  UNION SELECT unnest($9::bigint[])),
decision AS MATERIALIZED (  -- a decision on an account is never before its last one
  SELECT greatest(tillgate_now(), max(last_decided_at)) AS until
  FROM card_account WHERE id = ANY (ARRAY(SELECT id FROM account_id))),
found_purchase AS MATERIALIZED (
  SELECT {PURCHASE_JSON} AS doc FROM purchase p
  WHERE p.id = ANY (ARRAY(SELECT id FROM named_purchase))
  UNION ALL
  SELECT {PURCHASE_JSON} FROM purchase p
  WHERE p.state = 'AUTHORIZED' AND p.account_id = ANY (ARRAY(SELECT id FROM account_id))
    AND p.hold_expires_at <= (SELECT until FROM decision)
    AND NOT p.id = ANY (ARRAY(SELECT id FROM named_purchase)))
SELECT
  tillgate_now() AS now,
  (SELECT epoch FROM registry_epoch) AS registry_epoch,
  (SELECT coalesce(json_agg(o), '[]') FROM found_outcome o)::text AS outcomes,
  (SELECT coalesce(json_agg(k), '[]') FROM found_card k)::text AS cards,
  (SELECT coalesce(json_agg(r), '[]') FROM found_receipt r)::text AS receipts,
  (SELECT coalesce(json_agg({_ACCOUNT}), '[]') FROM card_account a
   WHERE a.id = ANY (ARRAY(SELECT id FROM account_id)))::text AS accounts,
  (SELECT coalesce(json_agg(json_build_object('account_id', c.account_id, 'certificate', {CERTIFICATE_JSON})
     ORDER BY c.valid_until, c.id), '[]') FROM certificate c
   WHERE c.account_id = ANY (ARRAY(SELECT id FROM account_id)))::text AS certificates,
  (SELECT coalesce(json_agg(doc), '[]') FROM found_purchase)::text AS purchases
"""


async def read(connection: asyncpg.Connection, wanted: Wanted) -> Snapshot:
    """Read everything that a batch refers to, at one instant."""
    outcomes, receipts = list(wanted.outcomes), list(wanted.receipts)
    row = await connection.fetchrow(
        READ_SQL,
        [merchant_id for merchant_id, _ in outcomes],
        [request_id for _, request_id in outcomes],
        list(wanted.card_tokens),
        list(wanted.purchase_ids),
        [drive for drive, _ in receipts],
        [document for _, document in receipts],
        list(wanted.holder_refs),
        list(wanted.certificate_ids),
        list(wanted.account_ids),
    )
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


_DECODE: dict[str, msgspec.json.Decoder[Any]] = {
    "outcomes": msgspec.json.Decoder(list[OutcomeRow]),
    "cards": msgspec.json.Decoder(list[CardRow]),
    "receipts": msgspec.json.Decoder(list[ReceiptRow]),
    "accounts": msgspec.json.Decoder(list[AccountRow]),
    "certificates": msgspec.json.Decoder(list[CertificateRow]),
    "purchases": msgspec.json.Decoder(list[Purchase]),
}


def _snapshot(row: Mapping[str, Any]) -> Snapshot:
    rows = {name: decoder.decode(row[name]) for name, decoder in _DECODE.items()}
    accounts = _accounts(rows["accounts"], rows["certificates"], rows["purchases"])
    purchase_of_receipt: dict[tuple[str, int], tuple[UUID, ...]] = {}
    for found in rows["receipts"]:
        key = found.fiscal_drive_number, found.fiscal_document_number
        purchase_of_receipt[key] = (*purchase_of_receipt.get(key, ()), found.purchase_id)
    return Snapshot(
        now=row["now"],
        registry_epoch=row["registry_epoch"] or 0,
        outcomes={(o.merchant_id, o.request_id): o for o in rows["outcomes"]},
        cards={bytes.fromhex(card.token): card for card in rows["cards"]},
        accounts=accounts,
        stopped_account_ids=frozenset(a.id for a in rows["accounts"] if a.is_stopped),
        account_of_holder={a.holder_ref: a.id for a in rows["accounts"]},
        account_of_certificate={c.certificate.id: c.account_id for c in rows["certificates"]},
        account_of_purchase={p.id: p.account_id for p in rows["purchases"]},
        purchase_of_receipt=purchase_of_receipt,
    )


def _accounts(
    rows: Iterable[AccountRow], certificates: Iterable[CertificateRow], purchases: Iterable[Purchase]
) -> dict[int, Account]:
    certificates_of: dict[int, dict[UUID, Certificate]] = {}
    for row in certificates:
        certificates_of.setdefault(row.account_id, {})[row.certificate.id] = row.certificate
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
