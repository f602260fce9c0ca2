"""Why a line was decided as it was: a sentence for the cashier, and every source's word for the auditor."""

from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

from gateway.domain.category import GoodsClass
from gateway.domain.judging import (
    MILLION,
    NAMES_UNHEARD,
    Edition,
    Evidence,
    Judged,
    NamePolicy,
    Review,
    Source,
)
from gateway.domain.reasons import LINE_TEXTS, LineReason
from gateway.goods.names.opinions import NameTrace


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
    """The whole of a line's decision; texts in Russian and English.

    `classes` are those of the deciding code. `name` is what the classifier saw in the item's name, None if it
    was not asked; `names` from which probability its guess counts.
    """

    reason: LineReason
    cashier_ru: str
    cashier_en: str
    source: str
    okpd2: str
    rule_id: str
    rule_title_ru: str
    list_version: str
    class_map_version: str
    classes: tuple[GoodsClass, ...]
    review: Review
    steps: tuple[Step, ...]
    names: NamePolicy
    name: NameTrace | None = None


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
"""How people call what `Evidence.source` and `Verdict.source` name, in Russian and English."""

REVIEW_TEXTS: Final = {
    Review.UNKNOWN: ("товар не известен ни одному источнику", "no source knows the goods"),
    Review.CONTRADICTION: ("источники противоречат друг другу", "sources contradict each other"),
    Review.DOUBT: ("название говорит неясно", "the name alone speaks, and not clearly"),
}

CLASS_TEXTS: Final = {
    GoodsClass.FOOD: ("продукты питания", "food"),
    GoodsClass.CHILDREN: ("детские товары", "children's goods"),
    GoodsClass.DURABLE: ("товары длительного пользования", "durable goods"),
    GoodsClass.CLOTHES: ("одежда", "clothes"),
    GoodsClass.FOOTWEAR: ("обувь", "footwear"),
    GoodsClass.OTHER: ("прочие товары", "other goods"),
}

_RULE_TEXTS: Final = {
    "not-listed": ("перечень об этом товаре молчит", "the list does not speak of these goods"),
    "too-coarse": ("код слишком общий: под ним есть и запрещённое", "denied goods lie below the code"),
    "unknown": ("ни кода, ни понятного названия", "neither a code nor a name that tells"),
    "suspected": ("по названию вероятен запрет", "the name makes denied goods likely"),
}
"""Rules that are none of the prohibited list's."""

NO_TITLES: Final[Mapping[str, str]] = {}

_SUBJECT_RULE: Final = "subject-"
_SUBJECT: Final = ("тег 1212 = {}", "tag 1212 = {}")


def explain(judged: Judged, edition: Edition, name: NameTrace | None = None) -> Explanation:
    """Put a judged line into words, by the edition that judged it."""
    verdict = judged.verdict
    texts = LINE_TEXTS[verdict.reason]
    rule = edition.prohibited.rule_for(verdict.okpd2) if verdict.okpd2 else None
    is_named = verdict.reason is LineReason.PROHIBITED and rule is not None
    return Explanation(
        reason=verdict.reason,
        cashier_ru=f"{texts.cashier_ru}: {rule.title_ru}" if is_named and rule else texts.cashier_ru,
        cashier_en=f"{texts.cashier_en}: ОКПД2 {rule.okpd2}" if is_named and rule else texts.cashier_en,
        source=verdict.source,
        okpd2=verdict.okpd2,
        rule_id=verdict.rule_id,
        rule_title_ru=rule.title_ru if rule else "",
        list_version=verdict.list_version,
        class_map_version=edition.class_map.version,
        classes=_classes(verdict.okpd2, edition),
        review=verdict.review,
        steps=tuple(_step(item, judged, edition) for item in judged.evidence),
        names=edition.names,
        name=name,
    )


def _classes(okpd2: str, edition: Edition) -> tuple[GoodsClass, ...]:
    return tuple(sorted(edition.class_map.classes_of(okpd2)))


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
        classes=_classes(item.okpd2, edition),
        denied_ppm=item.denied_ppm,
        has_decided=(item.source, item.okpd2) == (verdict.source, verdict.okpd2),
    )


def trace_lines(explanation: Explanation, *, russian: bool) -> list[str]:
    """The cashier's sentence and the whole trace, line by line: sources, words, who decided by what."""
    tongue = 0 if russian else 1
    return [
        explanation.cashier_ru if russian else explanation.cashier_en,
        *(step_line(step, tongue) for step in explanation.steps),
        *name_lines(explanation, tongue),
        *decision_lines(explanation, tongue),
    ]


_DECIDED: Final = (("решил", "правило", "перечень"), ("decided by", "rule", "list"))
_QUEUED: Final = ("на проверку", "for review")
_DENIED: Final = ("запрещено", "denied")
_COARSE: Final = ("слишком общий код", "too coarse a code")
_ALLOWED: Final = ("не запрещено", "not denied")
_PROBABILITY: Final = ("вероятность запрета {}", "{} likely to be denied")
_WORDS: Final = ("слова", "words")
_LIKELIEST: Final = ("похоже на", "looks like")
_COUNTS: Final = (
    "название решает само: отказ от {}, на проверку от {}; против надёжного источника отказ от {}",
    "a lone name is refused from {}, queued from {}; against a trusted source it is refused from {}",
)


def says(step: Step, tongue: int) -> str:
    """What the prohibited list says of a source's code."""
    return (_DENIED if step.is_denied else _COARSE if step.is_too_coarse else _ALLOWED)[tongue]


def step_line(step: Step, tongue: int) -> str:
    """One source's word, and what the lists say of it; 0 is Russian, 1 is English."""
    parts = [f"{SOURCE_TEXTS[step.source][tongue]}: {step.okpd2} {says(step, tongue)}"]
    if step.rule_id:
        parts.append(f"{step.rule_id} {step.rule_title_ru}")
    if step.classes:
        parts.append(class_names(step.classes, tongue))
    if step.source == Source.NAME:
        parts.append(_PROBABILITY[tongue].format(percent(step.denied_ppm, tongue)))
    if step.version:
        parts.append(step.version)
    return "; ".join(parts)


def name_lines(explanation: Explanation, tongue: int, titles: Mapping[str, str] = NO_TITLES) -> Iterator[str]:
    """Which words of the name spoke, what it is likeliest of, and from where on a guess counts.

    `titles` are names of codes, as far as they are at hand.
    """
    trace, names = explanation.name, explanation.names
    if trace is None:
        return
    if trace.words:
        told = [
            f"«{words}» {group.id} {(_DENIED if group.is_deny else _ALLOWED)[tongue]}"
            for words, group in trace.words
        ]
        yield f"{_WORDS[tongue]}: {'; '.join(told)}"
    if trace.guesses:
        told = [
            " ".join(filter(None, (guess.okpd2, titles.get(guess.okpd2), percent(guess.ppm, tongue))))
            for guess in trace.guesses
        ]
        yield f"{_LIKELIEST[tongue]}: {'; '.join(told)}"
    if names != NAMES_UNHEARD:
        bounds = (names.suspect_ppm, names.doubt_ppm, names.overrule_ppm)
        yield _COUNTS[tongue].format(*(percent(bound, tongue) for bound in bounds))


def decision_lines(explanation: Explanation, tongue: int) -> Iterator[str]:
    """Who decided, by which rule of which list; and why somebody should look, if so."""
    decided, by_rule, lists = _DECIDED[tongue]
    source = SOURCE_TEXTS[explanation.source][tongue]
    rule = f"{explanation.rule_id} ({rule_text(explanation, tongue)})"
    yield f"{decided}: {source}; {by_rule}: {rule}; {lists}: {explanation.list_version}"
    if explanation.review is not Review.NONE:
        yield f"{_QUEUED[tongue]}: {REVIEW_TEXTS[explanation.review][tongue]}"


def rule_text(explanation: Explanation, tongue: int) -> str:
    """The rule in words: its title (Russian, as published), else what it stands for."""
    rule_id = explanation.rule_id
    if rule_id.startswith(_SUBJECT_RULE):
        return _SUBJECT[tongue].format(rule_id.removeprefix(_SUBJECT_RULE))
    if rule_id in _RULE_TEXTS:
        return _RULE_TEXTS[rule_id][tongue]
    return explanation.rule_title_ru


def class_names(classes: tuple[GoodsClass, ...], tongue: int) -> str:
    """Goods classes as people call them."""
    return ", ".join(CLASS_TEXTS[one][tongue] for one in classes)


def percent(ppm: int, tongue: int) -> str:
    """Millionths as percent."""
    text = f"{100 * ppm / MILLION:.2f} %"
    return text if tongue else text.replace(".", ",")
