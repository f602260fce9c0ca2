"""Reading without deciding: quotes, purchases, balances, the list of operations."""

from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

import asyncpg

from gateway.domain.certificate import Certificate, Posting
from gateway.domain.commands import Authorize, PurchaseRef
from gateway.domain.decide import pass_time
from gateway.domain.outcome import Outcome
from gateway.domain.purchase import Purchase
from gateway.domain.reasons import Reason
from gateway.ledger.answers import SealedAnswer
from gateway.ledger.deciding import Rules, decide_batch, find_target
from gateway.ledger.reading import Snapshot, Wanted, read
from gateway.ledger.watchers import EpochWatcher, GoodsWatcher, NeverBehind


@dataclass(frozen=True, slots=True)
class Quote:
    """What Authorize would answer at `read_at`, with the certificates as they would stand after it."""

    read_at: datetime
    outcome: Outcome
    certificates: dict[UUID, Certificate]


@dataclass(frozen=True, slots=True)
class FoundPurchase:
    """A purchase as read, with the stored answer of its Authorize or Sale."""

    read_at: datetime
    purchase: Purchase
    sealed: SealedAnswer
    certificates: dict[UUID, Certificate]


@dataclass(frozen=True, slots=True)
class Balance:
    """The certificates of a card as time and decisions have left them at `read_at`.

    `reason` is set if the card may not be served: unknown, stopped, or its account blocked.
    """

    read_at: datetime
    certificates: tuple[Certificate, ...]
    reason: Reason | None = None


@dataclass(frozen=True, slots=True)
class OperationRow:
    """One stored outcome in order of decision."""

    request_id: UUID
    terminal_id: int
    purchase_id: UUID | None
    decided_at: datetime
    sealed: SealedAnswer


_OPERATIONS = """
SELECT request_id, terminal_id, purchase_id, decided_at, signed_payload, signature, key_id
FROM outcome
WHERE merchant_id = $1 AND terminal_id = ANY ($2::bigint[])
  AND (decided_at, request_id) > ($3::timestamptz, $4::uuid) AND decided_at <= tillgate_now() - $6::interval
ORDER BY decided_at, request_id LIMIT $5"""

_FIRST = UUID(int=0)


@dataclass(frozen=True)
class LedgerReader:
    """Reads the ledger at the database's clock. Holds nothing and records nothing.

    An outcome is listed `listing_delay` after its decision: until then one that was decided earlier
    may still be committed, and a cursor that had passed it would skip it for ever.
    """

    connect: Callable[[], AbstractAsyncContextManager[asyncpg.Connection]]
    rules: Rules
    registry: EpochWatcher
    listing_delay: timedelta = timedelta(seconds=5)
    goods: GoodsWatcher = field(default_factory=NeverBehind)

    async def quote(self, command: Authorize) -> Quote:
        """Decide an Authorize and throw the decision away: the same path, dry.

        Raises CommandError if the request id (a fresh one of the door's) or terminal is refused.
        """
        await self.goods.judge_ahead((command,))
        wanted = Wanted()
        wanted.add(command)
        snapshot = await self._read(wanted)
        plan = decide_batch((command,), snapshot, self.rules)
        for _, error in plan.errors:
            raise error
        [decision] = plan.decisions
        certificates = dict(decision.decided.account.certificates) if decision.decided else {}
        return Quote(decision.decided_at, decision.outcome, certificates)

    async def get_purchase(self, merchant_id: int, ref: PurchaseRef) -> FoundPurchase | None:
        """A purchase of this merchant, or None. None is not final: it may still arrive."""
        wanted = Wanted()
        wanted.add_ref(ref, merchant_id)
        async with self.connect() as connection:
            snapshot = await read(connection, wanted)
            target_id = find_target(ref, merchant_id, snapshot).purchase_id
            account_id = snapshot.account_of_purchase.get(target_id) if target_id else None
            if target_id is None or account_id is None:
                return None
            purchase = snapshot.accounts[account_id].purchases[target_id]
            if purchase.merchant_id != merchant_id:
                return None
            row = await connection.fetchrow(
                "SELECT signed_payload, signature, key_id FROM outcome"
                " WHERE merchant_id = $1 AND request_id = $2",
                merchant_id,
                purchase.request_id,
            )
        posting = _at(snapshot, account_id)
        sealed = SealedAnswer(row["signed_payload"], row["signature"], row["key_id"])
        return FoundPurchase(snapshot.now, posting.purchases[target_id], sealed, posting.certificates)

    async def balance(self, card_token: bytes) -> Balance:
        """The certificates of a card, those of the earliest expiry first."""
        wanted = Wanted()
        wanted.add_card(card_token)
        snapshot = await self._read(wanted)
        card = snapshot.card(card_token)
        if card is None:
            return Balance(snapshot.now, (), Reason.CARD_UNKNOWN)
        posting = _at(snapshot, card.account_id)
        certificates = tuple(sorted(posting.certificates.values(), key=lambda c: (c.valid_until, c.id)))
        if card.stopped_at is not None and card.stopped_at <= snapshot.now:
            return Balance(snapshot.now, certificates, Reason.CARD_STOPPED)
        return Balance(snapshot.now, certificates, Reason.ACCOUNT_BLOCKED if posting.is_blocked else None)

    async def list_operations(
        self,
        merchant_id: int,
        terminal_ids: list[int],
        *,
        after: tuple[datetime, UUID] | None,
        decided_from: datetime,
        limit: int,
    ) -> list[OperationRow]:
        """Outcomes of some terminals in order of decision, after a cursor or from an instant on."""
        since, since_id = after or (decided_from, _FIRST)
        async with self.connect() as connection:
            rows = await connection.fetch(
                _OPERATIONS, merchant_id, terminal_ids, since, since_id, limit, self.listing_delay
            )
        return [
            OperationRow(
                row["request_id"],
                row["terminal_id"],
                row["purchase_id"],
                row["decided_at"],
                SealedAnswer(row["signed_payload"], row["signature"], row["key_id"]),
            )
            for row in rows
        ]

    async def _read(self, wanted: Wanted) -> Snapshot:
        async with self.connect() as connection:
            snapshot = await read(connection, wanted)
        await self.registry.refresh_if_behind(snapshot.registry_epoch)
        await self.goods.refresh_if_behind(snapshot.goods_epoch)
        return snapshot


def _at(snapshot: Snapshot, account_id: int) -> Posting:
    """The account as it truly is at the instant of reading: with what time has done to it."""
    posting = Posting(snapshot.accounts[account_id], snapshot.now)
    pass_time(posting)
    return posting
