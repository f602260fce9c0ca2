"""What tests of payouts share: made-up merchants with claims that wait for money, registers, statements."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from hashlib import sha256
from typing import Any, Final

import asyncpg
from sqlalchemy.ext.asyncio import AsyncEngine

from gateway.record.words import Actor
from gateway.registry.bic.directory import import_directory
from gateway.registry.bic.file import parse_bic_file
from gateway.registry.requisites import with_inn_check_digits
from gateway.runtime.database import driver_connection, make_engine
from loadtests.demo.applicants import BANK, account, bic_directory
from settlement.claims.model import BankAccount
from settlement.payouts import making
from settlement.payouts.importing import Imported, import_statement, own_accounts
from settlement.payouts.model import (
    ControlSum,
    Payee,
    Payer,
    Payout,
    PayoutState,
    Transfer,
    TransferState,
    control_sum,
    rubles,
)
from settlement.payouts.purpose import end_to_end_id, order_number_of
from settlement.payouts.reading import read_statement
from settlement.payouts.storing import read_payout

FIRST: Final = Actor.person("first")
SECOND: Final = Actor.person("second")

DAY: Final = date(2026, 11, 24)
MADE_AT: Final = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)
KBK: Final = "14810030000000000810"

PAYER: Final = Payer(
    name="Департамент Примера",
    inn=with_inn_check_digits("000099999"),
    kpp="000001001",
    bic=BANK,
    bank_name="ПРИМЕР БАНК",
    bank_city="г. Москва",
    correspondent_account=account(101, prefix="30101810", in_bank_of_russia=True),
    account=account(900, prefix="40201810"),
    oktmo="45380000",
)

PAYER_TOML: Final = "[payer]\n" + "\n".join(
    f'{name} = "{getattr(PAYER, name)}"'
    for name in PAYER.__struct_fields__
    if name not in ("drawer_status", "priority")
)


def transfer(n: int = 1, payout_id: int = 7, **changes: Any) -> Transfer:
    """Transfer number n of a register, faultless unless changed."""
    name = end_to_end_id(payout_id, n)
    fields: dict[str, Any] = {
        "id": n,
        "end_to_end_id": name,
        "payout_id": payout_id,
        "claim_id": 100 + n,
        "state": TransferState.EXPORTED,
        "order_number": order_number_of(n),
        "dated": DAY,
        "amount_kopecks": 100_000_50 + n,
        "account_id": n,
        "payee": payee(n),
        "kbk": KBK,
        "personal_account": "0314811111450001",
        "obligation_number": "БО-2026-17",
        "purpose_code": "81-01",
        "purpose": f"Субсидия по договору Д-{n} за октябрь 2026 г., {name}",
    }
    return Transfer(**(fields | changes))


def payee(n: int, **changes: Any) -> Payee:
    """Merchant number n; every third is an entrepreneur."""
    is_entrepreneur = n % 3 == 0
    fields: dict[str, Any] = {
        "name": f"ИП Пример {n}" if is_entrepreneur else f'ООО "Пример-{n}" ёлка №{n}',
        "inn": with_inn_check_digits(f"0000{n:06}" if is_entrepreneur else f"0000{n:05}"),
        "kpp": "" if is_entrepreneur else "000001001",
        "bank": BankAccount(BANK, "ПРИМЕР БАНК", PAYER.correspondent_account, account(n)),
    }
    return Payee(**(fields | changes))


def payout(transfers: Sequence[Transfer], **changes: Any) -> Payout:
    """An approved register of these transfers."""
    fields: dict[str, Any] = {
        "id": 7,
        "state": PayoutState.EXPORTED,
        "dated": DAY,
        "payer": PAYER,
        "control": control_sum(PAYER, transfers),
        "made_by": "first",
        "made_at": MADE_AT,
        "approved_by": "second",
        "approved_at": MADE_AT,
        "transfers": transfers,
    }
    return Payout(**(fields | changes))


def counted(amounts_kopecks: Iterable[int], control: ControlSum) -> tuple[int, int]:
    """Count and sum of what a file holds, to be compared with a control sum's."""
    found = list(amounts_kopecks)
    assert (len(found), sum(found)) == (control.count, control.sum_kopecks)
    return len(found), sum(found)


@dataclass(frozen=True)
class Treasury:
    """The department's desk of payouts on a database of a test."""

    engine: AsyncEngine

    @asynccontextmanager
    async def work(self) -> AsyncIterator[asyncpg.Connection]:
        """One transaction, committed at its end."""
        async with driver_connection(self.engine) as connection, connection.transaction():
            yield connection

    async def sql(self, statement: str, *values: Any) -> Any:
        """Run one statement; the first value of its first row."""
        async with self.work() as connection:
            return await connection.fetchval(statement, *values)

    async def row(self, statement: str, *values: Any) -> dict[str, Any]:
        """Run one statement; its first row."""
        async with self.work() as connection:
            return dict(await connection.fetchrow(statement, *values))

    async def merchant(self, n: int) -> int:
        """Merchant number n, with an account that two persons confirmed."""
        one = payee(n)
        merchant_id: int = await self.sql(
            "INSERT INTO merchant (inn, name) VALUES ($1, $2) RETURNING id", one.inn, one.name
        )
        kind, ogrn = ("ENTREPRENEUR", "0" * 15) if len(one.inn) == 12 else ("ENTITY", "0" * 13)
        await self.sql(
            """
            INSERT INTO merchant_profile (merchant_id, kind, full_name, kpp, ogrn, legal_address,
              postal_address, signatory, contact, registered_on, is_taken_over)
            VALUES ($1, $2, $3, $4, $5, '-', '-', '{}', '{}', '2026-01-01', false)
            """,
            merchant_id, kind, one.name, one.kpp, ogrn,
        )  # fmt: skip
        await self.account(merchant_id, one.bank.account)
        return merchant_id

    async def account(self, merchant_id: int, number: str, bic: str = BANK) -> int:
        """Another account of a merchant, confirmed by a second person now."""
        account_id: int = await self.sql(
            """
            INSERT INTO merchant_account (merchant_id, bic, account, state, reason, proposed_by, decided_by,
              decided_at)
            VALUES ($1, $2, $3, 'CONFIRMED', '-', 'first', 'second', tillgate_now()) RETURNING id
            """,
            merchant_id, bic, number,
        )  # fmt: skip
        return account_id

    async def claim(self, merchant_id: int, approved_kopecks: int, *, settings: str = "{}") -> int:
        """A claim of a new agreement of its own, approved and payable."""
        number = await self.sql("SELECT 'Д-' || count(*) + 1 FROM agreement")
        agreement_id = await self.sql(
            """
            INSERT INTO agreement (merchant_id, number, in_force, settings)
            VALUES ($1, $2, '[2026-01-01,)', jsonb_build_object('settlement', $3::text::jsonb)) RETURNING id
            """,
            merchant_id, number, settings,
        )  # fmt: skip
        claim_id: int = await self.sql(
            """
            INSERT INTO claim (agreement_id, merchant_id, first_day, last_day, correction_number, state,
              built_at, lines_sha256, line_count, sale_kopecks, returned_kopecks, carried_kopecks,
              over_limit_kopecks, unmatched_kopecks, approved_kopecks, filed_at)
            VALUES ($1, $2, '2026-10-01', '2026-10-31', 0, 'PAYABLE',
              tillgate_now(), $4, 1, $3, 0, 0, 0, 0, $3, tillgate_now()) RETURNING id
            """,
            agreement_id, merchant_id, approved_kopecks, sha256(b"").digest(),
        )  # fmt: skip
        return claim_id

    async def made(self, *claim_ids: int) -> Payout:
        """A draft register."""
        async with self.work() as connection:
            return await making.make(connection, PAYER, by=FIRST, dated=DAY, claim_ids=claim_ids or None)

    async def sent(self, *claim_ids: int) -> Payout:
        """A register that was approved and handed on."""
        made = await self.made(*claim_ids)
        async with self.work() as connection:
            await making.approve(connection, made.id, by=SECOND, sha256=made.control.sha256)
        async with self.work() as connection:
            return await making.hand_on(connection, made.id, by=FIRST, form="pain")

    async def read(self, payout_id: int) -> Payout:
        """A register as it stands."""
        async with self.work() as connection:
            return await read_payout(connection, payout_id)

    async def imported(self, data: bytes, *, sets_aside: bool = False) -> Imported:
        """Import a statement's bytes."""
        async with self.work() as connection:
            statement = read_statement(data, await own_accounts(connection) | {PAYER.account})
            return await import_statement(connection, statement, by=SECOND, sets_aside=sets_aside)

    async def claim_now(self, claim_id: int) -> tuple[str, int]:
        """State and paid kopecks of a claim."""
        row = await self.row("SELECT state, paid_kopecks FROM claim WHERE id = $1", claim_id)
        return row["state"], row["paid_kopecks"]

    async def transfer_now(self, name: str) -> tuple[str, int, int]:
        """State, executed and returned kopecks of a transfer."""
        row = await self.row(
            "SELECT state, executed_kopecks, returned_kopecks FROM transfer WHERE end_to_end_id = $1", name
        )
        return row["state"], row["executed_kopecks"], row["returned_kopecks"]


@asynccontextmanager
async def treasury_on(database_url: str) -> AsyncIterator[Treasury]:
    """A desk on a migrated database, with the directory that knows the made-up bank."""
    engine = make_engine(database_url)
    try:
        async with engine.begin() as connection:
            await import_directory(connection, parse_bic_file(bic_directory(date(2026, 11, 1))), by="first")
        yield Treasury(engine)
    finally:
        await engine.dispose()


@dataclass(frozen=True)
class Line:
    """A document of a statement: what left our account, or with `is_credit` came in."""

    amount_kopecks: int
    purpose: str = ""
    number: str = "1"
    day: date = DAY
    account: str = account(1)
    inn: str = ""
    is_credit: bool = False
    is_booked: bool = True
    end_to_end: str = "NOTPROVIDED"
    dated: date = DAY


def paid(one: Transfer, kopecks: int | None = None, **more: Any) -> Line:
    """What a bank writes of a transfer that it executed, in whole or in part."""
    fields: dict[str, Any] = {
        "purpose": one.purpose, "number": one.order_number, "account": one.payee.bank.account,
        "end_to_end": one.end_to_end_id, "dated": one.dated,
    }  # fmt: skip
    return Line(one.amount_kopecks if kopecks is None else kopecks, **(fields | more))


def came_back(one: Transfer, kopecks: int | None = None, **more: Any) -> Line:
    """What it writes when the money comes back."""
    fields: dict[str, Any] = {
        "purpose": f"Возврат: счет закрыт. {one.purpose}"[:210], "account": one.payee.bank.account,
        "end_to_end": one.end_to_end_id, "is_credit": True,
    }  # fmt: skip
    return Line(one.amount_kopecks if kopecks is None else kopecks, **(fields | more))


def onec(*lines: Line, account: str = PAYER.account, encoding: str = "cp1251", **totals: str) -> bytes:
    """A statement in 1CClientBankExchange as a bank writes it."""
    left, came = (
        sum(one.amount_kopecks for one in lines if one.is_booked and one.is_credit is is_credit)
        for is_credit in (False, True)
    )
    day = f"{DAY:%d.%m.%Y}"
    head = [
        "1CClientBankExchange", "ВерсияФормата=1.03", "Кодировка=Windows", "Отправитель=Банк",
        "Получатель=", f"ДатаНачала={day}", f"ДатаКонца={day}", f"РасчСчет={account}",
        "СекцияРасчСчет", f"ДатаНачала={day}", f"ДатаКонца={day}", f"РасчСчет={account}",
        f"ВсегоПоступило={totals.get('came', rubles(came))}",
        f"ВсегоСписано={totals.get('left', rubles(left))}",
        "КонецРасчСчет",
    ]  # fmt: skip
    for one in lines:
        head += _document(one, account)
    return "\r\n".join([*head, "КонецФайла", ""]).encode(encoding)


def _document(one: Line, own: str) -> list[str]:
    ours, theirs = ("Получатель", "Плательщик") if one.is_credit else ("Плательщик", "Получатель")
    moved = "ДатаПоступило" if one.is_credit else "ДатаСписано"
    return [
        "СекцияДокумент=Платежное поручение", f"Номер={one.number}", f"Дата={one.dated:%d.%m.%Y}",
        f"Сумма={rubles(one.amount_kopecks)}", f"{ours}Счет={own}", f"{ours}РасчСчет={own}",
        f"{theirs}Счет={one.account}", f"{theirs}РасчСчет={one.account}", f"{theirs}ИНН={one.inn}",
        *([f"{moved}={one.day:%d.%m.%Y}"] if one.is_booked else []),
        f"НазначениеПлатежа={one.purpose}", "КонецДокумента", "",
    ]  # fmt: skip


def camt(*lines: Line, account: str = PAYER.account, version: str = "08", total: str = "") -> bytes:
    """A statement in camt.053 as a bank writes it, in version 02 or 08."""
    left = sum(one.amount_kopecks for one in lines if not one.is_credit)
    entries = "".join(_entry(one, version) for one in lines)
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<Document xmlns="urn:iso:std:iso:20022:tech:xsd:camt.053.001.{version}"><BkToCstmrStmt>'
        f"<GrpHdr><MsgId>M</MsgId><CreDtTm>{DAY}T20:00:00</CreDtTm></GrpHdr>"
        f"<Stmt><Id>S</Id><CreDtTm>{DAY}T20:00:00</CreDtTm>"
        f"<FrToDt><FrDtTm>{DAY}T00:00:00</FrDtTm><ToDtTm>{DAY}T23:59:59</ToDtTm></FrToDt>"
        f"<Acct><Id><Othr><Id>{account}</Id></Othr></Id></Acct>"
        f'<Bal><Tp><CdOrPrtry><Cd>CLBD</Cd></CdOrPrtry></Tp><Amt Ccy="RUB">0</Amt>'
        f"<CdtDbtInd>CRDT</CdtDbtInd><Dt><Dt>{DAY}</Dt></Dt></Bal>"
        f"<TxsSummry><TtlDbtNtries><Sum>{total or rubles(left)}</Sum></TtlDbtNtries></TxsSummry>"
        f"{entries}</Stmt></BkToCstmrStmt></Document>"
    )
    return text.encode()


def _entry(one: Line, version: str) -> str:
    side, party = ("CRDT", "Dbtr") if one.is_credit else ("DBIT", "Cdtr")
    status = "BOOK" if one.is_booked else "PDNG"
    state = status if version == "02" else f"<Cd>{status}</Cd>"
    inn = f"<Id><OrgId><Othr><Id>{one.inn}</Id></Othr></OrgId></Id>" if one.inn else ""
    inside = f"<Nm>Пример</Nm>{inn}"
    whole = inside if version == "02" else f"<Pty>{inside}</Pty>"
    cut = [one.purpose[start : start + 140] for start in range(0, len(one.purpose), 140)]
    texts = "".join(f"<Ustrd>{text}</Ustrd>" for text in cut)
    return (
        f'<Ntry><Amt Ccy="RUB">{rubles(one.amount_kopecks)}</Amt><CdtDbtInd>{side}</CdtDbtInd>'
        f"<Sts>{state}</Sts><BookgDt><Dt>{one.day}</Dt></BookgDt>"
        f"<BkTxCd><Prtry><Cd>01</Cd></Prtry></BkTxCd>"
        f"<NtryDtls><TxDtls><Refs><EndToEndId>{one.end_to_end}</EndToEndId></Refs>"
        f"<RltdPties><{party}>{whole}</{party}><{party}Acct><Id><Othr><Id>{one.account}</Id></Othr></Id>"
        f"</{party}Acct></RltdPties><RmtInf>{texts}<Strd><RfrdDocInf><Nb>{one.number}</Nb>"
        f"<RltdDt>{one.dated}</RltdDt></RfrdDocInf></Strd></RmtInf></TxDtls></NtryDtls></Ntry>"
    )
