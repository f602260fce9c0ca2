"""The register as a workbook for people: one row a transfer, and the control sum."""

from io import BytesIO
from typing import Final

from gateway.domain.policy import MOSCOW
from gateway.workbooks import Format, Workbook, new_workbook, write_text
from settlement.payouts.model import Payout

_COLUMNS: Final = (
    ("Перевод", 22), ("Расчёт", 9), ("№ поручения", 12), ("Дата", 11), ("Сумма, руб.", 16),
    ("Получатель", 40), ("ИНН", 14), ("КПП", 11), ("БИК", 11), ("Банк", 32), ("Корр. счёт", 23),
    ("Счёт", 23), ("КБК", 23), ("Лицевой счёт", 20), ("Обязательство", 20), ("Код цели", 16),
    ("Назначение платежа", 80),
)  # fmt: skip


def write_xlsx(payout: Payout) -> bytes:
    """The workbook; the same register gives the same bytes. Sums are numbers, all else are texts."""
    out = BytesIO()
    book = new_workbook(out, title=f"Реестр выплат {payout.id}", made_at=payout.made_at)
    bold, money = book.add_format({"bold": True}), book.add_format({"num_format": "#,##0.00"})
    day = book.add_format({"num_format": "dd.mm.yyyy"})
    sheet = book.add_worksheet("Переводы")
    for column, (title, width) in enumerate(_COLUMNS):
        sheet.set_column(column, column, width)
        sheet.write_string(0, column, title, bold)
    sheet.freeze_panes(1, 1)
    for row, one in enumerate(payout.transfers, start=1):
        bank = one.payee.bank
        texts = {
            0: one.end_to_end_id, 1: str(one.claim_id), 2: one.order_number, 5: one.payee.name,
            6: one.payee.inn, 7: one.payee.kpp, 8: bank.bic, 9: bank.bank_name,
            10: bank.correspondent_account, 11: bank.account, 12: one.kbk, 13: one.personal_account,
            14: one.obligation_number, 15: one.purpose_code, 16: one.purpose,
        }  # fmt: skip
        for column, text in texts.items():
            write_text(sheet, row, column, text)
        sheet.write_datetime(row, 3, one.dated, day)
        sheet.write_number(row, 4, one.amount_kopecks / 100, money)
    _summary(book, payout, bold, money)
    book.close()
    return out.getvalue()


def _summary(book: Workbook, payout: Payout, bold: Format, money: Format) -> None:
    sheet = book.add_worksheet("Контроль")
    sheet.set_column(0, 0, 26)
    sheet.set_column(1, 1, 70)
    payer = payout.payer
    rows = {
        "Реестр выплат": str(payout.id),
        "Плательщик": payer.name,
        "ИНН / КПП": f"{payer.inn} / {payer.kpp}",
        "Счёт": payer.account,
        "БИК": payer.bic,
        "Составил": f"{payout.made_by}, {payout.made_at.astimezone(MOSCOW):%d.%m.%Y %H:%M:%S}",
        "Утвердил": payout.approved_by or "",
        "SHA-256 переводов": payout.control.sha256.hex(),
    }
    for row, (title, text) in enumerate(rows.items()):
        sheet.write_string(row, 0, title, bold)
        write_text(sheet, row, 1, text)
    sheet.write_string(len(rows), 0, "Переводов", bold)
    sheet.write_number(len(rows), 1, payout.control.count)
    sheet.write_string(len(rows) + 1, 0, "Сумма, руб.", bold)
    sheet.write_number(len(rows) + 1, 1, payout.control.sum_kopecks / 100, money)
