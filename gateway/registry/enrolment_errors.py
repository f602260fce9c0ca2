"""Why work on the register of participants is refused: one error with a code, and texts for people."""

from enum import Enum, unique

from gateway.errors import CodedError


@unique
class EnrolmentCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    UNSIGNED = ("не указано: {what}", "{what} is missing")
    TEXT_UNFIT = (
        "{what}: недопустимые знаки или длиннее {limit} знаков",
        "{what}: characters that no text has, or more than {limit} of them",
    )
    FOUR_EYES = (
        "{by} не может утвердить собственное действие: нужен второй человек",
        "{by} cannot approve what {by} does: a second person is needed",
    )
    STEP_NOT_ALLOWED = (
        "{ru} в состоянии {state}: действие «{step}» невозможно",
        "the {en} is {state}: the step {step} is not possible",
    )
    CHECKS_FAILED = ("проверки не пройдены: {ru}", "checks failed: {en}")
    APPLICATION_UNKNOWN = ("заявки {application} нет", "there is no application {application}")
    APPLICATION_OPEN = (
        "заявка с ИНН {inn} уже рассматривается",
        "an application with INN {inn} is under way already",
    )
    APPLICATION_ID_CONFLICT = (
        "под номером {request_id} уже подана другая заявка",
        "another application was submitted under {request_id}",
    )
    ALREADY_REGISTERED = (
        "участник с ИНН {inn} уже есть в реестре",
        "INN {inn} is in the register already",
    )
    MERCHANT_UNKNOWN = ("участника {merchant_id} нет", "there is no merchant {merchant_id}")
    SUCCESSOR_CIRCLE = (
        "участник {merchant_id} сам среди предшественников участника {predecessor_id}",
        "merchant {merchant_id} is itself among the predecessors of {predecessor_id}",
    )
    PROFILE_MISSING = (
        "участник {merchant_id} внесён без анкеты: правопреемство записать не в чем",
        "merchant {merchant_id} was entered without a profile, which could name its predecessor",
    )
    ACCOUNT_PROPOSED = (
        "у участника {merchant_id} уже ждёт подтверждения другой счёт",
        "another account of merchant {merchant_id} waits to be confirmed",
    )
    ACCOUNT_UNKNOWN = ("счёта {account_id} нет", "there is no account {account_id}")
    ACCOUNT_SAME = ("этот счёт уже действует", "this is the account in use")
    OUTLET_UNKNOWN = ("магазина {outlet_id} нет", "there is no outlet {outlet_id}")
    OUTLET_EXISTS = (
        "у участника {merchant_id} уже есть магазин «{name}»",
        "merchant {merchant_id} has an outlet '{name}' already",
    )
    TERMINAL_UNKNOWN = ("кассы {terminal_id} нет", "there is no terminal {terminal_id}")
    TERMINAL_EXISTS = (
        "в магазине {outlet_id} уже есть касса «{name}»",
        "outlet {outlet_id} has a terminal '{name}' already",
    )
    FISCAL_OVERLAP = (
        "РН ККТ {kkt_number} или ФН {drive_number} в эти дни уже у другой кассы, или у этой уже другие",
        "till number {kkt_number} or drive {drive_number} is another terminal's on these days, or this"
        " terminal has others",
    )
    DAYS_MALFORMED = ("последний день раньше первого", "the last day is before the first")
    AGREEMENT_UNKNOWN = ("договора {agreement} нет", "there is no agreement {agreement}")
    AGREEMENT_EXISTS = (
        "у участника {merchant_id} уже есть договор {number}",
        "merchant {merchant_id} has an agreement {number} already",
    )
    AGREEMENT_OVERLAP = (
        "в эти дни по одной из программ уже есть другой договор участника {merchant_id}",
        "another agreement of merchant {merchant_id} covers one of these programs on these days",
    )
    AGREEMENT_IN_FORCE = (
        "договор {number} ещё действует: сначала назначьте ему последний день",
        "agreement {number} is still in force: give it a last day first",
    )
    AGREEMENT_STARTED = (
        "день {day} уже наступил или прошёл: задним числом договор не прекращают и не продлевают",
        "{day} is not to come: an agreement is not ended or prolonged backwards",
    )
    PROGRAMS_MISSING = ("не названа ни одна программа", "no program is named")
    SETTINGS_MALFORMED = ("настройки договора: {what}", "settings of the agreement: {what}")
    CEILING_MALFORMED = ("потолок должен быть положительным", "a ceiling is above zero")
    DAY_TO_COME = ("{what}: день {day} ещё не наступил", "{what}: {day} is still to come")
    DATE_ORDER = ("{what}: {day} раньше, чем {before}", "{what}: {day} is before {before}")
    ADDENDUM_EXISTS = (
        "у договора {agreement} уже есть соглашение {number}",
        "agreement {agreement} has an addendum {number} already",
    )
    ADDENDUM_EMPTY = ("соглашение ничего не меняет", "the addendum changes nothing")


class EnrolmentError(CodedError):
    """Something about a participant is refused, with an EnrolmentCode."""
