"""Why a check of a claim is refused."""

from enum import Enum, unique


@unique
class CheckErrorCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    CLAIM_UNKNOWN = ("расчёта {claim_id} нет", "there is no claim {claim_id}")
    ANSWERS_UNREADABLE = (
        "файл ответов, строка {row}: {what_ru}",
        "the file of answers, row {row}: {what_en}",
    )
