"""Why something about goods is not confirmed, dismissed or taken: one error with a code, texts for people."""

from enum import Enum, unique

from gateway.errors import CodedError


@unique
class CaseCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    CASE_UNKNOWN = ("случая {case_id} нет", "there is no case {case_id}")
    CASE_SETTLED = (
        "случай {case_id} уже решил(а) {by}: {state}",
        "case {case_id} was settled by {by}: {state}",
    )
    SUBMISSION_UNKNOWN = ("заявленного товара {submission_id} нет", "there is no submission {submission_id}")
    SUBMISSION_DECIDED = (
        "заявленный товар {submission_id} уже решил(а) {by}: {state}",
        "submission {submission_id} was decided by {by}: {state}",
    )
    RULE_UNKNOWN = ("правила {id} нет", "there is no rule {id}")
    RULE_ENDED = ("правило {id} уже прекращено", "rule {id} is ended already")
    RULE_NOT_BEGUN = (
        "правило {id} вступает в силу только {since}: подождите несколько секунд",
        "rule {id} is in force only from {since}: wait some seconds",
    )
    TEMPLATE_UNKNOWN = ("шаблона {id} нет", "there is no template {id}")
    TEMPLATE_ENDED = ("шаблон {id} уже прекращён", "template {id} is ended already")
    TEMPLATE_NOT_BEGUN = (
        "шаблон {id} вступает в силу только {since}: подождите несколько секунд",
        "template {id} is in force only from {since}: wait some seconds",
    )
    TEMPLATE_MALFORMED = ("шаблон не годится: {what}", "the template cannot be used: {what}")
    MERCHANT_UNKNOWN = ("участника {merchant_id} нет", "there is no merchant {merchant_id}")
    OKPD2_MALFORMED = ("«{okpd2}» не код ОКПД2", "'{okpd2}' is no ОКПД2 code")
    OKPD2_UNKNOWN = (
        "кода {okpd2} нет в действующем ОКПД2 ({version})",
        "{okpd2} is not in the ОКПД2 in force ({version})",
    )
    OKPD2_TOO_COARSE = (
        "код {okpd2} слишком общий: под ним есть запрещённые товары",
        "{okpd2} is too coarse: prohibited goods lie below it",
    )
    NOTHING_TO_NAME = (
        "в названии нет ни буквы, ни цифры: правило не к чему привязать",
        "the name has neither letter nor digit: there is nothing that a rule could be about",
    )
    UNSIGNED = ("не указано {what}", "{what} is missing")


class CaseError(CodedError):
    """A confirmation, dismissal or refusal is not taken, with a CaseCode."""
