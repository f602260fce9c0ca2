"""Small worlds for tests of the rules: lists, programs, baskets, a shop, and an account with its clock.

`Scene` runs commands through `decide` as the ledger does, keeps the account, and checks after each
that entries sum to balances and that a decline changed nothing, so that every rule's test proves both.
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from msgspec.structs import replace

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
    UnknownGoodsPolicy,
)
from gateway.domain.certificate import Account, Bucket, Certificate, Entry
from gateway.domain.commands import (
    Act,
    AttachReceipt,
    Authorize,
    ByPurchaseId,
    Capture,
    CaptureLine,
    ChangeValidity,
    Command,
    Correct,
    Issue,
    Origin,
    Refund,
    RefundLine,
    SetBlock,
    Void,
    Withdraw,
    WithdrawReason,
)
from gateway.domain.decide import decide
from gateway.domain.outcome import Outcome
from gateway.domain.policy import MOSCOW, Agreement, Context, Policy, Standing
from gateway.domain.purchase import FiscalReceipt, Purchase, ReceiptKind
from gateway.domain.reasons import Reason
from gateway.goods.sources import GoodsAt, goods_by

MILK, BREAD, WATER, BEER, VODKA = (
    "10.51.11.110",
    "10.71.11.110",
    "11.07.11.110",
    "11.05.10.120",
    "11.01.10.110",
)
TOY, FRIDGE, COAT, SOAP = "32.40.11.110", "27.51.11.110", "14.13.21.110", "20.41.31.110"

FOOD = Program("food", 1, "Продукты", "Food", GoodsClass.FOOD, frozenset({GoodsClass.FOOD}))
CHILDREN = Program(
    "children", 1, "Детские", "Children", GoodsClass.CHILDREN, frozenset({GoodsClass.CHILDREN})
)
DURABLE = Program(
    "durable",
    1,
    "Длительного",
    "Durable",
    GoodsClass.DURABLE,
    frozenset({GoodsClass.DURABLE}),
    is_one_shot=True,
)
ANY_GOODS = Program("any", 1, "Любые", "Any goods", GoodsClass.OTHER, frozenset(GoodsClass))
POINTS_ONLY = replace(FOOD, code="points_only", allows_own_money=False)
CAPPED = replace(FOOD, code="capped", ceilings=(PriceCeiling("10", 60_00), PriceCeiling("10.71", 50)))
LENIENT = replace(
    FOOD, code="lenient", unknown_goods=UnknownGoodsPolicy.ALLOW_UP_TO, unknown_goods_up_to_kopecks=100_00
)
KEEPS_REST = replace(DURABLE, code="keeps_rest", rest_lapses_at_capture=False)
PROGRAMS = (FOOD, CHILDREN, DURABLE, ANY_GOODS, POINTS_ONLY, CAPPED, LENIENT, KEEPS_REST)


def at(text: str) -> datetime:
    """An instant by its Moscow wall clock: at("2026-03-10 12:00")."""
    return datetime.fromisoformat(text).replace(tzinfo=MOSCOW).astimezone(UTC)


def prohibited_list(version: str, since: datetime, **rules: str) -> ProhibitedList:
    """A list of rules, given as name="-11.05" (denied) or name="+11.07" (allowed again)."""
    made = tuple(PrefixRule(name, code[1:], code[0] == "-", name) for name, code in rules.items())
    return ProhibitedList(version, since, "act", made)


PROHIBITED = prohibited_list(
    "2026-1",
    at("2020-01-01 00:00"),
    spirits="-11.01",
    beer="-11.05",
    weak_beer="+11.05.10.110",
    tobacco="-12",
)
CLASSES = ClassMap(
    "1",
    {
        "10": frozenset({GoodsClass.FOOD}),
        "11.07": frozenset({GoodsClass.FOOD}),
        "32.40": frozenset({GoodsClass.CHILDREN}),
        "27.51": frozenset({GoodsClass.DURABLE}),
        "14": frozenset({GoodsClass.CLOTHES}),
    },
)
BOOK = ListBook(
    prohibited=(PROHIBITED,),
    class_map=CLASSES,
    programs={(program.code, program.version): program for program in PROGRAMS},
    nominals=(
        PublishedNominal(GoodsClass.FOOD, 1000_00, date(2025, 1, 1)),
        PublishedNominal(GoodsClass.FOOD, 1500_00, date(2026, 1, 1)),
    ),
)


def book(*changed: Program, prohibited: Iterable[ProhibitedList] = (PROHIBITED,)) -> ListBook:
    """The usual lists with some programs or prohibited lists changed."""
    programs = {**BOOK.programs, **{(program.code, program.version): program for program in changed}}
    return replace(BOOK, programs=programs, prohibited=tuple(prohibited))


def line(
    number: int, amount_kopecks: int, okpd2: str = MILK, quantity_milli: int = 1000, **changes: Any
) -> Line:
    """A line that costs an amount; its evidence is the declared code."""
    fields: dict[str, Any] = {
        "item_name": f"item {number}",
        "unit_price_kopecks": amount_kopecks * 1000 // quantity_milli,
        "discount_kopecks": 0,
        "okpd2": okpd2,
    }
    return Line(number, quantity_milli=quantity_milli, amount_kopecks=amount_kopecks, **(fields | changes))


def basket(*lines: Line, rounding_kopecks: int = 0) -> Basket:
    """A basket of lines."""
    return Basket(lines, rounding_kopecks)


ALWAYS = Agreement(7, frozenset(program.code for program in PROGRAMS), date(2020, 1, 1), None)
SHOP = Standing(merchant_id=1, outlet_id=11, terminal_id=111, agreements=(ALWAYS,))
ACT = Act("commission", "12-3", date(2026, 3, 1))


def receipt(issued_at: datetime, document: int = 1, **changes: Any) -> FiscalReceipt:
    """A fiscal receipt of a sale."""
    fields: dict[str, Any] = {
        "kind": ReceiptKind.SALE,
        "fiscal_drive_number": "9999078900000001",
        "fiscal_sign": 1,
    }
    fields |= {"kkt_registration_number": "0000000001000001", "seller_inn": "7707083893", "shift_number": 1}
    return FiscalReceipt(
        fiscal_document_number=document, issued_at=issued_at, total_kopecks=1, **(fields | changes)
    )


@dataclass
class SmallCatalogue:
    """GTINs of 14 digits with their codes."""

    known: Mapping[str, tuple[str, ...]]
    version: str = "test"

    def codes_of(self, gtin: str) -> tuple[str, ...]:
        return self.known.get(gtin, ())


@dataclass
class Scene:
    """One account, one shop and a clock that only the test moves."""

    now: datetime = field(default_factory=lambda: at("2026-03-10 12:00"))
    lists: ListBook = BOOK
    policy: Policy = field(default_factory=Policy)
    shop: Standing = SHOP
    card_stopped: bool = False
    catalogue: dict[str, tuple[str, ...]] = field(default_factory=dict)
    entries: list[Entry] = field(default_factory=list)
    _made: int = 0

    def __post_init__(self) -> None:
        self.account = Account(1, 0, self.now, False, {}, {})

    def after(self, **duration: float) -> "Scene":
        """Let time pass: after(minutes=30)."""
        self.now += timedelta(**duration)
        return self

    def next_id(self) -> UUID:
        """A UUIDv7 of the clock's instant, each greater than the one before."""
        self._made += 1
        milliseconds = int(self.now.timestamp() * 1000)
        return UUID(int=milliseconds << 80 | 7 << 76 | 2 << 62 | self._made)

    def do(self, command: Command, target_id: UUID | None = None) -> Outcome:
        """Decide a command and keep the account; checks what must hold after every command."""
        context = Context(
            self.now,
            self.next_id(),
            self.policy,
            self.lists,
            self._goods,
            self.shop,
            self.card_stopped,
        )
        before = self.account
        decided = decide(before, command, target_id, context)
        if decided.outcome.is_approved:
            self.entries.extend(decided.entries)
        else:
            assert decided.account is before
            assert not decided.entries
        self.account = decided.account
        check_balances(self.account.certificates, self.entries)
        return decided.outcome

    def _goods(self, instant: datetime) -> GoodsAt:
        """The lists in force at an instant, with a catalogue of the scene's own."""
        by_lists = goods_by(self.lists)(instant)
        return GoodsAt(by_lists.edition, SmallCatalogue(self.catalogue))

    @property
    def origin(self) -> Origin:
        """The shop's terminal as the sender of a command."""
        return Origin(self.shop.merchant_id, self.shop.outlet_id, self.shop.terminal_id, shift_number=5)

    def issue(
        self, program: Program, nominal_kopecks: int, last_day: str = "2026-12-31", **changes: Any
    ) -> UUID:
        """Credit a certificate and return its id."""
        fields: dict[str, Any] = {"first_day": date(2026, 1, 1), "act": ACT, "names_own_nominal": True}
        fields |= {"program_version": program.version, "last_day": date.fromisoformat(last_day)}
        command = Issue(
            request_id=self.next_id(),
            issue_ref="ref",
            holder_ref="holder",
            program_code=program.code,
            nominal_kopecks=nominal_kopecks,
            **(fields | changes),
        )
        certificate = self.do(command).certificate
        assert certificate is not None
        return certificate.id

    def authorize(self, goods: Basket | Line, replaces: UUID | None = None, **changes: Any) -> Outcome:
        """Ask for a hold; `replaces` is the id of a purchase of this account or of another."""
        of = goods if isinstance(goods, Basket) else basket(goods)
        if replaces is not None:
            changes["replaces_request_id"] = replaces
        return self.do(Authorize(self.next_id(), self.origin, b"card", of, **changes), replaces)

    def hold(self, goods: Basket | Line, **changes: Any) -> Purchase:
        """Authorize what must be approved."""
        return purchase_of(self.authorize(goods, **changes))

    def sale(self, goods: Basket | Line, **changes: Any) -> Purchase:
        """Authorize and capture what must be approved."""
        return self.hold(goods, is_sale=True, **changes)

    def capture(self, purchase: Purchase, *lines: CaptureLine, **changes: Any) -> Outcome:
        """Capture a purchase, whole or by line."""
        ref = ByPurchaseId(purchase.id)
        return self.do(Capture(self.next_id(), self.origin, ref, lines, **changes), purchase.id)

    def void(self, purchase: Purchase) -> Outcome:
        """Void a purchase."""
        return self.do(Void(self.next_id(), self.origin, ByPurchaseId(purchase.id)), purchase.id)

    def refund(self, purchase: Purchase, *lines: RefundLine, **changes: Any) -> Outcome:
        """Refund a purchase by line, or all that is left."""
        ref = ByPurchaseId(purchase.id)
        return self.do(Refund(self.next_id(), self.origin, ref, lines, **changes), purchase.id)

    def attach(self, purchase: Purchase, *receipts: FiscalReceipt) -> Outcome:
        """Attach receipts to a purchase."""
        ref = ByPurchaseId(purchase.id)
        return self.do(AttachReceipt(self.next_id(), self.origin, ref, receipts), purchase.id)

    def withdraw(self, certificate_id: UUID) -> Outcome:
        """Withdraw a certificate."""
        return self.do(Withdraw(self.next_id(), certificate_id, WithdrawReason.REFUSED, ACT))

    def change_validity(self, certificate_id: UUID, last_day: str) -> Outcome:
        """Move a certificate's last day."""
        return self.do(ChangeValidity(self.next_id(), certificate_id, date.fromisoformat(last_day), ACT))

    def block(self, certificate_id: UUID | None, is_blocked: bool = True) -> Outcome:
        """Block or unblock a certificate, or the account (None)."""
        return self.do(SetBlock(self.next_id(), "holder", certificate_id, is_blocked, ACT))

    def correct(self, certificate_id: UUID, source: Bucket, target: Bucket, amount_kopecks: int) -> Outcome:
        """Correct a certificate's balance by a document."""
        return self.do(Correct(self.next_id(), certificate_id, source, target, amount_kopecks, "doc 1"))

    def balance(self, certificate_id: UUID) -> tuple[int, int, int, int]:
        """(available, held, spent, lapsed) of a certificate, as last decided."""
        c = self.account.certificates[certificate_id]
        return c.available_kopecks, c.held_kopecks, c.spent_kopecks, c.lapsed_kopecks

    def stored(self, purchase: Purchase) -> Purchase:
        """A purchase as last decided."""
        return self.account.purchases[purchase.id]


def purchase_of(outcome: Outcome) -> Purchase:
    """The purchase of an approved outcome."""
    assert outcome.reason is None
    assert outcome.purchase is not None
    return outcome.purchase


def declined_purchase(outcome: Outcome, reason: Reason) -> Purchase:
    """The purchase of an outcome that was declined for this reason."""
    assert reason == outcome.reason
    assert outcome.purchase is not None
    return outcome.purchase


def check_balances(certificates: Mapping[UUID, Certificate], entries: Iterable[Entry]) -> None:
    """Truths 1 and 2: the parts sum to the nominal, none is negative, and entries sum to them."""
    sums = Counter[tuple[UUID, Bucket]]()
    for entry in entries:
        assert entry.amount_kopecks > 0
        sums[entry.certificate_id, entry.target] += entry.amount_kopecks
        if entry.source is not None:
            sums[entry.certificate_id, entry.source] -= entry.amount_kopecks
    for c in certificates.values():
        parts = {
            Bucket.AVAILABLE: c.available_kopecks,
            Bucket.HELD: c.held_kopecks,
            Bucket.SPENT: c.spent_kopecks,
            Bucket.LAPSED: c.lapsed_kopecks,
        }
        assert c.nominal_kopecks == sum(parts.values())
        assert min(parts.values()) >= 0
        assert 0 <= c.restorable_kopecks <= c.lapsed_kopecks
        assert parts == {bucket: sums[c.id, bucket] for bucket in Bucket}
