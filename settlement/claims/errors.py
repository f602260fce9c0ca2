"""Why work on claims is refused."""

from enum import Enum, unique


@unique
class ClaimCode(Enum):
    """The machine code is the name; the texts are Russian and English, with the named details."""

    AGREEMENT_UNKNOWN = ("договора {agreement_id} нет", "there is no agreement {agreement_id}")
    AGREEMENT_SETTLED = (
        "договор {number} закрыт: расчётов по нему больше нет",
        "agreement {number} is settled: it has no claims any more",
    )
    AGREEMENT_OPEN = (
        "по договору {number} не всё завершено: на рассмотрении {under_review_kopecks} коп., утверждено и не"
        " оплачено {approved_kopecks} коп., возвращено и не удержано {not_netted_kopecks} коп.",
        "agreement {number} has kopecks on their way: {under_review_kopecks} under review, {approved_kopecks}"
        " approved and not paid, {not_netted_kopecks} given back and neither netted nor returned",
    )
    AGREEMENT_LEAVES = (
        "по договору {number} не заявлено {left_kopecks} коп., а названо {named_kopecks}: они останутся без"
        " возмещения",
        "agreement {number} has {left_kopecks} kopecks that were never claimed and would stay unpaid;"
        " {named_kopecks} are named",
    )
    PERIOD_UNFIT = (
        "{day} не первый день периода: по договору период — {period}",
        "{day} is no first day of a period, which is a {period} here",
    )
    PERIOD_OPEN = (
        "период по {last_day} ещё не закончился",
        "the period until {last_day} is not over yet",
    )
    PERIOD_FILED = (
        "эти дни уже в расчёте {claim_id}: он подан за период с {first_day} по {last_day}",
        "claim {claim_id} has these days already: it is filed for {first_day} to {last_day}",
    )
    NOTHING_TO_CLAIM = (
        "по договору {number} за период с {first_day} заявлять нечего",
        "agreement {number} has nothing to claim for the period from {first_day}",
    )
    CLAIM_UNKNOWN = ("расчёта {claim_id} нет", "there is no claim {claim_id}")
    CLAIM_ACCEPTED = (
        "расчёт {claim_id} за этот период уже рассмотрен ({state}): остальное войдёт в следующий",
        "claim {claim_id} of this period is decided ({state}): what is left goes into the next one",
    )
    NOT_A_DRAFT = ("расчёт {claim_id} не черновик: {state}", "claim {claim_id} is no draft: {state}")
    NET_NOT_POSITIVE = (
        "по расчёту {claim_id} к возмещению {net_kopecks} коп.: подавать нечего",
        "claim {claim_id} comes to {net_kopecks} kopecks: there is nothing to file",
    )
    CLAIM_STALE = (
        "расчёт {claim_id} устарел, составьте его заново; изменилось строк: {count}: {lines}",
        "claim {claim_id} is stale, build it anew; lines that changed: {count}: {lines}",
    )
    TERMS_CHANGED = (
        "договор изменился ({what}): составьте расчёт {claim_id} заново",
        "the agreement was changed ({what}): build claim {claim_id} anew",
    )
    LIMIT_EXCEEDED = (
        "расчёт {claim_id} устарел: {limit} вмещает {room_kopecks} коп. из {net_kopecks}",
        "claim {claim_id} is stale: {limit} has room for {room_kopecks} kopecks of {net_kopecks}",
    )
    FILING_BLOCKED = ("подать расчёт {claim_id} мешает: {what}", "claim {claim_id} cannot be filed: {what}")
    KBK_MALFORMED = ("КБК — 20 цифр: {kbk}", "a KBK has 20 digits: {kbk}")
    LIMIT_MALFORMED = ("лимит бюджета не может быть таким", "that is no budget limit")
    DEMAND_UNKNOWN = ("требования {demand_id} нет", "there is no return demand {demand_id}")
    DEMAND_STEP_NOT_ALLOWED = (
        "требование {demand_id} в состоянии {state}: действие «{step}» невозможно",
        "return demand {demand_id} is {state}: the step {step} is not possible",
    )
    DEMAND_SUM_UNFIT = (
        "по требованию {demand_id} осталось {left_kopecks} коп., пришло {amount_kopecks}",
        "return demand {demand_id} has {left_kopecks} kopecks left, {amount_kopecks} came",
    )
    DEMAND_OTHER_YEAR = (
        "требование {demand_id} относится к {year} году: зачесть его в {this_year} нельзя",
        "return demand {demand_id} belongs to {year} and is not offset in {this_year}",
    )
    REVENUE_KBK_MISSING = (
        "у договора {number} не указан КБК доходов для возврата",
        "agreement {number} names no revenue KBK for returns",
    )
