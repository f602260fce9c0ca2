"""Why a step of the review is refused."""

from enum import Enum, unique


@unique
class ReviewCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    NOT_UNDER_REVIEW = (
        "расчёт {claim_id} не на рассмотрении: {state}",
        "claim {claim_id} is not under review: {state}",
    )
    LINE_UNKNOWN = (
        "в расчёте {claim_id} нет строк к возмещению с номерами {numbers}",
        "claim {claim_id} has no included lines {numbers}",
    )
    LINE_TWICE = ("строка {n} названа дважды", "line {n} is named twice")
    RETURN_NOT_JUDGED = (
        "строки {numbers} — возвраты: их судьба решается вместе с продажей",
        "lines {numbers} are returns: they go with their sale",
    )
    REASON_MISSING = ("строка {n}: отказ без обоснования", "line {n} is refused without a reason")
    REASON_UNFIT = (
        "строка {n}: обоснование с недопустимыми знаками или длиннее {limit} знаков",
        "line {n}: a reason with characters that no text has, or of more than {limit}",
    )
    FILE_MALFORMED = ("файл решений, строка {row}: {ru}", "file of verdicts, row {row}: {en}")
    FILE_TOO_LARGE = ("файл решений больше {limit} байт", "the file of verdicts has more than {limit} bytes")
    LINES_UNDECIDED = (
        "не рассмотрено строк: {count}, первая {n}",
        "{count} lines are undecided, the first is {n}",
    )
    APPROVED_NOT_POSITIVE = (
        "к выплате выходит {amount_kopecks} коп.: одобренные строки не больше возвратов",
        "{amount_kopecks} kopecks would be paid: the approved lines are not above the returns",
    )
    OBJECTION_UNKNOWN = ("возражения {objection_id} нет", "there is no objection {objection_id}")
    OBJECTION_ANSWERED = (
        "на возражение {objection_id} уже отвечено: {state}",
        "objection {objection_id} is answered already: {state}",
    )
    OBJECTION_OPEN = (
        "на возражение {objection_id} ещё не отвечено",
        "objection {objection_id} is not answered yet",
    )
    OBJECTION_LATE = (
        "срок возражений истёк {day}",
        "the term for objections ended on {day}",
    )
    NOTHING_TO_OBJECT = (
        "в расчёте {claim_id} ({state}) нечего оспаривать: {numbers}",
        "claim {claim_id} ({state}) has nothing to object to: {numbers}",
    )
    TEXT_UNFIT = (
        "{what}: пусто, недопустимые знаки или длиннее {limit} знаков",
        "{what}: empty, characters that no text has, or more than {limit} of them",
    )
    LINES_CLAIMED_AGAIN = (
        "строки {numbers} уже в другом расчёте",
        "lines {numbers} stand in another claim already",
    )
