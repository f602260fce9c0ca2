"""Why a receipt of a file, or the whole file, is not taken."""

from enum import Enum, unique


@unique
class ReceiptCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    FILE_TOO_LARGE = (
        "файл больше {limit_mb} МБ; разделите его или сохраните по одному чеку в строке",
        "the file is larger than {limit_mb} MB; split it, or put one receipt into each line",
    )
    ROW_TOO_LONG = ("строка длиннее {limit} байт", "the row is longer than {limit} bytes")
    ENCODING_UNKNOWN = ("не UTF-8 и не Windows-1251", "is neither UTF-8 nor Windows-1251")
    NOT_JSON = ("не JSON: {what}", "is no JSON: {what}")
    NO_RECEIPT_IN_IT = ("чека в записи нет", "there is no receipt in it")
    FIELD_MISSING = ("нет поля {field}", "{field} is missing")
    FIELD_UNREADABLE = ("поле {field} не читается: {value}", "{field} cannot be read: {value}")
    DRIVE_NUMBER_WRONG = ("ФН: нужно 16 цифр", "ФН: 16 digits are needed")
    TILL_NUMBER_WRONG = ("РН ККТ: нужно 16 цифр", "РН ККТ: 16 digits are needed")
    NUMBER_OUT_OF_RANGE = ("{field}: можно от 1 до {limit}", "{field}: 1 to {limit} allowed")
    INN_WRONG = ("неверный ИНН продавца {inn}", "the seller's INN {inn} is wrong")
    SUM_NEGATIVE = ("{field} меньше нуля", "{field} is below zero")
    SUM_TOO_LARGE = ("{field} слишком велико", "{field} is too large")
    LINES_DO_NOT_SUM = (
        "сумма позиций {lines_kopecks} коп., итог чека {total_kopecks} коп.",
        "the lines sum to {lines_kopecks} kopecks, the receipt's total is {total_kopecks}",
    )
    TIME_UNREADABLE = ("время чека не читается: {value}", "the receipt's time cannot be read: {value}")
    NOT_A_SALE = (
        "признак расчёта {operation}: не приход и не возврат прихода",
        "operation {operation} is neither a sale nor a return of a sale",
    )
    QR_UNREADABLE = ("строка QR-кода не читается: {what}", "the QR string cannot be read: {what}")
    OTHER_SELLER = (
        "чек другого участника: ИНН продавца {inn}, а участника {expected}",
        "a receipt of another merchant: the seller's INN is {inn}, the merchant's {expected}",
    )
    OTHER_CONTENT = (
        "под ФН {drive} и ФД {document} уже загружен другой документ ({source}, строка {row})",
        "another document is known under ФН {drive} and ФД {document} ({source}, row {row})",
    )
    MERCHANT_UNKNOWN = ("участника {merchant_id} нет", "there is no merchant {merchant_id}")
