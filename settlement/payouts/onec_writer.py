"""1CClientBankExchange 1.03: the register as payment orders that accounting and bank programs take.

Keys and their order: the format's description at v8.1c.ru/edi/edi_stnd/100/101.htm, and files as programs
write them. Lines end with CR LF.
"""

from collections.abc import Iterator
from typing import Final

from gateway.domain.policy import MOSCOW
from settlement.payouts.model import Payer, Payout, Transfer, rubles
from settlement.payouts.purpose import encoded

ENCODINGS: Final = ("windows-1251", "utf-8")

_DECLARED: Final = {"windows-1251": "Windows", "utf-8": "UTF-8"}
_ORDER: Final = "Платежное поручение"
_KIND: Final = "01"
"""Вид операции of a payment order (762-П, field 18)."""


def write_onec(payout: Payout, encoding: str = "windows-1251") -> bytes:
    """The whole file; the same register gives the same bytes.

    Raises PayoutError CHARACTER_UNFIT for the first character that the encoding cannot carry.
    """
    lines = []
    for where, field, value in _lines(payout, _DECLARED[encoding]):
        line = field if value is None else f"{field}={value}"
        lines.append(encoded(line, encoding, where, field))
    return b"".join(line + b"\r\n" for line in lines)


def _lines(payout: Payout, declared: str) -> Iterator[tuple[str, str, str | None]]:
    where = f"payout {payout.id}"
    made_at = payout.made_at.astimezone(MOSCOW)
    day = f"{payout.dated:%d.%m.%Y}"
    head = {
        "1CClientBankExchange": None,
        "ВерсияФормата": "1.03",
        "Кодировка": declared,
        "Отправитель": "Tillgate",
        "Получатель": "",
        "ДатаСоздания": f"{made_at:%d.%m.%Y}",
        "ВремяСоздания": f"{made_at:%H:%M:%S}",
        "ДатаНачала": day,
        "ДатаКонца": day,
        "РасчСчет": payout.payer.account,
        "Документ": _ORDER,
    }
    yield from ((where, field, value) for field, value in head.items())
    for one in payout.transfers:
        yield from ((one.end_to_end_id, *line) for line in _order(payout.payer, one).items())
        yield one.end_to_end_id, "КонецДокумента", None
    yield where, "КонецФайла", None


def _order(payer: Payer, one: Transfer) -> dict[str, str]:
    bank = one.payee.bank
    name = payer_name(payer, one)
    return {
        "СекцияДокумент": _ORDER,
        "Номер": one.order_number,
        "Дата": f"{one.dated:%d.%m.%Y}",
        "Сумма": rubles(one.amount_kopecks),
        "ПлательщикСчет": payer.account,
        "Плательщик": name,
        "ПлательщикИНН": payer.inn,
        "Плательщик1": name,
        "ПлательщикРасчСчет": payer.account,
        "ПлательщикБанк1": payer.bank_name,
        "ПлательщикБанк2": payer.bank_city,
        "ПлательщикБИК": payer.bic,
        "ПлательщикКорсчет": payer.correspondent_account,
        "ПолучательСчет": bank.account,
        "Получатель": one.payee.name,
        "ПолучательИНН": one.payee.inn,
        "Получатель1": one.payee.name,
        "ПолучательРасчСчет": bank.account,
        "ПолучательБанк1": bank.bank_name,
        "ПолучательБанк2": "",
        "ПолучательБИК": bank.bic,
        "ПолучательКорсчет": bank.correspondent_account,
        "ВидПлатежа": "Электронно",
        "КодНазПлатежа": "",
        "ВидОплаты": _KIND,
        "Код": "",
        "НазначениеПлатежа": one.purpose,
        "НазначениеПлатежа1": one.purpose,
        "СтатусСоставителя": payer.drawer_status,
        "ПлательщикКПП": payer.kpp,
        "ПолучательКПП": one.payee.kpp,
        "ПоказательКБК": one.kbk,
        "ОКАТО": payer.oktmo,
        "ПоказательОснования": "",
        "ПоказательПериода": "",
        "ПоказательНомера": "",
        "ПоказательДаты": "",
        "ПоказательТипа": "",
        "Очередность": str(payer.priority),
    }


def payer_name(payer: Payer, one: Transfer) -> str:
    """The payer with the лицевой счёт from which the treasury pays, as budget bodies write it."""
    return f"{payer.name} (л/с {one.personal_account})" if one.personal_account else payer.name
