"""Why a file of the BIC directory is not imported: one error with a code, and texts for people."""

from enum import Enum, unique

from gateway.errors import CodedError


@unique
class BicFileCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    TOO_LARGE = (
        "файл больше {limit} байт: это не справочник БИК",
        "the file has more than {limit} bytes: it is no BIC directory",
    )
    ENCODING_UNKNOWN = (
        "кодировка не UTF-8 и не Windows-1251",
        "the encoding is neither UTF-8 nor Windows-1251",
    )
    NOT_XML = ("файл не является правильным XML: {what}", "the file is no well-formed XML: {what}")
    XML_FORBIDDEN = (
        "в файле есть DTD или сущности XML, которых в справочнике не бывает",
        "the file has a DTD or XML entities, which the directory never has",
    )
    WRONG_ROOT = (
        "это {root}, а не ED807 (urn:cbr-ru:ed:v2.0)",
        "this is {root}, not ED807 (urn:cbr-ru:ed:v2.0)",
    )
    NOT_FULL = (
        "это не полный справочник (InfoTypeCode {info}, нужен FIRR)",
        "this is no full directory (InfoTypeCode {info}; FIRR is needed)",
    )
    NO_ENTRIES = ("в файле нет ни одной записи", "the file has no entry")
    VALUE_WRONG = (
        "{where}: неверно {attribute}=«{value}»",
        "{where}: {attribute}='{value}' is wrong",
    )
    VALUE_MISSING = ("{where}: нет {attribute}", "{where}: {attribute} is missing")
    BIC_TWICE = ("БИК {bic} записан дважды", "BIK {bic} stands there twice")
    KEY_WRONG = (
        "БИК {bic}: ключ счёта {account} неверен",
        "BIK {bic}: the key of account {account} is wrong",
    )
    OLDER = (
        "справочник за {day} старше загруженного за {last}",
        "the directory of {day} is older than the one of {last} that is imported",
    )
    OTHER_CONTENT = (
        "справочник за {day}, версия {version}, уже загружен с другим содержанием",
        "the directory of {day}, version {version}, is imported already with another content",
    )


class BicFileError(CodedError):
    """A file is not imported, and nothing is changed; with a BicFileCode."""
