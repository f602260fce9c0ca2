"""The treasury's side of the demo: whose money pays, and statements that tell what became of transfers."""

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, Final

from gateway.domain.settlement_terms import SettlementTerms, SignatureForm
from gateway.registry.requisites import with_inn_check_digits
from loadtests.demo.applicants import BANK, account

PAYER_FILE: Final = "payer.toml"

TERMS: Final = SettlementTerms(
    signature=SignatureForm.PAPER, kbk="0" * 16 + "0241", revenue_kbk="0" * 16 + "0150"
)
"""What the demo's agreements say of settlement. The КБК are made up."""

PAYER_ACCOUNT: Final = account(77, prefix="40201810")
_INN: Final = with_inn_check_digits("000099999")
_CORRESPONDENT: Final = account(int(BANK[6:]), prefix="30101810", in_bank_of_russia=True)


def payer_toml() -> str:
    """The department's made-up requisites, as `TILLGATE_PAYER_FILE` has them."""
    return (
        "[payer]\n"
        'name = "Департамент-пример города Москвы"\n'
        f'inn = "{_INN}"\n'
        'kpp = "000001001"\n'
        f'bic = "{BANK}"\n'
        'bank_name = "ПРИМЕР БАНК"\n'
        'bank_city = "г. Москва"\n'
        f'correspondent_account = "{_CORRESPONDENT}"\n'
        f'account = "{PAYER_ACCOUNT}"\n'
    )


def statement(
    transfers: Iterable[Mapping[str, Any]], returned: Iterable[Mapping[str, Any]], day: date
) -> bytes:
    """A day's statement in 1CClientBankExchange: transfers that went out, and those whose money came back.

    Transfers are as `tillgate claims payout show --json` tells them.
    """
    out, back = list(transfers), list(returned)
    told = f"{day:%d.%m.%Y}"
    lines = [
        "1CClientBankExchange", "ВерсияФормата=1.03", "Кодировка=Windows", "Отправитель=Банк", "Получатель=",
        f"ДатаНачала={told}", f"ДатаКонца={told}", f"РасчСчет={PAYER_ACCOUNT}",
        "СекцияРасчСчет", f"ДатаНачала={told}", f"ДатаКонца={told}", f"РасчСчет={PAYER_ACCOUNT}",
        f"ВсегоПоступило={_rubles(_sum(back))}", f"ВсегоСписано={_rubles(_sum(out))}", "КонецРасчСчет",
    ]  # fmt: skip
    for one in out:
        lines += _document(one, one["purpose"], told, is_back=False)
    for one in back:
        lines += _document(one, f"Возврат: счёт закрыт. {one['purpose']}"[:210], told, is_back=True)
    return "\r\n".join([*lines, "КонецФайла", ""]).encode("cp1251")


def _document(one: Mapping[str, Any], purpose: str, day: str, *, is_back: bool) -> list[str]:
    ours, theirs = ("Получатель", "Плательщик") if is_back else ("Плательщик", "Получатель")
    payee = one["payee"]
    dated = date.fromisoformat(one["dated"])
    return [
        "СекцияДокумент=Платежное поручение", f"Номер={one['order_number']}", f"Дата={dated:%d.%m.%Y}",
        f"Сумма={_rubles(one['amount_kopecks'])}", f"{ours}Счет={PAYER_ACCOUNT}",
        f"{ours}РасчСчет={PAYER_ACCOUNT}", f"{theirs}Счет={payee['bank']['account']}",
        f"{theirs}РасчСчет={payee['bank']['account']}", f"{theirs}ИНН={payee['inn']}",
        f"{'ДатаПоступило' if is_back else 'ДатаСписано'}={day}", f"НазначениеПлатежа={purpose}",
        "КонецДокумента", "",
    ]  # fmt: skip


def _sum(transfers: Iterable[Mapping[str, Any]]) -> int:
    return sum(one["amount_kopecks"] for one in transfers)


def _rubles(kopecks: int) -> str:
    return f"{kopecks // 100}.{kopecks % 100:02}"
