"""The real committer on a real database as a system for the machines, with a clock that only a test moves."""

import asyncio
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self
from uuid import UUID, uuid4

import asyncpg

from gateway.domain.certificate import Certificate
from gateway.domain.commands import CloseShift, Command, Expire, Origin
from gateway.domain.outcome import Outcome
from gateway.domain.policy import Standing
from gateway.goods.sources import goods_by
from gateway.ledger.answers import SealedAnswer, StoredAnswer
from gateway.ledger.committer import Committer
from gateway.ledger.deciding import Rules
from gateway.ledger.partitions import ensure_partitions
from gateway.ledger.waiting import Limits
from gateway.runtime.database import driver_connection, make_engine
from tests.ledger_kit import Ledger, NoObserver, NoRegistry
from tests.stateful.plain import Plain, answer_of, command_of
from tests.stateful.world import AGREEMENTS, HOLDERS, LISTS, POLICY, START, TILLS, agreements_of

_CLOCK = """
CREATE TABLE test_clock (now timestamptz NOT NULL);
INSERT INTO test_clock VALUES ('{start}');
CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE
  AS 'SELECT now FROM test_clock';
GRANT SELECT ON test_clock TO PUBLIC"""

# What a declined command must leave as it was. Its own outcome, the declined purchase and the guard are
# all that it may write.
_PICTURE = """
SELECT json_build_object(
  'blocked', (SELECT json_agg(a.is_blocked ORDER BY a.id) FROM card_account a WHERE a.id = ANY ($1)),
  'certificates', (SELECT json_agg(c ORDER BY c.id) FROM certificate c WHERE c.account_id = ANY ($1)),
  'purchases', (SELECT json_agg(p ORDER BY p.id) FROM purchase p
    WHERE p.account_id = ANY ($1) AND p.state <> 'DECLINED'),
  'refunds', (SELECT count(*) FROM refund r WHERE r.account_id = ANY ($1)),
  'receipts', (SELECT count(*) FROM receipt r WHERE r.account_id = ANY ($1)),
  'entries', (SELECT count(*) FROM entry e WHERE e.account_id = ANY ($1)),
  'cases', (SELECT count(*) FROM review_case r WHERE r.account_id = ANY ($1)))::text"""

_WRONG_BALANCES = """
SELECT c.id, part.name, part.balance, sum(CASE e.target WHEN part.name THEN e.amount_kopecks
  ELSE -e.amount_kopecks END) AS entries
FROM certificate c
CROSS JOIN LATERAL (VALUES ('AVAILABLE', c.available_kopecks), ('HELD', c.held_kopecks),
  ('SPENT', c.spent_kopecks), ('LAPSED', c.lapsed_kopecks)) AS part(name, balance)
LEFT JOIN entry e ON e.account_id = c.account_id AND e.certificate_id = c.id
  AND part.name IN (e.source, e.target)
WHERE c.account_id = ANY ($1)
GROUP BY c.id, part.name, part.balance
HAVING part.balance <> coalesce(sum(CASE e.target WHEN part.name THEN e.amount_kopecks
  ELSE -e.amount_kopecks END), 0)"""


def seal(
    command: Command | CloseShift,
    outcome: Outcome,
    certificates: Mapping[UUID, Certificate],
    decided_at: datetime,
) -> SealedAnswer:
    """Readable bytes that are never the same twice, so that a replay that was rendered anew shows."""
    told = {"reason": outcome.reason.name if outcome.reason else None, "id": str(command.request_id)}
    return SealedAnswer(json.dumps({**told, "nonce": str(uuid4())}).encode(), uuid4().bytes, "key")


@dataclass
class LedgerDatabase:
    """One database and one committer, for all the examples of a test; each example has its own accounts."""

    url: str
    runner: asyncio.Runner = field(default_factory=asyncio.Runner)
    system: "LedgerSystem | None" = None
    examples: int = 0

    def __enter__(self) -> Self:
        self.runner.run(self._open())
        return self

    def __exit__(self, *exception: object) -> None:
        self.runner.run(self._close())
        self.runner.close()

    async def _open(self) -> None:
        self.engine = make_engine(self.url)
        self.own = driver_connection(self.engine)
        self.connection: asyncpg.Connection = await self.own.__aenter__()
        await self.connection.execute(_CLOCK.format(start=START.isoformat()))
        await ensure_partitions(self.connection, first=START)
        await self._register()
        rules = Rules(POLICY, lambda _: LISTS, goods_by(LISTS), self._standing_of)
        self.committer = Committer(
            lambda: driver_connection(self.engine), rules, seal, NoRegistry(), NoObserver(), Limits()
        )
        await self.committer.start()

    async def _close(self) -> None:
        await self.committer.stop()
        await self.own.__aexit__(None, None, None)
        await self.engine.dispose()

    @property
    def ledger(self) -> Ledger:
        """What decides the commands of the examples."""
        return self.committer

    def make_system(self) -> "LedgerSystem":
        """A system for one more example."""
        return LedgerSystem(self)

    def token_of(self, card: str) -> bytes:
        """What stands in the database for a card."""
        return card.encode()

    def _standing_of(self, terminal_id: int) -> Standing | None:
        return self.system.standing_of(terminal_id) if self.system else None

    async def _register(self) -> None:
        """The world's merchants in the registry's tables, which `verify` compares the ledger with."""
        await self.connection.executemany(
            "INSERT INTO merchant (id, inn, name) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $2)",
            sorted({(merchant, f"{merchant:010}") for merchant, _, _ in TILLS}),
        )
        await self.connection.executemany(
            "INSERT INTO outlet (id, merchant_id, name, address) OVERRIDING SYSTEM VALUE"
            " VALUES ($1, $2, $3, 'street')",
            sorted({(outlet, merchant, f"shop {outlet}") for merchant, outlet, _ in TILLS}),
        )
        await self.connection.executemany(
            "INSERT INTO terminal (id, outlet_id, name) OVERRIDING SYSTEM VALUE VALUES ($1, $2, $3)",
            [(terminal, outlet, f"till {terminal}") for _, outlet, terminal in TILLS],
        )
        await self.connection.executemany(
            "INSERT INTO agreement (id, merchant_id, number, in_force) OVERRIDING SYSTEM VALUE"
            " VALUES ($1, $2, $3, daterange($4, $5))",
            [(f["id"], f["merchant"], f"no {f['id']}", f["from"], f["until"]) for f in AGREEMENTS],
        )


class LedgerSystem:
    """One example's accounts on the database; nothing of other examples is seen or touched."""

    def __init__(self, database: LedgerDatabase) -> None:
        database.examples += 1
        database.system = self
        self.database = database
        self.number = database.examples
        self.suspended_at: dict[int, datetime] = {}
        self.disabled: set[int] = set()
        self.stopped_cards: set[str] = set()
        self.answers: dict[str, SealedAnswer] = {}
        self._now = START
        self.now = START
        self.account_ids = {holder: self._wait(self._open_account(holder)) for holder in HOLDERS}

    def _wait(self, coroutine: Any) -> Any:
        return self.database.runner.run(coroutine)

    def _fetch(self, query: str, *arguments: Any) -> Any:
        return self._wait(self.database.connection.fetch(query, *arguments))

    async def _open_account(self, holder: str) -> int:
        account_id: int = await self.database.connection.fetchval(
            "INSERT INTO card_account (holder_ref, last_decided_at) VALUES ($1, $2) RETURNING id",
            self.own(holder),
            START,
        )
        for card in (holder, f"{holder}/2"):
            await self.database.connection.execute(
                "INSERT INTO card (token, account_id) VALUES ($1, $2)",
                self.database.token_of(self.own(card)),
                account_id,
            )
        return account_id

    def own(self, name: str) -> str:
        """A name that no other example uses."""
        return f"{self.number}:{name}"

    @property
    def now(self) -> datetime:
        """The database's clock."""
        return self._now

    @now.setter
    def now(self, instant: datetime) -> None:
        self._now = instant
        self._wait(self.database.connection.execute("UPDATE test_clock SET now = $1", instant))

    def command(self, request: Plain) -> Command | CloseShift:
        """The command of a request, in this example's names."""
        if request["kind"] == "close":
            merchant, outlet, terminal = request["till"]
            origin = Origin(merchant, outlet, terminal, shift_number=self.number)
            return CloseShift(UUID(request["id"]), origin)
        if request["kind"] == "expire":
            return Expire(UUID(request["id"]), self.account_ids[request["holder"]])
        named: Plain = {name: self.own(request[name]) for name in ("holder", "card") if name in request}
        return command_of({**request, **named, "shift": self.number})

    def submit(self, *requests: Plain) -> Sequence[StoredAnswer | BaseException]:
        """Submit requests at once: the committer takes them as one batch, in this order."""

        async def together() -> Sequence[StoredAnswer | BaseException]:
            submitting = [self.database.ledger.submit(self.command(request)) for request in requests]
            return await asyncio.gather(*submitting, return_exceptions=True)

        answers: Sequence[StoredAnswer | BaseException] = self._wait(together())
        return answers

    def run_together(self, *requests: Plain) -> list[Plain]:
        """Decide new requests in one batch."""
        answers = []
        for request, stored in zip(requests, self.submit(*requests), strict=True):
            if isinstance(stored, BaseException):
                raise stored
            assert not stored.is_replay
            assert stored.outcome is not None
            self.answers[request["id"]] = stored.sealed
            answer = answer_of(stored.outcome)
            assert answer["reason"] == self.reason_in(stored.sealed)
            shift = stored.outcome.shift
            answers.append({**answer, "shift": shift})
        return answers

    def reason_in(self, sealed: SealedAnswer) -> str | None:
        """The reason that a stored answer tells."""
        reason: str | None = json.loads(sealed.signed_payload)["reason"]
        return reason

    def run(self, request: Plain) -> Plain:
        """Decide a new request."""
        return self.run_together(request)[0]

    def standing_of(self, terminal_id: int) -> Standing | None:
        """What the registry says of a till."""
        for merchant, outlet, terminal in TILLS:
            if terminal == terminal_id:
                return Standing(
                    merchant_id=merchant,
                    outlet_id=outlet,
                    terminal_id=terminal,
                    suspended_at=self.suspended_at.get(merchant),
                    is_outlet_enabled=outlet not in self.disabled,
                    is_terminal_enabled=terminal not in self.disabled,
                    agreements=agreements_of(merchant),
                )
        return None

    def stop_card(self, card: str) -> None:
        """Put a card on the stop list."""
        self._fetch(
            "UPDATE card SET stopped_at = tillgate_now(), stop_reason = 'lost' WHERE token = $1",
            self.database.token_of(self.own(card)),
        )

    def balances(self, holder: str) -> dict[str, tuple[int, int, int, int]]:
        """(available, held, spent, lapsed) of each certificate of a holder."""
        rows = self._fetch(
            "SELECT id::text, available_kopecks, held_kopecks, spent_kopecks, lapsed_kopecks"
            " FROM certificate WHERE account_id = $1",
            self.account_ids[holder],
        )
        return {row[0]: tuple(row)[1:] for row in rows}

    def picture(self) -> Any:
        """Every row that a declined command must leave as it was."""
        return self._fetch(_PICTURE, list(self.account_ids.values()))[0][0]

    def check(self) -> None:
        """Entries sum to balances; that balances sum to the nominal the table itself sees to."""
        assert [] == self._fetch(_WRONG_BALANCES, list(self.account_ids.values()))
