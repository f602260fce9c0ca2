"""Why a document is not made, or not believed."""

from enum import Enum, unique


@unique
class DocumentCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    LINES_DIFFER = (
        "строки расчёта {claim} не сходятся с его итогами: {what}",
        "the lines of claim {claim} are not what it says: {what}",
    )
    FORM_UNKNOWN = ("шаблона «{name}» нет", "there is no form '{name}'")
    FORM_NAME_UNFIT = (
        "имя шаблона «{name}» не годится: строчные латинские буквы, цифры, «-» и «_», не более 60 знаков",
        "'{name}' is no name of a form: small Latin letters, digits, - and _, 60 characters at most",
    )
    FORM_UNSAFE = (
        "шаблон обращается за пределы своих данных: {what}",
        "the form reaches beyond its data: {what}",
    )
    FORM_BROKEN = ("шаблон «{name}» не печатается: {what}", "the form '{name}' cannot be printed: {what}")
    FORM_SAME = (
        "версия {version} шаблона «{name}» уже такая",
        "version {version} of the form '{name}' is the same already",
    )
    PERIOD_BACKWARDS = (
        "период кончается {last_day}, раньше своего начала {first_day}",
        "the period ends on {last_day}, before its beginning on {first_day}",
    )
    AGREEMENT_UNKNOWN = ("договора {agreement} нет", "there is no agreement {agreement}")
    MERCHANT_UNKNOWN = ("участника {merchant} нет", "there is no merchant {merchant}")
    LINE_UNKNOWN = ("в расчёте {claim} нет строки {n}", "claim {claim} has no line {n}")
    FILE_BROKEN = (
        "документ «{name}» расчёта {claim} не тот, что был опечатан",
        "the document '{name}' of claim {claim} is not the one that was sealed",
    )
    PLACE_TAKEN = ("{place} уже есть", "{place} is there already")
