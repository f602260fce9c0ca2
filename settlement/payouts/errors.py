"""Why a payout is not made, written or imported."""

from enum import Enum, unique

from settlement.errors import SettlementError


@unique
class PayoutCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    NOTHING_TO_PAY = ("нет расчётов к выплате", "there is no claim to be paid")
    CLAIM_UNKNOWN = ("расчёта {claim_id} нет", "there is no claim {claim_id}")
    CLAIM_NOT_PAYABLE = (
        "расчёт {claim_id} в состоянии {state}: выплачивать нечего",
        "claim {claim_id} is {state}: nothing of it is to be paid",
    )
    TRANSFER_OPEN = (
        "по расчёту {claim_id} уже есть незавершённый перевод {transfer}",
        "claim {claim_id} has a transfer under way: {transfer}",
    )
    ACCOUNT_MISSING = (
        "расчёт {claim_id}: у участника нет счёта, подтверждённого вторым человеком",
        "claim {claim_id}: the merchant has no account that a second person confirmed",
    )
    ACCOUNT_NOT_RENEWED = (
        "расчёт {claim_id}: банк вернул деньги, нового подтверждённого счёта участника ещё нет",
        "claim {claim_id}: the bank returned the money, and no new account of the merchant is confirmed yet",
    )
    ACCOUNT_REPLACED = (
        "расчёт {claim_id}: после составления реестра выплат {payout_id} подтверждён другой счёт участника",
        "claim {claim_id}: another account of the merchant was confirmed since payout register {payout_id}",
    )
    BANK_UNKNOWN = (
        "расчёт {claim_id}: БИК {bic} нет в загруженном справочнике банков",
        "claim {claim_id}: the imported directory of banks has no BIK {bic}",
    )
    PURPOSE_MALFORMED = (
        "расчёт {claim_id}: назначение платежа в договоре неверно: {what}",
        "claim {claim_id}: the purpose in the agreement is malformed: {what}",
    )
    TEXT_TOO_LONG = (
        "{where}: {field} длиннее {limit} знаков ({length})",
        "{where}: {field} has more than {limit} characters ({length})",
    )
    CHARACTER_UNFIT = (
        "{where}: {field} содержит знак {shown} (U+{number:04X}), которого в {encoding} нет",
        "{where}: {field} holds {shown} (U+{number:04X}), which {encoding} cannot carry",
    )
    PAYER_MISSING = (
        "не указан файл реквизитов плательщика: TILLGATE_PAYER_FILE",
        "no file of the payer's requisites is named: TILLGATE_PAYER_FILE",
    )
    PAYER_FILE = (
        "реквизиты плательщика {file}: {what}",
        "the payer's requisites {file}: {what}",
    )
    PAYOUT_UNKNOWN = ("реестра выплат {payout_id} нет", "there is no payout register {payout_id}")
    PAYOUT_STATE = (
        "реестр выплат {payout_id} в состоянии {state}: действие невозможно",
        "payout register {payout_id} is {state}: that is not possible",
    )
    PAYOUT_NOT_APPROVED = (
        "реестр выплат {payout_id} не утверждён вторым человеком",
        "payout register {payout_id} is not approved by a second person",
    )
    SAME_PERSON = (
        "{by} составил(а) реестр выплат: утверждает другой",
        "{by} made the payout register: another person approves it",
    )
    PAYOUT_CHANGED = (
        "реестр выплат {payout_id}: переводы не сходятся с контрольной суммой ({what})",
        "payout register {payout_id}: its transfers do not agree with its control sum ({what})",
    )
    TRANSFER_UNKNOWN = ("перевода {transfer} нет", "there is no transfer {transfer}")
    TRANSFER_STATE = (
        "перевод {transfer} в состоянии {state}: действие невозможно",
        "transfer {transfer} is {state}: that is not possible",
    )
    REASON_MISSING = ("нужно обоснование", "a reason is needed")

    FILE_TOO_LARGE = (
        "файл больше {limit} байт: это не выписка",
        "the file has more than {limit} bytes: it is no statement",
    )
    TOO_MANY_ENTRIES = (
        "в выписке больше {limit} операций",
        "the statement has more than {limit} entries",
    )
    TOO_MANY_TAGS = (
        "в файле больше {limit} тегов XML: это не выписка",
        "the file has more than {limit} XML tags: it is no statement",
    )
    FORMAT_UNKNOWN = (
        "это не выписка 1CClientBankExchange и не camt.053",
        "this is neither a 1CClientBankExchange statement nor camt.053",
    )
    ENCODING_UNKNOWN = (
        "кодировка файла не UTF-8, не Windows-1251 и не DOS",
        "the file's encoding is neither UTF-8 nor Windows-1251 nor DOS",
    )
    NOT_XML = ("файл не является правильным XML: {what}", "the file is no well-formed XML: {what}")
    XML_FORBIDDEN = (
        "в файле есть DTD или сущности XML, которых в выписке не бывает",
        "the file has a DTD or XML entities, which no statement has",
    )
    CUT_OFF = ("файл оборван: нет «{what}»", "the file is cut off: '{what}' is missing")
    VALUE_MISSING = ("{where}: нет {field}", "{where}: {field} is missing")
    VALUE_WRONG = ("{where}: неверно {field}=«{value}»", "{where}: {field}='{value}' is wrong")
    FOREIGN_STATEMENT = (
        "выписка по чужому счёту {account}",
        "the statement is of another account, {account}",
    )
    TOTALS_DIFFER = (
        "итоги выписки не сходятся с операциями: {what} {declared}, по операциям {counted}",
        "the statement's totals do not agree with its entries: {what} {declared}, by entries {counted}",
    )
    ENTRIES_REFUSED = (
        "операций, которые нельзя принять: {count}; ничего не изменено",
        "entries that cannot be taken: {count}; nothing is changed",
    )
    ENTRY_UNKNOWN = ("операции {entry} нет", "there is no entry {entry}")
    ENTRY_TAKEN = (
        "операция {entry} принята при загрузке ({effect}): решать нечего",
        "entry {entry} was taken when it was imported ({effect}): there is nothing to decide",
    )
    ENTRY_DECIDED = (
        "об операции {entry} решено иначе: {effect} {what}",
        "entry {entry} was decided otherwise: {effect} {what}",
    )
    ENTRY_KNOWN = (
        "операция {entry}: такое же движение по переводу {transfer} есть в выписке {statement_id}",
        "entry {entry}: statement {statement_id} told of the same movement of transfer {transfer}",
    )
    ENTRY_UNFIT = ("операция {entry}: {what}", "entry {entry}: {what}")
    DEMAND_NOT_WAITING = (
        "требования {demand}, которое ждёт денег, нет",
        "there is no demand {demand} that waits for money",
    )


@unique
class EntryCode(Enum):
    """Why one entry of a statement cannot be taken; texts as above."""

    VALUE_MISSING = ("нет {field}", "{field} is missing")
    VALUE_WRONG = ("неверно {field}=«{value}»", "{field}='{value}' is wrong")
    VALUE_TWICE = ("{field} названо дважды", "{field} stands there twice")
    FOREIGN = ("операция не по нашему счёту", "the entry is not of our account")
    PARTS_DIFFER = (
        "части пачки в сумме {parts}, а вся она {whole}",
        "the parts of the batch sum to {parts}, the whole is {whole}",
    )
    TRANSFER_UNKNOWN = ("перевода {transfer} нет", "there is no transfer {transfer}")
    SEVERAL_TRANSFERS = ("названо несколько переводов", "several transfers are named")
    NOT_EXPORTED = (
        "перевод {transfer} в состоянии {state}: он не выгружался",
        "transfer {transfer} is {state}: it was not exported",
    )
    TRANSFER_CLOSED = (
        "перевод {transfer} уже возвращён банком",
        "transfer {transfer} was returned by the bank already",
    )
    ACCOUNT_DIFFERS = (
        "перевод {transfer} на счёт {account}, а списано на счёт {other}",
        "transfer {transfer} is to account {account}, but {other} got the money",
    )
    MORE_THAN_LEFT = (
        "перевод {transfer}: списано {amount}, а оставалось {left}",
        "transfer {transfer}: {amount} left the account, {left} was to be paid",
    )
    RETURN_EXCEEDS = (
        "перевод {transfer}: возвращено {amount}, а исполнено {left}",
        "transfer {transfer}: {amount} came back, {left} was executed",
    )
    DEMAND_EXCEEDS = (
        "требование {demand}: поступило {amount}, а оставалось {left}",
        "demand {demand}: {amount} came in, {left} was left",
    )
    LEFT_THE_ACCOUNT = (
        "деньги списаны: требование {demand} они не закрывают",
        "the money left the account: it is nothing for demand {demand}",
    )
    DEMAND_OF_ANOTHER = (
        "требование {demand} предъявлено другому участнику, не ИНН {inn}",
        "demand {demand} is another merchant's, not that of INN {inn}",
    )


class PayoutError(SettlementError):
    """A payout or a statement is refused, and nothing is changed; with a PayoutCode."""
