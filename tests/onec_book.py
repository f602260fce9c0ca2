"""Reads 1CClientBankExchange files by the format's published description, and shares no code with ours.

The description (v8.1c.ru/edi/edi_stnd/100/101.htm): a first line that names the format, then `key=value`
lines; a section begins with its name and ends with its own closing word; the file ends with КонецФайла.
"""

from dataclasses import dataclass, field

REQUIRED = {
    "ВерсияФормата", "Кодировка", "Отправитель", "ДатаНачала", "ДатаКонца", "РасчСчет",
}  # fmt: skip
REQUIRED_OF_ORDER = {
    "Номер", "Дата", "Сумма", "ПлательщикСчет", "Плательщик", "ПлательщикИНН", "ПолучательСчет", "Получатель",
    "ПолучательИНН", "ВидОплаты", "СтатусСоставителя", "ПлательщикКПП", "ПолучательКПП", "ПоказательКБК",
    "ОКАТО", "ПоказательОснования", "ПоказательПериода", "ПоказательНомера", "ПоказательДаты",
}  # fmt: skip


@dataclass
class Book:
    """What a file holds."""

    head: dict[str, str] = field(default_factory=dict)
    documents: list[dict[str, str]] = field(default_factory=list)


def read_book(data: bytes) -> Book:
    """Every line of it, in the encoding that the file itself declares."""
    encoding = "cp1251" if "Кодировка=Windows".encode("cp1251") in data else "utf-8"
    first, *lines, last, after = data.decode(encoding).split("\r\n")
    assert ("1CClientBankExchange", "КонецФайла", "") == (first, last, after)
    book = Book()
    fields = book.head
    for line in lines:
        key, sign, value = line.partition("=")
        if key == "КонецДокумента":
            assert fields is not book.head
            assert fields.keys() >= REQUIRED_OF_ORDER
            fields = book.head
            continue
        assert sign == "=", line
        if key == "СекцияДокумент":
            assert fields is book.head
            assert value == "Платежное поручение"
            book.documents.append(fields := {})
        else:
            assert key not in fields, key
            fields[key] = value
    assert fields is book.head
    assert book.head.keys() >= REQUIRED
    return book
