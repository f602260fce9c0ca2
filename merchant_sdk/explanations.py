"""Why a line would be paid by points or not, as the gateway explains it."""

from dataclasses import dataclass
from datetime import datetime

from merchant_sdk.enums import LineReason
from merchant_sdk.from_wire import instant, notice
from merchant_sdk.purchases import Notice
from tillgate.v1 import goods_service_pb2 as pb


@dataclass(frozen=True, slots=True)
class ExplainedSource:
    """What one source says the goods are, and what the lists say of that.

    `version` is that of the catalogue or the classifier, or the rule that confirmed it; `denied_ppm`, of a
    classifier alone, how likely the goods are denied, in millionths. With `is_too_coarse` denied goods lie
    below the code, so that it tells nothing.
    """

    source: str
    okpd2: str
    version: str
    rule_id: str
    rule_title_ru: str
    is_denied: bool
    is_too_coarse: bool
    goods_classes: tuple[str, ...]
    denied_ppm: int
    has_decided: bool


@dataclass(frozen=True, slots=True)
class LineExplanation:
    """How a line would be judged at `explained_at`; `trace_ru` and `trace_en` tell the whole, line by line.

    `okpd2` is the code that decided, `evidence_source` whose it is, `sources` everybody's word, the most
    trusted first. `review` says why a person would look at it: "unknown", "contradiction", "doubt", or "".
    """

    explained_at: datetime
    reason: LineReason
    notice: Notice
    okpd2: str
    evidence_source: str
    rule_id: str
    rule_title_ru: str
    list_version: str
    class_map_version: str
    goods_classes: tuple[str, ...]
    review: str
    sources: tuple[ExplainedSource, ...]
    trace_ru: tuple[str, ...]
    trace_en: tuple[str, ...]


def line_explanation(message: pb.ExplainLineResponse) -> LineExplanation:
    """An explanation as the wire has it."""
    return LineExplanation(
        explained_at=instant(message.explained_at),
        reason=LineReason(message.reason),
        notice=notice(message.notice),
        okpd2=message.okpd2,
        evidence_source=message.evidence_source,
        rule_id=message.rule_id,
        rule_title_ru=message.rule_title_ru,
        list_version=message.list_version,
        class_map_version=message.class_map_version,
        goods_classes=tuple(message.goods_classes),
        review=message.review,
        sources=tuple(_source(one) for one in message.sources),
        trace_ru=tuple(message.trace_ru),
        trace_en=tuple(message.trace_en),
    )


def _source(message: pb.ExplainedSource) -> ExplainedSource:
    return ExplainedSource(
        source=message.source,
        okpd2=message.okpd2,
        version=message.version,
        rule_id=message.rule_id,
        rule_title_ru=message.rule_title_ru,
        is_denied=message.is_denied,
        is_too_coarse=message.is_too_coarse,
        goods_classes=tuple(message.goods_classes),
        denied_ppm=message.denied_ppm,
        has_decided=message.has_decided,
    )
