"""The one table of reasons: precedence, gRPC code, whether recorded, texts for people.

The number is the order of precedence: of several reasons that hold, the lowest is answered.
An **error** (a reason with a gRPC code) leaves the request id free; a **decline** is an answer
and is recorded under it for ever. `protos/tillgate/v1/reason.proto` repeats names and numbers;
`docs/reasons.md` is printed from here.
"""

from dataclasses import dataclass
from enum import IntEnum
from typing import Final


class Reason(IntEnum):
    """Why a request is refused, in order of precedence."""

    MESSAGE_TOO_LARGE = 10
    MESSAGE_MALFORMED = 20
    CLIENT_UNKNOWN = 30
    CLIENT_MAC_WRONG = 32
    CLIENT_CLOCK_WRONG = 34
    CLIENT_REVOKED = 40
    ENROLLMENT_CODE_WRONG = 42
    ENROLLMENT_CODE_SPENT = 44
    ENROLLMENT_PROOF_WRONG = 46
    TERMINAL_NOT_YOURS = 50
    CARD_GUESSING = 52
    TOO_MANY_KEYED_CARDS = 54
    CLAIMS_NOT_FOR_TILLS = 56
    FIELD_MISSING = 60
    FIELD_INVALID = 70
    REQUEST_ID_INVALID = 80
    TEXT_INVALID = 90
    TOO_MANY_LINES = 100
    TOO_MANY_CERTIFICATES = 110
    DUPLICATE_LINE_NUMBER = 120
    AMOUNT_OUT_OF_RANGE = 130
    QUANTITY_OUT_OF_RANGE = 140
    CHECK_DIGIT_WRONG = 150
    OKPD2_INVALID = 160
    LINE_SUM_MISMATCH = 170
    TOTAL_MISMATCH = 180
    RECEIPT_INVALID = 190
    CERTIFICATE_REQUEST_INVALID = 195
    PAGE_TOKEN_INVALID = 200
    OVERLOADED = 210
    CLIENT_TOO_BUSY = 211
    CARD_TOO_FREQUENT = 212
    TERMINAL_TOO_FREQUENT = 213
    MERCHANT_TOO_FREQUENT = 214
    TOO_MANY_DOWNLOADS = 215
    TOO_MANY_SUBMISSIONS = 216
    EXPIRED_IN_QUEUE = 220
    DOWNLOAD_STALLED = 225
    UNAVAILABLE = 230
    REQUEST_ID_CONFLICT = 240
    NOT_FOUND = 250
    REFERENCE_UNKNOWN = 260
    DAY_NOT_SEALED = 265
    CLAIM_UNKNOWN = 266
    CLAIM_REFUSED = 268
    APPLICATION_UNKNOWN = 270
    APPLICATION_EXISTS = 275
    KEY_IN_USE = 280

    VOIDED_BEFORE_ARRIVAL = 300
    MERCHANT_SUSPENDED = 310
    OUTLET_DISABLED = 320
    TERMINAL_DISABLED = 330
    PURCHASE_UNKNOWN = 340
    CARD_UNKNOWN = 350
    CARD_STOPPED = 360
    ACCOUNT_BLOCKED = 370
    OTHER_TERMINAL = 380
    OTHER_OUTLET = 390
    REPLACES_OTHER_ACCOUNT = 400
    PURCHASE_DECLINED = 405
    ALREADY_VOIDED = 410
    ALREADY_CAPTURED = 420
    NOT_CAPTURED = 430
    HOLD_EXPIRED = 440
    LATE_CAPTURE_REFUSED = 450
    LINE_UNKNOWN = 460
    CAPTURE_ABOVE_AUTHORIZED = 470
    REFUND_ABOVE_CAPTURED = 480
    SHIFT_ALREADY_CLOSED = 490
    CERTIFICATE_UNKNOWN = 500
    PROGRAM_NOT_HELD = 510
    NO_USABLE_CERTIFICATE = 520
    NO_AGREEMENT = 530
    NOTHING_ELIGIBLE = 540
    INSUFFICIENT_POINTS = 550
    OWN_MONEY_NOT_ALLOWED = 560

    PROGRAM_UNKNOWN = 600
    VALIDITY_INVALID = 610
    NOMINAL_NOT_PUBLISHED = 620
    CERTIFICATE_WITHDRAWN = 630
    ALREADY_IN_STATE = 640
    AMOUNT_ABOVE_BALANCE = 650


class LineReason(IntEnum):
    """Why a line is paid by points or not."""

    ALLOWED = 1
    PROHIBITED = 2
    NOT_GOODS = 3
    EXCISE_UNCLEARED = 4
    PROGRAM_DOES_NOT_ALLOW = 5
    GOODS_UNKNOWN = 6
    GOODS_SUSPECTED = 7


@dataclass(frozen=True, slots=True)
class Texts:
    """What cashier and buyer read, Russian and English."""

    cashier_ru: str
    cashier_en: str
    buyer_ru: str
    buyer_en: str


@dataclass(frozen=True, slots=True)
class ReasonRow:
    """One row of the table. `grpc_code` is None for declines, which are recorded answers."""

    reason: Reason
    grpc_code: str | None
    texts: Texts

    @property
    def is_recorded(self) -> bool:
        """True if the answer is stored under the request id for ever."""
        return self.grpc_code is None


_TRY_AGAIN = (
    "Оплата баллами сейчас не прошла. Попробуйте ещё раз.",
    "Points could not be used now. Please try again.",
)
_SHOP_SIDE = ("Касса не смогла провести оплату баллами.", "The till could not take points.")


def _error(reason: Reason, code: str, ru: str, en: str, buyer: tuple[str, str] = _SHOP_SIDE) -> ReasonRow:
    return ReasonRow(reason, code, Texts(ru, en, *buyer))


def _decline(reason: Reason, ru: str, en: str, buyer_ru: str, buyer_en: str) -> ReasonRow:
    return ReasonRow(reason, None, Texts(ru, en, buyer_ru, buyer_en))


_INVALID: Final = "INVALID_ARGUMENT"

_ROWS: Final = (
    _error(Reason.MESSAGE_TOO_LARGE, _INVALID, "Сообщение больше допустимого.", "The message is larger than allowed."),
    _error(Reason.MESSAGE_MALFORMED, _INVALID, "Сообщение не читается.", "The message cannot be parsed."),
    _error(Reason.CLIENT_UNKNOWN, "UNAUTHENTICATED", "Ключ кассы не зарегистрирован.", "This client key is not registered."),
    _error(Reason.CLIENT_MAC_WRONG, "UNAUTHENTICATED", "Код подлинности запроса неверен.", "The request's authentication code is wrong."),
    _error(Reason.CLIENT_CLOCK_WRONG, "UNAUTHENTICATED", "Время запроса расходится с временем шлюза.",
           "The request's time is too far from the gateway's."),
    _error(Reason.CLIENT_REVOKED, "UNAUTHENTICATED", "Ключ кассы отозван или истёк.", "This client key is revoked or has ended."),
    _error(Reason.ENROLLMENT_CODE_WRONG, "UNAUTHENTICATED", "Код подключения неверен.", "The enrolment code is wrong."),
    _error(Reason.ENROLLMENT_CODE_SPENT, "UNAUTHENTICATED", "Код подключения уже использован или истёк, запросите новый.",
           "The enrolment code was used or has ended; ask for a new one."),
    _error(Reason.ENROLLMENT_PROOF_WRONG, "UNAUTHENTICATED", "Подпись прежним ключом неверна.",
           "The signature by the key in use is wrong."),
    _error(Reason.TERMINAL_NOT_YOURS, "PERMISSION_DENIED", "Касса не принадлежит этому участнику.", "The terminal is not yours."),
    _error(Reason.CARD_GUESSING, "PERMISSION_DENIED", "С этой кассы спрашивали слишком много неизвестных карт; карты временно не принимаются.",
           "Too many unknown cards were asked for from here; cards are not taken for a while.",
           ("Касса сейчас не принимает карты, пройдите на другую.", "This till does not take cards now; try another.")),
    _error(Reason.TOO_MANY_KEYED_CARDS, "PERMISSION_DENIED", "Ручной ввод карт на этой кассе на сегодня исчерпан: прочитайте карту.",
           "No more card numbers may be keyed in at this till today: read the card.",
           ("Номер карты вручную больше не принимается.", "A keyed card number is not taken any more.")),
    _error(Reason.CLAIMS_NOT_FOR_TILLS, "PERMISSION_DENIED", "Расчёты доступны головному офису по ключу концентратора, не кассе.",
           "Claims are for the head office, by a concentrator's key, not for a till."),
    _error(Reason.FIELD_MISSING, _INVALID, "Не заполнено обязательное поле.", "A required field is missing."),
    _error(Reason.FIELD_INVALID, _INVALID, "Поле заполнено неверно.", "A field has an invalid value."),
    _error(Reason.REQUEST_ID_INVALID, _INVALID, "request_id должен быть UUIDv7.", "request_id must be a UUIDv7."),
    _error(Reason.TEXT_INVALID, _INVALID, "Текст слишком длинный или содержит недопустимые символы.",
           "A text is too long or holds control characters."),
    _error(Reason.TOO_MANY_LINES, _INVALID, "В чеке больше 200 позиций.", "The basket has more than 200 lines."),
    _error(Reason.TOO_MANY_CERTIFICATES, _INVALID, "Указано больше 8 сертификатов.", "More than 8 certificates are named."),
    _error(Reason.DUPLICATE_LINE_NUMBER, _INVALID, "Номер позиции повторяется.", "A line number occurs twice."),
    _error(Reason.AMOUNT_OUT_OF_RANGE, _INVALID, "Сумма вне допустимых пределов.", "An amount is out of range."),
    _error(Reason.QUANTITY_OUT_OF_RANGE, _INVALID, "Количество вне допустимых пределов.", "A quantity is out of range."),
    _error(Reason.CHECK_DIGIT_WRONG, _INVALID, "Неверная контрольная цифра.", "A check digit is wrong."),
    _error(Reason.OKPD2_INVALID, _INVALID, "Код ОКПД2 записан неверно.", "The ОКПД2 code is not well-formed."),
    _error(Reason.LINE_SUM_MISMATCH, _INVALID, "Сумма позиции не сходится с ценой и количеством.",
           "A line amount does not match price, quantity and discount."),
    _error(Reason.TOTAL_MISMATCH, _INVALID, "Сумма позиций не равна итогу чека.", "The lines do not sum to the total."),
    _error(Reason.RECEIPT_INVALID, _INVALID, "Реквизиты фискального чека неверны.", "Fiscal receipt requisites are invalid."),
    _error(Reason.CERTIFICATE_REQUEST_INVALID, _INVALID, "Запрос сертификата неверен.", "The certificate request is invalid."),
    _error(Reason.PAGE_TOKEN_INVALID, _INVALID, "Неверный маркер страницы.", "The page token is not one of ours."),
    _error(Reason.OVERLOADED, "RESOURCE_EXHAUSTED", "Шлюз перегружен, повторите чуть позже.",
           "The gateway is busy; retry shortly.", _TRY_AGAIN),
    _error(Reason.CLIENT_TOO_BUSY, "RESOURCE_EXHAUSTED", "С этим ключом слишком много запросов сразу, повторите чуть позже.",
           "This client key has too many requests at once; retry shortly.", _TRY_AGAIN),
    _error(Reason.CARD_TOO_FREQUENT, "RESOURCE_EXHAUSTED", "По этой карте слишком много покупок подряд, повторите позже.",
           "Too many purchases by this card in a short time; retry later.", _TRY_AGAIN),
    _error(Reason.TERMINAL_TOO_FREQUENT, "RESOURCE_EXHAUSTED", "На этой кассе слишком много покупок подряд, повторите позже.",
           "Too many purchases at this till in a short time; retry later.", _TRY_AGAIN),
    _error(Reason.MERCHANT_TOO_FREQUENT, "RESOURCE_EXHAUSTED", "У этого участника слишком много покупок подряд, повторите позже.",
           "Too many purchases at this merchant in a short time; retry later.", _TRY_AGAIN),
    _error(Reason.TOO_MANY_DOWNLOADS, "RESOURCE_EXHAUSTED", "Шлюз уже отдаёт столько списков, сколько может; повторите позже.",
           "The gateway serves as many downloads as it can; retry later."),
    _error(Reason.TOO_MANY_SUBMISSIONS, "RESOURCE_EXHAUSTED", "Слишком много поданных товаров ждут решения; подайте следующие позже.",
           "Too many submitted goods wait for a decision; submit more later."),
    _error(Reason.EXPIRED_IN_QUEUE, "DEADLINE_EXCEEDED", "Время ожидания истекло до начала обработки.",
           "The deadline passed before the command started.", _TRY_AGAIN),
    _error(Reason.DOWNLOAD_STALLED, "DEADLINE_EXCEEDED", "Список слишком долго не принимали, передача прервана.",
           "The download was not read for too long and has ended."),
    _error(Reason.UNAVAILABLE, "UNAVAILABLE", "Шлюз временно недоступен, повторите с тем же request_id.",
           "The gateway is unavailable; retry with the same request id.", _TRY_AGAIN),
    _error(Reason.REQUEST_ID_CONFLICT, "ALREADY_EXISTS", "Этот request_id уже использован с другим содержимым.",
           "This request id was used with another body."),
    _error(Reason.NOT_FOUND, "NOT_FOUND", "Покупка пока не найдена.", "The purchase has not been found (yet)."),
    _error(Reason.REFERENCE_UNKNOWN, "NOT_FOUND", "Такая версия списка не опубликована.", "No such version of the list is published."),
    _error(Reason.DAY_NOT_SEALED, "NOT_FOUND", "День ещё не опечатан.", "The day is not sealed (yet)."),
    _error(Reason.CLAIM_UNKNOWN, "NOT_FOUND", "Такого расчёта у участника нет.", "The merchant has no such claim."),
    _error(Reason.CLAIM_REFUSED, "FAILED_PRECONDITION", "С расчётом так поступить нельзя.", "This cannot be done with the claim."),
    _error(Reason.APPLICATION_UNKNOWN, "NOT_FOUND", "Заявки с таким номером и секретом нет.",
           "There is no application of this number and secret."),
    _error(Reason.APPLICATION_EXISTS, "ALREADY_EXISTS", "Участник или заявка с этим ИНН уже есть.",
           "There is a participant or an application of this INN already."),
    _error(Reason.KEY_IN_USE, "ALREADY_EXISTS", "Этот ключ уже зарегистрирован, создайте новый.",
           "This key is registered already; make a new one."),
    _decline(Reason.VOIDED_BEFORE_ARRIVAL, "Покупка была отменена до прихода запроса.",
             "The purchase was voided before it arrived.", "Покупка отменена.", "The purchase was cancelled."),
    _decline(Reason.MERCHANT_SUSPENDED, "Обслуживание сертификатов магазином приостановлено.",
             "The merchant is suspended.", "Этот магазин сейчас не принимает баллы.",
             "This shop does not take points now."),
    _decline(Reason.OUTLET_DISABLED, "Магазин отключён от обслуживания сертификатов.", "The outlet is disabled.",
             "Этот магазин сейчас не принимает баллы.", "This shop does not take points now."),
    _decline(Reason.TERMINAL_DISABLED, "Касса отключена от обслуживания сертификатов.", "The terminal is disabled.",
             "Эта касса сейчас не принимает баллы, пройдите на другую.", "This till does not take points; try another."),
    _decline(Reason.PURCHASE_UNKNOWN, "Такой покупки нет у этого участника.", "The merchant has no such purchase.",
             "Покупка не найдена.", "The purchase was not found."),
    _decline(Reason.CARD_UNKNOWN, "Карта не найдена.", "The card is unknown.",
             "По этой карте нет сертификата.", "This card has no certificate."),
    _decline(Reason.CARD_STOPPED, "Карта в стоп-листе. Обслуживать нельзя.", "The card is on the stop list.",
             "Карта не обслуживается, обратитесь в центр «Мои документы».", "The card is stopped; contact the service centre."),
    _decline(Reason.ACCOUNT_BLOCKED, "Счёт карты заблокирован.", "The card account is blocked.",
             "Баллы заблокированы, обратитесь в отдел соцзащиты.", "The points are blocked; contact social protection."),
    _decline(Reason.OTHER_TERMINAL, "Отмену проводит касса, которая провела покупку.",
             "Only the terminal of the purchase may do this.", "Обратитесь на кассу, где была покупка.",
             "Please go to the till of the purchase."),
    _decline(Reason.OTHER_OUTLET, "Возврат принимает только магазин покупки.", "Only the outlet of the purchase may do this.",
             "Обратитесь в магазин, где была покупка.", "Please go to the shop of the purchase."),
    _decline(Reason.REPLACES_OTHER_ACCOUNT, "Заменяемая покупка сделана по другой карте.",
             "The replaced purchase belongs to another card.", "Предъявите ту же карту.", "Please use the same card."),
    _decline(Reason.PURCHASE_DECLINED, "Эта покупка была отклонена.", "The purchase was declined.",
             "Покупка не была одобрена.", "The purchase was not approved."),
    _decline(Reason.ALREADY_VOIDED, "Покупка уже отменена.", "The purchase is already voided.",
             "Покупка уже отменена.", "The purchase is already cancelled."),
    _decline(Reason.ALREADY_CAPTURED, "Покупка уже проведена: оформите возврат.", "Already captured: use Refund.",
             "Покупка уже проведена, возможен возврат.", "The purchase is complete; a refund is possible."),
    _decline(Reason.NOT_CAPTURED, "Покупка ещё не проведена: проведите её (Capture) или отмените (Void).",
             "Not captured yet: use Capture or Void.", "Баллы ещё не списаны.", "No points were spent yet."),
    _decline(Reason.HOLD_EXPIRED, "Срок удержания истёк: проведите покупку заново или пришлите чек.",
             "The hold expired: authorize anew, or capture with the receipt.", "Время ожидания покупки истекло.",
             "The purchase took too long."),
    _decline(Reason.LATE_CAPTURE_REFUSED, "Позднее списание невозможно: дата чека вне срока удержания или прошло слишком много времени.",
             "Late capture refused: receipt date outside the hold, or too late.", "Баллы за эту покупку списать нельзя.",
             "Points can no longer pay this purchase."),
    _decline(Reason.LINE_UNKNOWN, "В покупке нет такой позиции.", "The purchase has no such line.",
             "Позиция не найдена.", "The line was not found."),
    _decline(Reason.CAPTURE_ABOVE_AUTHORIZED, "Списание больше удержанного.", "Capture above what was authorized.",
             "Сумма больше одобренной.", "The amount is above the approved one."),
    _decline(Reason.REFUND_ABOVE_CAPTURED, "Возврат больше проданного.", "Refund above what was captured.",
             "Возврат больше покупки невозможен.", "A refund cannot exceed the purchase."),
    _decline(Reason.SHIFT_ALREADY_CLOSED, "Смена уже закрыта.", "The shift is already closed.",
             "Смена уже закрыта.", "The shift is already closed."),
    _decline(Reason.CERTIFICATE_UNKNOWN, "У этой карты нет такого сертификата.", "The card has no such certificate.",
             "По карте нет такого сертификата.", "The card has no such certificate."),
    _decline(Reason.PROGRAM_NOT_HELD, "По карте нет сертификата этого вида помощи.", "The card has no certificate of this program.",
             "По карте нет сертификата этого вида.", "The card has no certificate of this kind."),
    _decline(Reason.NO_USABLE_CERTIFICATE, "Нет действующего сертификата.", "No certificate is valid now.",
             "Срок действия баллов истёк или ещё не начался.", "The points are expired or not yet valid."),
    _decline(Reason.NO_AGREEMENT, "Нет действующего договора о субсидии по этому виду помощи.",
             "No subsidy agreement is in force for this program.", "Этот магазин не принимает эти баллы.",
             "This shop does not take these points."),
    _decline(Reason.NOTHING_ELIGIBLE, "Ни одну позицию чека нельзя оплатить баллами.", "No line may be paid by points.",
             "Эти товары нельзя оплатить баллами.", "These goods cannot be paid by points."),
    _decline(Reason.INSUFFICIENT_POINTS, "Баллов не хватает.", "Not enough points.",
             "Баллов не хватает, можно доплатить.", "Not enough points; you may pay the difference."),
    _decline(Reason.OWN_MONEY_NOT_ALLOWED, "По этому виду помощи доплата запрещена.", "The program forbids own money.",
             "Доплата своими деньгами здесь не разрешена.", "Own money cannot be added here."),
    _decline(Reason.PROGRAM_UNKNOWN, "Нет такого вида помощи или его версии.", "No such program or version.",
             "Вид помощи не найден.", "The program was not found."),
    _decline(Reason.VALIDITY_INVALID, "Срок действия задан неверно.", "The validity is not a period.",
             "Срок действия задан неверно.", "The validity is wrong."),
    _decline(Reason.NOMINAL_NOT_PUBLISHED, "Номинал не равен опубликованному, и акт не указан.",
             "The nominal is not the published one and no act is named.", "Номинал не подтверждён.", "The nominal is not confirmed."),
    _decline(Reason.CERTIFICATE_WITHDRAWN, "Сертификат отозван.", "The certificate is withdrawn.",
             "Сертификат отозван.", "The certificate is withdrawn."),
    _decline(Reason.ALREADY_IN_STATE, "Состояние уже такое.", "Already in that state.",
             "Изменений нет.", "Nothing to change."),
    _decline(Reason.AMOUNT_ABOVE_BALANCE, "Сумма больше остатка.", "The amount is above the balance.",
             "Сумма больше остатка.", "The amount is above the balance."),
)  # fmt: skip

REASONS: Final[dict[Reason, ReasonRow]] = {row.reason: row for row in _ROWS}

LINE_TEXTS: Final[dict[LineReason, Texts]] = {
    LineReason.ALLOWED: Texts("Можно баллами", "Points allowed", "Оплачивается баллами", "Paid by points"),
    LineReason.PROHIBITED: Texts(
        "Запрещено к покупке по сертификату", "Prohibited for certificates",
        "Этот товар нельзя оплатить баллами", "Points cannot pay for this item",
    ),
    LineReason.NOT_GOODS: Texts(
        "Не товар: баллами не оплачивается", "Not goods: points do not pay",
        "Услуги баллами не оплачиваются", "Points do not pay for services",
    ),
    LineReason.EXCISE_UNCLEARED: Texts(
        "Подакцизный товар без подтверждения", "Excise goods without a second source",
        "Этот товар нельзя оплатить баллами", "Points cannot pay for this item",
    ),
    LineReason.PROGRAM_DOES_NOT_ALLOW: Texts(
        "Не входит в вид помощи", "Outside the program",
        "Ваш сертификат выдан на другие товары", "Your certificate is for other goods",
    ),
    LineReason.GOODS_UNKNOWN: Texts(
        "Товар не определён: укажите код", "Goods unknown: give a code",
        "Товар не определён, баллами не оплачивается", "The item is not recognised",
    ),
    LineReason.GOODS_SUSPECTED: Texts(
        "По названию похоже на запрещённый товар: укажите код", "The name suggests prohibited goods: give a code",
        "Товар не определён, баллами не оплачивается", "The item is not recognised",
    ),
}  # fmt: skip
