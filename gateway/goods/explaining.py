"""Why a line was decided as it was: a sentence for the cashier, and every source's word for the auditor."""

from typing import Final

from msgspec import Struct

from gateway.domain.category import GoodsClass
from gateway.domain.judging import MILLION, Edition, Evidence, Judged, Review, Source
from gateway.domain.reasons import LINE_TEXTS, LineReason


class Step(Struct, frozen=True, gc=False):
    """What one source said, and what the lists say of it.

    `rule_id` is the prohibited list's rule for the code, "" if it has none; `has_decided` marks the source
    that the verdict names. `denied_ppm` as in Evidence.
    """

    source: str
    okpd2: str
    version: str
    rule_id: str
    rule_title_ru: str
    is_denied: bool
    is_too_coarse: bool
    classes: tuple[GoodsClass, ...]
    denied_ppm: int
    has_decided: bool


class Explanation(Struct, frozen=True, gc=False):
    """The whole of a line's decision; texts in Russian and English."""

    reason: LineReason
    cashier_ru: str
    cashier_en: str
    source: str
    okpd2: str
    rule_id: str
    rule_title_ru: str
    list_version: str
    class_map_version: str
    review: Review
    steps: tuple[Step, ...]


SOURCE_TEXTS: Final = {
    Source.MARKING: ("код маркировки", "marking code"),
    Source.CATALOGUE: ("каталог GTIN", "GTIN catalogue"),
    Source.IN_STORE: ("подтверждённый код магазина", "the shop's confirmed code"),
    Source.DECLARED: ("ОКПД2 от кассы", "ОКПД2 declared by the till"),
    Source.CONFIRMED_NAME: ("подтверждённое название", "confirmed name"),
    Source.NAME: ("классификатор названий", "classifier of names"),
    "payment_subject": ("признак предмета расчёта (тег 1212)", "payment subject (tag 1212)"),
    "none": ("ни один источник", "no source"),
}

REVIEW_TEXTS: Final = {
    Review.UNKNOWN: ("товар не известен ни одному источнику", "no source knows the goods"),
    Review.CONTRADICTION: ("источники противоречат друг другу", "sources contradict each other"),
    Review.DOUBT: ("название говорит неясно", "the name alone speaks, and not clearly"),
}


def explain(judged: Judged, edition: Edition) -> Explanation:
    """Put a judged line into words, by the edition that judged it."""
    verdict = judged.verdict
    texts = LINE_TEXTS[verdict.reason]
    rule = edition.prohibited.rule_for(verdict.okpd2) if verdict.okpd2 else None
    return Explanation(
        reason=verdict.reason,
        cashier_ru=texts.cashier_ru,
        cashier_en=texts.cashier_en,
        source=verdict.source,
        okpd2=verdict.okpd2,
        rule_id=verdict.rule_id,
        rule_title_ru=rule.title_ru if rule else "",
        list_version=verdict.list_version,
        class_map_version=edition.class_map.version,
        review=verdict.review,
        steps=tuple(_step(item, judged, edition) for item in judged.evidence),
    )


def _step(item: Evidence, judged: Judged, edition: Edition) -> Step:
    rule = edition.prohibited.rule_for(item.okpd2)
    verdict = judged.verdict
    return Step(
        source=item.source,
        okpd2=item.okpd2,
        version=item.version,
        rule_id=rule.rule_id if rule else "",
        rule_title_ru=rule.title_ru if rule else "",
        is_denied=rule is not None and rule.is_denied,
        is_too_coarse=edition.prohibited.is_too_coarse(item.okpd2),
        classes=tuple(sorted(edition.class_map.classes_of(item.okpd2))),
        denied_ppm=item.denied_ppm,
        has_decided=(item.source, item.okpd2) == (verdict.source, verdict.okpd2),
    )


def trace_lines(explanation: Explanation, *, russian: bool) -> list[str]:
    """The whole trace as lines of text for a person."""
    tongue = 0 if russian else 1
    lines = [explanation.cashier_ru if russian else explanation.cashier_en]
    lines += [_step_line(step, tongue) for step in explanation.steps]
    decided, by_rule, lists = _DECIDED[tongue]
    source = SOURCE_TEXTS[explanation.source][tongue]
    rule = f"{explanation.rule_id} {explanation.rule_title_ru}".strip()
    lines.append(f"{decided}: {source}; {by_rule}: {rule}; {lists}: {explanation.list_version}")
    if explanation.review is not Review.NONE:
        lines.append(f"{_QUEUED[tongue]}: {REVIEW_TEXTS[explanation.review][tongue]}")
    return lines


_DECIDED: Final = (("решил", "правило", "список"), ("decided by", "rule", "list"))
_QUEUED: Final = ("на проверку", "for review")
_DENIED: Final = ("запрещено", "denied")
_COARSE: Final = ("слишком общий код", "too coarse a code")
_ALLOWED: Final = ("разрешено", "allowed")
_PROBABILITY: Final = ("вероятность запрета", "probability of denied goods")


def _step_line(step: Step, tongue: int) -> str:
    says = _DENIED if step.is_denied else _COARSE if step.is_too_coarse else _ALLOWED
    parts = [f"{SOURCE_TEXTS[step.source][tongue]}: {step.okpd2} {says[tongue]}"]
    if step.rule_id:
        parts.append(f"{step.rule_id} {step.rule_title_ru}")
    if step.classes:
        parts.append(", ".join(step.classes))
    if step.source == Source.NAME:
        parts.append(f"{_PROBABILITY[tongue]} {100 * step.denied_ppm / MILLION:.2f} %")
    if step.version:
        parts.append(step.version)
    return "; ".join(parts)
