"""What a merchant may submit of its goods, and ask of its submissions."""

from typing import Final

from msgspec import Struct

from gateway.domain.basket import Line, bare_line
from gateway.domain.reasons import Reason
from gateway.goods.cases.subjects import SubjectKind
from gateway.goods.cases.submissions import GoodsItem, SubmissionState
from gateway.goods.identity.gtin import is_restricted, read_gtin
from gateway.rpc.validation.basket import check_codes
from gateway.rpc.validation.fields import check_gtin, check_okpd2, check_tag, check_text
from gateway.rpc.validation.findings import Findings
from gateway.rpc.validation.listing import read_page_size
from tillgate.v1 import goods_service_pb2 as wire

ITEMS_MAX: Final = 200

_NOT_SET: Final = ("не заполнено", "not set")
_NOTHING: Final = GoodsItem(SubjectKind.GTIN, "", "", "")
_STATES: Final = {
    wire.SUBMISSION_STATE_UNSPECIFIED: None,
    wire.SUBMISSION_STATE_SUBMITTED: SubmissionState.SUBMITTED,
    wire.SUBMISSION_STATE_CONFIRMED: SubmissionState.CONFIRMED,
    wire.SUBMISSION_STATE_REFUSED: SubmissionState.REFUSED,
}


class SubmissionsWanted(Struct, frozen=True):
    """A page of submissions: how many, and of which state (None: of any)."""

    size: int
    state: SubmissionState | None


def read_submit_goods(request: wire.SubmitGoodsRequest) -> list[GoodsItem]:
    """The items of a submission; raises InvalidRequestError that names what is wrong with each."""
    findings = Findings()
    if not request.items:
        findings.add(Reason.FIELD_MISSING, "items", "нет ни одного товара", "there is no item")
    if len(request.items) > ITEMS_MAX:
        ru, en = f"{len(request.items)} товаров, можно {ITEMS_MAX}", f"over {ITEMS_MAX} items"
        findings.add(Reason.TOO_MANY_LINES, "items", ru, en)
        findings.settle()
    items = []
    for index, item in enumerate(request.items):
        findings.enter("items", index)
        items.append(_read_item(item, findings))
    findings.settle()
    return items


def _read_item(item: wire.SubmittedItem, findings: Findings) -> GoodsItem:
    known = len(findings)
    if item.item_name.strip():
        check_text(item.item_name, "item_name", findings)
    else:
        findings.add(Reason.FIELD_MISSING, "item_name", *_NOT_SET)
    if item.okpd2:
        check_okpd2(item.okpd2, "okpd2", findings)
    if item.gtin and item.item_code:
        ru, en = "либо GTIN, либо собственный код", "either a GTIN or a code of its own"
        findings.add(Reason.FIELD_INVALID, "item_code", ru, en)
    elif item.gtin:
        check_gtin(item.gtin, "gtin", findings)
    elif item.item_code.strip():
        check_text(item.item_code, "item_code", findings)
    else:
        findings.add(Reason.FIELD_MISSING, "gtin", *_NOT_SET)
    if len(findings) > known:
        return _NOTHING
    if item.item_code:
        return GoodsItem(SubjectKind.IN_STORE, item.item_code, item.item_name, item.okpd2)
    gtin = str(read_gtin(item.gtin))
    if is_restricted(gtin):
        ru, en = "номер самого магазина: пришлите как item_code", "a shop's own number: send it as item_code"
        findings.add(Reason.FIELD_INVALID, "gtin", ru, en)
    return GoodsItem(SubjectKind.GTIN, gtin, item.item_name, item.okpd2)


def read_explain_line(request: wire.ExplainLineRequest) -> Line:
    """A line of which nothing but its goods is told; raises InvalidRequestError."""
    findings = Findings()
    line = bare_line(
        request.item_name,
        gtin=request.gtin,
        marking_code=request.marking_code,
        item_code=request.item_code,
        okpd2=request.okpd2,
        payment_subject=request.payment_subject,
    )
    told = (line.gtin, line.marking_code, line.item_code, line.okpd2, line.payment_subject)
    if not line.item_name.strip() and not any(told):
        findings.add(Reason.FIELD_MISSING, "item_name", *_NOT_SET)
    check_codes(line.gtin, line.marking_code, line.okpd2, findings)
    check_text(line.item_name, "item_name", findings)
    check_text(line.item_code, "item_code", findings)
    check_tag(line.payment_subject, "payment_subject", findings)
    findings.settle()
    return line


def read_list_submitted(request: wire.ListSubmittedGoodsRequest) -> SubmissionsWanted:
    """Size and state of a listing; its page token is read apart, it depends on who asks."""
    findings = Findings()
    size = read_page_size(request.page_size, findings)
    if request.state not in _STATES:
        findings.add(Reason.FIELD_INVALID, "state", "такого состояния нет", "there is no such state")
    findings.settle()
    return SubmissionsWanted(size, _STATES[request.state])
