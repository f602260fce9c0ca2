"""What people at the till should read when no answer came: the only texts that the SDK brings itself."""

from typing import Final

from merchant_sdk.purchases import Notice

UNDONE: Final = Notice(
    cashier_ru="Шлюз не ответил вовремя. Операция отменена, баллы не списаны: проведите её заново.",
    cashier_en="The gateway did not answer in time. The operation is undone, no points taken: start anew.",
    buyer_ru="Оплата баллами не прошла, баллы не списаны.",
    buyer_en="Points could not be used; none were taken.",
)
"""A purchase that stayed without an answer and whose Void is confirmed."""

UNKNOWN: Final = Notice(
    cashier_ru="Шлюз не отвечает, исход операции неизвестен. Не выдавайте товар за баллы.",
    cashier_en="The gateway does not answer; the outcome is unknown. Give no goods for points.",
    buyer_ru="Оплата баллами сейчас недоступна. Если баллы удержаны, они вернутся.",
    buyer_en="Points cannot be used now. If any are held, they will come back.",
)
"""A request whose outcome is unknown for now."""
