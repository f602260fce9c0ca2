"""What the tests of enrolment share: fictional applicants with right check digits, and small directories.

No tax office has the code 0000, and no bank a BIK that begins with 0499.
"""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, date, datetime
from typing import Any

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from gateway.domain.policy import moscow_date
from gateway.registry.application_form import ApplicantKind, Application, Contact, OutletForm, Signatory
from gateway.registry.applications import apply_for, register, review
from gateway.registry.requisites import with_inn_check_digits
from gateway.runtime.database import make_engine
from loadtests.demo.applicants import BANK, account, ogrn, ogrnip

TREASURY = "019900102"
ADDRESS = "125009, г. Москва, ул. Примерная, д. 1"
WHO: dict[str, Any] = {"by": "Первый", "approved_by": "Второй"}


def moscow_today() -> date:
    """The day that it is in Moscow."""
    return moscow_date(datetime.now(UTC))


def entity(n: int = 1, **changes: Any) -> Application:
    """An application of a legal entity, faultless unless changed."""
    form = Application(
        kind=ApplicantKind.ENTITY,
        name=f"ООО Пример-{n}",
        full_name=f"Общество с ограниченной ответственностью «Пример-{n}»",
        inn=with_inn_check_digits(f"0000{n:05}"),
        kpp="000001001",
        ogrn=ogrn(n),
        bic=BANK,
        account=account(n),
        legal_address=ADDRESS,
        signatory=Signatory("Директор Примера", "генеральный директор", "устав"),
        contact=Contact("Отдел продаж", "+7 495 000-00-00", "post@example.org"),
        outlets=(OutletForm("Магазин 1", ADDRESS), OutletForm("Магазин 2", "г. Москва, ул. Вторая, д. 2")),
    )
    return msgspec.structs.replace(form, **changes)


def entrepreneur(n: int = 1, **changes: Any) -> Application:
    """An application of an individual entrepreneur."""
    own = {
        "kind": ApplicantKind.ENTREPRENEUR,
        "name": f"ИП Пример {n}",
        "full_name": f"Индивидуальный предприниматель Пример {n}",
        "inn": with_inn_check_digits(f"0000{n:06}"),
        "kpp": "",
        "ogrn": ogrnip(n),
        "account": account(n, prefix="40802810"),
    }
    return entity(n, **(own | changes))


def directory_xml(
    *entries: str, day: str = "2026-11-01", version: str = "1", encoding: str = "windows-1251"
) -> bytes:
    """A full directory with these entries, in the encoding that it declares."""
    text = (
        f'<?xml version="1.0" encoding="{encoding}"?><ED807 xmlns="urn:cbr-ru:ed:v2.0" EDNo="1"'
        f' EDDate="{day}" EDAuthor="4583001999" CreationReason="FCBD"'
        f' CreationDateTime="{day}T18:00:00Z" InfoTypeCode="FIRR" BusinessDay="{day}"'
        f' DirectoryVersion="{version}">{"".join(entries)}</ED807>'
    )
    return text.encode(encoding)


def bank_xml(
    bic: str = BANK,
    name: str = "ПРИМЕР БАНК",
    *,
    attributes: str = "",
    inside: str = "",
    inside_account: str = "",
    kind: str = "20",
    since: str = "2001-01-01",
) -> str:
    """An entry of a bank with its correspondent account; `inside` stands in its ParticipantInfo."""
    is_treasury = kind == "52"
    prefix = "40102810" if is_treasury else "30101810"
    own = account(int(bic[6:]), bic, prefix=prefix, in_bank_of_russia=True)
    kept_by = f"04{bic[2:6]}000"
    return (
        f'<BICDirectoryEntry BIC="{bic}"><ParticipantInfo NameP="{name}" Rgn="45" Tnp="г" Nnp="Москва"'
        f' DateIn="{since}" PtType="{kind}" Srvcs="5" XchType="1" UID="1"'
        f' ParticipantStatus="PSAC" {attributes}>{inside}</ParticipantInfo>'
        f'<Accounts Account="{own}" RegulationAccountType="{"UTRA" if is_treasury else "CRSA"}" CK="00"'
        f' AccountCBRBIC="{kept_by}" DateIn="2001-01-01" AccountStatus="ACAC">{inside_account}</Accounts>'
        "</BICDirectoryEntry>"
    )


@dataclass(frozen=True)
class Office:
    """The department's desk at a database, as the registry's owner."""

    engine: AsyncEngine

    @asynccontextmanager
    async def work(self) -> AsyncIterator[AsyncConnection]:
        """One transaction, committed at its end."""
        async with self.engine.begin() as connection:
            yield connection

    async def enrol(self, form: Application) -> int:
        """Submit, review and register; the merchant's id."""
        async with self.work() as connection:
            receipt = await apply_for(connection, form)
        async with self.work() as connection:
            await review(connection, receipt.application_id, by="Первый")
        async with self.work() as connection:
            return await register(connection, receipt.application_id, **WHO)

    async def set_clock(self, instant: datetime) -> None:
        """Let the database believe that it is another time."""
        async with self.work() as connection:
            await connection.exec_driver_sql(
                "CREATE OR REPLACE FUNCTION tillgate_now() RETURNS timestamptz LANGUAGE sql VOLATILE AS"
                f" $$ SELECT '{instant.isoformat()}'::timestamptz $$"
            )


@asynccontextmanager
async def office_on(database_url: str) -> AsyncIterator[Office]:
    """An office at a migrated database."""
    engine = make_engine(database_url)
    try:
        yield Office(engine)
    finally:
        await engine.dispose()
