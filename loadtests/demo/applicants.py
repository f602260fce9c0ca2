"""Who applies to join: made-up merchants whose requisites are right by calculation and belong to nobody.

No tax office has the code 0000, no bank a BIK that begins with 0499; the directory that knows this bank alone
is the demo's own, in the form of the Bank of Russia's ED807.
"""

from datetime import date
from typing import Final

from gateway.registry.requisites import has_right_key, with_inn_check_digits
from tillgate.v1 import enrollment_service_pb2 as wire

BANK: Final = "049900101"

_KEPT_BY: Final = "049900000"
_ADDRESS: Final = "125009, г. Москва, ул. Примерная, д. {n}"
_ENTREPRENEUR_EVERY: Final = 3
"""The second merchant and every third after it is an individual entrepreneur."""


def application(n: int, outlets: int) -> wire.Application:
    """What merchant number n says of itself, with so many shops."""
    is_entrepreneur = n % _ENTREPRENEUR_EVERY == _ENTREPRENEUR_EVERY - 1
    form = _entrepreneur(n) if is_entrepreneur else _entity(n)
    common = wire.Application(
        bic=BANK,
        legal_address=_ADDRESS.format(n=n),
        contact=wire.Contact(name="Отдел продаж", phone="+7 495 000-00-00", email="post@example.org"),
        outlets=[
            wire.ApplicantOutlet(name=f"Магазин {shop}", address=_ADDRESS.format(n=shop))
            for shop in range(1, outlets + 1)
        ],
    )
    form.MergeFrom(common)
    return form


def bic_directory(day: date) -> bytes:
    """A full directory of a day in which the made-up bank is the only one."""
    correspondent = account(int(BANK[6:]), prefix="30101810", in_bank_of_russia=True)
    text = (
        '<?xml version="1.0" encoding="windows-1251"?>\n'
        f'<ED807 xmlns="urn:cbr-ru:ed:v2.0" EDNo="1" EDDate="{day}" EDAuthor="4583001999"'
        f' CreationReason="FCBD" CreationDateTime="{day}T00:00:00Z" InfoTypeCode="FIRR"'
        f' BusinessDay="{day}" DirectoryVersion="1">\n'
        f'<BICDirectoryEntry BIC="{BANK}"><ParticipantInfo NameP="ПРИМЕР БАНК" Rgn="45" Tnp="г" Nnp="Москва"'
        ' DateIn="2001-01-01" PtType="20" Srvcs="5" XchType="1" UID="1" ParticipantStatus="PSAC"/>'
        f'<Accounts Account="{correspondent}" RegulationAccountType="CRSA" CK="00"'
        f' AccountCBRBIC="{_KEPT_BY}" DateIn="2001-01-01" AccountStatus="ACAC"/></BICDirectoryEntry>\n'
        "</ED807>\n"
    )
    return text.encode("windows-1251")


def account(n: int, bic: str = BANK, *, prefix: str = "40702810", in_bank_of_russia: bool = False) -> str:
    """Account number n of a kind, with the key that fits a BIK."""
    keyed = (f"{prefix}{key}{n:011}" for key in range(10))
    return next(one for one in keyed if has_right_key(one, bic, in_bank_of_russia=in_bank_of_russia))


def ogrn(n: int) -> str:
    """ОГРН number n, of an entity."""
    digits = f"10000{n:07}"
    return f"{digits}{int(digits) % 11 % 10}"


def ogrnip(n: int) -> str:
    """ОГРНИП number n, of an entrepreneur."""
    digits = f"30000{n:09}"
    return f"{digits}{int(digits) % 13 % 10}"


def _entity(n: int) -> wire.Application:
    return wire.Application(
        kind=wire.APPLICANT_KIND_LEGAL_ENTITY,
        name=f"ООО Пример-{n}",
        full_name=f"Общество с ограниченной ответственностью «Пример-{n}»",
        inn=with_inn_check_digits(f"0000{n:05}"),
        kpp="000001001",
        ogrn=ogrn(n),
        account=account(n),
        signatory=wire.Signatory(name="Директор Примера", position="генеральный директор", basis="устав"),
    )


def _entrepreneur(n: int) -> wire.Application:
    return wire.Application(
        kind=wire.APPLICANT_KIND_INDIVIDUAL_ENTREPRENEUR,
        name=f"ИП Пример-{n}",
        full_name=f"Индивидуальный предприниматель Пример-{n}",
        inn=with_inn_check_digits(f"0000{n:06}"),
        ogrn=ogrnip(n),
        account=account(n, prefix="40802810"),
        signatory=wire.Signatory(
            name=f"Предприниматель Пример-{n}",
            position="индивидуальный предприниматель",
            basis="запись в ЕГРИП",
        ),
    )
