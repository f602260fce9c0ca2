"""What the door says, in Russian and in English."""

from collections.abc import Mapping
from typing import Final

LANGUAGES: Final = ("ru", "en")

_TEXTS: Final[Mapping[str, tuple[str, str]]] = {
    "title": ("Tillgate: рабочее место", "Tillgate: desk"),
    "sign_in": ("Вход", "Sign in"),
    "login": ("Логин", "Login"),
    "password": ("Пароль", "Password"),
    "next": ("Далее", "Next"),
    "code": ("Код из приложения", "Code of the authenticator"),
    "code_hint": ("Шесть цифр; каждый код принимается один раз.", "Six digits; each code is taken once."),
    "sign_out": ("Выйти", "Sign out"),
    "join": ("У меня есть приглашение", "I have an invitation"),
    "joining": ("Приглашение", "Invitation"),
    "invitation": ("Код приглашения", "Invitation code"),
    "hello": ("Здравствуйте", "Welcome"),
    "secret": ("Ключ для приложения-аутентификатора", "Key for the authenticator"),
    "secret_link": ("Открыть в приложении", "Open in the authenticator"),
    "new_password": ("Новый пароль", "New password"),
    "again": ("Ещё раз", "Once more"),
    "differ": ("пароли не совпадают", "the passwords differ"),
    "password_rule": ("От 12 до 128 знаков, без логина.", "12 to 128 characters, without the login."),
    "finish": ("Готово", "Finish"),
    "joined": ("Готово, теперь можно войти.", "Done; you can sign in now."),
    "changed": ("Пароль сменён, войдите заново.", "The password is changed; sign in again."),
    "change_password": ("Сменить пароль", "Change password"),
    "proposals": ("Предложения", "Proposals"),
    "waiting": ("Ждут решения или исполнения", "Waiting for a decision or execution"),
    "all_proposals": ("Все предложения", "All proposals"),
    "none": ("Ничего нет.", "Nothing."),
    "older": ("Раньше", "Older"),
    "number": ("№", "No."),
    "kind": ("Вид", "Kind"),
    "state": ("Состояние", "State"),
    "proposed_by": ("Предложил", "Proposed by"),
    "proposed_at": ("Когда", "When"),
    "until": ("Действует до", "Valid until"),
    "reason": ("Обоснование", "Reason"),
    "payload": ("Что будет сделано", "What will be done"),
    "payload_sha256": ("SHA-256 содержания", "SHA-256 of the payload"),
    "decided_by": ("Решил", "Decided by"),
    "because": ("Примечание", "Remark"),
    "because_needed": ("Почему", "Why"),
    "executed_by": ("Исполнил", "Executed by"),
    "result": ("Итог", "Result"),
    "approve": ("Утвердить", "Approve"),
    "refuse": ("Отклонить", "Refuse"),
    "withdraw": ("Отозвать", "Withdraw"),
    "own": ("Это ваше предложение: решает другой.", "This is your own proposal: another person decides."),
    "audit": ("Журнал решений", "Audit log"),
    "actor": ("Кто", "By"),
    "action": ("Действие", "Action"),
    "subject": ("Над чем", "On"),
    "details": ("Подробности", "Details"),
    "approved_by": ("Утвердил", "Approved by"),
    "filter": ("Показать", "Show"),
    "merchants": ("Участники", "Merchants"),
    "inn": ("ИНН", "INN"),
    "outlets": ("Магазины", "Outlets"),
    "address": ("Адрес", "Address"),
    "terminals": ("Кассы", "Terminals"),
    "agreements": ("Соглашения", "Agreements"),
    "in_force": ("Действует", "In force"),
    "enabled": ("включена", "enabled"),
    "disabled": ("отключена", "disabled"),
    "PROPOSED": ("ждёт решения", "waits for a decision"),
    "APPROVED": ("утверждено, ждёт исполнения", "approved, waits for execution"),
    "REFUSED": ("отклонено", "refused"),
    "WITHDRAWN": ("отозвано", "withdrawn"),
    "EXECUTING": ("исполняется", "being executed"),
    "EXECUTED": ("исполнено", "executed"),
    "EXPIRED": ("срок истёк", "expired"),
    "ACTIVE": ("действует", "active"),
    "SUSPENDED": ("приостановлен", "suspended"),
    "ENDED": ("исключён", "ended"),
    "not_found": ("Такой страницы нет.", "There is no such page."),
    "forbidden": ("У вас нет на это права.", "You may not do this."),
    "not_ours": (
        "Форма устарела или пришла с другого сайта.",
        "The form is stale or came from another site.",
    ),
    "too_large": ("Слишком большой запрос.", "The request is too large."),
    "too_slow": ("Запрос шёл слишком долго.", "The request took too long."),
    "bad": ("Запрос не разобран.", "The request makes no sense."),
    "unavailable": (
        "Сейчас не получается. Попробуйте позже.",
        "This does not work right now. Try again later.",
    ),
    "home": ("На главную", "Home"),
    "yes": ("да", "yes"),
    "no": ("нет", "no"),
}

_LABELS: Final[Mapping[str, tuple[str, str]]] = {
    "command": ("команда", "command"),
    "certificate_id": ("сертификат", "certificate"),
    "request_id": ("номер запроса", "request id"),
    "source": ("откуда", "from"),
    "target": ("куда", "to"),
    "amount_kopecks": ("сумма", "amount"),
    "nominal_kopecks": ("сумма номиналов", "sum of nominals"),
    "total_kopecks": ("всего баллов", "points in all"),
    "document_number": ("документ", "document"),
    "list": ("перечень", "list"),
    "version": ("версия", "version"),
    "content_sha256": ("SHA-256 перечня", "SHA-256 of the list"),
    "row_count": ("строк", "rows"),
    "unreadable_row_count": ("из них непригодных", "of them unusable"),
    "imported_by": ("загрузил", "imported by"),
    "act": ("акт", "act"),
    "body": ("кто принял", "body"),
    "number": ("номер", "number"),
    "date": ("дата", "date"),
    "address": ("адрес", "address"),
    "announced_at": ("когда опубликован", "made known on"),
    "effective_from": ("вступает в силу", "in force from"),
    "is_urgent": ("без срока уведомления", "without the notice"),
    "file_name": ("файл", "file"),
    "file_sha256": ("SHA-256 файла", "SHA-256 of the file"),
    "programs": ("по видам помощи", "by program"),
    "program": ("вид помощи", "program"),
    "certificate_count": ("сертификатов", "certificates"),
    "kind": ("вид", "kind"),
    "reason": ("обоснование", "reason"),
    "proposed_by": ("предложил", "proposed by"),
    "payload_sha256": ("SHA-256 содержания", "SHA-256 of the content"),
    "roles": ("роли", "roles"),
    "merchants": ("участники", "merchants"),
    "valid_hours": ("действует часов", "hours it is valid"),
    "taken_over": ("взят из поставки", "taken over as shipped"),
    "wrong": ("что неверно", "what is wrong"),
    "claim_id": ("расчёт", "claim"),
    "agreement_number": ("договор", "agreement"),
    "merchant_inn": ("ИНН участника", "INN of the merchant"),
    "first_day": ("с", "from"),
    "last_day": ("по", "to"),
    "correction_number": ("номер корректировки", "correction"),
    "step": ("решение", "decision"),
    "lines_sha256": ("SHA-256 строк", "SHA-256 of the lines"),
    "verdicts_sha256": ("SHA-256 решений по строкам", "SHA-256 of the verdicts"),
    "approved_lines": ("строк одобрено", "lines approved"),
    "approved_kopecks": ("одобрено", "approved"),
    "refused_lines": ("строк отказано", "lines refused"),
    "refused_kopecks": ("отказано", "refused"),
    "refused_for_good_kopecks": ("отказано окончательно", "refused for good"),
    "signature_id": ("подпись №", "signature no."),
    "signature_answer": ("проверка подписи", "the signature's check"),
}


class Words:
    """The texts of one language."""

    def __init__(self, language: str) -> None:
        self.language = language if language in LANGUAGES else LANGUAGES[0]
        self._index = LANGUAGES.index(self.language)

    def __call__(self, key: str) -> str:
        """The text of a key; a key without one stands for itself."""
        return self.of(_TEXTS.get(key, (key, key)))

    def label(self, name: str) -> str:
        """What a field of a payload is called."""
        return self.of(_LABELS.get(name, (name, name)))

    def of(self, texts: tuple[str, str]) -> str:
        """The one of two texts that is in this language."""
        return texts[self._index]
