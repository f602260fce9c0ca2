"""The words of the audit log: who acted, what was done, to what. Entries stay for years, and so do words."""

from enum import Enum, StrEnum, unique
from typing import Self

from msgspec import Struct


@unique
class ActorKind(StrEnum):
    """What kind of thing acted."""

    PERSON = "PERSON"
    CLIENT_KEY = "CLIENT_KEY"
    SYSTEM = "SYSTEM"


class Actor(Struct, frozen=True):
    """Who acted: a person by login, a client key by its certificate's SHA-256 in hex, or a part of us."""

    kind: ActorKind
    id: str

    @classmethod
    def person(cls, login: str) -> Self:
        """A person of the department or of a merchant, or whom a command line of development names."""
        return cls(ActorKind.PERSON, login)

    @classmethod
    def client_key(cls, fingerprint: bytes) -> Self:
        """The holder of a client certificate, by the SHA-256 of its DER form."""
        return cls(ActorKind.CLIENT_KEY, fingerprint.hex())

    @classmethod
    def system(cls, name: str) -> Self:
        """Something that the gateway does by itself: the name of the part that did it."""
        return cls(ActorKind.SYSTEM, name)


@unique
class SubjectKind(StrEnum):
    """What kind of thing was acted on; the comment says what its id is."""

    PERSON = "PERSON"  # login
    ADDRESS = "ADDRESS"  # network address from which somebody tried to sign in
    PROPOSAL = "PROPOSAL"  # number
    LIST_VERSION = "LIST_VERSION"  # kind/version
    GOODS_RULE = "GOODS_RULE"  # number
    GOODS_TEMPLATE = "GOODS_TEMPLATE"  # number
    GOODS_CASE = "GOODS_CASE"  # number
    GOODS_SUBMISSION = "GOODS_SUBMISSION"  # number
    CERTIFICATE = "CERTIFICATE"  # UUID
    CERTIFICATE_FILE = "CERTIFICATE_FILE"  # SHA-256 of the file, hex
    HOLDER = "HOLDER"  # the department's opaque id
    CARD_LOCK = "CARD_LOCK"  # number
    CARD = "CARD"  # first 16 hex digits of the token; never a number
    STOP_LIST = "STOP_LIST"  # version
    APPLICATION = "APPLICATION"  # number
    MERCHANT = "MERCHANT"  # number in the registry
    AGREEMENT = "AGREEMENT"  # number in the registry
    BUDGET = "BUDGET"  # year/КБК
    RETURN_DEMAND = "RETURN_DEMAND"  # number
    OUTLET = "OUTLET"  # number in the registry
    TERMINAL = "TERMINAL"  # number in the registry
    CONCENTRATOR = "CONCENTRATOR"  # number in the registry
    CLIENT_KEY = "CLIENT_KEY"  # SHA-256 of the certificate, hex
    KEY = "KEY"  # id of a key of the gateway's own
    CLAIM = "CLAIM"  # number
    RECEIPT_FILE = "RECEIPT_FILE"  # SHA-256 of the file, hex
    PAYOUT = "PAYOUT"  # number of the register
    STATEMENT = "STATEMENT"  # SHA-256 of the file, hex
    PARTITION = "PARTITION"  # name of the table
    BIC_DIRECTORY = "BIC_DIRECTORY"  # business day/version of the day
    FORM = "FORM"  # name/version


class Subject(Struct, frozen=True):
    """What was acted on."""

    kind: SubjectKind
    id: str


@unique
class Action(Enum):
    """What was done: a dotted name for machines, with its text in Russian and in English."""

    PERSON_ADDED = ("person.added", "пользователь заведён", "person added")
    PERSON_INVITED = ("person.invited", "выдано приглашение", "invitation made")
    PERSON_JOINED = ("person.joined", "приглашение использовано", "invitation used")
    PERSON_ROLES_CHANGED = ("person.roles_changed", "роли изменены", "roles changed")
    PERSON_DISABLED = ("person.disabled", "пользователь отключён", "person disabled")
    PERSON_UNLOCKED = ("person.unlocked", "блокировка входа снята", "lockout lifted")
    PERSON_TOTP_RESET = ("person.totp_reset", "второй фактор сброшен", "second factor reset")
    PERSON_PASSWORD_CHANGED = ("person.password_changed", "пароль сменён", "password changed")
    SESSION_BEGUN = ("session.begun", "вход", "signed in")
    SESSION_ENDED = ("session.ended", "выход", "signed out")
    SIGN_IN_FAILED = ("session.refused", "вход отклонён", "sign-in refused")
    SIGN_IN_LOCKED = ("session.locked_out", "вход заблокирован", "locked out")

    PROPOSED = ("proposal.made", "предложено", "proposed")
    PROPOSAL_APPROVED = ("proposal.approved", "утверждено", "approved")
    PROPOSAL_REFUSED = ("proposal.refused", "отклонено", "refused")
    PROPOSAL_WITHDRAWN = ("proposal.withdrawn", "отозвано", "withdrawn")
    PROPOSAL_BEGUN = ("proposal.begun", "исполнение начато", "execution begun")
    PROPOSAL_EXECUTED = ("proposal.executed", "исполнено", "executed")

    LIST_PUBLISHED = ("list.published", "перечень опубликован", "list published")
    LIST_PUBLISHED_URGENTLY = (
        "list.published_urgently",
        "перечень опубликован без срока уведомления",
        "list published without its notice",
    )
    LIST_DISCARDED = ("list.discarded", "черновик перечня отменён", "draft of a list discarded")
    GOODS_CONFIRMED = ("goods.confirmed", "сведения о товаре подтверждены", "goods confirmed")
    GOODS_ENDED = ("goods.ended", "сведения о товаре прекращены", "what was confirmed of goods ended")
    GOODS_DISMISSED = ("goods.dismissed", "вопрос о товаре снят", "question about goods dismissed")

    CERTIFICATES_ORDERED = ("certificates.issue_ordered", "зачисление начато", "bulk issue begun")
    CERTIFICATES_ISSUED = ("certificates.issue_answered", "зачисление закончено", "bulk issue ended")
    COMMAND_ORDERED = ("ledger.command_ordered", "команда отдана", "ledger command given")
    COMMAND_ANSWERED = ("ledger.command_answered", "команда выполнена", "ledger command answered")

    BUDGET_LIMIT_SET = ("budget.limit_set", "лимит бюджета установлен", "budget limit set")
    RETURN_DEMAND_CHANGED = (
        "return_demand.changed",
        "требование о возврате изменено",
        "return demand changed",
    )

    PARTITION_RETIRED = ("ledger.partition_retired", "месяц убран в архив", "month moved to the archive")

    APPLICATION_SUBMITTED = ("application.submitted", "заявка подана", "application submitted")
    APPLICATION_DECIDED = ("application.decided", "заявка рассмотрена", "application decided")
    MERCHANT_REGISTERED = ("merchant.registered", "участник включён в реестр", "merchant registered")
    MERCHANT_CHANGED = ("merchant.changed", "сведения об участнике изменены", "merchant changed")
    MERCHANT_SUSPENDED = ("merchant.suspended", "участник приостановлен", "merchant suspended")
    MERCHANT_RESUMED = ("merchant.resumed", "участник возобновлён", "merchant resumed")
    MERCHANT_EXCLUDED = ("merchant.excluded", "участник исключён", "merchant excluded")
    ACCOUNT_CHANGED = ("merchant.account_changed", "счёт участника изменён", "merchant's account changed")
    AGREEMENT_CHANGED = ("agreement.changed", "соглашение изменено", "agreement changed")
    OUTLET_CHANGED = ("outlet.changed", "магазин изменён", "outlet changed")
    TERMINAL_CHANGED = ("terminal.changed", "касса изменена", "terminal changed")
    KEY_CODE_ISSUED = ("key.code_issued", "выдан код подключения", "code of enrolment issued")
    KEY_ISSUED = ("key.issued", "ключ выдан", "client key issued")
    KEY_RENEWED = ("key.renewed", "ключ продлён", "client key renewed")
    KEY_REVOKED = ("key.revoked", "ключ отозван", "client key revoked")
    KEY_ROTATED = ("key.rotated", "ключ шлюза сменён", "gateway's key rotated")
    KEY_RETIRED = ("key.retired", "ключ шлюза выведен", "gateway's key retired")
    CARD_SEARCHED = ("card.searched", "поиск по карте", "searched by card")
    CARD_STOPPED = ("card.stopped", "карта в стоп-листе", "card stopped")
    CARD_FREED = ("card.freed", "карта снята со стоп-листа", "card freed")
    CARD_LOCK_LIFTED = ("card.lock_lifted", "блокировка подбора карт снята", "lock of card guessing lifted")
    CARD_REISSUED = ("card.reissued", "карта перевыпущена", "card re-issued")
    STOP_LIST_IMPORTED = ("stop_list.imported", "стоп-лист загружен", "stop list imported")
    CLAIM_BUILT = ("claim.built", "расчёт составлен", "claim built")
    CLAIM_FILED = ("claim.filed", "расчёт подан", "claim filed")
    CLAIM_SEALED = ("claim.sealed", "расчёт опечатан", "claim sealed")
    CLAIM_SIGNED = ("claim.signed", "подпись под расчётом принята", "signature under a claim taken")
    CLAIM_SIGNATURE_CHECKED = (
        "claim.signature_checked",
        "подпись под расчётом проверена",
        "signature under a claim checked",
    )
    CLAIM_MOVED = ("claim.moved", "состояние расчёта изменено", "claim moved")
    CLAIM_LINES_JUDGED = ("claim.lines_judged", "строки расчёта рассмотрены", "lines of a claim judged")
    RECEIPTS_IMPORTED = ("receipts.imported", "чеки загружены", "receipts imported")
    RECEIPTS_CHECKED = ("receipts.checked", "чеки проверены", "receipts checked outside")
    CLAIM_DECIDED = ("claim.decided", "расчёт рассмотрен", "claim decided")
    CLAIM_OBJECTED = ("claim.objected", "возражение на решение по расчёту", "objection to a claim's decision")
    CLAIM_ANSWERED = ("claim.answered", "ответ на возражение", "objection answered")
    PAYOUT_MADE = ("payout.made", "реестр выплат составлен", "payout register made")
    PAYOUT_APPROVED = ("payout.approved", "реестр выплат утверждён", "payout register approved")
    PAYOUT_DISCARDED = ("payout.discarded", "реестр выплат отменён", "payout register discarded")
    PAYOUT_EXPORTED = ("payout.exported", "реестр выплат выгружен", "payout register exported")
    BIC_DIRECTORY_IMPORTED = ("bic.imported", "справочник БИК загружен", "BIC directory imported")
    FORM_ADDED = ("form.added", "форма документа добавлена", "form of a document added")
    STATEMENT_IMPORTED = ("statement.imported", "выписка загружена", "statement imported")

    def __init__(self, dotted: str, ru: str, en: str) -> None:
        self.dotted = dotted
        self.ru = ru
        self.en = en


ACTIONS = {action.dotted: action for action in Action}
"""Every action by its dotted name."""
