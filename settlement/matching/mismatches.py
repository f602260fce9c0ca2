"""Classes of mismatch between purchase, receipt and claim line, in the order in which they are told."""

from enum import Enum, unique
from typing import Final


@unique
class Mismatch(Enum):
    """The name stands in `claim_line.mismatches`; `blocks` says that a sale is not claimed because of it.

    What was given back always lowers a claim, whatever its receipt says: refunds are only reported on.
    """

    NO_RECEIPT = ("нет чека прихода", "there is no receipt of the sale", True)
    SUM_DIFFERS = (
        "сумма чеков не равна сумме покупки",
        "the receipts' sum is not that of the purchase",
        True,
    )
    RETURN_WITHOUT_REFUND = (
        "чек возврата без возврата баллов: деньги за баллы",
        "a receipt of a return without a refund of points: cash for points",
        True,
    )
    CORRECTION_RECEIPT = (
        "чек коррекции не приводит сумму к сумме покупки или недопустим в его версии ФФД",
        "a correction receipt does not make the sum right, or its format version knows no such correction",
        True,
    )
    SAME_DOCUMENT_TWICE = (
        "под этими ФН и ФД известен и другой документ",
        "another document is known under the same ФН and ФД",
        True,
    )
    RECEIPT_ON_TWO_PURCHASES = (
        "один чек приложен к двум покупкам",
        "one receipt is attached to two purchases",
        True,
    )
    OUTSIDE_AGREEMENT = (
        "дата продажи вне срока договора",
        "the day of sale is outside of the agreement",
        True,
    )
    FOREIGN_DRIVE = ("ФН другого магазина", "the fiscal drive is another outlet's", True)
    FOREIGN_TILL = ("РН ККТ другого магазина", "the till's number is another outlet's", True)
    SELLER_INN_DIFFERS = (
        "ИНН продавца в чеке не равен ИНН участника",
        "the seller's INN on the receipt is not the merchant's",
        True,
    )
    OUTLET_NOT_REGISTERED = (
        "магазина в этот день не было в реестре или он был отключён",
        "the outlet was not in the register on that day, or was disabled",
        True,
    )
    LINE_NOT_ON_RECEIPT = (
        "позиции покупки нет в чеке",
        "a line of the purchase is not on the receipt",
        True,
    )
    REFUTED = (
        "внешняя проверка чек не подтвердила",
        "a check outside did not find the receipt as it is told",
        True,
    )
    EVIDENCE_TOO_LOW = (
        "чек подтверждён слабее, чем требует договор",
        "the receipt is less well known than the agreement asks",
        True,
    )
    PREDECESSOR_INN = (
        "ИНН продавца в чеке — реорганизованного предшественника участника",
        "the seller's INN on the receipt is that of the merchant's reorganised predecessor",
        False,
    )
    UNKNOWN_TILL = (
        "ФН или РН ККТ нет в реестре, а номера касс магазина в нём есть",
        "the register has numbers of the outlet's tills, but not this fiscal drive or till",
        False,
    )
    PAYMENT_TAG = (
        "доля сертификата стоит под другим тегом оплаты",
        "the certificate's share stands under another tag of payment",
        False,
    )
    REFUND_WITHOUT_RETURN_RECEIPT = (
        "возврат баллов без чека возврата",
        "a refund of points without a receipt of the return",
        False,
    )

    def __init__(self, ru: str, en: str, blocks: bool) -> None:
        self.ru = ru
        self.en = en
        self.blocks = blocks


REPORTED_ONLY: Final = tuple(mismatch.name for mismatch in Mismatch if not mismatch.blocks)
"""Names of those in spite of which a line is claimed."""
