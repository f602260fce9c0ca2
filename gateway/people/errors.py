"""Why something about persons or proposals is refused."""

from enum import Enum, unique

from gateway.errors import CodedError


@unique
class PeopleCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    NOT_PERMITTED = ("у {login} нет права {permission}", "{login} lacks the permission {permission}")
    NOBODY_NAMED = ("не назван, кто это делает", "it is not named who does it")
    LOGIN_UNFIT = (
        "логин «{login}»: от 2 до 32 знаков, латинские строчные буквы, цифры, . _ -, первой буква",
        "login {login!r}: 2 to 32 of a-z, 0-9, . _ -, beginning with a letter",
    )
    LOGIN_TAKEN = ("логин {login} занят; он не выдаётся второй раз", "login {login} is taken for good")
    NAME_MISSING = ("нужно полное имя", "a full name is needed")
    UNKNOWN_PERSON = ("пользователя {login} нет", "there is no person {login}")
    PERSON_DISABLED = ("пользователь {login} отключён", "{login} is disabled")
    NOT_ACTIVE = ("пользователь {login} ещё не принял приглашение", "{login} has not joined yet")
    ROLES_MISSING = ("нужна хотя бы одна роль", "at least one role is needed")
    MERCHANTS_UNFIT = (
        "участники указываются для менеджера участника, и только для него",
        "merchants go with the role of a merchant manager, and with no other",
    )
    UNKNOWN_MERCHANT = ("в реестре нет участника {merchant_id}", "the registry has no merchant {merchant_id}")
    INVITATION_UNFIT = (
        "приглашение не подходит: неверно, использовано или истекло",
        "the invitation does not fit: wrong, used or expired",
    )
    PASSWORD_WEAK = ("пароль не подходит: {ru}", "the password does not do: {en}")
    CODE_WRONG = ("код не подходит", "the code does not fit")
    SIGN_IN_REFUSED = (
        "вход отклонён: логин, пароль или код не подходят",
        "sign-in refused: login, password or code do not fit",
    )
    LOCKED_OUT = (
        "слишком много попыток; попробуйте после {until}",
        "too many attempts; try again after {until}",
    )

    REASON_MISSING = ("нужно обоснование", "a reason is needed")
    PAYLOAD_UNFIT = ("содержание не подходит: {why}", "the payload does not fit: {why}")
    UNKNOWN_PROPOSAL = ("предложения {number} нет", "there is no proposal {number}")
    SAME_PERSON = (
        "{login} сам это предложил: решает другой",
        "{login} proposed it: another person decides",
    )
    NOT_WAITING = ("предложение {number} не ждёт решения: {state}", "proposal {number} is {state}")
    EXPIRED = ("срок предложения {number} истёк {at}", "proposal {number} expired at {at}")
    NOT_APPROVED = ("предложение {number} не утверждено: {state}", "proposal {number} is {state}")
    NOT_THE_PROPOSER = (
        "предложение {number} отзывает тот, кто его сделал или утвердил",
        "proposal {number} is withdrawn by whoever made or approved it",
    )
    OTHER_KIND = ("предложение {number} другого вида: {kind}", "proposal {number} is of the kind {kind}")
    PAYLOAD_CHANGED = (
        "решение относится к другому содержанию предложения {number}",
        "the decision is about another payload of proposal {number}",
    )
    OTHER_CONTENT = (
        "исполняется не то, что утверждено в предложении {number}: {what}",
        "this is not what proposal {number} approved: {what}",
    )


class PeopleError(CodedError):
    """Something about persons or proposals is refused, with a PeopleCode."""
