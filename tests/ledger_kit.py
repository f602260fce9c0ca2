"""A real ledger on a real database, with small lists and one merchant: what ledger tests stand on."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any, Protocol
from uuid import UUID, uuid4

import asyncpg
from msgspec.structs import replace
from sqlalchemy.engine import make_url
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.domain.basket import Basket, Line
from gateway.domain.category import (
    ClassMap,
    GoodsClass,
    ListBook,
    PrefixRule,
    PriceCeiling,
    Program,
    ProhibitedList,
    PublishedNominal,
)
from gateway.domain.certificate import Certificate
from gateway.domain.commands import Act, Authorize, CloseShift, Command, Issue, Origin
from gateway.domain.outcome import Outcome
from gateway.domain.policy import Agreement, Policy, Standing
from gateway.goods.sources import goods_by
from gateway.ledger.answers import SealedAnswer, StoredAnswer
from gateway.ledger.committer import Committer
from gateway.ledger.deciding import Rules
from gateway.ledger.ids import uuid7
from gateway.ledger.waiting import Limits
from gateway.runtime.database import driver_connection, make_engine
from loadtests.plain.ledger import PlainLedger
from loadtests.plain.starting import make_plain_engine

ACT = Act("Комиссия", "17", date(2026, 11, 1))

PROGRAMS = (
    Program("FOOD", 1, "Продукты", "Food", GoodsClass.FOOD, frozenset({GoodsClass.FOOD})),
    Program("CHILDREN", 1, "Детское", "Children", GoodsClass.CHILDREN, frozenset({GoodsClass.CHILDREN})),
    Program(
        "DURABLE",
        1,
        "Техника",
        "Durable",
        GoodsClass.DURABLE,
        frozenset({GoodsClass.DURABLE}),
        is_one_shot=True,
        ceilings=(PriceCeiling("26.40", 12_500_00),),
    ),
    Program(
        "STRICT",
        1,
        "Без доплаты",
        "Strict",
        GoodsClass.FOOD,
        frozenset({GoodsClass.FOOD}),
        allows_own_money=False,
    ),
)

LISTS = ListBook(
    prohibited=(
        ProhibitedList(
            "test-1",
            datetime(2022, 3, 1, tzinfo=UTC),
            "test act",
            (
                PrefixRule("beer", "11.05", True, "Пиво"),
                PrefixRule("beer-free", "11.05.10.110", False, "Пиво до 0,5 %"),
                PrefixRule("tobacco", "12", True, "Табак"),
            ),
        ),
    ),
    class_map=ClassMap(
        "test-1",
        {
            "10": frozenset({GoodsClass.FOOD}),
            "11": frozenset({GoodsClass.FOOD}),
            "32.40": frozenset({GoodsClass.CHILDREN}),
            "26.40": frozenset({GoodsClass.DURABLE}),
        },
    ),
    programs={(p.code, p.version): p for p in PROGRAMS},
    nominals=tuple(
        PublishedNominal(goods_class, kopecks, date(2022, 3, 1))
        for goods_class, kopecks in ((GoodsClass.FOOD, 500_00), (GoodsClass.CHILDREN, 2000_00))
    ),
)

AGREEMENT = Agreement(7, frozenset(p.code for p in PROGRAMS), date(2022, 3, 1), None)


def standing(terminal_id: int) -> Standing:
    """Terminals 11 to 19 belong to merchant 1, 21 to 29 to merchant 2, and so on, one agreement each."""
    merchant_id = terminal_id // 10
    agreement = replace(AGREEMENT, id=AGREEMENT.id + merchant_id - 1)
    return Standing(merchant_id, merchant_id * 100, terminal_id, agreements=(agreement,))


# The same merchants in the registry's tables, for whoever checks what the ledger refers to.
REGISTERED = f"""
INSERT INTO merchant (id, inn, name) OVERRIDING SYSTEM VALUE
  SELECT m, lpad(m::text, 10, '0'), 'merchant ' || m FROM generate_series(1, 9) m ON CONFLICT DO NOTHING;
INSERT INTO outlet (id, merchant_id, name, address) OVERRIDING SYSTEM VALUE
  SELECT m * 100, m, 'shop', 'street' FROM generate_series(1, 9) m ON CONFLICT DO NOTHING;
INSERT INTO terminal (id, outlet_id, name) OVERRIDING SYSTEM VALUE
  SELECT m * 10 + t, m * 100, 'till ' || t FROM generate_series(1, 9) m, generate_series(1, 9) t
  ON CONFLICT DO NOTHING;
INSERT INTO agreement (id, merchant_id, number, in_force) OVERRIDING SYSTEM VALUE
  SELECT {AGREEMENT.id} + m - 1, m, 'agreement', '[2022-03-01,)' FROM generate_series(1, 9) m
  ON CONFLICT DO NOTHING"""  # noqa: S608


def origin(terminal_id: int = 11, shift_number: int = 1) -> Origin:
    """The origin of a command of one of the kit's terminals."""
    return Origin(terminal_id // 10, terminal_id // 10 * 100, terminal_id, shift_number=shift_number)


def line(number: int, amount_kopecks: int, okpd2: str = "10.71.11.110", quantity_milli: int = 1000) -> Line:
    """A line of pieces whose sums add up."""
    unit_price = amount_kopecks * 1000 // quantity_milli
    return Line(
        line_number=number,
        item_name="ТОВАР",
        quantity_milli=quantity_milli,
        unit_price_kopecks=unit_price,
        discount_kopecks=0,
        amount_kopecks=amount_kopecks,
        okpd2=okpd2,
    )


def new_request_id() -> UUID:
    """A till's request id."""
    return uuid7(datetime.now(UTC))


def seal(
    command: Command | CloseShift,
    outcome: Outcome,
    certificates: Mapping[UUID, Certificate],
    decided_at: datetime,
) -> SealedAnswer:
    """A readable stand-in for the wire's rendering: the ledger treats answers as bytes."""
    del certificates
    text = f"{command.request_id} {int(outcome.reason or 0)} {decided_at.isoformat()} {uuid4()}"
    return SealedAnswer(text.encode(), b"signature", "key")


class NoRegistry:
    """A registry that never changes."""

    async def refresh_if_behind(self, epoch: int) -> None:
        """Nothing to reload."""


class NoObserver:
    """Watches nothing."""

    def batch_done(self, size: int, lost: int, seconds: float) -> None:
        """Ignore."""

    def decided(self, command: Command | CloseShift, outcome: Outcome) -> None:
        """Ignore."""


class Ledger(Protocol):
    """What decides commands: the committer, the plain ledger that it is compared with, or a gateway."""

    async def submit(self, command: Command | CloseShift, *, deadline: float | None = None) -> StoredAnswer:
        """The one stored answer of a command."""

    async def stop(self) -> None:
        """Finish what is under way."""


@dataclass
class Kit:
    """One database with any number of ledgers at work on it."""

    engine: AsyncEngine
    policy: Policy = field(default_factory=Policy)
    standings: dict[int, Standing] = field(default_factory=dict)
    is_plain: bool = False
    lists: ListBook = LISTS
    _stopping: list[Ledger] = field(default_factory=list)

    def connect(self) -> AbstractAsyncContextManager[asyncpg.Connection]:
        """A connection as the committer asks for it."""
        return driver_connection(self.engine)

    def standing_of(self, terminal_id: int) -> Standing | None:
        """The standing that a test has set, or an ordinary one."""
        return self.standings.get(terminal_id) or standing(terminal_id)

    @property
    def rules(self) -> Rules:
        """What the kit's ledgers decide by."""
        return Rules(self.policy, lambda _: self.lists, goods_by(self.lists), self.standing_of)

    async def ledger(self) -> Ledger:
        """One more ledger of the kind that the kit is for, as another worker would be."""
        return await self.plain() if self.is_plain else await self.committer()

    def reason_in(self, answer: StoredAnswer) -> int:
        """The number of the reason that a stored answer tells; 0 if it approves."""
        return int(answer.sealed.signed_payload.split()[1])

    async def are_all(self, waiting: int, commands: int) -> bool:
        """Whether so many commands at once have got as far as they can, if so many sessions wait to write."""
        return waiting == commands

    def token_of(self, card: bytes) -> bytes:
        """What stands in the database for a card that a test knows by some bytes."""
        return card

    async def plain(self) -> PlainLedger:
        """One more plain ledger."""
        url = self.engine.url.render_as_string(hide_password=False)
        engine = make_plain_engine(url, silence_s=10, lock_wait_s=10)
        made = PlainLedger(engine, self.rules, seal, NoRegistry(), NoObserver())
        self._stopping.append(made)
        return made

    async def committer(self, connect: Any = None, **limits: Any) -> Committer:
        """One more committer, as another worker would be; `connect` replaces its way to the database."""
        committer = Committer(
            connect or self.connect, self.rules, seal, NoRegistry(), NoObserver(), Limits(**limits)
        )
        await committer.start()
        self._stopping.append(committer)
        return committer

    async def stop(self) -> None:
        """Drain every ledger."""
        for ledger in self._stopping:
            await ledger.stop()

    async def open_account(self, holder_ref: str, token: bytes) -> int:
        """An empty account with one card."""
        async with self.connect() as connection:
            account_id: int = await connection.fetchval(
                "INSERT INTO card_account (holder_ref, last_decided_at)"
                " VALUES ($1, tillgate_now()) RETURNING id",
                holder_ref,
            )
            await connection.execute(
                "INSERT INTO card (token, account_id) VALUES ($1, $2)", self.token_of(token), account_id
            )
        return account_id

    async def issue(self, ledger: Ledger, holder_ref: str, **changes: Any) -> Outcome:
        """Issue a food certificate of 500 points, or as `changes` say."""
        today = datetime.now(UTC).date()
        reference = str(uuid4())
        command = Issue(
            request_id=uuid4(),
            issue_ref=reference,
            holder_ref=holder_ref,
            program_code="FOOD",
            program_version=1,
            nominal_kopecks=500_00,
            first_day=today - timedelta(days=1),
            last_day=today + timedelta(days=30),
            act=ACT,
            names_own_nominal=True,
        )
        return must(await ledger.submit(replace(command, **changes)))

    async def card(self, ledger: Ledger, *nominals_kopecks: int, program_code: str = "FOOD") -> bytes:
        """A card whose account has one certificate for each nominal."""
        token, holder = uuid4().bytes, f"holder-{uuid4()}"
        await self.open_account(holder, token)
        for nominal in nominals_kopecks:
            issued = await self.issue(ledger, holder, nominal_kopecks=nominal, program_code=program_code)
            assert issued.is_approved
        return token

    async def balances(self, token: bytes) -> list[tuple[int, int, int, int]]:
        """(available, held, spent, lapsed) of the card's certificates, in order of expiry."""
        async with self.connect() as connection:
            rows = await connection.fetch(
                "SELECT available_kopecks, held_kopecks, spent_kopecks, lapsed_kopecks FROM certificate c"
                " JOIN card k USING (account_id) WHERE k.token = $1 ORDER BY valid_until, c.id",
                self.token_of(token),
            )
        return [tuple(row) for row in rows]

    async def shift_clock(self, ahead: timedelta) -> None:
        """Move the database's clock: money time goes on as far as a test wants."""
        async with self.connect() as connection:
            await connection.execute(
                "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
                f" 'SELECT clock_timestamp() + interval ''{ahead.total_seconds()} s'''"
            )


def basket(*lines: Line) -> Basket:
    """A basket of lines."""
    return Basket(lines)


def authorize(token: bytes, *lines: Line, terminal_id: int = 11, **changes: Any) -> Authorize:
    """An Authorize of one of the kit's terminals."""
    command = Authorize(new_request_id(), origin(terminal_id), token, Basket(lines))
    return replace(command, **changes)


def must(answer: StoredAnswer) -> Outcome:
    """The outcome of a first answer."""
    assert answer.outcome is not None
    return answer.outcome


@asynccontextmanager
async def kit_on(database_url: str, **changes: Any) -> AsyncIterator[Kit]:
    """A kit on a migrated database, with room for several committers."""
    assert make_url(database_url).database
    engine = make_engine(database_url, pool_size=16)
    kit = Kit(engine, **changes)
    async with kit.connect() as connection:
        await connection.execute(REGISTERED)
    try:
        yield kit
    finally:
        await asyncio.wait_for(kit.stop(), 20)
        await engine.dispose()
